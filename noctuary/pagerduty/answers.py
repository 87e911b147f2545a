"""What PagerDuty's error answers mean: which may be repeated, and what a person must fix."""

from typing import Any, Literal

import httpx
import msgspec

from noctuary.common.errors import OutcomeUnknown, PagerDutyError, PagerDutyUnavailable

MAX_MESSAGE_CHARS = 200
"""An error text ends up in a condition and in logs; a proxy's HTML page must not."""
MALFORMED_FROM = 1028
_FROM_CODES = frozenset({1008, MALFORMED_FROM, 2016})
"""Requester not found, malformed From header, From header missing."""
NOT_ASKED = (0, 1)
"""Status and code of ours for a host that this process may not ask: a setting of the release mends it."""
NOT_THE_API = (404, 1)
"""Status and code of ours for a list that is answered as PagerDuty's API never answers one: by another server."""
OTHER_SHAPE = 2
"""Code of ours for an answer that is whole, and not what the API promises."""
OF_NOTES = (401, 1)
"""Status and code of ours for a token that was refused for a note: it may be answered elsewhere all the same."""
_FIXES = {
    401: "the token was refused: check the Secret of spec.apiTokenSecretRef, and spec.region (a token of the other "
    "region is refused like this)",
    402: "the account's plan does not include this, or was ended: mend the plan, or use a token of another account in "
    "spec.apiTokenSecretRef",
    403: "the token may not do this: give it write access, or use another one in spec.apiTokenSecretRef",
    404: "the object does not exist, the token belongs to another account, or spec.apiURL has a path that the API has "
    "not",
}

_ELSEWHERE = "PagerDuty's REST API has this list, so spec.apiURL leads to something else: correct it, or leave it out"


def refused_setting(status: int, code: int) -> Literal["token", "from", "url"] | None:
    """Return which setting of the integration an error answer refuses, None when no setting would help."""
    if (status, code) == NOT_THE_API:
        return "url"
    if status in (401, 402, 403):
        return "token"
    return "from" if status == 400 and code in _FROM_CODES else None


def is_fixable(status: int, code: int) -> bool:
    """Tell whether a person can fix it: a refused token, a missing right, a wrong From, a host that is not asked."""
    return refused_setting(status, code) is not None or (status, code) == NOT_ASKED


def of_note(error: PagerDutyError) -> PagerDutyError:
    """Return a refusal as one of notes, which no answered read ends."""
    if refused_setting(error.status, error.code) != "token":
        return error
    code = OF_NOTES[1] if error.status == OF_NOTES[0] else error.code
    return PagerDutyError(f"no note can be written: {error}", error.status, code)


def of_list(error: PagerDutyError) -> PagerDutyError:
    """Return what an error of a list means: the API knows each of its lists, so who does not is another server."""
    is_absent = 300 <= error.status < 400 or error.status in (404, 405, 410)
    is_other_shape = error.status < 300 and error.code == OTHER_SHAPE
    if not is_absent and not is_other_shape:
        return error
    return PagerDutyError(f"{str(error).partition(';')[0]}; {_ELSEWHERE}", *NOT_THE_API)


def is_whole(body: bytes) -> bool:
    """Tell whether an answer is all that was to come: it is JSON, or begins as no JSON object does."""
    try:
        msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return not body.lstrip().startswith(b"{") and bool(body.strip())
    return True


def require_sendable(token: str, from_email: str | None) -> None:
    """Raise PagerDutyError when a credential cannot be in a header, with the numbers that PagerDuty refuses it with."""
    if not _fits_header(token):
        raise PagerDutyError(
            "the API token holds characters that no header can carry: store the token alone, in plain ASCII, "
            "in the Secret of spec.apiTokenSecretRef",
            status=401,
        )
    if from_email is not None and not _fits_header(from_email):
        raise PagerDutyError(
            "spec.from holds characters that no header can carry: set it to an e-mail address in plain ASCII",
            status=400,
            code=MALFORMED_FROM,
        )


def _fits_header(text: str) -> bool:
    return text.isascii() and text.isprintable() and text == text.strip()


def raise_for(response: httpx.Response, *, writes: bool, pause_s: float) -> None:
    """Raise the error that an answer means, if it is one.

    A 5xx on a write may come after it was applied: PagerDutyError's subclass OutcomeUnknown says so.
    """
    status = response.status_code
    if status < 300:
        return
    message, code = read_error(response.content)
    text = f"PagerDuty answered {status}" + (f" (code {code})" if code else "") + (f": {message}" if message else "")
    if status == 429:
        raise PagerDutyUnavailable(text, status, code, retry_after_s=pause_s)
    if status in (408, 425) or status >= 500:
        raise (OutcomeUnknown if writes else PagerDutyUnavailable)(text, status, code, retry_after_s=pause_s)
    raise PagerDutyError(f"{text}; {_fix(status, code)}" if _fix(status, code) else text, status, code)


def _fix(status: int, code: int) -> str:
    if refused_setting(status, code) == "from":
        return "set spec.from to the e-mail address of a user of the account"
    return _FIXES.get(status, "")


def read_error(body: bytes) -> tuple[str, int]:
    """Read message and code from either envelope, `error` or `errors`; what cannot be read is empty and 0."""
    try:
        parsed: Any = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "", 0
    error = (parsed.get("error") or parsed.get("errors")) if isinstance(parsed, dict) else None
    if isinstance(error, list):
        error = error[0] if error else None
    if isinstance(error, str):
        return _one_line(error), 0
    if not isinstance(error, dict):
        return "", 0
    words = [error.get("message") or error.get("detail"), *_texts(error.get("errors"))]
    code = error.get("code")
    return _one_line(": ".join(str(word) for word in words if word)), code if isinstance(code, int) else 0


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)][:3] if isinstance(value, list) else []


def _one_line(text: str) -> str:
    return " ".join(text.split())[:MAX_MESSAGE_CHARS]
