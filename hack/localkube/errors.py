"""What can go wrong with a local cluster, said in words that name the mend."""


class LocalKubeError(Exception):
    """A local cluster cannot be built, started, reached or stopped; the text names the cause and the mend."""
