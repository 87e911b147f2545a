"""Pods that are told to call a Service, or a port of one, that is not there."""

from noctuary.analyzers.base import Advice, Wording, kubectl_list
from noctuary.analyzers.specs.base import Standing
from noctuary.common.text import shorten_middle
from noctuary.common.words import in_cluster_address, is_label, object_name, port_list, variable_name
from noctuary.models import details
from noctuary.models.diagnosis import Fault, Subject

SERVICE_MISSING = "AddressServiceMissing"
PORT_MISSING = "AddressPortMissing"


class UnknownAddress(Standing):
    """Read from the template: whether the pods need what they call, they know only themselves."""

    kind = "unknown_address"
    reasons = frozenset({SERVICE_MISSING, PORT_MISSING})
    follows_change_of = ("env", "args", "command")
    prior = 0.2
    why = "what it calls is not there"
    is_root = True

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return who calls what, by which variable, and what there is instead."""
        return f"{wording.name} calls {_called(fault, wording.limit)}"

    def symptom(self, fault: Fault, limit: int) -> str:
        """Return what new pods call."""
        return f"new pods call {_called(fault, limit)}"

    def remedy(self, fault: Fault, _pod: Subject, describe: str) -> Advice:
        """Return the command that shows what Services there are."""
        told = fault.details.get(details.BACKEND_NAMESPACE, "")
        services = kubectl_list(told if is_label(told) else fault.subject.namespace, "services")
        return Advice(command=services or describe, remark="what Services there are, and their ports")


def _called(fault: Fault, limit: int) -> str:
    address = shorten_middle(in_cluster_address(fault.details.get(details.ADDRESS)), limit) or "a Service"
    name = shorten_middle(variable_name(fault.details.get(details.VARIABLE)), limit)
    by = f" (env {name})" if name else ""
    if fault.details.get(details.REASON) == PORT_MISSING:
        backend = object_name(fault.details.get(details.BACKEND), limit) or "that Service"
        there = port_list(fault.details.get(details.INSTEAD), limit)
        return f"{address}{by}, and {backend} has {there or 'no such port'}"
    near = object_name(fault.details.get(details.INSTEAD), limit)
    return f"{address}{by}, which does not exist{f' ({near} does)' if near else ''}"
