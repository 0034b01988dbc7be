"""Who is at the other end of a unix socket."""

import os
import socket
from types import SimpleNamespace

from smsgwd.net.unix_peer import UnixPeer, unix_peer


def test_the_kernel_tells_who_it_is():
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        peer = unix_peer(SimpleNamespace(socket=ours))
    assert peer == UnixPeer(os.getpid(), os.getuid(), os.getgid(), frozenset((os.getgid(), *os.getgroups())))


def test_other_transports_have_none():
    with socket.socket(socket.AF_INET) as tcp:
        assert unix_peer(SimpleNamespace(socket=tcp)) is None
    assert unix_peer(object()) is None


def test_a_socket_that_is_gone_has_none():
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    theirs.close()
    ours.close()
    assert unix_peer(SimpleNamespace(socket=SimpleNamespace(family=socket.AF_UNIX, getsockopt=ours.getsockopt))) is None
