"""A pytest plugin: before each test the control planes of fixtures run, so that a crash costs one test at most."""

from collections.abc import Generator

import pytest

from testbed.localkube.localkube import LocalKube

_SECTION = "control plane"


class ControlPlanes:
    """Knows the control planes that fixtures hold, starts what has ended in them, and reports it."""

    def __init__(self) -> None:
        self._held: dict[pytest.FixtureDef[object], LocalKube] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
        """Remember a fixture's control plane."""
        value = yield
        if isinstance(value, LocalKube):
            self._held[fixturedef] = value
        return value

    def pytest_fixture_post_finalizer(self, fixturedef: pytest.FixtureDef[object]) -> None:
        """Forget it: whoever stops it does so on purpose."""
        self._held.pop(fixturedef, None)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Start what has ended, before any fixture of the test; one that a whole module shares would stay broken."""
        for control_plane in self._control_planes():
            try:
                control_plane.revive()
            finally:
                _report(item, "setup", control_plane)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        """Report the starts that the test itself had to make again."""
        for control_plane in self._control_planes():
            _report(item, "teardown", control_plane)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print it also when all tests passed, and from each worker."""
        reports = [each for some in terminalreporter.stats.values() for each in some if hasattr(each, "sections")]
        told = {
            (each.nodeid, title, text): None for each in reports for title, text in each.sections if _SECTION in title
        }
        if told:
            terminalreporter.section("control planes that ended")
        for nodeid, title, text in told:
            terminalreporter.line(f"{nodeid} ({title}):\n{text}")

    def _control_planes(self) -> set[LocalKube]:
        return set(self._held.values())


def _report(item: pytest.Item, when: str, control_plane: LocalKube) -> None:
    if told := control_plane.take_told():
        item.add_report_section(when, _SECTION, "\n".join(told))
