"""Listening on addresses as they are written."""

import socket

import pytest
from twisted.internet.defer import inlineCallbacks
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import TestCase

from smsgwd.net.listening import adopt_tcp, listen_tcp, open_socket


class Listening(TestCase):
    def listen(self, host, port=0, factory=None):
        from twisted.internet import reactor

        listening = listen_tcp(reactor, host, port, factory or Factory.forProtocol(Protocol))
        self.addCleanup(listening.stopListening)
        return listening.getHost().port

    def test_all_of_ipv4_and_all_of_ipv6_are_two_addresses(self):
        if not socket.has_ipv6:
            pytest.skip("no IPv6 here")
        port = self.listen("0.0.0.0")
        assert self.listen("::", port) == port

    def test_an_address_in_use_is_named(self):
        port = self.listen("::")
        with pytest.raises(CannotListenError, match=str(port)):
            self.listen("::", port)

    def test_an_address_is_shared_by_those_who_all_say_so(self):
        from twisted.internet import reactor

        for host in ("127.0.0.1", "::"):
            first = listen_tcp(reactor, host, 0, Factory.forProtocol(Protocol), shared=True)
            self.addCleanup(first.stopListening)
            port = first.getHost().port
            second = listen_tcp(reactor, host, port, Factory.forProtocol(Protocol), shared=True)
            self.addCleanup(second.stopListening)
            with open_socket(host, port, shared=True) as third:
                assert third.getsockname()[1] == port
            with pytest.raises(CannotListenError, match=str(port)):
                self.listen(host, port)

    @inlineCallbacks
    def test_who_connects_over_ipv6_is_served(self):
        from twisted.internet import reactor
        from twisted.internet.endpoints import TCP6ClientEndpoint, connectProtocol

        port = self.listen("::", factory=Factory.forProtocol(_Greeting))
        asking = _Asking()
        yield connectProtocol(TCP6ClientEndpoint(reactor, "::1", port), asking)
        assert (yield asking.heard) == b"hello"

    @inlineCallbacks
    def test_little_is_read_in_a_turn_where_that_is_wanted(self):
        from twisted.internet import reactor
        from twisted.internet.endpoints import HostnameEndpoint, connectProtocol

        for host in ("127.0.0.1", "::"):
            counting = _Counting()
            listening = listen_tcp(reactor, host, 0, Factory.forProtocol(lambda it=counting: it), small_reads=True)
            self.addCleanup(listening.stopListening)
            peer = yield connectProtocol(
                HostnameEndpoint(reactor, host.replace("::", "::1"), listening.getHost().port), Protocol()
            )
            peer.transport.write(b"x" * 300_000)
            yield counting.all_of(300_000)
            assert counting.longest == 16 * 1024
            peer.transport.loseConnection()
            yield counting.lost


class Shared(TestCase):
    """A socket that is open already, and that others may accept on."""

    def test_an_address_in_use_is_named(self):
        with open_socket("127.0.0.1", 0) as first:
            port = first.getsockname()[1]
            with pytest.raises(CannotListenError, match=str(port)):
                open_socket("127.0.0.1", port)

    def test_all_of_ipv6_leaves_ipv4_to_others(self):
        with open_socket("::", 0) as first, open_socket("0.0.0.0", first.getsockname()[1]) as second:
            assert (first.family, second.family) == (socket.AF_INET6, socket.AF_INET)

    def adopted(self, yields):
        """Connections made so far at a socket of two ports, the first of which asks `yields`."""
        from twisted.internet import reactor

        took = ([], [])
        with open_socket("127.0.0.1", 0) as made:
            for mine, say in zip(took, (yields, lambda: False), strict=True):
                factory = Factory()
                factory.buildProtocol = lambda address, mine=mine: mine.append(address)
                port = adopt_tcp(reactor, made.fileno(), made.family, factory, say)
                self.addCleanup(port.stopListening)
            self.address = made.getsockname()
        return took

    @inlineCallbacks
    def connect(self, count, took):
        from twisted.internet import reactor
        from twisted.internet.task import deferLater

        clients = [socket.create_connection(self.address) for _ in range(count)]
        while len(took[0]) + len(took[1]) < count:
            yield deferLater(reactor, 0.001, lambda: None)
        for client in clients:
            client.close()

    @inlineCallbacks
    def test_who_yields_leaves_them_to_others(self):
        took = self.adopted(lambda: True)
        yield self.connect(1, took)
        assert (len(took[0]), len(took[1])) == (0, 1)

    @inlineCallbacks
    def test_a_burst_is_shared(self):
        took = self.adopted(lambda: False)
        yield self.connect(40, took)
        assert len(took[0]) == len(took[1]) == 20

    @inlineCallbacks
    def test_who_yields_takes_what_nobody_else_takes(self):
        from twisted.internet import reactor

        took = []
        with open_socket("127.0.0.1", 0) as made:
            factory = Factory()
            factory.buildProtocol = took.append
            self.addCleanup(adopt_tcp(reactor, made.fileno(), made.family, factory, lambda: True).stopListening)
            self.address = made.getsockname()
        yield self.connect(5, (took, []))
        assert len(took) == 5


class _Counting(Protocol):
    def __init__(self):
        from twisted.internet.defer import Deferred

        self.longest = self.octets = 0
        self.lost = Deferred()

    def all_of(self, octets):
        from twisted.internet.defer import Deferred

        self.wanted, self.done = octets, Deferred()
        return self.done

    def dataReceived(self, data):
        self.longest = max(self.longest, len(data))
        self.octets += len(data)
        if self.octets == self.wanted:
            self.done.callback(None)

    def connectionLost(self, reason):
        self.lost.callback(None)


class _Greeting(Protocol):
    def connectionMade(self):
        self.transport.write(b"hello")
        self.transport.loseConnection()


class _Asking(Protocol):
    def __init__(self):
        from twisted.internet.defer import Deferred

        self.heard = Deferred()

    def dataReceived(self, data):
        self.heard.callback(data)
