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
