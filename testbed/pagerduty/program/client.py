"""A small client of the control API, for the command line and for tests that start the simulator as a program."""

from typing import Any, Self

import httpx

from testbed.pagerduty.program.control import PREFIX

_TIMEOUT_S = 10.0


class ControlError(Exception):
    """The simulator refused a command, or none is running at that address."""


class ControlClient:
    """Speaks to a running simulator; every method returns the JSON of its answer."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url + PREFIX, timeout=_TIMEOUT_S, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, /) -> Any:
        """Read something, for example `summary`. Raises ControlError."""
        return self._call("GET", path, None)

    def post(self, path: str, /, **given: Any) -> Any:
        """Do something, for example `clock/advance`; arguments that are None are left out. Raises ControlError."""
        return self._call("POST", path, {name: value for name, value in given.items() if value is not None})

    def delete(self, path: str, /) -> None:
        """Take something away, for example `rules`. Raises ControlError."""
        self._call("DELETE", path, None)

    def _call(self, method: str, path: str, given: dict[str, Any] | None) -> Any:
        try:
            answer = self._http.request(method, f"/{path}", json=given)
        except httpx.TransportError as error:
            raise ControlError(f"no simulator answers at {self.url}: start one with serve ({error})") from error
        if answer.is_success:
            return answer.json() if answer.content else None
        raise ControlError(_sentence(answer))


def _sentence(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"the simulator answered {answer.status_code}"
