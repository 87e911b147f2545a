"""Which rollout a posted deploy is, and whose commit it gets."""

from typing import Any, NamedTuple
from unittest.mock import Mock

import pytest

from noctuary.correlation.deploys import fit
from noctuary.correlation.deploys.join import join_posted
from noctuary.correlation.deploys.versions import read_image, read_version
from noctuary.models import details
from noctuary.models.diagnosis import Change, Relation, Subject
from noctuary.models.revisions import MANAGERS
from noctuary.sources.kubernetes.rollouts.ownership import FLUX_LABELS

CI, APPLY, HAND = "github-actions", "kubectl-client-side-apply", "kubectl-set"


def change(name: str, at: float, **more: Any) -> Change:
    base: dict[str, Any] = {
        "event_type": "deploy",
        "vendor": "kubernetes",
        "subject": Subject("Deployment", "shop", name),
    }
    return Change(name, is_rollout=True, service="web", relation=Relation.OWN, at=at, **base | more)


def seen(old: str, new: str, name: str = "web", at: float = 10, actor: str = CI) -> Change:
    """Return a rollout that the cluster shows."""
    return change(name, at, actor=actor, details={details.PREVIOUS_IMAGE: old, details.IMAGE: new})


def told(sha: str, entity: str = "acme/web", old: str = "", new: str = "", at: float = 0, vendor: str = CI) -> Change:
    """Return a deploy that was posted."""
    values = {"old_value": old, "new_value": new, "entity": entity, "sha": sha, "vendor": vendor, "is_posted": True}
    return change(f"post {sha}", at, **values | {"subject": Subject("", "team", "web")})


class Case(NamedTuple):
    sentence: str
    changes: list[Change]
    commits: dict[str, str]
    listed: frozenset[str] = frozenset()


WEB, WORKER = seen("r/web:3.10", "r/web:3.11"), seen("r/worker:1.0", "r/worker:1.1", "web-worker", 12)
BY_APPLY, BY_HAND, BY_ARGO = (
    seen("r/web:3.10", "r/web:3.11", actor=actor) for actor in (APPLY, HAND, "argocd-controller")
)
CANARY = seen("r/shop:3.10", "r/shop:3.11", "canary")
OWNED = change(
    "web",
    10,
    actor="argocd-controller",
    details={details.TOOL: "argocd", details.TOOL_APP: "payments", details.IMAGE: "r/web:3.11"},
)
SHA, OTHER = "aaaa1111bbbb", "cccc2222dddd"
CASES = [
    Case(
        "each of two repositories has its commit by its version",
        [told(SHA, old="3.10", new="3.11"), told(OTHER, "acme/worker", "1.0", "1.1", at=2), WEB, WORKER],
        {"web": SHA, "web-worker": OTHER},
    ),
    Case(
        "each of two repositories has its commit by its name",
        [told(SHA), told(OTHER, "acme/worker", at=2), WEB, WORKER],
        {"web": SHA, "web-worker": OTHER},
    ),
    Case(
        "what another repository delivered is a deploy of its own",
        [told(OTHER, "acme/worker", "1.0", "1.1"), WEB],
        {},
        frozenset({OTHER}),
    ),
    Case(
        "of two commits that nothing tells apart neither is lent, and both are listed",
        [told(SHA, "acme/a"), told(OTHER, "acme/b", at=2), WEB],
        {},
        frozenset({SHA, OTHER}),
    ),
    Case("a pipeline tells of it when its tests have passed", [WEB, told(SHA, new="3.11", at=490)], {"web": SHA}),
    Case(
        "so late nothing but the version of the very thing counts",
        [WEB, told(SHA, at=490), told(OTHER, "acme/else", new="3.11", at=491)],
        {},
        frozenset({SHA, OTHER}),
    ),
    Case(
        "another thing that was deployed at the same time is told besides",
        [told(SHA), told(OTHER, "resizer-lambda", at=8, vendor="jenkins"), WEB],
        {"web": SHA},
        frozenset({OTHER}),
    ),
    Case("two systems tell of one deploy", [told(SHA), told(OTHER, "shop", at=8, vendor="argocd"), WEB], {"web": SHA}),
    Case(
        "what Argo CD delivered is reverted where Argo CD reads it",
        [told(SHA, new="3.11"), told(OTHER, new="3.11", at=8, vendor="argocd"), BY_ARGO],
        {"web": OTHER},
    ),
    Case(
        "the commit is that of the repository which the tool that wrote it reads, not of what was built before",
        [told(SHA, new="3.11"), told(OTHER, at=8, vendor="argocd"), BY_ARGO],
        {"web": OTHER},
    ),
    Case(
        "the version decides before a tool that wrote nothing",
        [told(SHA, new="3.11"), told(OTHER, at=8, vendor="argocd"), WEB],
        {"web": SHA},
    ),
    Case(
        "the version decides before the name",
        [told(SHA, "acme/else", new="3.11"), told(OTHER, "web", at=8), WEB],
        {"web": SHA},
        frozenset({OTHER}),
    ),
    Case("the app that owns a workload is it", [told(SHA, "argocd/payments", vendor="argocd"), OWNED], {"web": SHA}),
    Case(
        "an app of another tool is another thing", [told(SHA, "payments", vendor="flux"), OWNED], {}, frozenset({SHA})
    ),
    Case("the time alone makes no deploy of another thing", [told(SHA, "acme/else"), WEB], {}, frozenset({SHA})),
    Case("a name that ends in a slash is another thing's", [told(SHA, "acme/"), WEB], {}, frozenset({SHA})),
    Case("the time makes a deploy of its service", [told(SHA, "Web"), CANARY], {"canary": SHA}),
    Case("the time makes a deploy of a workload", [told(SHA, "acme/canary"), CANARY], {"canary": SHA}),
    Case("the time makes a deploy of an image", [told(SHA, "acme/shop"), CANARY], {"canary": SHA}),
    Case("the time makes a deploy that names nothing", [told(SHA, ""), WEB], {"web": SHA}),
    Case(
        "the port of a registry is no version",
        [told(SHA, new="3.11"), seen("r/web:3.10", "localhost:5000/web")],
        {"web": SHA},
    ),
    Case("the version decides before the time", [told(SHA, new="3.11"), told(OTHER, at=8), WEB], {"web": SHA}),
    Case("of two deploys of one repository the nearer is it", [told(SHA), told(OTHER, at=8), WEB], {"web": OTHER}),
    Case("a pipeline applies with kubectl", [told(SHA, new="3.11"), BY_APPLY], {"web": SHA}),
    Case("a pipeline that posts no version applies with kubectl", [told(SHA), BY_APPLY], {"web": SHA}),
    Case("a pipeline sets an image", [told(SHA, new="3.11"), BY_HAND], {"web": SHA}),
    Case("a hand sets an image", [told(SHA), BY_HAND], {}, frozenset({SHA})),
    Case("a hand applies beside Argo CD", [told(SHA, vendor="argocd"), BY_APPLY], {}, frozenset({SHA})),
    Case(
        "a hand restarts what was delivered",
        [told(SHA, new="3.11"), seen("r/web:3.11", "r/web:3.11", actor="kubectl-rollout")],
        {},
        frozenset({SHA}),
    ),
    Case(
        "a pipeline delivers once more and another version came of it",
        [told(SHA, old="3.10", new="3.11"), seen("r/web:3.10", "r/web:3.12")],
        {},
        frozenset({SHA}),
    ),
    Case(
        "a chart has a version of its own",
        [told(SHA, "web", "1.4.0", "1.4.1"), WEB],
        {"web": SHA},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.sentence)
def test_a_commit_is_lent_to_the_rollout_that_it_is_of(case: Case) -> None:
    joined = join_posted(case.changes)
    assert {each.subject.name: each.sha for each in joined if not each.is_posted and each.sha} == case.commits
    assert {each.sha for each in joined if each.is_posted} == case.listed


@pytest.mark.parametrize(
    ("posted", "image", "fits"),
    [
        ("3.11", "r/web:3.11", True),
        ("v3.11", "r/web:3.11", True),
        ("3.11", "r/web:v3.11", True),
        ("3.11", "r/web:3.11.0", True),
        ("web:3.11", "r/web:3.11@sha256:12ab", True),
        ("sha256:12ab", "r/web@sha256:12ab", True),
        ("3.11", "r/web:3.11-alpine", True),
        ("812", "r/web:build-812", True),
        ("build 812", "r/web:sha-aaaa111", True),
        ("1.1", "r/web:3.11", False),
        ("3.1", "r/web:3.11", False),
        ("3.11", "localhost:5000/web", False),
        ("3.10", "r/web:3.11", False),
    ],
)
def test_versions_are_compared_whole(posted: str, image: str, *, fits: bool) -> None:
    joined = join_posted([told(SHA, "acme/else", new=posted), seen("r/web:3.10", image)])
    assert [each.sha for each in joined if not each.is_posted] == [SHA if fits else None]


def test_who_delivered_is_kept_beside_who_wrote_the_workload() -> None:
    post = change("post", 0, actor="jane", sha=SHA, vendor=CI, is_posted=True, subject=Subject("", "team", "web"))
    (joined,) = join_posted([post, BY_APPLY])
    assert (joined.actor, joined.details[details.DELIVERED_BY]) == (APPLY, "jane")
    assert (joined.vendor, joined.details[details.LENT_BY]) == ("kubernetes", CI)


@pytest.mark.parametrize(
    ("vendor", "actor", "is_it"),
    [
        ("argocd", "argocd-controller", True),
        ("Argo CD", "argocd-application-controller", True),
        ("argo-cd", "argocd-controller", True),
        ("flux", "kustomize-controller", True),
        ("FluxCD", "helm-controller", True),
        ("kustomize-controller", "kustomize-controller", True),
        ("cargo-ci", "argocd-controller", False),
        ("influx", "kustomize-controller", False),
        ("Argo Rollouts", "rollouts-controller", False),
        ("argocd", "rollouts-controller", False),
    ],
)
def test_of_deploys_alike_the_one_of_the_tool_that_wrote_it_is_lent(vendor: str, actor: str, *, is_it: bool) -> None:
    pipeline, tool = told(SHA, at=8, vendor="jenkins"), told(OTHER, vendor=vendor)
    joined = join_posted([pipeline, tool, seen("r/web:3.10", "r/web:3.11", actor=actor)])
    assert [each.sha for each in joined] == [OTHER if is_it else SHA]


@pytest.mark.parametrize(
    ("vendor", "actor", "is_lent"),
    [
        ("argocd", APPLY, False),
        ("Flux", APPLY, False),
        ("argocd", "kustomize-controller", False),
        ("flux", "argocd-controller", False),
        ("cargo-ci", APPLY, True),
        ("influx", APPLY, True),
    ],
)
def test_a_tool_that_delivers_by_itself_lends_nothing_to_what_another_one_wrote(
    vendor: str, actor: str, *, is_lent: bool
) -> None:
    joined = join_posted([told(SHA, vendor=vendor), seen("r/web:3.10", "r/web:3.11", actor=actor)])
    assert [each.sha for each in joined if not each.is_posted] == [SHA if is_lent else None]


def test_field_managers_of_flux_are_those_by_which_the_cluster_tells_it() -> None:
    assert frozenset(FLUX_LABELS.values()) == MANAGERS["flux"]


LONG = ("1" + ".0" * 4095, "2" + ".0" * 4095)


@pytest.mark.parametrize("version", [*LONG, "1." * 4096, "v" * 8192, "-" * 8192, "a" * 8192, " " * 8192])
def test_a_text_longer_than_a_version_is_none(version: str) -> None:
    assert read_version(version).number == ""
    assert not read_version(version).is_of(read_image(f"r/web:{version}"))


def test_texts_longer_than_versions_tell_no_two_deploys_apart() -> None:
    posts = [told(SHA, new=LONG[0]), told(OTHER, new=LONG[1], at=8)]
    assert [each.sha for each in join_posted([*posts, WEB])] == [OTHER]


@pytest.mark.parametrize(("version", "number"), [("1.0", "1"), ("v2.0.0", "2"), ("0.0", "0"), ("1.2.3", "1.2.3")])
def test_zeros_at_the_end_of_a_version_tell_nothing(version: str, number: str) -> None:
    assert read_version(version).number == number


def test_what_a_change_names_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    version, image = Mock(side_effect=read_version), Mock(side_effect=read_image)
    monkeypatch.setattr(fit, "read_version", version)
    monkeypatch.setattr(fit, "read_image", image)
    posts = [told(f"{i:07x}a", new=f"3.{i}") for i in range(50)]
    join_posted([*posts, *(seen("r/web:3.10", f"r/web:3.{i}", f"web-{i}") for i in range(50))])
    assert (version.call_count, image.call_count) == (50 * 3, 50 * 2)
