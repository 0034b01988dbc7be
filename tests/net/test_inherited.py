"""Sockets that a service manager hands over: which are taken, and what is said of those that cannot be used."""

import os
import socket

import pytest

from smsgwd.net import inherited
from smsgwd.net.inherited import InheritedError, check, hand_on, handed_over, is_handed_over, take_over


@pytest.fixture(autouse=True)
def none_before(monkeypatch):
    monkeypatch.setattr(inherited, "_handed", [])
    monkeypatch.setattr(inherited, "_told_at_first", dict)
    kept = []
    monkeypatch.setattr(inherited, "_kept", kept)
    yield
    for _, descriptor in kept:
        os.close(descriptor)


@pytest.fixture
def two():
    """A TCP and a unix socket on descriptors that follow each other; (first descriptor, their addresses)."""
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    made.listen()
    name = f"\0smsgwd-{os.getpid()}"
    other = socket.socket(socket.AF_UNIX)
    other.bind(name)
    other.listen()
    first = 300
    os.dup2(made.fileno(), first, inheritable=True)
    os.dup2(other.fileno(), first + 1, inheritable=True)
    yield first, [f"127.0.0.1:{made.getsockname()[1]}", "@" + name[1:]]
    made.close()
    other.close()


def told(count=2, names="http:admin", pid=None):
    return {"LISTEN_PID": str(pid or os.getpid()), "LISTEN_FDS": str(count), "LISTEN_FDNAMES": names, "HOME": "/"}


def test_they_are_taken_once_and_no_child_gets_them(two):
    first, [tcp, unix] = two
    environ = told()
    assert take_over(environ, first=first) == 2
    assert environ == {"HOME": "/"}
    assert is_handed_over(tcp) and is_handed_over(unix) and not is_handed_over("127.0.0.1:1")
    taken = handed_over(tcp)
    assert taken.fileno() == first and not os.get_inheritable(first) and not taken.getblocking()
    assert handed_over(tcp) is None
    taken.close()
    handed_over(unix).close()


def test_the_program_that_this_process_becomes_finds_them_again(two):
    first, addresses = two
    assert take_over(told(), first=first) == 2
    for address in addresses:
        handed_over(address).close()  # they were listened on, and are no more
    environ = {"HOME": "/"}
    hand_on(environ, first=first)
    assert environ == {**told(), "HOME": "/"}
    assert os.get_inheritable(first) and os.get_inheritable(first + 1)
    assert take_over(environ, first=first) == 2
    for address in addresses:
        handed_over(address).close()


def test_without_any_the_next_program_is_told_of_none():
    environ = {"HOME": "/"}
    hand_on(environ)
    assert environ == {"HOME": "/"}


@pytest.mark.parametrize("environ", [{}, told(pid=1), told(count="two"), told(count=0)])
def test_what_is_meant_for_others_is_not_taken(environ):
    assert take_over(dict(environ)) == 0


def test_twisted_may_have_taken_the_words(two, monkeypatch):
    first, [tcp, _] = two
    monkeypatch.setattr(inherited, "_told_at_first", lambda: told(count=1, names="http"))
    assert take_over({"LISTEN_FDNAMES": "http"}, first=first) == 1
    handed_over(tcp).close()
    os.close(first + 1)


def test_what_is_no_listening_socket_is_named(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(InheritedError, match=f"descriptor {descriptor}"):
        take_over(told(count=1), first=descriptor)
    os.close(descriptor)
    with socket.socket() as idle, pytest.raises(InheritedError, match="http is no listening stream socket"):
        take_over(told(count=1), first=idle.detach())


def test_each_must_be_some_listeners_and_bear_no_other_ones_name(two):
    first, [tcp, unix] = two
    take_over(told(), first=first)
    check({"http": [tcp], "admin": [unix]})
    with pytest.raises(InheritedError, match=r"a socket at @smsgwd-\d+, named admin, where nothing is configured"):
        check({"http": [tcp], "admin": ["/run/smsgwd/admin.sock"]})
    with pytest.raises(InheritedError, match=r"socket named http at .* which is the address of ops"):
        check({"ops": [tcp], "http": ["127.0.0.1:1"], "admin": [unix]})
    for each in (tcp, unix):
        handed_over(each).close()
