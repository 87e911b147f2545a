"""The errors of Noctuary.

NoctuaryError
├── InvalidInput        what a person or another system sent is wrong; names the field and the fix
├── NotReady            it cannot be accepted now; the sender should retry
│   ├── StoreUnavailable    the store could not commit
│   ├── QuotaExceeded       one namespace keeps as much as it may; others are not concerned
│   └── RevisionConflict    somebody else wrote the row since it was read: read it again
├── EgressRefused       this process may not ask that host; names the host and the setting
├── KubernetesError     the API server answered with an error
│   ├── KubernetesUnavailable   it did not answer, or asked us to wait
│   └── SecretUnreadable        it lists a Secret to us, and does not let us read it
├── MetricsError        Prometheus refused a query
│   └── MetricsUnavailable      it did not answer, or not in time
└── PagerDutyError      PagerDuty answered with an error
    └── PagerDutyUnavailable    it did not answer, or asked us to wait
        └── OutcomeUnknown      a write was sent and its answer was lost: look before repeating it

`retryable` says whether the same call may succeed later without a change by a person. Two places map it: the operator's
work queue retries soon or rarely, and the receiver answers with `http_status`, and with Retry-After if it may succeed.
"""

from typing import ClassVar

DEFAULT_RETRY_AFTER_S = 5
"""Most of what makes us unavailable is over within seconds: a restart, a full queue, a lost connection."""


class NoctuaryError(Exception):
    """The root of all errors that we raise on purpose; `retry_after_s` counts where `retryable` is true."""

    retryable: ClassVar[bool] = False
    http_status: ClassVar[int] = 500
    retry_after_s: float = DEFAULT_RETRY_AFTER_S


class InvalidInput(NoctuaryError):
    """Input that can never be accepted as it is."""

    http_status = 400

    def __init__(self, field: str, problem: str, fix: str) -> None:
        super().__init__(f"{field}: {problem}; {fix}")
        self.field = field
        self.problem = problem
        self.fix = fix


class NotReady(NoctuaryError):
    """It cannot be accepted now; the sender should retry after `retry_after_s`."""

    retryable = True
    http_status = 503

    def __init__(self, message: str, retry_after_s: float = DEFAULT_RETRY_AFTER_S) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StoreUnavailable(NotReady):
    """The store could not commit: disk full, I/O error, or it is closing."""


class QuotaExceeded(NotReady):
    """A namespace or an integration keeps as much as it may, and nothing of it is over; nothing was committed.

    `quota` names what was met, and `holder` by whom: a namespace, or an integration by its id. Others are not
    concerned: it is no StoreUnavailable, so whoever works for others, too, goes on with them.
    """

    def __init__(self, holder: str, quota: str, problem: str, retry_after_s: float) -> None:
        super().__init__(problem, retry_after_s)
        self.holder = holder
        self.quota = quota


class RevisionConflict(NotReady):
    """A row was written since it was read; nothing was committed, read it again and decide anew."""


class EgressRefused(NoctuaryError):
    """This process may not ask a host, or not at that address; nothing was sent."""

    def __init__(self, host: str, problem: str, setting: str) -> None:
        super().__init__(f"the host {host} is not asked: {problem}; the setting is {setting}")
        self.host = host
        self.setting = setting


NO_LOGIN = "NoLogin"
"""The reason where we have no credentials that could be sent."""


class KubernetesError(NoctuaryError):
    """The API server refused a call; `status` is the HTTP status, `reason` the Status reason."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"Kubernetes API answered {status} {reason}: {message}")
        self.status = status
        self.reason = reason

    @property
    def not_found(self) -> bool:
        """Whether the object or its kind does not exist."""
        return self.status == 404

    @property
    def is_login(self) -> bool:
        """Whether it does not know who we are, or we do not: other credentials may come."""
        return self.status == 401 or self.reason == NO_LOGIN


class KubernetesUnavailable(KubernetesError):
    """The API server did not answer, or answered 429 or 5xx."""

    retryable = True
    http_status = 503


class SecretUnreadable(KubernetesError):
    """What a Secret holds is not known, which is not nothing: it is listed, and a role or a policy refuses the read."""

    def __init__(self, namespace: str, name: str, error: KubernetesError) -> None:
        super().__init__(error.status, error.reason, f"Secret {name} of namespace {namespace} may not be read: {error}")


class MetricsError(NoctuaryError):
    """Prometheus refused a query, or may not be asked."""


class MetricsUnavailable(MetricsError):
    """Prometheus did not answer, or not in time: it may the next time."""

    retryable = True
    http_status = 503


class PagerDutyError(NoctuaryError):
    """PagerDuty refused a call; `status` is the HTTP status (0: none), `code` PagerDuty's own error code."""

    def __init__(self, message: str, status: int = 0, code: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class PagerDutyUnavailable(PagerDutyError):
    """PagerDuty did not answer, or answered 429 or 5xx; retry after `retry_after_s`."""

    retryable = True
    http_status = 503

    def __init__(self, message: str, status: int = 0, code: int = 0, retry_after_s: float = 1.0) -> None:
        super().__init__(message, status, code)
        self.retry_after_s = retry_after_s


class OutcomeUnknown(PagerDutyUnavailable):
    """A write was sent and may have been applied, but its answer was lost."""


FORBIDDEN = 403


def is_refusal(error: KubernetesError | None) -> bool:
    """Whether the API server says that we may not, which only a person fixes."""
    return error is not None and error.status == FORBIDDEN
