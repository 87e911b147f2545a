"""All kinds of fault, in the order in which an event is recognised and causes of the same score are ranked."""

from noctuary.analyzers.base import CRASH_LOOP, Analyzer
from noctuary.analyzers.cluster.admission import Admission
from noctuary.analyzers.cluster.advisory import Advisory
from noctuary.analyzers.cluster.autoscaling import Autoscaling
from noctuary.analyzers.cluster.cannot_start import CannotStart
from noctuary.analyzers.cluster.cordon import Cordon
from noctuary.analyzers.cluster.job import Job
from noctuary.analyzers.cluster.sandbox import Sandbox
from noctuary.analyzers.cluster.stopped import Stopped
from noctuary.analyzers.cluster.storage import Storage
from noctuary.analyzers.crash_loop import CrashLoop
from noctuary.analyzers.evicted import Evicted
from noctuary.analyzers.image_pull import ImagePull
from noctuary.analyzers.log_words.registry import CRASHES
from noctuary.analyzers.missing_configuration import MissingConfiguration
from noctuary.analyzers.node import Node
from noctuary.analyzers.other import Other
from noctuary.analyzers.out_of_memory import OutOfMemory
from noctuary.analyzers.probe import Probe
from noctuary.analyzers.refused import Refused
from noctuary.analyzers.resources.registry import RESOURCE_ANALYZERS
from noctuary.analyzers.signals.registry import SIGNAL_ANALYZERS
from noctuary.analyzers.specs.registry import SPEC_ANALYZERS
from noctuary.analyzers.unschedulable import Unschedulable
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Fault

FALLBACK = Other()
NODE = Node()
ANALYZERS: tuple[Analyzer, ...] = (
    MissingConfiguration(),
    ImagePull(),
    OutOfMemory(),
    CannotStart(),
    *CRASHES,
    CrashLoop(),
    Unschedulable(),
    Sandbox(),
    Storage(),
    Admission(),
    Refused(),
    Stopped(),
    Job(),
    *SPEC_ANALYZERS,
    Evicted(),
    Probe(),
    *RESOURCE_ANALYZERS,
    Autoscaling(),
    Cordon(),
    *SIGNAL_ANALYZERS,
    NODE,
    Advisory(),
    FALLBACK,
)
_CRASH_KINDS = {CRASH_LOOP, *(crash.kind for crash in CRASHES)}
_BY_KIND = {analyzer.kind: analyzer for analyzer in ANALYZERS}


def recognise(event: ContextEvent) -> Analyzer:
    """Return the kind of an event: the first that recognises it."""
    return next(analyzer for analyzer in ANALYZERS if analyzer.recognises(event))


def analyzer_of(fault: Fault) -> Analyzer:
    """Return the analyzer of a fault; the fallback for a kind that is unknown here."""
    return analyzer_named(fault.kind)


def analyzer_named(kind: str) -> Analyzer:
    """Return the analyzer of a kind; the fallback where it is unknown here."""
    return _BY_KIND.get(kind, FALLBACK)


def may_be_same(kind: str, other: str) -> bool:
    """Tell whether two kinds may be one: of a crash the reason is not always known."""
    return kind == other or (CRASH_LOOP in (kind, other) and {kind, other} <= _CRASH_KINDS)


def follows(fault: Fault, root: Fault) -> bool:
    """Tell whether a fault only follows from another one of the same pods."""
    return analyzer_of(fault).follows_from(fault, root, root_explains=analyzer_of(root).is_root)
