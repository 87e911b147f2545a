"""What the pods cost, printed and not judged: machines differ."""

from collections.abc import Callable

import pytest

from testbed.e2e.figures import memory_mib, start_up_s
from testbed.e2e.release import ChartRelease
from testbed.polling import eventually


@pytest.mark.parametrize("component", ["operator", "receiver"])
def test_start_up_and_memory_of_a_pod_are_printed(
    release: ChartRelease, progress: Callable[[str], None], component: str
) -> None:
    started = start_up_s(release.pod(component))
    memory = eventually("the kubelet has looked at the pod", lambda: memory_mib(release, component), bool)
    progress(f"{component}: ready {started:.0f} s after its container started, {memory:.0f} MiB of memory at rest")
    assert started >= 0
