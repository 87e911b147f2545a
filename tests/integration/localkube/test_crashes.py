"""A component that ends by itself: it is started again, and whoever looks is told with the last lines of its log."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hack.lib.processes import is_alive, read_record
from testbed.localkube import LocalKube
from testbed.localkube.errors import PortTakenError
from testbed.localkube.home import STOP_ORDER
from testbed.localkube.launcher import STARTS
from testbed.polling import eventually

REPOSITORY = Path(__file__).resolve().parents[3]
SUITE = """
import os, signal
import pytest
from hack.lib.processes import is_alive, read_record
from testbed.localkube import LocalKube
from testbed.polling import eventually

@pytest.fixture(scope="session")
def cluster():
    with LocalKube() as running:
        yield running

def test_that_kills(cluster):
    record = read_record(cluster.dir / "run" / "kube-apiserver")
    os.kill(record.pid, signal.SIGKILL)
    eventually("it has ended", lambda: not is_alive(record))

@pytest.fixture(scope="module")
def shared(cluster):
    return cluster.kubectl("get", "namespaces", "-o", "name")

def test_after_it(shared):
    assert "namespace/default" in shared

def test_that_changes_nothing(cluster):
    assert cluster.take_told() == []
"""


@pytest.fixture(scope="module")
def own() -> Iterator[LocalKube]:
    """A control plane that these tests may break."""
    with LocalKube() as running:
        yield running


def kill(control_plane: LocalKube, component: str) -> None:
    record = read_record(control_plane.dir / "run" / component)
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    eventually("it has ended", lambda: not is_alive(record))


@pytest.mark.parametrize("killed", [*([each] for each in STOP_ORDER), list(STOP_ORDER)], ids="+".join)
def test_what_was_killed_is_started_again_with_what_was_stored(own: LocalKube, killed: list[str]) -> None:
    name = f"kept-{'-'.join(killed)}"
    own.kubectl("create", "configmap", name)
    for component in killed:
        kill(own, component)
    own.revive()
    own.kubectl("wait", "--for=create", f"configmap/{name}", "--timeout=60s")
    told = own.take_told()
    assert sorted(each.partition(" had ended; the last lines of its log:\n")[0] for each in told) == sorted(killed)


def test_nothing_is_told_of_a_control_plane_that_runs(own: LocalKube) -> None:
    records = [read_record(own.dir / "run" / component) for component in STOP_ORDER]
    own.revive()
    assert own.take_told() == []
    assert [read_record(own.dir / "run" / component) for component in STOP_ORDER] == records


def test_a_program_that_was_killed_holds_no_port_when_it_counts_as_ended(own: LocalKube) -> None:
    """Its first thread ends before the others, which hold what all share."""
    address = urlsplit(own.server)
    for _ in range(5):
        own.stop_apiserver(grace_s=0)
        socket.create_server((address.hostname, address.port)).close()
        own.start_apiserver()
    assert own.take_told() == []


def test_a_start_onto_a_port_that_is_given_back_is_tried_again(own: LocalKube) -> None:
    own.stop_apiserver(grace_s=0)
    address = urlsplit(own.server)
    with ThreadPoolExecutor(max_workers=1) as pool:
        with socket.create_server((address.hostname, address.port)):
            started = pool.submit(own.start_apiserver)
            told = eventually("the failed start is told", own.take_told, bool, poll_s=0.05)
        started.result()
    assert "kube-apiserver ended while starting" in told[0]
    assert "address already in use" in told[0]
    assert "namespace/default" in own.kubectl("get", "namespaces", "-o", "name")


def test_a_port_that_stays_taken_ends_the_tries_and_the_next_look_starts_it(own: LocalKube) -> None:
    own.stop_apiserver(grace_s=0)
    address = urlsplit(own.server)
    with socket.create_server((address.hostname, address.port)), pytest.raises(PortTakenError):
        own.start_apiserver()
    assert len(own.take_told()) == STARTS - 1  # the last one is raised
    own.revive()
    assert "had ended" in own.take_told()[0]
    assert "namespace/default" in own.kubectl("get", "namespaces", "-o", "name")


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_crash_costs_no_test_after_it_and_is_reported_though_all_passed(tmp_path: Path, workers: str) -> None:
    (tmp_path / "test_suite.py").write_text(SUITE)
    (tmp_path / "conftest.py").write_text((REPOSITORY / "tests" / "conftest.py").read_text())
    command = [sys.executable, "-m", "pytest", "-q", "-n", workers, "-p", "no:cacheprovider", str(tmp_path)]
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=150, check=False)
    assert "3 passed" in run.stdout
    assert run.stdout.count("control planes that ended") == 1
    assert run.stdout.count("kube-apiserver had ended; the last lines of its log:") == 1
    assert "test_after_it" in run.stdout
