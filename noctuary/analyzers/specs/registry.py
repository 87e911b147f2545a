"""The kinds of fault that stand in specs, in the order in which causes of the same score are ranked."""

from noctuary.analyzers.base import Analyzer
from noctuary.analyzers.specs.empty_service import EmptyService

SPEC_ANALYZERS: tuple[Analyzer, ...] = (EmptyService(),)
