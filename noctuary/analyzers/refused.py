"""Pods that the API server does not let be created: a quota is used up, a policy forbids them."""

import re

from noctuary.analyzers.base import NOT_YET_VALID, Advice, Analyzer, Wording, kubectl
from noctuary.common.text import shorten
from noctuary.common.words import object_name, plain_value, resource_name
from noctuary.models import details
from noctuary.models.diagnosis import Fault, Subject

EXPIRED = "an admission webhook's certificate has expired"
UNTRUSTED = "an admission webhook's certificate is not trusted"
SILENT = "an admission webhook does not answer"
FAILING = "an admission webhook fails"
HELP = {
    EXPIRED: "renew the certificate of the webhook that is named below",
    UNTRUSTED: "check the certificate and the caBundle of the webhook that is named below",
    SILENT: "check that the webhook that is named below runs",
    FAILING: "check the webhook that is named below",
}
"""What helps where no rule denies the pods: what should have checked them did not."""
MAX_LIMIT_CHARS = 40
_CALL = r"(?is)\A(?>.*?fail(?:ed|ure) (?:calling|to call) \S{0,100}webhook\b).*"
"""The first call that failed, and what is said behind it. The atomic group looks for no second one: a message that is
full of calls would be searched once for each."""


class Refused(Analyzer):
    """The controller's message holds the API server's words."""

    kind = "refused"
    reasons = frozenset({"FailedCreate"})
    prior = 0.25
    why = "its pods cannot be created"
    may_follow_from_node = False
    follows_scaling_up = True
    needs_start = True
    hints = (
        (re.compile(r"(?i)violates podsecurity"), "Pod Security forbids them"),
        (
            re.compile(r"(?i)error looking up service account|serviceaccount \S+ not found"),
            "their service account is missing",
        ),
        (re.compile(_CALL + NOT_YET_VALID), UNTRUSTED),
        (re.compile(_CALL + r"certificate has expired"), EXPIRED),
        (re.compile(_CALL + r"(?:x509|certificate)"), UNTRUSTED),
        (
            re.compile(
                _CALL + r"(?:no endpoints|connection (?:refused|reset)|deadline exceeded|time(?:d )?out|no such host"
                r"|no route|unreachable|\bEOF\b|service \S+ not found)"
            ),
            SILENT,
        ),
        (re.compile(_CALL), FAILING),
        (re.compile(r"(?i)admission webhook|validatingadmissionpolicy"), "an admission policy denies them"),
        (re.compile(r"(?i)\b(maximum|minimum) \S+ usage per"), "outside the limit range"),
    )

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return what keeps pods from being created."""
        return f"pods of {wording.name} {self._refusal(fault, wording.limit)}"

    def symptom(self, fault: Fault, limit: int) -> str:
        """Return what keeps new pods from being created."""
        return f"new pods {self._refusal(fault, limit)}"

    def _refusal(self, fault: Fault, limit: int) -> str:
        """Return for example `exceed quota small (pods=2)`."""
        if not fault.details.get(details.QUOTA):
            return f"cannot be created{self.hint(fault)}"
        quota = object_name(fault.details[details.QUOTA], limit)
        return (f"exceed quota {quota}" if quota else "exceed a quota") + _most(fault)

    def remedy(self, fault: Fault, _pod: Subject, describe: str) -> Advice:
        """Return a look at the quota, else at the workload."""
        quota = Subject("ResourceQuota", fault.subject.namespace, fault.details.get(details.QUOTA, ""))
        command = kubectl(quota, "describe", kind="resourcequota")
        if command:
            return Advice(command=command, remark="raise it, or ask for less")
        look = kubectl(fault.subject, "describe", kind=fault.subject.kind) or describe
        return Advice(command=look, remark=HELP.get(self.hint(fault).strip(" ()"), ""))


def _most(fault: Fault) -> str:
    """Return ` (pods=2)`, or nothing where it is not what a quota counts."""
    most = fault.details.get(details.QUOTA_LIMIT, "")
    resource, _, quantity = most.rpartition("=")
    return f" ({shorten(most, MAX_LIMIT_CHARS)})" if resource_name(resource) and plain_value(quantity) else ""
