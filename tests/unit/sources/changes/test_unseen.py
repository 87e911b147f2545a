"""Which kinds of changes are not seen, as a note says it."""

import pytest

from noctuary.common.errors import KubernetesError
from noctuary.kube.reflector import Health
from noctuary.models.diagnosis import Relation, ServiceView
from noctuary.models.live_view import no_limits
from noctuary.sources.kubernetes.changes.unseen import with_unseen_changes

SERVICES = [ServiceView("web", Relation.OWN, "shops", ["shops"])]
REFUSED, ABSENT = (Health(last_error=KubernetesError(status, "Why", "so")) for status in (403, 404))
CASES = [
    ("nothing", {"configmaps": Health()}, (), []),
    (
        "refused",
        {"networkpolicies": REFUSED, "configmaps": REFUSED, "pods": REFUSED},
        (),
        ["changes of NetworkPolicies and ConfigMaps, because the API server refuses to show them"],
    ),
    ("refused elsewhere", {"other/configmaps": REFUSED}, (), []),
    (
        "refused here",
        {"shops/ingresses": REFUSED},
        (),
        ["changes of Ingresses, because the API server refuses to show them"],
    ),
    ("a CRD is missing: there is nothing to see", {"httproutes": ABSENT}, (), []),
    ("switched off", {}, ("configmaps",), ["changes of ConfigMaps, which this release does not watch"]),
]


@pytest.mark.parametrize(("health", "unwatched", "told"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_note_says_which_changes_are_not_seen(
    health: dict[str, Health], unwatched: tuple[str, ...], told: list[str]
) -> None:
    assert with_unseen_changes(no_limits, lambda: health, unwatched)(SERVICES) == told
