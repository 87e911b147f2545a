"""Two teams at one real receiver, and at a whole release: what one signs changes nothing of the other's."""

import secrets
from pathlib import Path

import msgspec

from noctuary.common.clock import format_time
from noctuary.models.routing_record import RoutingRecord, Scope, ServiceMapping, SigningSecret, TokenHash, hash_secret
from testbed.localkube import Cluster
from testbed.pagerduty import PagerDutySimulator
from testbed.pagerduty.account.model import Incident
from testbed.polling import until
from testbed.routing_records import release_record
from testbed.stage.kube import condition
from testbed.stage.receiver_process import SIGNING_SECRET, Process, ReceiverRelease
from testbed.stage.stage import Stage, start_stage

STATUSES = ("triggered", "acknowledged", "resolved", "reopened", "service_updated")
TIMES = ("9999-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "now")


def forger_of(pd: PagerDutySimulator, victim: RoutingRecord) -> RoutingRecord:
    """Return an older integration of another team, of account scope, with a good token of its own."""
    return msgspec.structs.replace(
        victim,
        id="99999999-2222-3333-4444-555555555555",
        namespace="forgers",
        name="forgers",
        created_at=victim.created_at - 1000,
        api_token=pd.add_token(),
        from_email=pd.add_user("Forger", "forger@example.com").email,
        tokens=[TokenHash(hash_secret("forgers-token"), 1)],
        signing_secrets=[SigningSecret(SIGNING_SECRET)],
        scope=Scope(),
        services=[],
    )


async def forge(receiver: Process, pd: PagerDutySimulator, incident: Incident, service: str) -> list[int]:
    """Post webhooks of all kinds about an incident, signed by the forger; return the answers."""
    answers = []
    for number, (status, told_at) in enumerate((status, told_at) for status in STATUSES for told_at in TIMES):
        at = format_time(pd.clock.now().timestamp()) if told_at == "now" else told_at
        data = {
            "type": "incident",
            "id": incident.id,
            "title": "FORGED",
            "html_url": f"https://forgers.pagerduty.com/incidents/{incident.id}",
            "status": status if status in ("acknowledged", "resolved") else "triggered",
            "service": {"id": service, "summary": "FORGED"},
        }
        event = {"id": f"E{number}", "event_type": f"incident.{status}", "occurred_at": at, "data": data}
        answers.append(await receiver.post("forgers-token", f"f{number}", msgspec.json.encode({"event": event})))
    return answers


async def test_a_forger_at_the_real_receiver_changes_no_note_of_another_team(release: ReceiverRelease) -> None:
    async with PagerDutySimulator() as pd:
        service, elsewhere = pd.add_service("payments-api"), pd.add_service("elsewhere")
        receiver = await release.start()
        _, secret = pd.subscribe(str(receiver.public.base_url.join("/webhooks/pagerduty/token")), scope=service)
        mappings = [ServiceMapping("payments-api", service, {}, [release.namespace])]
        victim = msgspec.structs.replace(
            release_record(pd, release.namespace, secret, mappings), scope=Scope("service", service)
        )
        release.apply(victim)
        release.apply(forger_of(pd, victim))
        await receiver.answers("token", 503)  # our own key does not sign for this integration
        await receiver.answers("forgers-token", 202)
        incident = pd.trigger(service, "Errors")
        await pd.drained(timeout_s=60, hurry=True)
        await until("the victim's note stands", lambda: [n.user.name for n in pd.notes(incident.id)], bool)
        text, victims = pd.notes(incident.id)[0].content, len(pd.calls_with(victim.api_token or ""))
        assert set(await forge(receiver, pd, incident, elsewhere)) == {202}
        pd.resolve(incident.id)
        await pd.drained(timeout_s=60, hurry=True)
        await until("it is resolved", lambda: pd.notes(incident.id)[0].content.startswith("Resolved after"), bool)
        [note] = pd.notes(incident.id)
        caused = [call.method for call in pd.calls_with(victim.api_token or "")[victims:] if incident.id in call.path]
    assert (note.user.name, "FORGED" in note.content, "FORGED" in text) == ("Bot", False, False)
    assert caused == ["PUT"]


async def outbound(stage: Stage, namespace: str, words: str) -> dict[str, str]:
    """Wait until OutboundReady says something; return the condition."""

    async def said() -> dict[str, str] | None:
        found = condition(await stage.kube.integration(namespace, "copy"), "OutboundReady")
        return found if words in found.get("message", "") else None

    return await until(f"OutboundReady says {words}", said)


async def test_the_displaced_one_says_so_and_names_whom_it_may_name(cluster: Cluster, tmp_path: Path) -> None:
    first, second = (f"team-{secrets.token_hex(3)}" for _ in range(2))
    async with PagerDutySimulator() as pagerduty, start_stage(cluster, pagerduty, tmp_path) as stage:
        service = await stage.declare(first, "payments")
        await stage.kube.make_namespace(second)
        await stage.user.declare(second, "copy", "payments", service)
        await stage.user.subscribe(second, "copy", service)
        await stage.user.wait_ready(second, "copy")
        for subscription_id in list(pagerduty.courier.subscriptions):
            pagerduty.ping(subscription_id)
        await pagerduty.drained(timeout_s=60, hurry=True)
        pagerduty.trigger(service, "Errors")
        said = await outbound(stage, second, "notes are written by another integration:")
        assert (said["status"], said["reason"]) == ("True", "NotesByAnother")
        consent = {"name": first, "annotations": {"noctuary.io/allow-from": second}}
        head = {"apiVersion": "v1", "kind": "Namespace", "metadata": consent}
        await stage.kube.apply("/api/v1", None, "namespaces", head)
        pagerduty.trigger(service, "Errors again")
        await outbound(stage, second, f"notes are written by {first}/payments:")
        assert set(pagerduty.note_counts().values()) == {1}
