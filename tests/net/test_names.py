"""Names for connections: in figures at once, by name off the reactor's threads, and never twice at a time."""

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock

from smsgwd.net.http_client_dns import LookupFailed, Resolver
from smsgwd.net.names import NameResolver, install


class Receiver:
    def __init__(self):
        self.began = []
        self.found = []
        self.complete = 0

    def resolutionBegan(self, resolution):
        self.began.append(resolution.name)

    def addressResolved(self, address):
        self.found.append(address)

    def resolutionComplete(self):
        self.complete += 1


class Names:
    """A resolver whose lookups are answered by hand."""

    def __init__(self):
        self.asked = []
        self.resolver = NameResolver(Resolver(Clock(), self.lookup))

    def lookup(self, host):
        answer = Deferred()
        self.asked.append((host, answer))
        return answer

    def ask(self, host, **more):
        receiver = Receiver()
        return receiver, self.resolver.resolveHostName(receiver, host, 2775, **more)


def test_addresses_in_figures_need_no_lookup():
    names = Names()
    for host, kind in (("192.0.2.1", IPv4Address), ("2001:db8::1", IPv6Address)):
        receiver, _ = names.ask(host)
        assert receiver.found == [kind("TCP", host, 2775)] and receiver.complete == 1
    assert names.asked == []


def test_a_name_that_hangs_is_asked_once_however_often_it_is_wanted():
    names = Names()
    receivers = [names.ask("smsc.example")[0] for _ in range(5)]
    ((host, answer),) = names.asked
    assert host == "smsc.example" and not any(each.complete for each in receivers)
    answer.callback(["192.0.2.1", "2001:db8::1"])
    assert all(len(each.found) == 2 and each.complete == 1 for each in receivers)
    assert names.ask("smsc.example", addressTypes=[IPv6Address])[0].found == [IPv6Address("TCP", "2001:db8::1", 2775)]


def test_no_answer_is_no_address():
    names = Names()
    receiver, _ = names.ask("smsc.example")
    names.asked[0][1].errback(LookupFailed("no such host"))
    assert receiver.found == [] and receiver.complete == 1


def test_who_gave_up_is_told_nothing():
    names = Names()
    receiver, resolution = names.ask("smsc.example")
    resolution.cancel()
    names.asked[0][1].callback(["192.0.2.1"])
    assert receiver.found == [] and receiver.complete == 0


def test_an_endpoint_connects_by_it_and_survives_an_answer_after_its_timeout():
    names, reactor = Names(), MemoryReactorClock()
    reactor.nameResolver = names.resolver
    late = []
    given_up = HostnameEndpoint(reactor, "smsc.example", 2775).connect(Factory.forProtocol(Protocol))
    given_up.addTimeout(1, reactor).addErrback(late.append)
    reactor.advance(2)
    assert len(late) == 1
    HostnameEndpoint(reactor, "smsc.example", 2775).connect(Factory.forProtocol(Protocol))
    names.asked[0][1].callback(["192.0.2.1"])
    reactor.advance(0)
    assert [client[:2] for client in reactor.tcpClients] == [("192.0.2.1", 2775)]


def test_a_reactor_that_cannot_be_told_is_left_alone():
    install(Clock())
