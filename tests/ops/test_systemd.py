"""The service manager's socket."""

import os
import socket

import pytest

from smsgwd.ops.systemd import Notifier


@pytest.fixture
def manager(tmp_path):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(path)
        sock.settimeout(5)
        yield path, sock


def test_each_state_is_one_datagram(manager):
    path, sock = manager
    notifier = Notifier({"NOTIFY_SOCKET": path})
    notifier.send("READY=1\nSTATUS=running")
    notifier.send("WATCHDOG=1")
    assert sock.recv(100) == b"READY=1\nSTATUS=running"
    assert sock.recv(100) == b"WATCHDOG=1"


def test_an_abstract_socket():
    name = f"smsgwd-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("\0" + name)
        sock.settimeout(5)
        Notifier({"NOTIFY_SOCKET": "@" + name}).send("READY=1")
        assert sock.recv(100) == b"READY=1"


def test_without_a_manager_nothing_happens():
    Notifier({}).send("READY=1")


def test_a_manager_that_is_gone_or_does_not_read_hurts_nobody(manager, tmp_path):
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "none")}).send("READY=1")
    path, sock = manager
    notifier = Notifier({"NOTIFY_SOCKET": path})
    for _ in range(2000):  # more than the socket's queue holds
        notifier.send("WATCHDOG=1")
    assert sock.recv(100) == b"WATCHDOG=1"


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({"WATCHDOG_USEC": "3000000"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_time(environ, seconds):
    assert Notifier(environ).watchdog_s == seconds
