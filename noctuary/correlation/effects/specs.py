"""Which faults that stand in specs a change of the same object brought about: the write that dates the fault."""

from noctuary.analyzers import registry
from noctuary.correlation.lasting import CLOCK_SLACK_S
from noctuary.correlation.observations import Observations
from noctuary.models.diagnosis import Change, Fault


def write_explains(_observed: Observations, change: Change, fault: Fault) -> bool:
    """Tell whether a change is the write since which something stands so in its object."""
    is_of_it = not change.is_rollout and bool(change.subject.kind) and change.subject == fault.subject
    is_then = abs(change.at - fault.first) <= CLOCK_SLACK_S
    return is_of_it and is_then and registry.analyzer_of(fault).is_standing
