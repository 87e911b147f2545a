"""Objects that are read for what their specs say: only the fields that a check reads."""

import msgspec

from noctuary.kube.objects import KubeObject, Struct, WorkloadMeta


class SpecObject(KubeObject):
    """An object with who wrote what, which dates what stands in it."""

    metadata: WorkloadMeta


class ServicePort(Struct):
    """One port of a Service; without a target it leads to the port of the same number."""

    name: str = ""
    port: int = 0
    target_port: int | str = 0
    protocol: str = "TCP"


class ServiceSpec(Struct):
    """Which pods a Service leads to; without a selector somebody else keeps its endpoints."""

    type: str = "ClusterIP"
    selector: dict[str, str] = msgspec.field(default_factory=dict)
    ports: list[ServicePort] = msgspec.field(default_factory=list)
    external_name: str = ""
    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    publish_not_ready_addresses: bool = False


class Service(SpecObject):
    """core/v1 Service."""

    spec: ServiceSpec = msgspec.field(default_factory=ServiceSpec)

    @property
    def leads_to_pods(self) -> bool:
        """Whether it finds its pods by a selector: an external name has none, whatever stands there."""
        return bool(self.spec.selector) and self.spec.type != "ExternalName"

    @property
    def is_headless(self) -> bool:
        """Whether its name resolves to its pods themselves, so that its ports count for nothing."""
        return self.spec.cluster_ip == "None"


class EndpointConditions(Struct):
    """What is known of an endpoint; absent means ready, as the API has it."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class Endpoint(Struct):
    """One address behind a Service."""

    conditions: EndpointConditions = msgspec.field(default_factory=EndpointConditions)

    @property
    def is_ready(self) -> bool:
        """Whether traffic goes to it."""
        return self.conditions.ready is not False


class EndpointSlice(SpecObject):
    """discovery.k8s.io/v1 EndpointSlice; which Service it is of stands in a label."""

    endpoints: list[Endpoint] | None = None

    @property
    def service(self) -> str:
        """Return the name of the Service that it belongs to."""
        return self.metadata.labels.get("kubernetes.io/service-name", "")
