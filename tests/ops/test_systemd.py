"""The service manager's socket."""

import os
import socket

import pytest
from twisted.internet.task import Clock

from smsgwd.ops.systemd import Heartbeat, Notifier


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


class Heard:
    """A manager that writes down."""

    watchdog_s = 3.0
    listens = True

    def __init__(self):
        self.told = []

    def send(self, state):
        self.told.append(state)

    def starting(self, within_s, status):
        self.told.append(f"extend {within_s:g}")

    def status(self, status):
        self.told.append(status)


def test_the_words_of_each_change_of_state(manager):
    path, sock = manager
    notifier = Notifier({"NOTIFY_SOCKET": path})
    notifier.ready()
    notifier.reloading("two\nlines")
    notifier.stopping(12.5)
    notifier.starting(60, "starting")
    notifier.status("running: 1\nREADY=1")
    assert sock.recv(200) == b"READY=1\nSTATUS=running"
    reloading = sock.recv(200).decode().split("\n")
    assert reloading[0] == "RELOADING=1" and reloading[2] == "STATUS=two lines"
    assert int(reloading[1].removeprefix("MONOTONIC_USEC=")) > 0
    assert sock.recv(200) == b"STOPPING=1\nEXTEND_TIMEOUT_USEC=12500000\nSTATUS=draining"
    assert sock.recv(200) == b"EXTEND_TIMEOUT_USEC=60000000\nSTATUS=starting"
    assert sock.recv(200) == b"STATUS=running: 1 READY=1"  # never an assignment of its own


def test_a_heart_beats_by_what_goes_on():
    clock, heard, fed, phase = Clock(), Heard(), [], ["starting"]
    beat = Heartbeat(clock, heard, lambda: phase[0], lambda: "a line", lambda: fed.append(1))
    beat.start()
    clock.advance(10)
    assert heard.told == ["extend 60", "WATCHDOG=1"]  # the manager watches one that began anew in its process
    del heard.told[1:]
    phase[0] = "running"
    beat.ready()
    assert heard.told[1:] == ["WATCHDOG=1"] and fed == [1]
    for _ in range(10):
        clock.advance(1)
    assert heard.told[1:].count("WATCHDOG=1") == 11 and heard.told.count("a line") == 1
    phase[0] = "draining"
    for _ in range(10):
        clock.advance(1)
    assert heard.told.count("a line") == 1 and heard.told.count("extend 60") == 1
    beat.stop()
    assert clock.getDelayedCalls() == []


def test_without_a_manager_no_heart_beats():
    clock = Clock()
    beat = Heartbeat(clock, Notifier({}), lambda: "running", lambda: "")
    beat.start()
    beat.ready()
    assert clock.getDelayedCalls() == []
