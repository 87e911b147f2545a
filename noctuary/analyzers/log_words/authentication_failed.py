"""Credentials that are refused."""

import re

from noctuary.analyzers.log_words.base import ADDRESS, Crashed, Words, describe_workload
from noctuary.models.diagnosis import Fault


class AuthenticationFailed(Crashed):
    """A password, a key or a token that is wrong, old, or of another system."""

    kind = "authentication_failed"
    why = "its credentials are refused"
    said = "authentication failed"
    follows_change_of = ("env", "secret", "Secret")
    advice = "compare the Secrets that it reads with what the other side accepts, a password may have been rotated"
    words = Words(
        signs=(
            "authenticat",
            "access denied for user",
            "wrongpass",
            "noauth",
            "login failed",
            "password",
            "credential",
            "unauthorized",
            "401",
            "accesskey",
            "signaturedoesnotmatch",
            "expiredtoken",
            "invalid_client",
            "invalid_grant",
            "api key",
            "token",
            "pg_hba",
            "role ",
            "access_refused",
        ),
        patterns=(
            re.compile(r"(?i)authentication (?:has )?fail|auth(?:entication)? (?:failed|error|unsuccessful|failure)\b"),
            re.compile(r"(?i)(?:failed|unable) to authenticate|could not authenticate|not authenticated"),
            re.compile(
                r"AuthenticationException|AuthenticationFailure|InvalidAuthorizationSpecification|AuthenticationError"
            ),
            re.compile(
                r"(?i)access denied for user|login failed for user|\bWRONGPASS\b|\bNOAUTH\b|no pg_hba\.conf entry"
            ),
            re.compile(r"(?i)(?:invalid|incorrect|wrong|bad) (?:user ?name|user|login)[- ]?(?:/|or|and) ?password"),
            re.compile(
                r"(?i)(?:invalid|incorrect|wrong|bad) (?:credentials|password|api[ -]?key|access[ -]?token|token)\b"
            ),
            re.compile(r"(?i)\b401\b.{0,40}\bunauthorized|unauthorized.{0,20}\b401\b|status(?: code)?[ :=]{1,3}401\b"),
            re.compile(
                r"InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken\b|invalid_client|invalid_grant|ACCESS_REFUSED"
            ),
            re.compile(
                r"(?i)(?:token|credentials?|password) (?:is |are |has |have )?(?:expired|been revoked)|expired token"
            ),
            re.compile(
                r"(?i)role \"?[\w-]{1,63}\"? does not exist|could not find (?:default )?credentials|NoCredentials"
            ),
            re.compile(r"(?i)password (?:is )?(?:not specified|was not provided|required)|no password supplied"),
        ),
        names=(
            re.compile(r"(?i)\b(?:for|role|as)(?: user)? [\"'`](?P<user>[\w.-]{1,63})[\"'`@]"),
            re.compile(
                r"(?i)\buser(?:name)?(?:[:=] ?| (?=[\"'`]))[\"'`]?(?P<user>[A-Za-z_][\w.-]{0,62})[\"'`]?(?= |,|\)|@|$)"
            ),
            ADDRESS,
        ),
    )

    def look(self, fault: Fault) -> str:
        """Return the command that shows which Secrets it reads."""
        return describe_workload(fault)
