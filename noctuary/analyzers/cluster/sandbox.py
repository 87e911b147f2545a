"""Pods for which a node cannot set up the frame of a pod: its network most of all."""

import re

from noctuary.analyzers.base import Analyzer, Wording
from noctuary.models import details
from noctuary.models.diagnosis import Fault

_NETWORK = re.compile(r"(?i)network|cni|\bIP\b|plugin type|IPAM")


class Sandbox(Analyzer):
    """No container was tried; often it is the node's fault, or that of the cluster's network."""

    kind = "sandbox"
    reasons = frozenset(
        {
            "FailedCreatePodSandBox",
            "FailedCreatePodSandbox",
            "CreatePodSandboxError",
            "ConfigPodSandboxError",
            "NetworkNotReady",
        }
    )
    prior = 0.2
    why = "pods cannot start without it"
    needs_start = True
    is_root = True
    hints = (
        (
            re.compile(
                r"(?i)failed to assign an IP|no (?:more )?(?:free |available )?IPs?\b|ranges? .{0,100}full|exhaust"
            ),
            "no IP address is left",
        ),
        (re.compile(r"(?i)unauthorized|forbidden"), "the network plugin is not authorized"),
        (re.compile(r"(?i)plugin not initialized|network is not ready|no networks found"), "the network is not ready"),
        (re.compile(r"(?i)no runtime for|runtime handler|RuntimeHandler"), "the node has no such runtime"),
        (re.compile(r"(?i)sandbox image|pause"), "the sandbox image cannot be pulled"),
        (re.compile(r"(?i)connection refused|no such file|dial |timeout|timed out|deadline"), "no answer"),
    )

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return what cannot be set up."""
        return f"{wording.pods} cannot start: {self._what(fault)}"

    def symptom(self, fault: Fault, _limit: int) -> str:
        """Return what cannot be set up."""
        return f"new pods cannot start: {self._what(fault)}"

    def _what(self, fault: Fault) -> str:
        told = fault.details.get(details.MESSAGE, "") + fault.details.get(details.REASON, "")
        what = "network" if _NETWORK.search(told) else "sandbox"
        return f"no {what} can be set up{self.hint(fault)}"
