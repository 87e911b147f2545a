"""The kinds of fault of what pods need, in the order in which causes of the same score are ranked."""

from noctuary.analyzers.base import Analyzer
from noctuary.analyzers.resources.control_plane import ControlPlane
from noctuary.analyzers.resources.stalled import Stalled
from noctuary.analyzers.resources.unready import Unready

RESOURCE_ANALYZERS: tuple[Analyzer, ...] = (ControlPlane(), Stalled(), Unready())
