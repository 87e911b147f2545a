"""ResourceQuotas: what they allow, not what is used."""

from functools import partial

from noctuary.models import details
from tests.unit.sources.changed_case import changes, deletion, spec
from tests.unit.sources.watched_case import Manifest


def quota(**hard: object) -> Manifest:
    """Return ResourceQuota small."""
    return spec("small", {"hard": hard})


change = partial(changes, "resourcequotas")

CASES = [
    change(
        "limit",
        quota(pods="20"),
        quota(pods="5"),
        "hard pods 20 -> 5",
        **{f"details.{details.REACH}": '{"is_whole":true}'},
    ),
    change("limit added", quota(pods="20"), quota(pods="20", memory="1Gi"), "hard memory 1Gi added"),
    change("use only", quota(pods="20"), quota(pods="20") | {"status": {"used": {"pods": "3"}}}, *()),
    deletion("resourcequotas", "deleted", quota(pods="20")),
]
