"""What goes wrong around the end-to-end cluster."""

from hack.image.errors import ImageError
from hack.lib.errors import LocalKubeError


class KindError(Exception):
    """A sentence that names what is missing and how to mend it."""


class MachineCannot(KindError):
    """This machine runs no containers, whatever we do; a check without them may go on."""


MENDABLE = (KindError, ImageError, LocalKubeError)
"""Errors whose text is all that a person needs."""
