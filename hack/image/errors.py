"""What goes wrong while an image is made."""

from hack.lib.errors import BuildError


class ImageError(BuildError):
    """A sentence that names what is missing and how to fix it."""
