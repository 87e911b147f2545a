"""What the documentation's tests share: the programs that its pages call, built before the first test."""

import pytest

from hack.chart.tools import HELM3, HELM4, find_tool
from testbed.localkube.binaries import find_binaries


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build everything before the first test: it takes minutes once, which no test's timeout allows for."""
    if session.config.option.collectonly or not any("docs" in item.path.parts for item in session.items):
        return
    capture = session.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        find_binaries()
        find_tool(HELM3)
        find_tool(HELM4)
