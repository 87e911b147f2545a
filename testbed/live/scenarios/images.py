"""Images that cannot be pulled."""

from testbed.live.manifests import deployment, plain, recreated, service
from testbed.live.place import Place
from testbed.live.scenario import Manifest, Scenario, Truth
from testbed.live.scenarios.truths import bad_rollout

TYPO = "1.5.0-typo"
PULLING = ("ErrImagePull", "ImagePullBackOff")
_PULL = "pull"
_PULL_SECRET = "registry-login"  # noqa: S105 - a Secret's name


def _web(place: Place) -> list[Manifest]:
    return [deployment(place.app, replicas=2), service(place.app)]


def _recreated(place: Place) -> list[Manifest]:
    return [recreated(place.app), service(place.app)]


def _roll_out_typo(place: Place) -> None:
    place.set_image(TYPO)
    place.wait_state(*PULLING)


def _undo(place: Place) -> None:
    _roll_out_typo(place)
    place.kubectl("rollout", "undo", f"deployment/{place.app}")
    place.rolled_out()


def _undo_and_again(place: Place) -> None:
    _undo(place)
    _roll_out_typo(place)


def _two_releases(place: Place) -> None:
    place.set_image(TYPO)
    place.wait_state(*PULLING)
    place.set_image("1.4.1", name=place.callee)
    place.rolled_out(place.callee)


def _both(place: Place) -> list[Manifest]:
    return [*_web(place), deployment(place.callee), service(place.callee)]


def _private(place: Place) -> list[Manifest]:
    """Build a service whose image is asked for anew at each start, with a login that is there."""
    login = plain("Secret", _PULL_SECRET, type="kubernetes.io/dockerconfigjson", stringData={".dockerconfigjson": "{}"})
    return [login, *_recreated(place)]


def _with_missing_login(place: Place) -> None:
    place.change_pods(imagePullSecrets=[{"name": "registry-logn"}])
    place.change_container(image="registry.invalid/private/app:1.4.1")
    place.wait_state(*PULLING)


SCENARIOS = (
    Scenario(
        "bad-tag",
        _web,
        bad_rollout("image tag that does not exist", TYPO, symptom=(_PULL,)),
        _roll_out_typo,
        pods=3,
    ),
    Scenario(
        "bad-tag-recreate",
        _recreated,
        bad_rollout("image tag that does not exist", TYPO, symptom=(_PULL,)),
        _roll_out_typo,
    ),
    Scenario(
        "bad-tag-aged",
        _web,
        bad_rollout("image tag that does not exist", TYPO, symptom=(_PULL,)),
        _roll_out_typo,
        age=True,
        pods=3,
    ),
    Scenario(
        "bad-tag-twice",
        _recreated,
        bad_rollout("the bad tag a second time after an undo", TYPO, symptom=(_PULL,)),
        _undo_and_again,
        pods=2,
    ),
    Scenario(
        "bad-tag-undone",
        _recreated,
        Truth(
            "deployment/{app}",
            "rollout: bad tag, already rolled back",
            (f"{TYPO}|rolled back|undone",),
            symptom=("rolled back",),
        ),
        _undo,
    ),
    Scenario(
        "two-releases",
        _both,
        bad_rollout("bad tag while the callee was rolled out well", TYPO, symptom=(_PULL,)),
        _two_releases,
        pods=4,
        callee=True,
    ),
    Scenario(
        "pull-secret-missing",
        _private,
        bad_rollout("image that needs a login that is missing", "registr|pull|image", symptom=(_PULL,)),
        _with_missing_login,
    ),
)
