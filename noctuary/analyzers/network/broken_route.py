"""An Ingress or HTTPRoute that leads to what is not there."""

from noctuary.analyzers.base import Advice, Wording, kubectl, kubectl_list
from noctuary.analyzers.specs.base import Standing
from noctuary.common.words import object_name, port_list
from noctuary.models import details
from noctuary.models.diagnosis import Fault, Subject

SERVICE_MISSING = "RouteServiceMissing"
PORT_MISSING = "RoutePortMissing"
CLASS_MISSING = "RouteClassMissing"
ROUTES = frozenset({"Ingress", "HTTPRoute"})


class BrokenRoute(Standing):
    """Read from specs: whoever comes from outside gets 404 or 503."""

    kind = "broken_route"
    reasons = frozenset({SERVICE_MISSING, PORT_MISSING, CLASS_MISSING})
    prior = 0.2
    why = "whoever comes by it is answered by nobody"

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return where it leads, and what there is instead."""
        route = f"{_kind(fault)} {wording.name}"
        backend = object_name(fault.details.get(details.BACKEND), wording.limit) or "a Service"
        reason = fault.details.get(details.REASON)
        if reason == CLASS_MISSING:
            return f"{route} is of class {backend}, which does not exist"
        if reason == PORT_MISSING:
            named = port_list(fault.details.get(details.PORT), wording.limit)
            port = f"port {named}" if named else "a port"
            there = port_list(fault.details.get(details.INSTEAD), wording.limit)
            has = f"which has {there}" if there else "which has no such port"
            return f"{route} leads to {port} of Service {backend}, {has}"
        return f"{route} leads to Service {backend}, which does not exist"

    def remedy(self, fault: Fault, _pod: Subject, describe: str) -> Advice:
        """Return the command that shows what there is."""
        namespace = fault.subject.namespace
        if fault.details.get(details.REASON) == CLASS_MISSING:
            return Advice(command="kubectl get ingressclasses", remark="what classes there are")
        shown = kubectl(fault.subject, "describe", kind="Ingress") if _kind(fault) == "Ingress" else ""
        services = kubectl_list(namespace, "services")
        if not services:
            return Advice(command=shown or describe)
        return Advice(
            command=services, remark="what Services there are, and their ports", more=(shown,) if shown else ()
        )


def _kind(fault: Fault) -> str:
    return fault.subject.kind if fault.subject.kind in ROUTES else "route"
