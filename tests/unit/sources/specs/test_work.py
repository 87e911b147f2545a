"""What a check compares is bounded, whatever is written into a namespace; what is left out is said."""

from collections.abc import Callable

import pytest

from noctuary.sources.kubernetes.specs.registry import TOO_MUCH, view_specs
from noctuary.sources.kubernetes.specs.work import MAX_WORK, TooMuchWork, Work
from tests.unit.sources.specs.spec_place import Manifest, container, deployment, made, place, pods, service

SHAPES = 60


def _many(services: int, **env: str) -> list[Manifest]:
    told = [{"name": name, "value": value} for name, value in env.items()]
    labels = {"app": "pay"}
    one = container({"containerPort": 8080}, env=told)
    made_pods = [each for n in range(SHAPES) for each in deployment(f"pay-{n}", labels, one)]
    return [*made_pods, *(service(f"s{n}", labels, {"port": 80, "targetPort": 8080}) for n in range(services))]


def _unlike() -> list[Manifest]:
    return _many(3000, **{f"A{n}_HOST": f"nobody-{n}-{'xyz' * 5}" for n in range(200)})


def _closed() -> list[Manifest]:
    policies = [made("NetworkPolicy", f"all-{n}", {"podSelector": {}, "ingress": [{}]}) for n in range(20)]
    return [*_many(40, **{f"A{n}_HOST": f"s{n}" for n in range(40)}), *policies]


@pytest.mark.parametrize("hostile", [_unlike, _closed])
def test_a_namespace_that_is_made_to_be_slow_is_compared_in_part(hostile: Callable[[], list[Manifest]]) -> None:
    assert any(TOO_MUCH in gap for gap in view_specs(place(hostile(), "pay app=pay")).gaps)


def test_an_ordinary_namespace_is_compared_whole() -> None:
    front = deployment("pay", {"app": "pay"}, container({"containerPort": 8080}))
    found = view_specs(place([*front, *pods(front, 3), service("pay", {"app": "pay"}, {"port": 80})]))
    assert not any(TOO_MUCH in gap for gap in found.gaps)


def _large(count: int) -> list[Manifest]:
    found: list[Manifest] = []
    for n in range(count):
        labels, calls = {"app": f"s{n}", "team": "a"}, [(n + step) % count for step in range(1, 6)]
        told = [{"name": f"C{each}_URL", "value": f"http://s{each}:80"} for each in calls]
        one = deployment(f"s{n}", labels, container({"containerPort": 8080}, env=told))
        peers = [{"podSelector": {"matchLabels": {"team": "a"}}}]
        chosen = {"podSelector": {"matchLabels": {"app": f"s{n}"}}, "ingress": [{"from": peers}]}
        found += [*one, *pods(one, 3), service(f"s{n}", {"app": f"s{n}"}, {"port": 80, "targetPort": 8080})]
        found.append(made("NetworkPolicy", f"p{n}", chosen))
    return found


def test_a_large_namespace_with_a_policy_for_each_service_is_compared_whole() -> None:
    assert not any(TOO_MUCH in gap for gap in view_specs(place(_large(150), "s0 app=s0")).gaps)


def test_each_check_has_its_own_share() -> None:
    work = Work()
    with pytest.raises(TooMuchWork):
        work.spend(MAX_WORK + 1)
    work.begin()
    work.spend(MAX_WORK)
