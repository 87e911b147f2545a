"""NetworkPolicies: whom they are about and what they let through."""

from functools import partial

from noctuary.models import details
from tests.unit.sources.changed_case import changes, deletion, spec, told
from tests.unit.sources.watched_case import Case, Manifest


def policy(port: int = 5432, peer: str = "web", **fields: object) -> Manifest:
    """Return NetworkPolicy db that lets one port through."""
    rule = {"from": [{"podSelector": {"matchLabels": {"app": peer}}}], "ports": [{"port": port, "protocol": "TCP"}]}
    return spec(
        "db", {"podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Ingress"], "ingress": [rule], **fields}
    )


change = partial(changes, "networkpolicies")

CASES = [
    change("port", policy(), policy(5433), "ingress ports TCP/5432 -> TCP/5433"),
    change("peer", policy(), policy(peer="shop"), "ingress peers"),
    change("rule", policy(), policy(ingress=[]), "ingress peers, ingress ports TCP/5432 -> none, ingress rules 1 -> 0"),
    change(
        "type",
        policy(),
        policy(policyTypes=["Ingress", "Egress"]),
        "policyTypes Ingress -> Egress,Ingress",
    ),
    deletion("networkpolicies", "deleted", policy()),
    Case(
        "new, about everything",
        spec("deny", {"podSelector": {}, "policyTypes": ["Ingress"]}),
        [told(fate="created", **{f"details.{details.REACH}": '{"selectors":[{}]}'})],
        change="ADDED",
    ),
]
