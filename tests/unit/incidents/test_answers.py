"""When a second look's answer replaces the first one."""

import pytest

from noctuary.incidents.evidence.answers import is_better
from noctuary.models.diagnosis import (
    Cause,
    CauseKind,
    Change,
    Diagnosis,
    Fault,
    Relation,
    SetAside,
    Subject,
    Term,
    Verdict,
)
from noctuary.models.evidence import AlertSummary, Evidence

AT = 1_790_000_000.0


def rolled(name: str, score: float, faults: int = 0) -> Cause:
    subject = Subject("Deployment", "shop", name)
    change = Change(name, True, subject, name, Relation.OWN, AT, "kubernetes", "deploy")
    fault = Fault("crash loop", ["f"], subject, name, Relation.OWN, "h", AT, AT)
    return Cause(CauseKind.ROLLOUT, "", [Term("", score)], change, [fault] * faults)


def said(*causes: Cause, gaps: tuple[str, ...] = (), aside: Cause | None = None, weak: Cause | None = None) -> Evidence:
    verdict = Verdict.CAUSE if causes else Verdict.NOTHING_RELEVANT
    set_aside = [SetAside(aside.change, "")] if aside is not None and aside.change is not None else []
    diagnosis = Diagnosis(verdict, AT, AT - 3600, [], [], list(causes), [weak] if weak else [], set_aside)
    return Evidence(diagnosis, AlertSummary(), list(gaps))


X, Y = rolled("x", 0.8), rolled("y", 0.6)
CUT = "the oldest {} of 900 warnings of x since 10:00:0{} UTC"
CASES = {
    "a cause where there was none": (said(), said(Y), True),
    "none where there was a cause": (said(X), said(), False),
    "the same": (said(X), said(X), False),
    "the same with more behind it": (said(X), said(rolled("x", 0.8, faults=1)), True),
    "the same, less sure": (said(X), said(rolled("x", 0.5)), False),
    "the same, less sure, from more": (said(X, gaps=("pods",)), said(rolled("x", 0.5)), True),
    "another, surer": (said(X), said(rolled("y", 0.9)), True),
    "another, less sure, the first weighed": (said(X), said(Y, rolled("x", 0.5)), True),
    "another, less sure, the first ruled out": (said(X), said(Y, aside=X), True),
    "another, less sure, the first weak": (said(X), said(Y, weak=rolled("x", 0.2)), True),
    "another, less sure, the first only gone": (said(X), said(Y), False),
    "surer, but from less": (said(X), said(rolled("y", 0.9), gaps=("pods",)), False),
    "surer, as much cut as before": (
        said(X, gaps=(CUT.format(600, 1),)),
        said(rolled("y", 0.9), gaps=(CUT.format(612, 2),)),
        True,
    ),
}


@pytest.mark.parametrize(("known", "fresh", "better"), CASES.values(), ids=CASES)
def test_an_answer_is_replaced_for_a_reason(known: Evidence, fresh: Evidence, *, better: bool) -> None:
    assert is_better(fresh, known) is better
