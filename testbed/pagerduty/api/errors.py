"""Errors of the REST API in PagerDuty's envelope, by the codes that its table and its users report."""

from dataclasses import dataclass, field

from starlette.responses import JSONResponse


@dataclass
class ApiError(Exception):
    """An answer that is an error: HTTP status, PagerDuty's code, message and details."""

    status: int
    code: int
    message: str
    details: list[str] = field(default_factory=list)

    def response(self) -> JSONResponse:
        """Return the error as it goes over the wire."""
        error: dict[str, object] = {"message": self.message, "code": self.code}
        if self.details:
            error["errors"] = self.details
        return JSONResponse({"error": error}, self.status)


def invalid(*details: str) -> ApiError:
    """Return the answer to input that breaks a rule."""
    return ApiError(400, 2001, "Invalid Input Provided", list(details))


def not_found() -> ApiError:
    """Return the answer for anything that is not there."""
    return ApiError(404, 2100, "Not Found")


def incident_not_found() -> ApiError:
    """Return the answer for an unknown incident."""
    return ApiError(404, 5001, "Incident Not Found")


def unauthorized() -> ApiError:
    """Return the answer to a missing or unknown key."""
    return ApiError(401, 2006, "Authentication failed")


def forbidden() -> ApiError:
    """Return the answer to a read-only key that writes."""
    return ApiError(403, 2010, "Access Denied", ["This key may only read."])


def ability_missing() -> ApiError:
    """Return the answer to a filter by team in an account that has no teams."""
    return ApiError(402, 2012, "Your account does not have the necessary abilities", ["teams"])


def rate_limited() -> ApiError:
    """Return the answer beyond the limit."""
    return ApiError(429, 2020, "Rate Limit Exceeded")


def from_missing() -> ApiError:
    """Return the answer to an account key without a From header."""
    return ApiError(400, 2016, 'You must specify a user\'s email address in the "From" header to perform this action')


def from_malformed() -> ApiError:
    """Return the answer to a From header that is no e-mail address."""
    return ApiError(400, 1028, 'Malformed "From" header')


def from_unknown() -> ApiError:
    """Return the answer to a From header that names nobody."""
    return ApiError(400, 1008, "Requester User Not Found")
