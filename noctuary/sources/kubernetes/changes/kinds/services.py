"""Services: which pods they lead to, and by which ports."""

import msgspec

from noctuary.kube.objects import Struct
from noctuary.models.reaching.reach import Reach, Selector
from noctuary.sources.kubernetes.changes.annotations import annotation_facts
from noctuary.sources.kubernetes.changes.facts import Fact, Facts, called, plain, valued
from noctuary.sources.kubernetes.changes.label_selectors import labels_in_words
from noctuary.sources.kubernetes.changes.objects import ChangedObject
from noctuary.sources.kubernetes.changes.sink import ChangeKind, watch_changes
from noctuary.sources.kubernetes.identity import ROLLOUT_HASH_LABEL
from noctuary.sources.kubernetes.watched_kind import CORE


class ServicePort(Struct):
    """One port: where it is asked, and where pods answer."""

    name: str = ""
    port: int = 0
    target_port: int | str = 0
    protocol: str = "TCP"


class ServiceSpec(Struct):
    """What a Service asks for; its addresses are given by the cluster, but for `None`."""

    type: str = "ClusterIP"
    selector: dict[str, str] = msgspec.field(default_factory=dict)
    ports: list[ServicePort] = msgspec.field(default_factory=list)
    external_name: str = ""
    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    session_affinity: str = ""
    external_traffic_policy: str = ""
    internal_traffic_policy: str = ""
    publish_not_ready_addresses: bool = False
    load_balancer_source_ranges: list[str] = msgspec.field(default_factory=list)


class Service(ChangedObject):
    """core/v1 Service."""

    spec: ServiceSpec = msgspec.field(default_factory=ServiceSpec)

    @property
    def selector(self) -> dict[str, str]:
        """Its selector without the hash that a canary's controller moves: that rollout is told by itself."""
        return {name: value for name, value in self.spec.selector.items() if name != ROLLOUT_HASH_LABEL}


def service_facts(obj: Service) -> Facts:
    """Return what decides where requests to a Service go."""
    spec = obj.spec
    facts = {
        "selector": plain(labels_in_words(obj.selector)),
        "type": plain(spec.type),
        "headless": plain("yes" if spec.cluster_ip == "None" else "no"),
        "externalName": valued("host", spec.external_name),
        "sessionAffinity": plain(spec.session_affinity),
        "externalTrafficPolicy": plain(spec.external_traffic_policy),
        "internalTrafficPolicy": plain(spec.internal_traffic_policy),
        "publishNotReadyAddresses": plain(spec.publish_not_ready_addresses),
        "sourceRanges": plain(",".join(sorted(spec.load_balancer_source_ranges))),
    }
    for port in spec.ports:
        facts |= _port_facts(port)
    return {**facts, **annotation_facts(obj.metadata.annotations)}


def _port_facts(port: ServicePort) -> dict[str, Fact]:
    return {
        called("port", port.name): plain(port.port),
        called("targetPort", port.name): plain(port.target_port or port.port),
        called("protocol", port.name): plain(port.protocol),
    }


def service_reach(obj: Service) -> Reach:
    """Return the pods that it selects; one without a selector only bears the name of a service."""
    selectors = [Selector(obj.selector)] if obj.selector else []
    return Reach(selectors=selectors, services=[obj.metadata.name])


SERVICES = watch_changes(CORE, "services", Service, ChangeKind(service_facts, service_reach))
