"""Ports for programs that tests start again."""

import socket
from pathlib import Path

from testbed.ports import LOOPBACK, free_port, free_ports

EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_ports_are_different_and_can_be_listened_on() -> None:
    ports = free_ports(5)
    assert len(set(ports)) == 5
    for port in ports:
        socket.create_server((LOOPBACK, port)).close()


def test_no_outgoing_connection_can_take_the_port_of_a_program_that_is_down() -> None:
    first, last = (int(each) for each in EPHEMERAL.read_text().split())
    assert all(not first <= port <= last for port in free_ports(200))


def test_a_port_that_somebody_listens_on_is_not_given_out() -> None:
    with socket.create_server((LOOPBACK, free_port())) as taken:
        assert taken.getsockname()[1] not in free_ports(500)
