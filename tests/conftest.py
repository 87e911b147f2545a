"""What all tests share: control planes that run, whatever the test before did to them."""

import pytest

from testbed.localkube.suite import ControlPlanes


def pytest_configure(config: pytest.Config) -> None:
    """Look at each fixture's control plane before each test."""
    config.pluginmanager.register(ControlPlanes(), "control-planes")
