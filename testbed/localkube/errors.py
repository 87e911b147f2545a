"""What can go wrong with a local cluster, in words that name the fix."""


class LocalKubeError(Exception):
    """A local cluster cannot be started, reached or stopped; the text names the cause and the fix."""


class AlreadyRunningError(LocalKubeError):
    """A cluster was left running in the directory on purpose."""


class PortTakenError(LocalKubeError):
    """Another program took a port between our finding it free and the component's listening on it."""
