"""Changes of configuration, flags and schemas: what the pods that ran until then suffer may follow from them."""

from noctuary.analyzers import registry
from noctuary.correlation.lasting import CLOCK_SLACK_S
from noctuary.correlation.score import LOW_CONFIDENCE
from noctuary.models import details
from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import Change, Fault

FELT_S = 300.0
"""What is read at once, or by the next restart, is felt within minutes."""
SETTINGS = frozenset({EventType.CONFIG_CHANGE, EventType.FLAG_CHANGE, EventType.SCHEMA_CHANGE})


def is_setting(change: Change) -> bool:
    """Tell whether a change set something that pods read; a template that no pod runs yet is none."""
    return change.event_type in SETTINGS and details.STAGED not in change.details


def setting_before(changes: list[Change], fault: Fault) -> int | None:
    """Return the index of the last setting of its service that a symptom began minutes after; None where none is known.

    What tells by itself what is wrong needs no setting to explain it.
    """
    analyzer = registry.analyzer_of(fault)
    if analyzer.tells_cause or not analyzer.stops_pods or fault.is_posted:
        return None
    before = [
        (change.at, index)
        for index, change in enumerate(changes)
        if is_setting(change)
        and change.service == fault.service
        and change.confidence >= LOW_CONFIDENCE
        and -CLOCK_SLACK_S <= fault.first - change.at <= FELT_S
    ]
    return max(before)[1] if before else None
