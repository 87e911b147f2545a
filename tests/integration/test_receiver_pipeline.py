"""A signed webhook that PagerDuty's stand-in delivers to the receiver's real process becomes one note."""

import time
from datetime import timedelta

from noctuary.models.routing_record import RoutingRecord, ServiceMapping, SigningSecret, TokenHash, hash_secret
from testbed.pagerduty import PagerDutySimulator
from testbed.polling import until
from testbed.stage.receiver_process import ReceiverRelease


def record(pd: PagerDutySimulator, namespace: str, signing_secret: str, service: str) -> RoutingRecord:
    bot = pd.add_user("Bot", "bot@example.com")
    return RoutingRecord(
        id="11111111-2222-3333-4444-555555555555",
        namespace=namespace,
        name="payments",
        created_at=time.time() - 3600,
        generation=1,
        direction="bidirectional",
        api_url=pd.url,
        api_token=pd.add_token(),
        from_email=bot.email,
        tokens=[TokenHash(hash_secret("token"), 1)],
        signing_secrets=[SigningSecret(signing_secret)],
        services=[ServiceMapping("payments-api", service, {}, [namespace])],
    )


async def test_a_delivered_webhook_becomes_one_note_and_a_missed_incident_is_found(release: ReceiverRelease) -> None:
    async with PagerDutySimulator() as pd:
        service = pd.add_service("payments-api")
        missed = pd.trigger(service, "Missed", at=pd.clock.now() - timedelta(minutes=30), deliver=False)
        receiver = await release.start()
        _, secret = pd.subscribe(str(receiver.public.base_url.join("/webhooks/pagerduty/token")))
        release.apply(record(pd, release.namespace, secret, service))
        await receiver.answers("token", 503)  # our own key does not sign for this integration
        incident = pd.trigger(service, "Delivered")
        await pd.drained(timeout_s=60, hurry=True)

        async def notes() -> list[int]:
            return [len(pd.notes(each.id)) for each in (incident, missed)]

        await until("the receiver has it so", notes, lambda found: found == [1, 1])
        assert pd.violations == []
