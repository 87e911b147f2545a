"""What goes wrong around the end-to-end cluster."""

from hack.lib.errors import BuildError
from testbed.localkube.errors import LocalKubeError


class KindError(Exception):
    """A sentence that names what is missing and how to fix it."""


class MachineCannot(KindError):
    """This machine runs no containers, whatever we do; a check without them may go on."""


USER_FIXABLE = (KindError, BuildError, LocalKubeError)
"""Errors whose text is all that a person needs."""
