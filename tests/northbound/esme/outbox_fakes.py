"""Binds without a network, and a stand for the outbox of ESMEs over a store in memory."""

from twisted.internet.task import Clock

from smsgwd.accounts.directory import SMPP, Account
from smsgwd.model.outbox import esme_target
from smsgwd.model.tenant import Credential, EsmeSettings, Tenant
from smsgwd.net.turn import Turn
from smsgwd.northbound.esme.account import EsmeAccount, EsmeBind
from smsgwd.northbound.esme.outbox import EsmeOutbox
from smsgwd.smpp.codec import encode
from smsgwd.smpp.config import SessionConfig
from smsgwd.smpp.constants import RESPONSE_BIT
from smsgwd.smpp.pdu import BindTransceiver
from smsgwd.smpp.session import Session
from smsgwd.smpp.session_table import Role
from smsgwd.smpp.tables import PDUS
from tests.notify.fakes import FakeStore, ReactorClock, item

_RESPONSE = 60.0


class FakeConnection:
    """A session without a network. `sent` are the octets and contexts of requests, `pending` those without answer."""

    def __init__(self, limit, version):
        config = SessionConfig(window=limit, enquire_link=0, response=_RESPONSE)
        self.session = Session(Role.SMSC, config, 0.0)
        bind = BindTransceiver(sequence=1, system_id=b"esme", interface_version=version)
        (event,) = self.session.receive(encode(bind), 0.0)
        self.session.accept_bind(event.pdu, 0.0)
        self.session.data_to_send()
        self.sent = []  # (context, octets)
        self.pending = {}  # sequence -> (context, response's class, when it was sent)
        self.writable = True
        self._now = 0.0  # a second for each request

    def request(self, pdu, context=None):
        self._now += 1
        sequence = self.session.request(pdu, self._now, context)
        self.sent.append((context, self.session.data_to_send(self._now)))
        if context is not None:
            self.pending[sequence] = (context, PDUS[pdu.command_id | RESPONSE_BIT].cls, self._now)
        return sequence

    def request_many(self, pdus, contexts):
        self.session.request_many(pdus, self._now + 1, contexts)
        self._now += 1
        self.session.data_to_send(self._now)
        for pdu, context in zip(pdus, contexts, strict=True):
            self.sent.append((context, encode(pdu)))
            self.pending[pdu.sequence] = (context, PDUS[pdu.command_id | RESPONSE_BIT].cls, self._now)

    def answers(self, statuses):
        """What the owner hears of answers to the requests that are out longest."""
        sequences = list(self.pending)[: len(statuses)]
        frames = b"".join(
            encode(self.pending.pop(sequence)[1](sequence=sequence, status=status))
            for sequence, status in zip(sequences, statuses, strict=False)
        )
        return [(event.context, event.pdu.status) for event in self.session.receive(frames, self._now)]

    def expire(self, count):
        """The contexts of those that are out longest: they were not answered in time (nor those sent with them)."""
        last = list(self.pending.values())[:count][-1][2]  # with it goes all that was sent together
        self._now = max(self._now, last + _RESPONSE)
        events = self.session.tick(last + _RESPONSE)
        for event in events:
            assert self.pending.pop(event.sequence)[0] is event.context
        return [event.context for event in events]

    def lost(self, unsent):
        """The end: contexts without an answer, and those of the last `unsent` that were not written."""
        waiting = [context for context, _, _ in self.pending.values()]
        self.pending = {}
        cut = len(waiting) - unsent
        return waiting[:cut], waiting[cut:]

    @property
    def ids(self):
        return [context.id for context, _ in self.sent]

    @property
    def waiting(self):
        return [context.id for context, _, _ in self.pending.values()]


class Stand:
    """An outbox with its clock and store. Items are of the account 'demo' unless said otherwise."""

    def __init__(self, *items, store=None, reactor=None, start=True, **options):
        self.reactor = reactor or Clock()
        self.clock = ReactorClock(self.reactor)
        self.store = store or FakeStore(self.reactor, items)
        self.absent = []
        self.accounts = {}
        self.turn = Turn(self.reactor)
        self.outbox = EsmeOutbox(
            self.reactor,
            self.clock,
            self.store,
            absent=self.absent.append,
            random=lambda: 0.5,
            turn=self.turn,
            **options,
        )
        if start:
            self.outbox.start()
            self.settle()

    def settle(self):
        """Let everything happen that needs no time."""
        for _ in range(30):
            self.reactor.advance(0)

    def advance(self, seconds):
        self.reactor.advance(seconds)
        self.settle()

    def kill(self):
        """The process dies: nothing that was to happen does."""
        for call in list(self.reactor.getDelayedCalls()):  # the list itself: it shrinks
            call.cancel()

    def account(self, name="demo", window=None, receipts_by="deliver_sm"):
        found = self.accounts.get(name)
        if found is None:
            credential = Credential(SMPP, name, esme=EsmeSettings(receipts_by=receipts_by))
            found = self.accounts[name] = EsmeAccount(name, Account(Tenant("tenant"), credential), 10)
        found.window = window or found.window
        return found

    def bind(self, name="demo", window=None, limit=1000, version=0x34, **options):
        bind = self.make(self.account(name, window, **options), FakeConnection(limit, version), version)
        self.outbox.bound(bind)
        self.settle()
        return bind

    def make(self, account, connection, version=0x34):
        bind = EsmeBind(
            account,
            connection,
            address="192.0.2.1",
            transmits=True,
            receives=True,
            version=version,
            since=self.clock.monotonic(),
        )
        account.binds.append(bind)
        return bind

    def offer(self, *items):
        """A commit that owes these, and what follows it."""
        self.store.put(items)
        self.outbox.offer(items)
        self.settle()

    def answer(self, bind, *statuses):
        """Answers to the first ones that are out on the bind; 0 for all when none are given."""
        connection = bind.connection
        answers = connection.answers(statuses or (0,) * len(connection.pending))
        if answers:
            self.outbox.answered(bind, answers)
            self.turn.run()

    def unbind(self, bind, unsent=0):
        """The bind breaks; the last `unsent` of what was out had not been written yet."""
        bind.alive = False
        bind.account.binds.remove(bind)
        self.outbox.unbound(bind, *bind.connection.lost(unsent))

    def time_out(self, bind, count):
        self.outbox.unanswered(bind, bind.connection.expire(count))
        self.turn.run()


def owed(number, account="demo", **changes):
    """A receipt that an account is owed."""
    return item(number, "", target=esme_target(account), **changes)


def many(first, last, account="demo", **changes):
    return [owed(number, account, **changes) for number in range(first, last + 1)]
