"""What holds when a note is written or edited: a rollback that was seen, and revisions that exist."""

import asyncio
from typing import Any

import msgspec
import pytest

from noctuary.common.errors import KubernetesUnavailable
from noctuary.incidents.evidence.standing import (
    blamed_workloads,
    find_broken_pods,
    find_gone_pods,
    find_rollback,
    find_undoing,
    find_undoings,
    read_revisions,
    services_of_broken,
)
from noctuary.models import details
from noctuary.models.diagnosis import (
    Cause,
    CauseKind,
    Change,
    Diagnosis,
    Fault,
    PodView,
    Relation,
    ServiceView,
    Subject,
    Verdict,
)
from noctuary.models.live_view import LiveView, RevisionReader
from noctuary.models.revisions import WorkloadRevisions

AT = 1_790_000_000.0
API = Subject("Deployment", "payments", "payments-api")


def change(name: str, at: float, image: str, template: str, before: tuple[str, str] | None = None) -> Change:
    facts = {details.IMAGE: image, details.TEMPLATE_HASH: template}
    if before is not None:
        facts |= {details.PREVIOUS_IMAGE: before[0], details.PREVIOUS_TEMPLATE_HASH: before[1]}
    return Change(
        name, True, API, "payments-api", Relation.OWN, at, "kubernetes", "deploy", {k: v for k, v in facts.items() if v}
    )


def blaming(blamed: Change, *faults: Fault) -> Diagnosis:
    kind = CauseKind.ROLLOUT if blamed.is_rollout else CauseKind.CHANGE
    cause = Cause(kind, "", [], blamed, list(faults))
    return Diagnosis(Verdict.CAUSE, AT, AT - 3600, ["payments-api"], [], [cause])


BAD = change("bad", AT, "web:2", "h2", ("web:1", "h1"))
ENV = change("env", AT, "web:2", "h2", ("web:2", "h1"))
OF_OLD = change("old", AT, "web:2", "", ("web:1", ""))


@pytest.mark.parametrize(
    ("blamed", "later", "found"),
    [
        (BAD, [change("back", AT + 9, "web:1", "h1")], "back"),
        (BAD, [change("back", AT + 9, "web:1", "h1-restarted")], "back"),
        (OF_OLD, [change("back", AT + 9, "web:1", "h1")], "back"),
        (ENV, [change("back", AT + 9, "web:2", "h1")], "back"),
        (ENV, [change("again", AT + 9, "web:2", "h3")], None),
        (BAD, [change("fix", AT + 9, "web:3", "h3")], None),
        (BAD, [change("back", AT + 9, "web:1", "h1"), change("bad again", AT + 19, "web:2", "h2")], None),
        (BAD, [change("bad again", AT + 9, "web:2", "h2"), change("back", AT + 19, "web:1", "h1")], "back"),
        (BAD, [change("before", AT - 9, "web:1", "h1")], None),
        (BAD, [BAD], None),
    ],
)
def test_the_last_rollout_is_a_rollback_when_it_leads_to_the_version_before(
    blamed: Change, later: list[Change], found: str | None
) -> None:
    seen = find_rollback(blaming(blamed), [blamed, *later])
    assert (seen.event_id if seen is not None else None) == found


def scaling(name: str, at: float, old: str, new: str) -> Change:
    plain = change(name, at, "", "")
    return msgspec.structs.replace(
        plain, is_rollout=False, event_type="scale_event", old_value=old, new_value=new, details={}
    )


@pytest.mark.parametrize(("new", "found"), [("2", "up"), ("1", None)])
def test_a_scaling_is_undone_when_the_number_of_before_is_wanted_again(new: str, found: str | None) -> None:
    down = scaling("down", AT, "2", "0")
    seen = find_undoing(blaming(down), [down, scaling("up", AT + 3, "0", new)])
    assert (seen.event_id if seen is not None else None) == found


@pytest.mark.parametrize("mark", [details.DELETED, details.DELETED_SINCE])
def test_a_deletion_is_undone_when_the_workload_is_made_anew(mark: str) -> None:
    gone = msgspec.structs.replace(scaling("gone", AT, "2", "0"), details={mark: "1"})
    seen = find_undoing(blaming(gone), [gone, change("anew", AT + 3, "web:1", "h1")])
    assert seen is not None
    assert seen.event_id == "anew"


def test_what_took_back_each_of_several_causes_is_found() -> None:
    down, flag = scaling("down", AT, "2", "0"), msgspec.structs.replace(scaling("on", AT, "off", "on"), entity="f")
    found = msgspec.structs.replace(
        blaming(BAD), causes=[blaming(each).causes[0] for each in (BAD, down, flag)], is_undecided=True
    )
    later = [change("back", AT + 9, "web:1", "h1"), scaling("up", AT + 3, "0", "2")]
    seen = find_undoings(found, [BAD, down, flag, *later])
    assert {name: undoing.event_id for name, undoing in seen.items()} == {"bad": "back", "down": "up"}


def test_workloads_of_faults_are_asked_for_too_and_pods_are_not() -> None:
    pod = Fault("x", [], Subject("Pod", "payments", "p"), "payments-api", Relation.OWN, "", AT, AT)
    other = msgspec.structs.replace(pod, subject=Subject("StatefulSet", "payments", "db"))
    assert blamed_workloads(blaming(BAD, pod, other)) == [API, other.subject]


def live_pod(name: str, **more: Any) -> PodView:
    told = {"template_hash": "h2", "node": "n", "is_ready": False, **more}
    return PodView("payments", name, "payments-api", **told)


BROKEN = Fault("x", [], API, "payments-api", Relation.OWN, "h2", AT, AT, pods=["a", "b"], failing_pods=["b"])


@pytest.mark.parametrize(
    ("live", "found"),
    [
        (LiveView(pods=[live_pod("a"), live_pod("b"), live_pod("c")]), ["b"]),
        (LiveView(pods=[live_pod("b", is_ready=True)]), []),
        (LiveView(pods=[live_pod("b", is_leaving=True)]), []),
        (LiveView(pods=[live_pod("b", template_hash="h1")]), []),
        (LiveView(unread_services=["payments-api"]), None),
        (None, None),
    ],
)
def test_broken_is_what_failed_and_is_not_ready_now(live: LiveView | None, found: list[str] | None) -> None:
    seen = find_broken_pods(blaming(BAD, BROKEN), live)
    assert (None if seen is None else [pod.name for pod in seen]) == found


OWN = ServiceView("payments-api", Relation.OWN, "", [])
LEDGER = ServiceView("ledger", Relation.DEPENDENCY, "", [])


@pytest.mark.parametrize(
    ("live", "asked", "found"),
    [
        (LiveView(pods=[live_pod("a"), live_pod("c")]), OWN, ["b"]),
        (LiveView(pods=[live_pod("b", is_ready=True)]), OWN, []),
        (LiveView(), LEDGER, []),
        (LiveView(unread_services=["payments-api"]), OWN, []),
        (None, OWN, []),
    ],
)
def test_gone_is_what_failed_and_does_not_exist_now(
    live: LiveView | None, asked: ServiceView, found: list[str]
) -> None:
    assert [pod.name for pod in find_gone_pods(blaming(BAD, BROKEN), live, [asked])] == found


@pytest.mark.parametrize(("kind", "read"), [("StatefulSet", ["payments-api"]), ("Deployment", [])])
def test_only_a_stateful_set_has_its_pods_read_for_an_edit(kind: str, read: list[str]) -> None:
    subject = msgspec.structs.replace(API, kind=kind)
    diagnosis = blaming(msgspec.structs.replace(BAD, subject=subject), BROKEN)
    services = [ServiceView(name, Relation.OWN, "", []) for name in ("payments-api", "ledger")]
    assert [each.name for each in services_of_broken(diagnosis, services)] == read


async def _slow(_subject: Subject) -> WorkloadRevisions | None:
    await asyncio.sleep(60)
    return None


async def _refused(_subject: Subject) -> WorkloadRevisions | None:
    raise KubernetesUnavailable(503, "Down", "no leader")


async def _odd(_subject: Subject) -> WorkloadRevisions | None:
    raise RecursionError


async def _gone(_subject: Subject) -> WorkloadRevisions | None:
    return None


@pytest.mark.parametrize("reader", [_slow, _refused, _odd, _gone, None])
async def test_what_cannot_be_read_in_time_is_not_known(reader: RevisionReader | None) -> None:
    assert await read_revisions(reader, [API], asyncio.get_running_loop().time() + 0.05) is None
