"""What goes wrong while an image is made."""


class ImageError(Exception):
    """A sentence that names what is missing and how to mend it."""
