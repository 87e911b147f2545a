"""All reasons that a log may tell, in the order in which a line is asked for them: the special before the general."""

from noctuary.analyzers.log_words import out_of_memory
from noctuary.analyzers.log_words.address_in_use import AddressInUse
from noctuary.analyzers.log_words.authentication_failed import AuthenticationFailed
from noctuary.analyzers.log_words.bad_configuration import BadConfiguration
from noctuary.analyzers.log_words.bad_flag import BadFlag
from noctuary.analyzers.log_words.base import Crashed, Words
from noctuary.analyzers.log_words.certificate import Certificate
from noctuary.analyzers.log_words.connection_refused import ConnectionRefused
from noctuary.analyzers.log_words.disk_full import DiskFull
from noctuary.analyzers.log_words.file_not_found import FileNotFound
from noctuary.analyzers.log_words.missing_module import MissingModule
from noctuary.analyzers.log_words.missing_variable import MissingVariable
from noctuary.analyzers.log_words.no_such_host import NoSuchHost
from noctuary.analyzers.log_words.permission_denied import PermissionDenied
from noctuary.analyzers.log_words.unreachable import Unreachable

CRASHES: tuple[Crashed, ...] = (
    AddressInUse(),
    DiskFull(),
    AuthenticationFailed(),
    Certificate(),
    NoSuchHost(),
    ConnectionRefused(),
    Unreachable(),
    MissingVariable(),
    MissingModule(),
    BadFlag(),
    PermissionDenied(),
    FileNotFound(),
    BadConfiguration(),
)
_WORDS: tuple[tuple[str, Words], ...] = (
    (out_of_memory.KIND, out_of_memory.WORDS),
    *((crash.kind, crash.words) for crash in CRASHES),
)


def reason_of(text: str) -> tuple[str, Words] | None:
    """Return the reason that a line tells, or None."""
    lowered = text.lower()
    return next(((kind, words) for kind, words in _WORDS if words.holds(text, lowered)), None)
