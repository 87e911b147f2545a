"""The form of the cases that stand beside each analyzer, and how one is made into an event and a fault."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.models.diagnosis import Fault, Relation, Subject

AT = 1_800_000_000.0
NOT_OF_WORKLOADS = frozenset(
    {
        *("Service", "Ingress", "HTTPRoute", "NetworkPolicy"),
        *("Job", "CronJob", "HorizontalPodAutoscaler", "StatefulSet", "DaemonSet"),
    }
)
"""What a fault may be about that is no pod of the Deployment; it is called `pay` as well."""
CASES = Path(__file__).resolve().parents[1] / "tests/unit/analyzers/cases"


class Case(NamedTuple):
    """What is reported of pods of the Deployment `pay`, and what the note is to make of it.

    `remedy` as it stands below `Do:`, its remark behind `# ` on a line of its own.
    """

    reported: dict[str, str]
    sentence: str
    symptom: str
    remedy: str
    pods: int = 1
    about: str = "Pod"


def cases_of(kind: str) -> Sequence[Case]:
    """Return the cases of one kind of fault, from the file that is named for it."""
    (path,) = CASES.rglob(f"{kind}.py")
    module = ".".join(path.relative_to(CASES.parents[3]).with_suffix("").parts)
    cases: Sequence[Case] = importlib.import_module(module).CASES
    return cases


def event_of(case: Case) -> ContextEvent:
    """Return the event of a case."""
    is_node = case.about == "Node"
    name, owner = ("node-7", ("", "")) if is_node else ("pay-0", ("Deployment", "pay"))
    if case.about in NOT_OF_WORKLOADS:
        name, owner = "pay", ("", "")
    ref = ObjectRef(case.about, "" if is_node else "shop", name, workload_kind=owner[0], workload_name=owner[1])
    return ContextEvent(
        id="e",
        tenant="shop",
        source="kubernetes",
        dedup_key="k",
        service_name="pay",
        vendor="kubernetes",
        entity=name,
        event_type=EventType.RESTART,
        timestamp=AT,
        last_seen=AT,
        confidence=0.9,
        ttl_seconds=3600,
        object=ref,
        details=case.reported,
    )


def fault_of(case: Case, kind: str) -> Fault:
    """Return the fault that correlation makes of a case."""
    of = case.about if case.about in NOT_OF_WORKLOADS else "Deployment"
    subject = Subject("Node", "", "node-7") if case.about == "Node" else Subject(of, "shop", "pay")
    return Fault(
        kind=kind,
        event_ids=["e"],
        subject=subject,
        service="pay",
        relation=Relation.OWN,
        template_hash="h",
        first=AT,
        last=AT,
        pods=[] if case.about == "Node" else [f"pay-{n}" for n in range(case.pods)],
        details={details.RESTARTS: "0", **case.reported},
        text=case.reported.get(details.REASON, ""),
    )
