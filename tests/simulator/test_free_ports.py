"""Ports for processes that are yet to be started."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from smsgwd.simulator.free_ports import free_ports


def test_no_port_twice_and_each_can_be_listened_on() -> None:
    """Two hundred at once."""
    ports = free_ports(200)
    assert len(set(ports)) == 200
    for port in ports:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", port))
            sock.listen(1)


def test_no_outgoing_connection_can_be_given_one() -> None:
    """The kernel takes an outgoing connection's port from a range of its own: a gateway given one failed to listen."""
    first, last = (int(word) for word in Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    if first <= 10_000:
        return  # this machine uses all ports for outgoing connections
    assert not [port for port in free_ports(200) if first <= port <= last]


def test_two_processes_take_different_blocks() -> None:
    """Also when the second one would begin with the first one's."""
    mine = set(free_ports(100))  # not all of a block: somebody else may listen on one of its ports
    code = (
        "import os; from smsgwd.simulator import free_ports as f;"
        f"os.getpid = lambda: {os.getpid()}; print(*f.free_ports(100))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    theirs = {int(word) for word in printed.split()}
    assert len(mine) == len(theirs) == 100
    [block], [other] = ({(port - 10_000) // 256 for port in ports} for ports in (mine, theirs))
    assert block != other


def test_a_taken_port_is_passed_over() -> None:
    """Somebody else listens in our block."""
    [port] = free_ports(1)
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", port))
        sock.listen(1)
        assert port not in free_ports(254)
