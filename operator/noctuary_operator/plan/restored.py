"""Whether a webhook Secret was restored after its integration had made an id and a URL of its own. Pure."""

from collections.abc import Mapping

from noctuary.models.reports import IntegrationReport
from noctuary.models.routing_record import RoutingRecord, hash_secret
from noctuary_operator.plan.subscription import PROVEN
from noctuary_operator.resources.objects import IS_ID, SecretHead
from noctuary_operator.resources.secret_data import ID_KEY
from noctuary_operator.resources.status import IntegrationStatus


def restored_id(
    known: str, head: SecretHead | None, webhook_secret: Mapping[str, str], record: RoutingRecord | None
) -> str | None:
    """Return the id of before that the webhook Secret names in place of the known one, None where it names none.

    With a restored id come its token and its key: who changes the id alone restores nothing.
    """
    label = head.metadata.labels.integration if head is not None and webhook_secret else ""
    named = (webhook_secret.get(ID_KEY, ""), label)
    id_ = next((each for each in named if each != known and IS_ID(each)), None)
    held = {hash_secret(webhook_secret[key]) for key in ("token", "ingestKey") if key in webhook_secret}
    return id_ if held and held.isdisjoint(_made(record)) else None


def is_unused(status: IntegrationStatus, report: IntegrationReport | None) -> bool:
    """Whether no webhook has come by the URL and no note was written yet: nothing is lost with it."""
    subscription = status.condition("SubscriptionReady")
    reported = (report.proven_token_sha256, report.last_webhook_at, report.last_note_at) if report is not None else ()
    return (
        status.last_webhook_time is None
        and status.last_note_time is None
        and not (subscription is not None and subscription.reason in PROVEN)
        and all(each is None for each in reported)
    )


def _made(record: RoutingRecord | None) -> set[str]:
    """The hashes of all tokens and keys that an integration made."""
    if record is None:
        return set()
    return {*record.ingest_key_hashes, *(token.sha256 for token in record.tokens)}
