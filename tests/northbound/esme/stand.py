"""An EsmeServer over a network in memory: ESMEs with addresses, and takers that write down what comes."""

from prometheus_client import CollectorRegistry
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.testing import MemoryReactorClock

from smsgwd.accounts.directory import Account
from smsgwd.config.model.listeners import SmppListener
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Credential, EsmeSettings, Tenant
from smsgwd.net.smpp import SmppConnection
from smsgwd.net.turn import Turn
from smsgwd.northbound.esme.server import EsmeServer
from smsgwd.smpp.config import SessionConfig
from smsgwd.smpp.events import BindFailed, Bound, Closed, PeerUnbound, Request, Response
from smsgwd.smpp.pdu import BindTransceiver, SubmitSm, SubmitSmResp
from smsgwd.smpp.session_table import Role
from smsgwd.smpp.tables import response_to
from smsgwd.telemetry import Metrics
from tests.net.fake_wire import FakeClock, FakeTransport, Wire


def account(name="ann", *, max_binds=2, tenant="demo", esme=None, **members):
    credential = Credential("smpp", name, "hash", max_binds, esme or EsmeSettings())
    return Account(Tenant(tenant, credentials=(credential,), **members), credential)


def address(host, port=50000):
    return (IPv6Address if ":" in host else IPv4Address)("TCP", host, port)


class Auth:
    """`held` a list: verifications wait there. `failure` an exception: all of them fail with it."""

    def __init__(self, *accounts):
        self.accounts = {each.credential.name: each for each in accounts}
        self.asked = []
        self.held = None
        self.failure = None

    def bind(self, system_id, secret, peer):
        self.asked.append((system_id, secret, peer))
        if self.held is not None:
            self.held.append((Deferred(), system_id, secret))
            return self.held[-1][0]
        return self.result(system_id, secret)

    def result(self, system_id, secret):
        if self.failure is not None:
            return fail(self.failure)
        found = self.accounts.get(system_id)
        if found is None or secret != "secret":
            return fail(Refused(Refusal.UNAUTHENTICATED))
        return succeed(found)

    def release(self):
        held, self.held = self.held, None
        for deferred, system_id, secret in held:
            self.result(system_id, secret).chainDeferred(deferred)


class Requests:
    """`answer` False: nothing is answered."""

    def __init__(self):
        self.reads = []
        self.gone = []
        self.answer = True
        self.error = None

    def take(self, bind, requests):
        self.reads.append((bind, list(requests)))
        if self.error is not None:
            raise self.error
        if self.answer:
            self.answer_all(bind, requests)

    def answer_all(self, bind, requests):
        for pdu in requests:
            bind.connection.respond(SubmitSmResp(sequence=pdu.sequence, message_id=b"id"))

    def unbound(self, bind):
        self.gone.append(bind)


class Answers:
    def __init__(self):
        self.calls = []

    def bound(self, bind):
        self.calls.append(("bound", bind))

    def answered(self, bind, answers):
        self.calls.append(("answered", list(answers)))

    def unanswered(self, bind, contexts):
        self.calls.append(("unanswered", list(contexts)))

    def writable(self, bind):
        self.calls.append(("writable", bind))

    def unbound(self, bind, unanswered, unsent):
        self.calls.append(("unbound", list(unanswered), list(unsent)))

    def of(self, kind):
        return [call[1:] for call in self.calls if call[0] == kind]


class Esme:
    """A client. `deliver` False: deliver_sm are not answered."""

    def __init__(self, pdu, *, deliver=True):
        self.pdu = pdu
        self.deliver = deliver
        self.events = []
        self.reason = None
        self.connection = None

    def connected(self, connection):
        self.connection = connection
        if self.pdu is not None:
            connection.bind(self.pdu)

    def received(self, connection, events):
        self.events += events
        for event in events:
            if isinstance(event, Request) and self.deliver:
                connection.respond(response_to(event.pdu.command_id, event.pdu.sequence))

    def disconnected(self, connection, events, reason):
        self.events += events
        self.reason = reason

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def bound(self):
        return bool(self.of(Bound)) and not self.of(Closed)

    @property
    def refused(self):
        """command_status of the bind's refusal, None when it was not refused."""
        failed = self.of(BindFailed)
        return failed[0].status if failed else None

    @property
    def unbound_by_peer(self):
        return bool(self.of(PeerUnbound))

    def statuses(self):
        return [event.pdu.status for event in self.of(Response)]

    def submit(self, count=1):
        for number in range(count):
            self.connection.request(SubmitSm(destination_addr=b"306912345678", short_message=b"x"), number)


class Line(Wire):
    """A wire whose right end (the server's) sees the left one under an address."""

    def __init__(self, reactor, left, right, host):
        self.reactor = reactor
        self.left, self.right = FakeTransport(), FakeTransport()
        self.right.getPeer = lambda: address(host)
        self.right.attach(right)
        self.left.attach(left)


class Stand:
    def __init__(self, *accounts, authenticator=None, **options):
        self.reactor = MemoryReactorClock()
        self.clock = FakeClock(self.reactor)
        self.turn = Turn(self.reactor)
        self.auth = authenticator or Auth(*(accounts or (account(),)))
        self.requests = Requests()
        self.answers = Answers()
        self.metrics = Metrics(CollectorRegistry())
        self.server = EsmeServer(
            reactor=self.reactor,
            clock=self.clock,
            turn=self.turn,
            authenticator=self.auth,
            requests=self.requests,
            answers=self.answers,
            metrics=self.metrics,
        )
        self.lines = []
        self.factories = {}
        self.listen("smpp", **options)

    def listen(self, name, **options):
        section = SmppListener.model_validate({"listen": "127.0.0.1:0", **options})
        opened = self.server.listen(name, section, None)
        self.factories[name] = self.reactor.tcpServers[-1][1]
        return opened

    def join(self, left, host="192.0.2.1", listener="smpp"):
        """The line, or None when the server does not take the connection."""
        right = self.factories[listener].buildProtocol(address(host))
        if right is None:
            return None
        self.lines.append(Line(self.reactor, left, right, host))
        return self.lines[-1]

    def client(self, pdu, **options):
        esme = Esme(pdu, **options)
        config = SessionConfig(window=10_000, enquire_link=0, response=0)
        made = SmppConnection(Role.ESME, config, esme, reactor=self.reactor, clock=self.clock, turn=Turn(self.reactor))
        return esme, made

    def connect(self, pdu=None, host="192.0.2.1", listener="smpp", **options):
        """An ESME, its line in `line` (None = not taken)."""
        esme, made = self.client(pdu, **options)
        esme.line = self.join(made, host, listener)
        self.pump()
        return esme

    def bind(self, name=b"ann", secret=b"secret", kind=BindTransceiver, host="192.0.2.1", listener="smpp", **options):
        deliver = options.pop("deliver", True)
        return self.connect(
            kind(system_id=name, password=secret, **options), host=host, listener=listener, deliver=deliver
        )

    def pump(self):
        moved = True
        while moved:
            moved = False
            for line in self.lines:
                moved = line.pump() or moved

    def advance(self, seconds, step=0.5):
        """Let time pass in steps, with what moves meanwhile."""
        for _ in range(round(seconds / step)):
            self.reactor.advance(step)
            self.pump()

    def only_bind(self, name="ann"):
        [bind] = self.server.account(name).binds
        return bind

    def refusals(self, label):
        return self.metrics.esme_refused.labels(label)._value.get()

    def bind_failures(self, status):
        return self.metrics.esme_bind_failures.labels(f"0x{status:08x}")._value.get()
