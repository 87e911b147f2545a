"""Which id an integration has: the one that it had, the one of its restored webhook Secret, or a new one."""

from collections.abc import Container, Mapping

from noctuary_operator.plan.policy import Problem
from noctuary_operator.plan.restored import is_unused, restored_id
from noctuary_operator.resources import reasons
from noctuary_operator.resources.ids import may_belong_to, new_id
from noctuary_operator.resources.integration import Integration
from noctuary_operator.resources.objects import IS_ID, SecretHead
from noctuary_operator.resources.secret_data import ID_KEY
from noctuary_operator.watch.cluster_view import ClusterView
from noctuary_operator.watch.receiver_reports import ReceiverReports

ID_TAKEN = (
    "the integrationID in Secret {} belongs to another integration; delete the Secret, and this one gets an id and a "
    "URL of its own"
)
ID_OF_ANOTHER_PLACE = (
    "the integrationID in Secret {} was made for another namespace or name; delete the Secret, and this one gets an "
    "id and a URL of its own, or restore it under the namespace and name that it had"
)


class Identifier:
    """Gives ids to integrations; `ending` holds those whose last holder is still being removed."""

    def __init__(self, view: ClusterView, reports: ReceiverReports, ending: Container[str]) -> None:
        self._view = view
        self._reports = reports
        self._ending = ending

    def identify(self, integration: Integration, webhook_secret: Mapping[str, str]) -> str | Problem | None:
        """Return the id of an integration, a problem where it names another's, None while the id's last holder ends.

        Nothing is awaited between the look and the taking of an id: of two that name one, the second is refused.
        """
        identities = self._view.identities
        head = self._view.heads.get(integration.namespace, integration.webhook_secret_name)
        known = identities.id_of(integration.uid)
        if known is None:
            wanted = _wanted_id(integration, webhook_secret, head)
        else:
            wanted = self._restored(integration, known, webhook_secret, head)
            if wanted is None:
                return known
        if wanted in self._ending:
            return None
        if wanted is not None and self._view.is_id_of_another(wanted, integration):
            return known or self._taken(wanted, integration)
        given = wanted or new_id(integration.namespace, integration.name)
        identities.bind(integration.uid, given)
        return given

    def _restored(
        self, integration: Integration, known: str, webhook_secret: Mapping[str, str], head: SecretHead | None
    ) -> str | None:
        """Return the id of a webhook Secret that was restored after the integration, while its own was not used yet."""
        if not is_unused(integration.status, self._reports.get(known)):
            return None
        record = self._view.record_secret(known)
        return restored_id(known, head, webhook_secret, record.record if record is not None else None)

    def _taken(self, wanted: str, integration: Integration) -> Problem:
        fits = may_belong_to(wanted, integration.namespace, integration.name)
        message = (ID_TAKEN if fits else ID_OF_ANOTHER_PLACE).format(integration.webhook_secret_name)
        return Problem(reasons.INTEGRATION_ID_TAKEN, message)


def _wanted_id(integration: Integration, webhook_secret: Mapping[str, str], head: SecretHead | None) -> str | None:
    """Return the id that an integration had before, as its status and its webhook Secret say; None for a new one.

    Releases that kept no ids took the uid, and labelled the Secret with it.
    """
    label = head.metadata.labels.integration if head is not None and webhook_secret else ""
    before = integration.uid if integration.status.webhook_secret_name is not None else None
    said = (integration.status.integration_id, webhook_secret.get(ID_KEY), label, before)
    return next((each for each in said if each and IS_ID(each)), None)
