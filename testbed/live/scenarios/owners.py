"""Workloads that a tool owns, and owners of pods that are not Kubernetes' own."""

import json

from testbed.live.images import image
from testbed.live.manifests import container, labels, plain, pod_spec, recreated, service, template
from testbed.live.place import Place
from testbed.live.scenario import Manifest, Scenario
from testbed.live.scenarios.truths import bad_rollout

_CRASH = ("crash|exit code",)
_CRD = "canaries.rollouts.example.com"


def _by_helm(place: Place) -> list[Manifest]:
    made = recreated(place.app)
    made["metadata"]["labels"]["app.kubernetes.io/managed-by"] = "Helm"
    made["metadata"]["annotations"] = {
        "meta.helm.sh/release-name": "shop",
        "meta.helm.sh/release-namespace": place.namespace,
    }
    return [made, service(place.app)]


def _by_argo_cd(place: Place) -> list[Manifest]:
    made = recreated(place.app)
    made["metadata"]["annotations"] = {
        "argocd.argoproj.io/tracking-id": f"payments:apps/Deployment:{place.namespace}/{place.app}"
    }
    return [made, service(place.app)]


def _upgrade(manager: str, place: Place) -> None:
    """Roll out the bad version as a tool does: under its own name."""
    change: Manifest = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": place.app}}
    change["spec"] = {"template": {"spec": {"containers": [{"name": "app", "image": image("2.0.0")}]}}}
    options = ("--server-side", "--force-conflicts", f"--field-manager={manager}", "--filename=-")
    place.kubectl("apply", *options, text=json.dumps(change))
    place.wait_restarted(1)


def _helm_upgrade(place: Place) -> None:
    _upgrade("helm", place)


def _argo_sync(place: Place) -> None:
    _upgrade("argocd-controller", place)


def _canary_kind() -> Manifest:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    names = {"plural": "canaries", "singular": "canary", "kind": "Canary"}
    spec = {"group": "rollouts.example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    return plain("CustomResourceDefinition", _CRD, "apiextensions.k8s.io/v1", spec=spec)


def _replica_set(place: Place, tag: str, owner: Manifest) -> Manifest:
    digest = tag.replace(".", "")
    own = {**labels(place.app), "rollouts.example.com/hash": digest}
    spec: Manifest = {
        "replicas": 1,
        "selector": {"matchLabels": own},
        "template": template(place.app, pod_spec(container(tag))),
    }
    spec["template"]["metadata"]["labels"] = own
    reference = {"apiVersion": "rollouts.example.com/v1", "kind": "Canary", "name": place.app, "controller": True}
    made = plain("ReplicaSet", f"{place.app}-{digest}", "apps/v1", spec=spec)
    made["metadata"] |= {"labels": own, "ownerReferences": [{**reference, "uid": owner["metadata"]["uid"]}]}
    return made


def _canary_of(place: Place) -> Manifest:
    found = place.cluster.read(f"/apis/rollouts.example.com/v1/namespaces/{place.namespace}/canaries/{place.app}")
    return dict(found)


def _canary(place: Place) -> list[Manifest]:
    place.apply(_canary_kind())
    place.kubectl("wait", "--for=condition=Established", f"crd/{_CRD}", "--timeout=30s")
    place.apply(plain("Canary", place.app, "rollouts.example.com/v1", spec={"steps": 2}))
    return [_replica_set(place, "1.4.0", _canary_of(place)), service(place.app)]


def _next_canary(place: Place) -> None:
    place.apply(_replica_set(place, "2.0.0", _canary_of(place)))
    place.kubectl("scale", f"replicaset/{place.app}-140", "--replicas=0")
    place.wait_restarted(1)


SCENARIOS = (
    Scenario("by-helm", _by_helm, bad_rollout("crashes; Helm owns it", "2.0.0", symptom=_CRASH), _helm_upgrade),
    Scenario("by-argo-cd", _by_argo_cd, bad_rollout("crashes; Argo CD owns it", "2.0.0", symptom=_CRASH), _argo_sync),
    Scenario(
        "by-argo-cd-aged",
        _by_argo_cd,
        bad_rollout("crashes; Argo CD owns it", "2.0.0", symptom=_CRASH),
        _argo_sync,
        age=True,
    ),
    Scenario(
        "unknown-owner",
        _canary,
        bad_rollout("crashes; a kind of its own owns the ReplicaSets", "2.0.0", kind="canary", symptom=_CRASH),
        _next_canary,
        pods=2,
    ),
)
