"""What goes wrong around the end-to-end cluster."""

from hack.image.errors import ImageError
from hack.localkube.errors import LocalKubeError


class KindError(Exception):
    """A sentence that names what is missing and how to mend it."""


MENDABLE = (KindError, ImageError, LocalKubeError)
"""Errors whose text is all that a person needs."""
