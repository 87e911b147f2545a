"""The checks, in the order in which causes of the same score are ranked."""

from collections.abc import Callable, Iterable

from noctuary.correlation.change_checks import other_change
from noctuary.correlation.explain import Explanation
from noctuary.correlation.fault_checks import bad_node, reported_fault, specific_fault
from noctuary.correlation.observations import Observations
from noctuary.correlation.rollouts.checks import bad_rollout
from noctuary.models.diagnosis import Cause, SetAside

Check = Callable[[Observations, Explanation], Iterable[Cause | SetAside]]

CHECKS: list[Check] = [bad_rollout, bad_node, specific_fault, other_change, reported_fault]
