"""The health port of a real operator, and strangers that hold connections to it."""

import pytest

from testbed.attack.floods.health_port import LINES, half_heads
from testbed.attack.floods.limits import limit_megabytes, peak_megabytes
from testbed.operating.team import OperatorProcess


@pytest.mark.parametrize(
    ("lines", "limit"), [(3, "connections"), (LINES, "head_bytes")], ids=["24 KB each", "880 KB each"]
)
def test_four_hundred_endless_heads_leave_the_operator_healthy_and_within_its_memory(
    operator: OperatorProcess, lines: int, limit: str
) -> None:
    assert operator.process is not None
    with half_heads(operator.port, lines):
        assert operator.fetch("/healthz").startswith("ok")
        assert f'limits_met_total{{limit="{limit}"}}' in operator.fetch("/metrics")
        assert peak_megabytes(operator.process.pid) < limit_megabytes("operator")
