"""A signed webhook that PagerDuty's stand-in delivers to the receiver's real process becomes one note."""

from datetime import timedelta

from noctuary.models.routing_record import ServiceMapping
from testbed.pagerduty import PagerDutySimulator
from testbed.polling import until
from testbed.routing_records import release_record
from testbed.stage.receiver_process import ReceiverRelease


async def test_a_delivered_webhook_becomes_one_note_and_a_missed_incident_is_found(release: ReceiverRelease) -> None:
    async with PagerDutySimulator() as pd:
        service = pd.add_service("payments-api")
        missed = pd.trigger(service, "Missed", at=pd.clock.now() - timedelta(minutes=30), deliver=False)
        receiver = await release.start()
        _, secret = pd.subscribe(str(receiver.public.base_url.join("/webhooks/pagerduty/token")))
        mappings = [ServiceMapping("payments-api", service, {}, [release.namespace])]
        release.apply(release_record(pd, release.namespace, secret, mappings))
        await receiver.answers("token", 503)  # our own key does not sign for this integration
        incident = pd.trigger(service, "Delivered")
        await pd.drained(timeout_s=60, hurry=True)

        async def notes() -> list[int]:
            return [len(pd.notes(each.id)) for each in (incident, missed)]

        await until("the receiver has it so", notes, lambda found: found == [1, 1])
        assert pd.violations == []
