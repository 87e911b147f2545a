"""When a second look's answer replaces the first one."""

from typing import Any

import msgspec
import pytest

from noctuary.correlation.observations import Observations
from noctuary.incidents.evidence.answers import is_better, with_former, with_read
from noctuary.models.diagnosis import (
    Cause,
    CauseKind,
    Change,
    Diagnosis,
    Fault,
    IncidentContext,
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
    "the same, from more": (said(X, gaps=("pods",)), said(X), True),
    "none, from more": (said(gaps=("alerts", "pods")), said(gaps=("pods",)), True),
    "none, from less": (said(gaps=("pods",)), said(gaps=("alerts", "pods")), False),
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


@pytest.mark.parametrize(
    ("before", "now", "left"), [(("alerts", "pods"), ("pods",), ["pods"]), (("pods",), ("alerts", "pods"), ["pods"])]
)
def test_an_answer_that_stays_loses_the_gaps_that_were_filled(
    before: tuple[str, ...], now: tuple[str, ...], left: list[str]
) -> None:
    kept = with_read(said(X, gaps=before), said(gaps=now))
    assert (kept.gaps, kept.diagnosis.causes) == (left, [X])


LATER = AT + 7200
RESTARTED = {"restarts": "31"}


def going_on(name: str = "x", **more: Any) -> Fault:
    """Return the fault of `rolled`, as it goes on two hours later."""
    fault = Fault("crash loop", ["f"], Subject("Deployment", "shop", name), name, Relation.OWN, "h", AT, LATER)
    return msgspec.structs.replace(fault, details=RESTARTED, **more)


def since(*background: Fault, faults: tuple[Fault, ...] = ()) -> Observations:
    context = IncidentContext([], LATER, 3600.0, [])
    return Observations(context, [], list(faults), [], [], list(background))


BEFORE = said(rolled("x", 0.8, faults=1), Y)
NOW = {
    "in the background": (since(going_on()), BEFORE, "x"),
    "as a fault of its own": (since(faults=(going_on(),)), BEFORE, "x"),
    "gone": (since(), BEFORE, ""),
    "over": (since(going_on(is_over=True)), BEFORE, ""),
    "last seen long ago": (since(going_on(last=LATER - 900)), BEFORE, ""),
    "of another kind": (since(going_on(kind="probe")), BEFORE, ""),
    "of another workload": (since(going_on("y")), BEFORE, ""),
    "of another version": (since(going_on(template_hash="i")), BEFORE, ""),
    "a cause without a fault": (since(going_on()), said(X), ""),
    "no cause before": (since(going_on()), said(), ""),
    "of another service of PagerDuty": (since(going_on()), msgspec.structs.replace(BEFORE, service_id="PMOVED"), ""),
    "nothing known of before": (since(going_on()), None, ""),
}


@pytest.mark.parametrize(("observed", "former", "stays"), NOW.values(), ids=NOW)
def test_after_a_reopening_the_answer_of_before_stays_where_its_fault_goes_on(
    observed: Observations, former: Evidence | None, stays: str
) -> None:
    answer = with_former(said(), former, observed)
    names = [cause.change.subject.name for cause in answer.diagnosis.causes if cause.change is not None]
    assert names == ([stays] if stays else [])
    assert answer.goes_on_since == (AT if stays else None)


def test_what_stays_is_told_as_it_is_now_and_once() -> None:
    weak = Cause(CauseKind.FAULT, "", [], faults=[going_on()])
    fresh = msgspec.structs.replace(said(weak=weak).diagnosis, background=[going_on(), going_on("y")])
    answer = with_former(Evidence(fresh, AlertSummary()), BEFORE, since(going_on(), going_on("y"))).diagnosis
    assert [fault.details for cause in answer.causes for fault in cause.faults] == [RESTARTED]
    assert (answer.weak, [fault.subject.name for fault in answer.background]) == ([], ["y"])
    assert answer.verdict is Verdict.CAUSE


def test_what_explains_the_time_since_the_reopening_goes_before_the_answer_of_before() -> None:
    fresh = said(Y)
    assert with_former(fresh, BEFORE, since(going_on())) is fresh
