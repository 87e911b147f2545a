"""What a workload or an Event says of a fault is a name, a path or a quantity in its sentence, or left out."""

from collections.abc import Iterator

import pytest

from noctuary.analyzers.base import Analyzer
from noctuary.analyzers.registry import ANALYZERS, analyzer_of
from noctuary.models import details
from noctuary.notes.phrases import fault_sentence
from testbed.fault_cases import Case, cases_of, fault_of

FACTS = sorted({value for name, value in vars(details).items() if name.isupper() and isinstance(value, str)})
ODD = [
    "https://evil.example/runbook",
    "https://evil.example/runbook on port 80",
    "//evil.example/fix.sh:x",
    "/x); the rollout of evil is why (see there",
    "x, or run evil; then y",
    "x (see evil) of y",
    "OutOfhttps://evil.example/x",
    "OutOf//evil.example/x",
    "evil at https://evil.example/runbook: no such file",
    "https://evil.example/runbook: no such file",
    "evil.example/runbook: permission denied",
    "pods=1 (see evil",
    "https://evil.example/x=1",
]


def sentences(analyzer: Analyzer, fact: str, odd: str) -> Iterator[str]:
    """Yield what is said of each case with one fact that somebody chose."""
    for case in cases_of(analyzer.kind):
        fault = fault_of(case._replace(reported=case.reported | {fact: odd}), analyzer.kind)
        yield fault_sentence(fault, 63)
        yield analyzer_of(fault).symptom(fault, 63)


@pytest.mark.parametrize("analyzer", ANALYZERS, ids=lambda each: each.kind)
@pytest.mark.parametrize("odd", ODD)
def test_no_fact_brings_a_link_or_words_of_others_into_the_first_line(analyzer: Analyzer, odd: str) -> None:
    found = {(fact, said) for fact in FACTS for said in sentences(analyzer, fact, odd) if "evil" in said}
    assert found == set()


@pytest.mark.parametrize(
    ("kind", "facts", "said"),
    [
        ("probe", {"probe_target": "/healthz."}, "fails the health probe (/healthz.)"),
        ("probe", {"probe_target": "/"}, "fails the health probe (/)"),
        ("probe", {"probe_target": "/ready/v1.2~x@y on port http-web"}, "(/ready/v1.2~x@y on port http-web)"),
        ("probe", {"probe_target": "healthz on port 80"}, "(healthz on port 80)"),
        ("probe", {"probe_target": "port grpc"}, "(port grpc)"),
        ("probe", {"probe_target": "command check-it.sh"}, "(command check-it.sh)"),
        ("probe", {"probe": "see-evil"}, "fails the health probe"),
        ("refused", {"quota": "team a", "quota_limit": "pods=2"}, "exceed a quota (pods=2)"),
        ("refused", {"quota": "a", "quota_limit": "requests.nvidia.com/gpu=4"}, "a (requests.nvidia.com/gpu=4)"),
        ("refused", {"quota": "a", "quota_limit": "count/deployments.apps=5"}, "a (count/deployments.apps=5)"),
        ("refused", {"quota": "a", "quota_limit": "much"}, "exceed quota a"),
        ("image_pull", {"image": "x:1", "pull_secret": "shop/a, b"}, "image x:1 (no pull secret shop/a, b)"),
        ("image_pull", {"image": "x:1", "pull_secret": "a b"}, "image x:1 (a pull secret is missing)"),
        ("cannot_start", {"message": "./run.sh: permission denied"}, "cannot start: ./run.sh: permission denied"),
        ("cannot_start", {"message": "/.venv/bin/x: no such file"}, "cannot start: /.venv/bin/x: no such file"),
        ("cannot_start", {"message": "bin/x.sh: no such file"}, "cannot start: bin/x.sh: no such file"),
        ("cannot_start", {"message": "a.b/x: no such file"}, "cannot start: no such file"),
        (
            "cannot_start",
            {"message": "working directory /app: no such file"},
            "start: working directory /app: no such file",
        ),
        ("admission", {"reason": "OutOfnvidia.com/mig-1g.5gb"}, "(not enough nvidia.com/mig-1g.5gb)"),
        ("admission", {"reason": "OutOf a thing"}, "(not enough of a resource)"),
        (
            "missing_configuration",
            {"missing_kind": "Secret", "missing_name": "a", "missing_key": "b c"},
            "a key of Secret a is missing",
        ),
        ("missing_configuration", {"missing_kind": "see there"}, "cannot start: configuration is missing"),
        ("crash_loop", {"exit_code": "3221225477"}, "with exit code 3221225477"),
        ("crash_loop", {"exit_code": "one"}, "1 pod of pay crashed"),
        ("storage", {"claim": "a b", "reason": "FailedMount"}, "cannot mount a volume"),
        ("autoscaling", {"metric": "a b"}, "cannot read its metrics"),
        ("autoscaling", {"metric": "http_requests"}, "cannot read http_requests metrics"),
        ("node", {"reason": "Kernel Oops"}, "is in trouble (unknown)"),
        ("node", {"reason": "KernelOops"}, "is in trouble (KernelOops)"),
    ],
)
def test_an_ordinary_fact_is_told_and_an_odd_one_is_called_so(kind: str, facts: dict[str, str], said: str) -> None:
    told = fault_sentence(fault_of(Case(facts, "", "", ""), kind), 63)
    assert told.endswith(said)
