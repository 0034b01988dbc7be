"""An SMSC with a script, a network in memory, and a store in memory whose commits fire when the test wants."""

import itertools

from msgspec import structs
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.task import Clock

from smsgwd.delivery.combine import combined
from smsgwd.delivery.correlation import candidates, canonical
from smsgwd.delivery.lifecycle import RECEIPT_EVENTS, Event, IllegalMove, move
from smsgwd.model.changes import (
    Cancel,
    Fail,
    GiveUp,
    Ignored,
    KeepMoPart,
    MoKept,
    Moved,
    Note,
    Noted,
    Owed,
    Parked,
    PartSent,
    Requeue,
    Resent,
    TakeMo,
    TakeReceipt,
)
from smsgwd.model.message import Coding, Message, State
from smsgwd.model.outbox import OutboxItem
from smsgwd.net.smpp import SmppConnection
from smsgwd.net.turn import Turn
from smsgwd.ports.store import QueuedMessage, StoreUnavailable
from smsgwd.smpp.config import SessionConfig
from smsgwd.smpp.events import BindRequest, Request, Response
from smsgwd.smpp.pdu import DeliverSm, SubmitSm, SubmitSmResp
from smsgwd.smpp.receipt import compose_receipt
from smsgwd.smpp.session_table import Role
from smsgwd.smpp.tables import response_to
from smsgwd.southbound.connector import Connector
from smsgwd.southbound.dispatcher import ConnectorDispatcher
from smsgwd.southbound.runtime import Runtime
from smsgwd.southbound.settings import Settings
from tests.net.fake_wire import FakeClock, Wire

DROP = "drop"  #: answer of a script: cut the connection
MUTE = None  #: answer of a script: none


def message(number, **changes):
    now = 1_780_000_000_000
    values = {
        "id": number,
        "submission": number,
        "tenant": "demo",
        "source": "iSMS",
        "dest": "+306912345678",
        "msisdn": "306912345678",
        "body": f"text {number}".encode(),
        "coding": Coding.GSM7,
        "parts": 1,
        "connector": "sim",
        "submitted_at": now,
        "deadline": now + 3_600_000,
        "dlr_url": "http://tenant.example/dlr",
    }
    return Message(**{**values, **changes})


class FakeStore:
    """`hold` keeps commits back until `release`; `broken` fails them."""

    def __init__(self, reactor):
        self.reactor = reactor
        self.healthy = True
        self.hold = False
        self.broken = False
        self.poison = ()
        self.messages = {}
        self.parts = {}  # message id -> {part: State}
        self.ids = {}  # (group, canonical id) -> (message id, part)
        self.parked = []
        self.batches = []  # lists of changes that were committed
        self.commits = 0
        self.reads = 0
        self.read_fails = 0
        self.held = []
        self.noted = ()  # what is owed for an intermediate receipt

    # -- what tests use
    def keep(self, *messages):
        for each in messages:
            self.messages[each.id] = each
            self.parts[each.id] = {}
        return messages

    def state(self, number):
        return self.messages[number].state

    def changes(self, kind):
        return [change for batch in self.batches for change in batch if isinstance(change, kind)]

    def release(self):
        held, self.held = self.held, []
        for done, changes in held:
            self._finish(done, changes)

    # -- ports.Store
    def commit(self, changes):
        assert changes
        self.commits += 1
        done = Deferred()
        changes = list(changes)
        if self.hold:
            self.held.append((done, changes))
        else:
            self.reactor.callLater(0, self._finish, done, changes)
        return done

    def _finish(self, done, changes):
        if self.broken:
            self.healthy = False
            done.errback(StoreUnavailable("disk full"))
        elif any(isinstance(change, self.poison) for change in changes):
            done.errback(ValueError("poison"))
        else:
            self.healthy = True
            self.batches.append(changes)
            done.callback([self._apply(change) for change in changes])

    def ready(self, connector, after, limit):
        self.reads += 1
        done = Deferred()
        self.reactor.callLater(0, self._read, done, connector, after, limit)
        return done

    def _read(self, done, connector, after, limit):
        if self.read_fails:
            self.read_fails -= 1
            done.errback(StoreUnavailable("reading failed"))
            return
        keys = sorted(
            (-each.priority, each.id)
            for each in self.messages.values()
            if each.state is State.QUEUED and each.connector == connector
        )
        page = [key for key in keys if after is None or key > after][:limit]
        done.callback([QueuedMessage(self.messages[key[1]], frozenset(self.parts[key[1]])) for key in page])

    # -- a plain reading of the rules
    def _apply(self, change):
        if isinstance(change, TakeReceipt):
            return self._receipt(change.receipt)
        if isinstance(change, Note):
            return None
        if isinstance(change, TakeMo):
            return Owed(("owed",))
        if isinstance(change, KeepMoPart):
            return MoKept(change.key, (change.mo,) if change.seq == change.key.total else ())
        found = self.messages.get(change.message_id)
        if found is None:
            return Ignored("unknown_message", change.message_id)
        if isinstance(change, PartSent):
            key = (change.group, canonical(change.smsc_id))
            self.ids[key] = (found.id, change.part)
            parts = self.parts[found.id]
            if found.state.final:
                return Ignored("final", found.id)
            if change.part in parts:
                return Ignored("repeated", found.id)
            parts[change.part] = State.SENT
            result = Moved(found.id, found.state)
            if len(parts) == found.parts:
                result = self._move(found, Event.ALL_SENT)
            for receipt in [each for each in self.parked if key[1] in candidates(each.smsc_id, each.id_format)]:
                self.parked.remove(receipt)
                result = self._receipt(receipt)
            return result
        if isinstance(change, Requeue):
            return self._requeue(found, change)
        if isinstance(change, Fail):
            return self._move(found, Event.BROKEN if self.parts[found.id] else Event.REFUSED)
        if isinstance(change, GiveUp):
            return self._move(found, Event.GIVEN_UP)
        if isinstance(change, Cancel):
            return self._move(found, Event.CANCELLED)
        raise TypeError(change)

    def _requeue(self, found, change):
        if change.left and self.parts[found.id]:
            return Ignored("left", found.id)
        result = self._move(found, Event.POSTPONED)
        if isinstance(result, Moved):
            found.due_at = change.due_at
            found.attempts += change.counts
            if change.left:
                found.connector = change.connector
                found.tried = f"{found.tried},{change.left}" if found.tried else change.left
            if not change.due_at:
                found.state = State.QUEUED
        return result

    def _receipt(self, receipt):
        for candidate in candidates(receipt.smsc_id, receipt.id_format):
            place = self.ids.get((receipt.group, candidate))
            if place is not None:
                break
        else:
            self.parked.append(receipt)
            return Parked()
        number, part = place
        found = self.messages[number]
        if receipt.state is None:
            return Noted(number, self.noted)
        self.parts[number][part] = receipt.state
        whole = combined(list(self.parts[number].values()), found.parts)
        if whole is State.UNDELIVERED and found.fallback:
            following, _, rest = found.fallback.partition(",")
            self.parts[number].clear()
            found.tried, found.connector, found.fallback = found.connector, following, rest or None
            found.state, found.hops = State.QUEUED, found.hops + 1
            return Resent(structs.replace(found))
        return Noted(number) if whole is None else self._move(found, RECEIPT_EVENTS[whole])

    def _move(self, found, event):
        try:
            found.state = move(found.state, event)
        except IllegalMove:
            return Ignored("final" if found.state.final else "left", found.id)
        outbox = ()
        if found.state.final:
            outbox = (
                OutboxItem(
                    id=found.id,
                    tenant=found.tenant,
                    target="demo http://tenant.example",
                    url=found.dlr_url,
                    type=f"message.{found.state.public}",
                    created_at=0,
                    due_at=0,
                    attempts=0,
                    message_id=found.id,
                    dest=found.dest,
                    source=found.source,
                    client_ref=None,
                    state=found.state,
                    error=None,
                    submitted_at=found.submitted_at,
                    done_at=None,
                    parts=found.parts,
                ),
            )
        return Moved(found.id, found.state, outbox)


class FakeOutbox:
    def __init__(self):
        self.items = []

    def offer(self, items):
        self.items += items


class Smsc:
    """The other side. `script(pdu)` gives a status, MUTE, DROP or a message id; `bind_status` refuses binds."""

    def __init__(self, network):
        self.network = network
        self.version = 0x34
        self.script = lambda pdu: 0
        self.bind_status = lambda pdu: 0
        self.submits = []
        self.binds = []
        self.connections = []
        self.answers = []
        self.open = 0
        self.most_open = 0
        self._ids = itertools.count(1)
        self._sequence = {}

    def connected(self, connection):
        self.connections.append(connection)
        self.open += 1
        self.most_open = max(self.most_open, self.open)

    def received(self, connection, events):
        for event in events:
            if isinstance(event, BindRequest):
                self.binds.append(event.pdu)
                status = self.bind_status(event.pdu)
                if status is MUTE:
                    continue
                if status:
                    connection.reject_bind(event.pdu, status)
                else:
                    connection.accept_bind(event.pdu, b"smsc", version=self.version)
            elif isinstance(event, Request):
                self.submits.append(event.pdu)
                self.answer(connection, event.pdu, self.script(event.pdu))
            elif isinstance(event, Response):
                self.answers.append((event.context, event.pdu.status))

    def answer(self, connection, pdu, what):
        if what is MUTE:
            return
        if what == DROP:
            self.network.drop(connection)
        elif isinstance(what, str):
            connection.respond(SubmitSmResp(sequence=pdu.sequence, message_id=what.encode()))
        elif what:
            connection.respond(response_to(pdu.command_id, pdu.sequence, what))
        else:
            connection.respond(SubmitSmResp(sequence=pdu.sequence, message_id=b"%d" % next(self._ids)))

    def disconnected(self, connection, events, reason):
        self.open -= 1

    @property
    def texts(self):
        return [pdu.short_message.decode("latin-1") for pdu in self.submits]

    def receipt(self, message_id, state, *, bind=-1, intermediate=False, pdu=None):
        """Send a receipt on a bind (by its number of connecting)."""
        import datetime

        when = datetime.datetime(2026, 5, 1, 12, 0)
        text, tlvs = compose_receipt(message_id, state, submit_date=when, done_date=when)
        self.deliver(
            pdu
            or DeliverSm(
                source_addr=b"306912345678",
                destination_addr=b"iSMS",
                esm_class=0x20 if intermediate else 0x04,
                short_message=text,
                tlvs=tlvs,
            ),
            context=message_id,
            bind=bind,
        )

    def deliver(self, pdu, context=None, bind=-1):
        self.connections[bind].request(pdu, context)


class Network:
    """Connects connectors with the SMSC; `pump` lets everything happen that can without time passing."""

    def __init__(self, server=None):
        self.reactor = Clock()
        self.clock = FakeClock(self.reactor)
        self.turn = Turn(self.reactor)
        self.smsc = Smsc(self)
        self.refuse = False
        self.silent = False
        self.attempts = 0
        self.wires = []
        self._server = {"window": 2000, "enquire_link": 0, "session_init": 60, "response": 0, **(server or {})}

    def connect(self, host, port, connection, *, tls, timeout):
        self.attempts += 1
        if self.refuse:
            return fail(ConnectionRefusedError())
        done = Deferred()
        if self.silent:
            return done
        self.reactor.callLater(0, self._join, done, connection)
        return done

    def _join(self, done, connection):
        if done.called:
            return
        server = SmppConnection(
            Role.SMSC,
            SessionConfig(**self._server),
            self.smsc,
            reactor=self.reactor,
            clock=self.clock,
            turn=self.turn,
        )
        self.wires.append(Wire(self.reactor, connection, server))
        done.callback(connection)

    def pump(self):
        self.wires = [wire for wire in self.wires if not (wire.left.disconnected and wire.right.disconnected)]
        for _ in range(20):
            self.reactor.advance(0)
            moved = [wire.pump() for wire in self.wires]
            if not any(moved):
                self.reactor.advance(0)
                moved = [wire.pump() for wire in self.wires]
                if not any(moved):
                    return

    def advance(self, seconds, step=0.05):
        """Let time pass in steps, with everything that happens in it."""
        end = self.reactor.seconds() + seconds
        while self.reactor.seconds() < end - 1e-9:
            self.reactor.advance(min(step, end - self.reactor.seconds()))
            for wire in self.wires:
                wire.pump()
        self.pump()

    def drop(self, connection):
        for wire in self.wires:
            if wire.right.protocol is connection:
                wire.cut()

    def cut(self):
        for wire in self.wires:
            wire.cut()


class Bench:
    """A connector (or several) between a fake store and a scripted SMSC."""

    def __init__(self, *more, server=None, subscribers=None, metrics=None, ways=None, **changes):
        self.network = Network(server)
        self.reactor = self.network.reactor
        self.clock = self.network.clock
        self.smsc = self.network.smsc
        self.store = FakeStore(self.reactor)
        self.outbox = FakeOutbox()
        self.runtime = Runtime(self.reactor, self.clock, self.network.turn, lambda: 0.5, self.network.connect)
        self.dispatcher = ConnectorDispatcher(
            [settings(**changes), *more], self.runtime, self.store, self.outbox, metrics, subscribers, ways
        )
        self.connector: Connector = self.dispatcher._connectors[changes.get("id", "sim")]
        self.pump, self.advance = self.network.pump, self.network.advance

    def start(self):
        self.dispatcher.start()
        self.pump()
        return self

    def send(self, *messages):
        self.store.keep(*messages)
        self.dispatcher.offer(messages)

    @property
    def idle(self):
        """Nothing is held: neither in the queue nor in flight."""
        queue = self.connector._queue
        return not self.dispatcher.in_flight() and not len(queue) and not queue._pages._held


def settings(**changes):
    """Without `keep_order`, since all messages here have one sender and one recipient; test_order.py is about that."""
    session = {
        "window": 10,
        "response": 60.0,
        "enquire_link": 0.0,
        "session_init": 10.0,
        **changes.pop("session", {}),
    }
    values = {
        "id": "sim",
        "host": "smsc.example",
        "port": 2775,
        "system_id": b"gw",
        "password": b"secret",
        "group": "smsc.example:gw",
        "session": SessionConfig(**session),
        "keep_order": False,
    }
    return Settings(**{**values, **changes})


def is_submit(pdu):
    return isinstance(pdu, SubmitSm)
