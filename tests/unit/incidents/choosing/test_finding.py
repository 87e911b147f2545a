"""Which of the things in a namespace an alert means."""

import pytest

from noctuary.incidents.choosing.finding import find, missing, names_told
from noctuary.models.diagnosis import Subject
from noctuary.models.evidence import AlertTarget
from noctuary.models.live_view import Thing

API = Thing(
    Subject("Deployment", "shop", "api"),
    names=frozenset({"api", "checkout"}),
    pods=frozenset({"api-7d9c8b6f5-x2x4k"}),
    nodes=frozenset({"node-1"}),
    owners=frozenset({"api-7d9c8b6f5"}),
    services=frozenset({"api-http"}),
)
DB = Thing(Subject("StatefulSet", "shop", "db"), pods=frozenset({"db-0", "db-1"}), nodes=frozenset({"node-2"}))
REPORT = Thing(Subject("CronJob", "shop", "report"), owners=frozenset({"report-29871560"}))
IMPORT = Thing(Subject("Job", "shop", "import"), owners=frozenset({"import"}))
AGENT = Thing(Subject("DaemonSet", "shop", "agent"), nodes=frozenset({"node-1", "node-2"}))
DEBUG = Thing(Subject("Pod", "shop", "debug"), pods=frozenset({"debug"}))
STATIC = Thing(Subject("Pod", "shop", "proxy"), pods=frozenset({"proxy-node-1"}), nodes=frozenset({"node-1"}))
FLOW = Thing(Subject("Workflow", "shop", "nightly"), pods=frozenset({"nightly-step-1"}))
OTHER = Thing(Subject("Deployment", "staging", "api"), names=frozenset({"api"}))
THINGS = [API, DB, REPORT, IMPORT, AGENT, DEBUG, STATIC, FLOW, OTHER]

MEANT = {
    "a Deployment": (AlertTarget("shop", deployment="api"), [API]),
    "one of no namespace": (AlertTarget(deployment="api"), [API, OTHER]),
    "a StatefulSet of a Deployment's name": (AlertTarget(statefulset="api"), []),
    "a workload of any kind": (AlertTarget("shop", workload="db"), [DB]),
    "a pod": (AlertTarget("shop", pod="api-7d9c8b6f5-x2x4k"), [API]),
    "a pod that is gone": (AlertTarget("shop", pod="api-5c7d8b9f6-q9w8r"), [API]),
    "a pod of a StatefulSet that is gone": (AlertTarget("shop", pod="db-2"), [DB]),
    "a pod of a DaemonSet that is gone": (AlertTarget("shop", pod="agent-x2x4k"), [AGENT]),
    "a pod of a CronJob that is gone": (AlertTarget("shop", pod="report-29871500-x2x4k"), [REPORT]),
    "a pod of its own": (AlertTarget("shop", pod="debug"), [DEBUG]),
    "a static pod": (AlertTarget("shop", pod="proxy-node-1"), [STATIC]),
    "a pod of a kind that nobody reads": (AlertTarget("shop", pod="nightly-step-1"), [FLOW]),
    "a Job": (AlertTarget("shop", job="import"), [IMPORT]),
    "a run of a CronJob": (AlertTarget("shop", job="report-29871560"), [REPORT]),
    "an earlier run of a CronJob": (AlertTarget("shop", job="report-29871500"), [REPORT]),
    "a CronJob": (AlertTarget("shop", cronjob="report"), [REPORT]),
    "a Service": (AlertTarget("shop", service="api-http"), [API]),
    "an application": (AlertTarget("shop", service="checkout"), [API]),
    "a node": (AlertTarget(node="node-2"), [DB, AGENT]),
    "the surest of several": (AlertTarget("shop", deployment="api", pod="debug", node="node-2"), [API]),
    "what is left where the surest is not there": (AlertTarget("shop", deployment="gone", pod="db-0"), [DB]),
    "nothing": (AlertTarget(service="nobody"), []),
}


@pytest.mark.parametrize(("target", "things"), MEANT.values(), ids=MEANT)
def test_an_alert_means(target: AlertTarget, things: list[Thing]) -> None:
    assert find(target, THINGS)[1] == things


@pytest.mark.parametrize("target", [AlertTarget("staging"), AlertTarget("staging", pod="gone", node="node-1")])
def test_a_namespace_is_meant_where_nothing_else_is(target: AlertTarget) -> None:
    assert find(target, THINGS) == ("Namespace", [OTHER])


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (AlertTarget("shop", pod="x"), "Pod x of namespace shop, which the alert names and which is not there"),
        (AlertTarget(workload="x"), "workload x, which the alert names and which is not there"),
        (AlertTarget("shop", service="kubelet", node="node-9"), ""),
        (AlertTarget("shop"), ""),
    ],
)
def test_only_what_is_surely_meant_is_missed(target: AlertTarget, told: str) -> None:
    assert missing(target) == told


def test_what_is_gone_is_looked_for_by_its_own_name_and_by_that_of_its_owner() -> None:
    assert list(names_told(AlertTarget("shop", job="report-29871560", node="n"))) == ["report-29871560", "report"]
