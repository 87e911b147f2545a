"""What two templates differ in, in words that tell no secret, and which differences change nothing."""

from typing import Any

import msgspec
import pytest

from noctuary.kube.objects import PodTemplate
from noctuary.models import details
from noctuary.sources.kubernetes.rollouts.template import TemplateSummary, summarize
from noctuary.sources.kubernetes.rollouts.words import describe_change, restart_marks

RESTARTED = "kubectl.kubernetes.io/restartedAt"
APP: dict[str, Any] = {"name": "app", "image": "shop:1", "resources": {"limits": {"memory": "512Mi"}}}
PROXY = {"name": "proxy", "image": "envoy:1"}


def summary(*containers: dict[str, Any], annotations: dict[str, str] | None = None, **spec: Any) -> TemplateSummary:
    template = {"metadata": {"annotations": annotations or {}}, "spec": {"containers": list(containers), **spec}}
    return summarize(msgspec.json.decode(msgspec.json.encode(template), type=PodTemplate), "u")


def env(**values: str) -> dict[str, Any]:
    return {"env": [{"name": name, "value": value} for name, value in values.items()]}


def probe(path: str, **more: Any) -> dict[str, Any]:
    return {"readinessProbe": {"httpGet": {"path": path, "port": 8080}, **more}}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (summary(APP | env(DB_POOL="1")), summary(APP | env(DB_POOL="2")), "env DB_POOL"),
        (summary(APP), summary(APP | env(A="s3cret")), "env A added"),
        (
            summary(APP),
            summary(APP | {"resources": {"limits": {"memory": "256Mi"}}}),
            "resources (memory limit 512Mi -> 256Mi)",
        ),
        (
            summary(APP | probe("/up?token=s3cret")),
            summary(APP | probe("/down?token=s3cret")),
            "readiness probe (path /up -> /down)",
        ),
        (
            summary(APP | probe("/up")),
            summary(APP | probe("/up", timeoutSeconds=1)),
            "readiness probe (timeoutSeconds none -> 1)",
        ),
        (summary(APP | {"command": ["a"]}), summary(APP | {"command": ["s3cret"]}), "command"),
        (summary(APP, PROXY), summary(APP, PROXY | {"image": "envoy:2"}), "image of proxy"),
        (summary(APP, PROXY), summary(APP | {"image": "shop:2"}, PROXY), "image of app"),
        (summary(APP), summary(APP, PROXY), "container proxy added"),
        (summary(APP), summary(APP, nodeSelector={"disk": "ssd"}), "nodeSelector"),
        (summary(APP), summary(APP, annotations={RESTARTED: "x"}), f"annotation {RESTARTED} added"),
    ],
)
def test_a_difference_is_told_in_words(old: TemplateSummary, new: TemplateSummary, words: str) -> None:
    assert describe_change(old, new) == words.replace("nodeSelector", "node selector")
    assert b"s3cret" not in msgspec.json.encode([old, new])


RESTART, CHECKSUM = {details.RESTART: "1"}, {details.CONFIG_CHECKSUM: "1"}


@pytest.mark.parametrize(
    ("new", "marks"),
    [
        (summary(APP, annotations={RESTARTED: "x"}), RESTART),
        (summary(APP, annotations={"cattle.io/timestamp": "x"}), RESTART),
        (summary(APP, annotations={"checksum/config": "x"}), CHECKSUM),
        (summary(APP, annotations={"checksum/config": "x", RESTARTED: "x"}), CHECKSUM),
        (summary(APP | env(STAKATER_APP_CONFIGMAP="sha")), CHECKSUM),
        (summary(APP | {"image": "shop:2"}, annotations={RESTARTED: "x"}), {}),
        (summary(APP | env(POOL="1"), annotations={"checksum/config": "x"}), {}),
        (summary(APP, annotations={"sidecar.istio.io/inject": "true"}), {}),
        (summary(APP), {}),
    ],
)
def test_what_only_starts_pods_anew_is_marked(new: TemplateSummary, marks: dict[str, str]) -> None:
    assert restart_marks(summary(APP), new) == marks


def test_what_an_older_version_kept_is_compared_without_names() -> None:
    old = msgspec.structs.replace(summary(APP), annotations=None, labels=None)
    new = summary(APP, annotations={RESTARTED: "x"})
    assert (describe_change(old, new), restart_marks(old, new)) == ("annotations", {})
