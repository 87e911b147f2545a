"""The kinds of fault that metrics show: what users feel first, then what wears out."""

from noctuary.analyzers.base import Analyzer
from noctuary.analyzers.signals.error_rate import ErrorRate
from noctuary.analyzers.signals.latency import Latency
from noctuary.analyzers.signals.restart_rate import RestartRate
from noctuary.analyzers.signals.saturation import Saturation
from noctuary.analyzers.signals.traffic import Traffic
from noctuary.analyzers.signals.unready_share import UnreadyShare

SIGNAL_ANALYZERS: tuple[Analyzer, ...] = (
    ErrorRate(),
    Latency(),
    UnreadyShare(),
    RestartRate(),
    Saturation(),
    Traffic(),
)
