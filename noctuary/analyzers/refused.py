"""Pods that the API server does not let be created: a quota is used up, a policy forbids them."""

import re

from noctuary.analyzers.base import NOT_YET_VALID, Advice, Analyzer, Wording, kubectl, kubectl_list
from noctuary.common.text import shorten
from noctuary.common.words import is_subdomain, object_name, plain_value, resource_name
from noctuary.models import details
from noctuary.models.diagnosis import Fault, Subject

CREATE_FAILED = "FailedCreate"
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
    reasons = frozenset({CREATE_FAILED})
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
        account = object_name(fault.details.get(details.ACCOUNT), limit)
        if not fault.details.get(details.QUOTA):
            return f"cannot be created{f' (no service account {account})' if account else self.hint(fault)}"
        quota = object_name(fault.details[details.QUOTA], limit)
        named = f"quota {quota}" if quota else "a quota"
        if demanded := resource_name(fault.details.get(details.QUOTA_DEMANDS)):
            return f"cannot be created ({named} wants {demanded} of each container)"
        return f"exceed {named}{_most(fault)}"

    def remedy(self, fault: Fault, _pod: Subject, describe: str) -> Advice:
        """Return a look at the quota, the range or the accounts, else at the workload."""
        namespace = fault.subject.namespace
        is_demand = details.QUOTA_DEMANDS in fault.details
        for kind, name, helps in (
            ("ResourceQuota", details.QUOTA, "set it in the template" if is_demand else "raise it, or ask for less"),
            ("LimitRange", details.LIMIT_RANGE, "widen it, or ask for what it allows"),
        ):
            held = Subject(kind, namespace, fault.details.get(name, ""))
            if command := kubectl(held, "describe", kind=kind):
                return Advice(command=command, remark=helps)
        account = fault.details.get(details.ACCOUNT, "")
        if is_subdomain(account) and (accounts := kubectl_list(namespace, "serviceaccounts")):
            return Advice(command=accounts, remark=f"create service account {account}, or name the right one")
        look = kubectl(fault.subject, "describe", kind=fault.subject.kind) or describe
        return Advice(command=look, remark=HELP.get(self.hint(fault).strip(" ()"), ""))


def _most(fault: Fault) -> str:
    """Return ` (pods=2)` or ` (2 of 2 pods used)`, or nothing where it is not what a quota counts."""
    most = fault.details.get(details.QUOTA_LIMIT, "")
    resource, _, quantity = most.rpartition("=")
    used = plain_value(fault.details.get(details.QUOTA_USED))
    if used and resource_name(resource) and plain_value(quantity):
        return f" ({used} of {quantity} {shorten(resource, MAX_LIMIT_CHARS)} used)"
    return f" ({shorten(most, MAX_LIMIT_CHARS)})" if resource_name(resource) and plain_value(quantity) else ""
