"""The kinds of fault that stand in specs, in the order in which causes of the same score are ranked."""

from noctuary.analyzers.base import Analyzer
from noctuary.analyzers.network.broken_route import BrokenRoute
from noctuary.analyzers.network.drifted_service import DriftedService
from noctuary.analyzers.network.network_policy import NetworkPolicy
from noctuary.analyzers.network.port_conflict import PortConflict
from noctuary.analyzers.network.probe_port import ProbePort
from noctuary.analyzers.network.service_port import ServicePort
from noctuary.analyzers.network.unknown_address import UnknownAddress
from noctuary.analyzers.network.unready_service import UnreadyService
from noctuary.analyzers.specs.empty_service import EmptyService

SPEC_ANALYZERS: tuple[Analyzer, ...] = (
    EmptyService(),
    ServicePort(),
    ProbePort(),
    PortConflict(),
    UnknownAddress(),
    BrokenRoute(),
    NetworkPolicy(),
    DriftedService(),
    UnreadyService(),
)
