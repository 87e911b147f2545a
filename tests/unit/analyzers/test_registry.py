"""Each kind of fault has its cases beside it, and does with them what they say."""

import re
from pathlib import Path

import msgspec
import pytest

import noctuary.analyzers
from noctuary.analyzers.registry import ANALYZERS, FALLBACK, analyzer_of, recognise
from noctuary.models.diagnosis import Cause, CauseKind, Diagnosis, Verdict
from noctuary.notes.action import advised
from noctuary.notes.advice.remedies import remedy
from noctuary.notes.phrases import fault_sentence
from noctuary.notes.tense import past
from testbed.fault_cases import Case, cases_of, event_of, fault_of

SHARED = {"__init__", "base", "registry", "last_words", "log_lines"}
LIMIT = 63
NOTHING = Diagnosis(Verdict.CAUSE, 1_800_000_060.0, 1_799_996_460.0, ["pay"], [])
PRESENT = re.compile(
    r"\b(?<!not )(?<!to )(?:is|are|has|have|cannot|fails?|keeps?|finds?|exceeds?|runs?|needs?|waits?|starts|objects)\b"
)
KINDS = [analyzer.kind for analyzer in ANALYZERS]


ALL = [(kind, case) for kind in KINDS for case in cases_of(kind)]


@pytest.mark.parametrize("kind", KINDS)
def test_each_analyzer_has_cases_beside_it(kind: str) -> None:
    assert len(cases_of(kind)) >= 2


def test_each_file_is_in_the_registry_and_named_for_its_kind() -> None:
    files = {path.stem for path in Path(noctuary.analyzers.__path__[0]).rglob("*.py")}
    assert files - SHARED == set(KINDS)


def test_no_kind_is_listed_twice() -> None:
    assert len(set(KINDS)) == len(KINDS)


@pytest.mark.parametrize("analyzer", ANALYZERS, ids=KINDS)
def test_each_reason_of_an_analyzer_has_a_case(analyzer: noctuary.analyzers.base.Analyzer) -> None:
    assert analyzer.reasons <= {case.reported.get("reason") for case in cases_of(analyzer.kind)}


@pytest.mark.parametrize("analyzer", ANALYZERS, ids=KINDS)
def test_each_hint_of_an_analyzer_has_a_case(analyzer: noctuary.analyzers.base.Analyzer) -> None:
    shown = {analyzer.hint(fault_of(case, analyzer.kind)) for case in cases_of(analyzer.kind)}
    assert {f" ({words})" for _, words in analyzer.hints} <= shown


@pytest.mark.parametrize(("kind", "case"), ALL)
def test_what_is_reported_is_recognised(kind: str, case: Case) -> None:
    assert recognise(event_of(case)).kind == kind


@pytest.mark.parametrize(("kind", "case"), ALL)
def test_the_note_says_what_is_wrong(kind: str, case: Case) -> None:
    fault = fault_of(case, kind)
    assert (fault_sentence(fault, LIMIT), analyzer_of(fault).symptom(fault, LIMIT)) == (case.sentence, case.symptom)


@pytest.mark.parametrize(("kind", "case"), ALL)
def test_the_note_says_what_to_do(kind: str, case: Case) -> None:
    advice = remedy(Cause(CauseKind.FAULT, "", [], faults=[fault_of(case, kind)]), NOTHING)
    assert "\n".join(advised("", advice)).strip() == case.remedy


@pytest.mark.parametrize(("kind", "case"), ALL)
def test_what_is_over_is_told_in_the_past(kind: str, case: Case) -> None:
    fault = msgspec.structs.replace(fault_of(case, kind), is_over=True)
    told = [fault_sentence(fault, LIMIT), past(case.symptom)]
    assert not {word.strip("();,.:") for text in told for word in PRESENT.findall(text)}


def test_a_kind_that_another_version_stored_is_told_by_the_fallback() -> None:
    fault = fault_of(Case({"reason": "Strange"}, "", "", ""), "from_the_future")
    assert analyzer_of(fault) is FALLBACK
    assert fault_sentence(fault, LIMIT) == "pay: Strange"
