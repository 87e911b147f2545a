"""Services: each field that decides where requests go, and what does not."""

from functools import partial

from noctuary.models import details
from tests.unit.sources.changed_case import changes, deletion, spec, told
from tests.unit.sources.watched_case import Case, Manifest

PORT = {"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}
WRITTEN = {"manager": "kubectl-edit", "time": "2026-11-21T10:05:00Z", "fieldsV1": {"f:spec": {"f:selector": {}}}}


def service(selector: dict[str, str] | None = None, port: Manifest | None = None, **fields: object) -> Manifest:
    """Return Service web."""
    return spec("web", {"selector": selector or {"app": "web"}, "ports": [PORT | (port or {})], **fields})


def annotated(**annotations: str) -> Manifest:
    """Return Service web with annotations of a load balancer."""
    named = {f"service.beta.kubernetes.io/{name}": value for name, value in annotations.items()}
    return spec("web", service()["spec"], annotations=named)


change = partial(changes, "services")
BEFORE = service()

CASES = [
    change("selector", BEFORE, service({"app": "wbe"}), "selector app=web -> app=wbe"),
    change(
        "reaches those that it selected, and those that it selects",
        BEFORE,
        service({"app": "wbe"}),
        "selector app=web -> app=wbe",
        **{
            f"details.{details.REACH}": '{"selectors":[{"matchLabels":{"app":"web"}},{"matchLabels":{"app":"wbe"}}],'
            '"services":["web"]}'
        },
    ),
    change("port", BEFORE, service(port={"port": 8080}), "port http 80 -> 8080"),
    change("target port", BEFORE, service(port={"targetPort": "web"}), "targetPort http 8080 -> web"),
    change("protocol", BEFORE, service(port={"protocol": "UDP"}), "protocol http TCP -> UDP"),
    change("type", BEFORE, service(type="NodePort"), "type ClusterIP -> NodePort"),
    change("affinity", BEFORE, service(sessionAffinity="ClientIP"), "sessionAffinity none -> ClientIP"),
    change("address given by the cluster", BEFORE, service(clusterIP="10.0.0.1"), *()),
    change("no address any more", BEFORE, service(clusterIP="None"), "headless no -> yes"),
    change("status only", BEFORE, BEFORE | {"status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}}, *()),
    change("version only", BEFORE, spec("web", BEFORE["spec"], resourceVersion="7"), *()),
    change(
        "hash of a canary's controller",
        service({"app": "web", "rollouts-pod-template-hash": "1"}),
        service({"app": "web", "rollouts-pod-template-hash": "2"}),
        *(),
    ),
    change(
        "annotation that may be shown",
        annotated(timeout="60"),
        annotated(timeout="5"),
        "annotation service.beta.kubernetes.io/timeout 60 -> 5",
    ),
    change(
        "annotation that may not",
        annotated(secret="a1"),
        annotated(secret="b2"),
        "annotation service.beta.kubernetes.io/secret",
    ),
    change(
        "who wrote it, and when",
        BEFORE,
        spec("web", service({"app": "wbe"})["spec"], managedFields=[WRITTEN], resourceVersion="3"),
        "selector app=web -> app=wbe",
        entity="web",
    ),
    deletion("services", "deleted", BEFORE, entity="web", tenant="shops"),
    Case("new", BEFORE, [told(fate="created")], change="ADDED"),
]
