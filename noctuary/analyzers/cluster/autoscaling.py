"""Autoscalers that do not know how many pods there should be."""

import re

from noctuary.analyzers.base import Advice, Analyzer, Wording, kubectl
from noctuary.common.text import shorten_middle
from noctuary.common.words import COUNT, resource_name
from noctuary.models import details
from noctuary.models.diagnosis import Fault, Subject

SCALES = frozenset({"FailedGetScale", "FailedUpdateScale", "FailedRescale"})
"""Reasons about what is scaled; all others are about what is measured."""


AT_MAXIMUM = "TooManyReplicas"
"""Its condition's word for wanting more pods than its maximum."""


class Autoscaling(Analyzer):
    """It keeps the pods there are: only a load that has grown since makes it a fault."""

    kind = "autoscaling"
    reasons = frozenset(
        {
            "FailedGetResourceMetric",
            "FailedGetContainerResourceMetric",
            "FailedGetPodsMetric",
            "FailedGetObjectMetric",
            "FailedGetExternalMetric",
            "FailedComputeMetricsReplicas",
            "InvalidMetricSourceType",
            "InvalidSelector",
            AT_MAXIMUM,
            *SCALES,
        }
    )
    stops_pods = False
    slows_pods = True
    prior = 0.05
    why = "its pods are not scaled"
    is_specific = False
    tells_cause = False
    is_consequence = True
    hints = (
        (re.compile(r"(?i)missing request for"), "its pods request none"),
        (
            re.compile(r"(?i)metrics\.k8s\.io|could not find the requested resource"),
            "the metrics server does not answer",
        ),
        (re.compile(r"(?i)no metrics returned|did not receive metrics"), "none came from its pods"),
    )

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return what it cannot read or set, or that it may not do more."""
        if fault.details.get(details.REASON) == AT_MAXIMUM:
            most = fault.details.get(details.REPLICAS, "")
            told = f" of {most} pods" if COUNT.fullmatch(most) else ""
            return f"autoscaler {wording.name} wants more than its maximum{told}"
        if fault.details.get(details.REASON) in SCALES:
            return f"autoscaler {wording.name} cannot scale{self.hint(fault)}"
        metric = shorten_middle(resource_name(fault.details.get(details.METRIC)), wording.limit)
        return f"autoscaler {wording.name} cannot read {metric or 'its'} metrics{self.hint(fault)}"

    def remedy(self, fault: Fault, pod: Subject, describe: str) -> Advice:
        """Return a look at the autoscaler, which says what it measures."""
        is_own = fault.subject.kind == "HorizontalPodAutoscaler"
        look = kubectl(fault.subject, "describe", kind=fault.subject.kind) if is_own else ""
        if look and fault.details.get(details.REASON) == AT_MAXIMUM:
            return Advice(command=look, remark="raise its maximum, or find why each pod needs more than before")
        return Advice(command=look) if look else super().remedy(fault, pod, describe)
