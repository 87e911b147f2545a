"""Which rollout a posted deploy is, and whose commit it gets."""

from typing import Any, NamedTuple

import pytest

from noctuary.correlation.deploys import join_posted
from noctuary.models import details
from noctuary.models.diagnosis import Change, Relation, Subject

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
    Case("two systems tell of one deploy", [told(SHA), told(OTHER, "shop", at=8, vendor="argocd"), WEB], {"web": SHA}),
    Case(
        "what Argo CD delivered is reverted where Argo CD reads it",
        [told(SHA, new="3.11"), told(OTHER, "shop", at=8, vendor="argocd"), BY_ARGO],
        {"web": OTHER},
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
        ("3.11", "localhost:5000/web", True),
        ("3.10", "r/web:3.11", False),
    ],
)
def test_versions_are_compared_whole(posted: str, image: str, *, fits: bool) -> None:
    joined = join_posted([told(SHA, "acme/else", new=posted), seen("r/web:3.10", image)])
    assert [each.sha for each in joined if not each.is_posted] == [SHA if fits else None]


def test_who_delivered_is_kept_beside_who_wrote_the_workload() -> None:
    post = change("post", 0, actor="jane", sha=SHA, vendor=CI, is_posted=True, subject=Subject("", "team", "web"))
    (joined,) = join_posted([post, BY_APPLY])
    assert (joined.actor, joined.details[details.DELIVERED_BY], joined.vendor) == (APPLY, "jane", CI)
