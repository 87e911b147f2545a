"""What can go wrong in builds and with the programs that they start."""


class BuildError(Exception):
    """Something cannot be built, fetched or run; the text names the cause and the fix."""
