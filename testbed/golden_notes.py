"""`python -m testbed.golden_notes`: writes the notes that each case of an analyzer gives, for a reviewer to read.

A test compares them byte by byte: a change of words shows as a change of these files.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from noctuary.analyzers.registry import ANALYZERS, recognise
from noctuary.correlation.correlate import correlate
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.models.diagnosis import IncidentContext, PodView, Relation, ServiceView, Subject
from noctuary.models.evidence import AlertSummary, Evidence, Standing
from noctuary.models.incident import IncidentRow
from noctuary.models.revisions import StoredRevision, WorkloadRevisions
from noctuary.notes.note import render_note
from testbed.before_after import broken_workloads, said_wrongly
from testbed.before_after.world import note_of as note_of_scene
from testbed.fault_cases import AT, Case, cases_of, event_of
from testbed.told import without_percent

DIRECTORY = Path(__file__).resolve().parents[1] / "tests/unit/notes/golden"
ONSET = AT + 60
ORDINARY = DIRECTORY.parent / "ordinary_incidents.txt"
SCENES = [*said_wrongly.SCENES, *broken_workloads.SCENES]
REMARK = "\n# "
SEPARATOR = "\n" + "=" * 100 + "\n"
SERVICES = [ServiceView("pay", Relation.OWN, "shop", ["shop"])]
PODS = [PodView("shop", "pay-0", "pay", "new", "node-7", is_ready=False)]
STANDING = Standing(
    revisions=[
        WorkloadRevisions(
            Subject("Deployment", "shop", "pay"), 14, [StoredRevision(13, "old"), StoredRevision(14, "new")]
        )
    ]
)


def rollout() -> ContextEvent:
    """Return a rollout half a minute before the faults."""
    told = {
        details.IMAGE: "registry.example.com/pay:2",
        details.PREVIOUS_IMAGE: "registry.example.com/pay:1",
        details.REVISION: "14",
        details.TEMPLATE_HASH: "new",
        details.PREVIOUS_TEMPLATE_HASH: "old",
        details.CHANGED: "image",
    }
    ref = ObjectRef("Deployment", "shop", "pay", workload_kind="Deployment", workload_name="pay")
    return ContextEvent(
        id="rollout",
        tenant="shop",
        source="kubernetes",
        dedup_key="rollout",
        service_name="pay",
        vendor="kubernetes",
        entity="pay",
        event_type=EventType.DEPLOY,
        timestamp=AT - 30,
        last_seen=AT - 30,
        confidence=0.95,
        ttl_seconds=3600,
        object=ref,
        details=told,
    )


def note_of(events: list[ContextEvent], status: str) -> str:
    """Return the note of an incident of `pay` that opened a minute after its fault."""
    pods = [] if any(recognise(event).is_state for event in events) else PODS
    diagnosis = correlate(IncidentContext(SERVICES, ONSET, 3600.0, events, pods))
    resolved_at = ONSET + 120 if status == "resolved" else None
    row = IncidentRow(
        account="a", incident_id="P", integration_id="i", status=status, triggered_at=ONSET, resolved_at=resolved_at
    )
    evidence = Evidence(diagnosis, AlertSummary(1, "error rate above 5 %", ONSET), standing=STANDING)
    return render_note(row, evidence, "nct:golden", ONSET + 121)


def notes_of(cases: Sequence[Case]) -> Iterator[str]:
    """Yield the notes of all cases: without and with a rollout before it, open and resolved in turn."""
    for number, case in enumerate(cases):
        fault = event_of(case)
        fault.details = {**fault.details, details.TEMPLATE_HASH: "new"} if case.about == "Pod" else fault.details
        yield note_of([fault], "triggered" if number % 2 else "resolved")
        yield note_of([rollout(), fault], "triggered")


def golden_text(kind: str) -> str:
    """Return the file of one kind of fault; how sure each note is depends on weights, and is told elsewhere."""
    return without_percent(SEPARATOR.join(notes_of(cases_of(kind)))) + "\n"


def ordinary_text() -> str:
    """Return the first line of each ordinary incident's note, and what it tells to do."""
    blocks = ((scene.title, *note_of_scene(scene).split("\n\n")[:2]) for scene in SCENES)
    told = (f"{title}\n{first}\n{action.partition(REMARK)[0]}" for title, first, action in blocks)
    return without_percent("\n\n".join(told)) + "\n"


if __name__ == "__main__":
    ORDINARY.write_text(ordinary_text(), encoding="utf-8")
    for analyzer in ANALYZERS:
        (DIRECTORY / f"{analyzer.kind}.txt").write_text(golden_text(analyzer.kind), encoding="utf-8")
