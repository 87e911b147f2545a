"""One spelling for each address of an API, so that how somebody writes it decides nothing."""

import ipaddress
import re
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

import idna

from noctuary.common.errors import InvalidInput

DEFAULT_PORTS = {"http": 80, "https": 443}
_SPACE_OR_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_PATH = re.compile(r"[A-Za-z0-9._~/-]*")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
MAX_HOST_CHARS = 253
"""The longest name that DNS can carry."""


KEPT_URLS = 256
"""Every call of an integration asks for the spelling of its API's URL; a cluster has a handful of them."""


@lru_cache(maxsize=KEPT_URLS)
def normal_url(text: str, field: str = "apiURL") -> str:
    """Return the one spelling of a base URL: `https://host[:port][/path]`, without a slash at its end.

    Scheme and host are in lower case, the host as IDNA, a default port, empty and dotted parts of the path are gone.
    Raises InvalidInput that names `field`.
    """
    if _SPACE_OR_CONTROL.search(text):
        raise InvalidInput(field, "holds a space or a control character", "remove it")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise InvalidInput(field, f"is no URL ({error})", "write it as https://host[:port][/path]") from None
    scheme = _scheme(parts, field)
    _check_rest(parts, text, field)
    host = _host(parts.hostname or "", field)
    if port == 0:
        raise InvalidInput(field, "names port 0", "name a port from 1 to 65535, or none")
    ending = "" if port in (None, DEFAULT_PORTS[scheme]) else f":{port}"
    return f"{scheme}://{host}{ending}{_path(parts.path, field)}"


def _scheme(parts: SplitResult, field: str) -> str:
    if parts.scheme not in DEFAULT_PORTS:
        raise InvalidInput(field, "begins with neither https:// nor http://", "write it as https://host[:port][/path]")
    return parts.scheme


def _check_rest(parts: SplitResult, text: str, field: str) -> None:
    if "@" in parts.netloc:
        raise InvalidInput(field, "holds a user or a password", "remove what is before the @ of the host")
    if "?" in text or "#" in text:
        raise InvalidInput(field, "holds a query or a fragment", "remove what follows the path")


def _host(name: str, field: str) -> str:
    if ":" in name:
        return f"[{_ipv6(name, field)}]"
    host = _ascii(name, field).removesuffix(".")
    labels = host.split(".")
    if len(host) > MAX_HOST_CHARS or not all(_LABEL.fullmatch(label) for label in labels):
        raise InvalidInput(field, "names no host", "name a host of letters, digits, hyphens and dots")
    # A resolver takes 127.1, 0177.0.0.1 and 0x7f000001 for addresses: one address, one spelling.
    return _ipv4(host, field) if _NUMBER.fullmatch(labels[-1]) else host


def _ascii(name: str, field: str) -> str:
    if name.isascii():
        return name.lower()
    try:
        return idna.encode(name, uts46=True).decode().lower()
    except idna.IDNAError:
        raise InvalidInput(field, "names a host that no domain can be called", "write the host's xn-- form") from None


def _ipv4(host: str, field: str) -> str:
    *first, last = [_number(part) for part in host.split(".")]
    if len(first) > 3 or not all(0 <= number <= 255 for number in first) or not 0 <= last < 256 ** (4 - len(first)):
        raise InvalidInput(field, "names an address that is none", "write the address as four numbers")
    return str(ipaddress.IPv4Address(sum(number << 8 * (3 - place) for place, number in enumerate(first)) + last))


def _number(text: str) -> int:
    """Return what a part of an address stands for, -1 for none."""
    base = 16 if text.startswith("0x") else 8 if text.startswith("0") else 10
    try:
        return int(text.removeprefix("0x"), base) if _NUMBER.fullmatch(text) else -1
    except ValueError:
        return -1


def _ipv6(host: str, field: str) -> str:
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        raise InvalidInput(field, "names an address that is none", "write the address as RFC 5952 has it") from None
    if address.scope_id is not None:
        raise InvalidInput(field, "names an address of one link only", "name a host that others reach")
    return address.compressed


def _path(path: str, field: str) -> str:
    if not _PATH.fullmatch(path):
        raise InvalidInput(field, "has a path of other than plain characters", "use letters, digits, . _ ~ - and /")
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del kept[-1:]
        elif part not in ("", "."):
            kept.append(part)
    return "".join(f"/{part}" for part in kept)
