"""What can go wrong with a local cluster, said in words that name the mend."""


class LocalKubeError(Exception):
    """A local cluster cannot be built, started, reached or stopped; the text names the cause and the mend."""


class AlreadyRunningError(LocalKubeError):
    """A cluster was left running in the directory on purpose."""


class PortTakenError(LocalKubeError):
    """Another program took a port between our finding it free and the component's listening on it."""
