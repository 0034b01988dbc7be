"""CPU a message of a connector alone: messages offered → PDUs → answers → changes → durable, in memory.

Not a test. Run: python -m tests.southbound.bench_connector [messages [PDUs a read, ...]]
The store answers at once, the SMSC is a loop over headers; receipts are a second figure. A turn brings one read on each
of four binds. The best of several rounds counts.
"""

import datetime
import logging
import struct
import sys
import time

import structlog
from prometheus_client import CollectorRegistry
from twisted.internet.defer import succeed

from smsgwd.model.changes import Moved, PartSent
from smsgwd.model.message import State
from smsgwd.model.wire import Wire, pack_wire
from smsgwd.net.turn import Turn
from smsgwd.smpp.codec import encode
from smsgwd.smpp.constants import MessageState
from smsgwd.smpp.pdu import BindTransceiverResp, DeliverSm
from smsgwd.smpp.receipt import compose_receipt
from smsgwd.southbound.dispatcher import ConnectorDispatcher
from smsgwd.southbound.runtime import Runtime
from smsgwd.telemetry import Metrics
from tests.net.fake_wire import FakeTransport
from tests.southbound.fakes import message, settings


class Store:
    healthy = True

    def commit(self, changes):
        return succeed([Moved(change.message_id if type(change) is PartSent else 0, State.SENT) for change in changes])

    def ready(self, connector, after, limit):
        return succeed([])


class Outbox:
    def offer(self, items):
        pass


class Timer:
    def active(self):
        return True

    def cancel(self):
        pass

    def reset(self, seconds):
        pass


class Reactor:
    """Only turns: nothing here waits for a time."""

    def __init__(self):
        self.ends = []

    def seconds(self):
        return time.monotonic()

    def callLater(self, seconds, call, *args):
        return Timer()

    def at_turn_end(self, call):
        self.ends.append(call)

    def turn(self):
        while self.ends:
            ends, self.ends = self.ends, []
            for end in ends:
                end()


class Clock:
    def now_ms(self):
        return 1_780_000_000_000 + int(time.monotonic() % 1000)  # the messages of fakes.py are not too late then

    def monotonic(self):
        return time.monotonic()


FIRST = 7_310_000_000_000_000_000
BINDS = 4
ROUNDS = 7
HEADER = struct.Struct(">IIII")


def made():
    """A dispatcher with one connector, bound, and its transports."""
    reactor, transports = Reactor(), []

    def connect(host, port, connection, *, tls, timeout):
        transport = FakeTransport()
        transport.attach(connection)
        transports.append(transport)
        return succeed(connection)

    runtime = Runtime(reactor, Clock(), Turn(reactor), lambda: 0.5, connect)
    config = settings(binds=BINDS, session={"window": 200}, keep_order=True)
    metrics = Metrics(CollectorRegistry())
    dispatcher = ConnectorDispatcher([config], runtime, Store(), Outbox(), metrics.connector)
    dispatcher.start()
    reactor.turn()
    for transport in transports:
        transport.take()
        transport.protocol.dataReceived(encode(BindTransceiverResp(sequence=1, system_id=b"x")))
    reactor.turn()
    return reactor, transports, dispatcher


def submitting(messages, size):
    """Seconds to send messages and take their answers; `size` of them on each bind in a turn."""
    reactor, transports, dispatcher = made()
    number, spent = 0, 0.0
    begin = time.process_time()
    for start in range(0, len(messages), BINDS * size):
        dispatcher.offer(messages[start : start + BINDS * size])
        reactor.turn()
        while dispatcher.in_flight():
            pause = time.process_time()
            # As a loaded SMSC does, each bind answers in its own time, but `size` at once.
            reads, ready = [], []
            for transport in transports:
                data = transport.take()
                at = 0
                while at < len(data):
                    length, command, _, sequence = HEADER.unpack_from(data, at)
                    at += length
                    if command == 4:
                        number += 1
                        body = b"%d\0" % (FIRST + number)
                        ready.append(HEADER.pack(16 + len(body), 0x80000004, 0, sequence) + body)
                while ready:
                    reads.append((transport, b"".join(ready[:size])))
                    del ready[:size]
            spent += time.process_time() - pause
            for transport, data in reads:
                transport.protocol.dataReceived(data)
            reactor.turn()
    assert number == len(messages)
    return time.process_time() - begin - spent


def receiving(frames, size):
    """Seconds to take receipts and answer them; `size` of them on each bind in a turn."""
    reactor, transports, _ = made()
    reads = [b"".join(frames[start : start + size]) for start in range(0, len(frames), size)]
    begin = time.process_time()
    for at, data in enumerate(reads):
        transports[at % BINDS].protocol.dataReceived(data)
        if at % BINDS == BINDS - 1:
            reactor.turn()
    return time.process_time() - begin


def main(count, sizes):
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    wire = pack_wire(Wire(source_ton=5, dest_ton=1, dest_npi=1))
    messages = [
        message(number, msisdn=f"30691{number:07}", account="demo", asks=1, dlr_url=None, wire=wire)
        for number in range(1, count + 1)
    ]
    when = datetime.datetime(2026, 5, 1)
    frames = []
    for index in range(count):
        text, tlvs = compose_receipt(str(FIRST + 1 + index), MessageState.DELIVERED, submit_date=when, done_date=when)
        pdu = DeliverSm(source_addr=b"306912345678", esm_class=4, short_message=text, tlvs=tlvs, sequence=index + 1)
        frames.append(encode(pdu))
    for size in sizes:
        there = min(submitting(messages, size) for _ in range(ROUNDS)) / count * 1e6
        back = min(receiving(frames, size) for _ in range(ROUNDS)) / count * 1e6
        print(f"{size:3} PDUs a read: submit and answer {there:5.1f} us a message, receipt and answer {back:5.1f} us")


if __name__ == "__main__":
    given = list(map(int, sys.argv[1:]))
    main(given[0] if given else 4000, given[1:] or (1, 2, 4, 20, 50))
