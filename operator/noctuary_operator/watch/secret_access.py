"""Whether the Secrets of a namespace are known, and what to say where they may not be read."""

from noctuary_operator.plan.policy import Problem
from noctuary_operator.resources import reasons
from noctuary_operator.settings import OperatorSettings
from noctuary_operator.watch.watches import Watches

REFUSED_FOR_S = 20.0
"""A refusal counts after this: an API server that starts refuses for a moment what it will allow."""


class SecretAccess:
    """Judges namespaces by the settings and by what the API server answered."""

    def __init__(self, watches: Watches, settings: OperatorSettings) -> None:
        self._watches = watches
        self._is_listed = settings.names_secret_namespaces
        self._namespaces = frozenset(settings.secret_namespaces)
        self._release = settings.release_namespace
        self._role = f"{settings.lease_name}-secrets-{settings.release_namespace}"

    def is_open(self, namespace: str) -> bool:
        """Whether the Secrets of a namespace are known: before that, what exists there could look missing."""
        return self._watches.is_filled(namespace) and not self._watches.is_refused(namespace)

    def problem(self, namespace: str) -> Problem | None:
        """Return why Secrets of a namespace may not be read; None where they may, or where that is not known yet."""
        if not self._is_listed or (namespace in self._namespaces and not self._is_refused(namespace)):
            return None
        if namespace in self._namespaces:
            fix = f"install the release again, which makes it and its RoleBinding, or bind one for {self._rights()}"
        else:
            fix = f"ask the administrator to add {namespace} to secretNamespaces, which makes it and its RoleBinding"
        return Problem(
            reasons.SECRET_ACCESS_MISSING,
            f"the Secrets of namespace {namespace} may not be read (secretAccess is namespaces): Role {self._role} is "
            f"missing in namespace {namespace}, or is not bound to the operator's ServiceAccount; {fix}",
        )

    def _is_refused(self, namespace: str) -> bool:
        return self._watches.is_refused(namespace) and self._watches.age_s(namespace) > REFUSED_FOR_S

    def _rights(self) -> str:
        return (
            "get, list, watch, create and patch of secrets for the operator's ServiceAccount "
            f"of namespace {self._release}"
        )
