"""CPU a message of a connector alone: messages offered → PDUs → answers → changes → durable, in memory.

Not a test. Run: python -m tests.southbound.bench_connector [messages [PDUs a read]]
The store answers at once, the SMSC is a loop over headers; receipts are a second figure.
"""

import struct
import sys
import time

from prometheus_client import CollectorRegistry
from twisted.internet.defer import succeed
from twisted.internet.task import Clock

from smsgwd.model.changes import Moved, PartSent
from smsgwd.model.message import State
from smsgwd.model.wire import Wire, pack_wire
from smsgwd.net.turn import Turn
from smsgwd.smpp.codec import encode
from smsgwd.smpp.config import SessionConfig
from smsgwd.smpp.constants import MessageState
from smsgwd.smpp.pdu import BindTransceiverResp, DeliverSm
from smsgwd.smpp.receipt import compose_receipt
from smsgwd.southbound.dispatcher import SmppDispatcher
from smsgwd.southbound.runtime import Runtime
from smsgwd.telemetry import Metrics
from tests.net.fake_wire import FakeClock, FakeTransport
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


FIRST = 7_310_000_000_000_000_000


def main(count, size=50):
    clock = FakeClock(Clock())
    transports = []

    def connect(host, port, connection, *, tls, timeout):
        transport = FakeTransport()
        transport.attach(connection)
        transports.append(transport)
        return succeed(connection)

    runtime = Runtime(clock.reactor, clock, Turn(clock.reactor), lambda: 0.5, connect)
    config = settings(binds=4, session={"window": 200}, keep_order=True)
    assert isinstance(config.session, SessionConfig)
    metrics = Metrics(CollectorRegistry())
    dispatcher = SmppDispatcher([config], runtime, Store(), Outbox(), metrics.connector)
    dispatcher.start()
    clock.reactor.advance(0)
    for transport in transports:
        transport.take()
        transport.protocol.dataReceived(encode(BindTransceiverResp(sequence=1, system_id=b"x")))
    clock.reactor.advance(0)

    wire = pack_wire(Wire(source_ton=5, dest_ton=1, dest_npi=1))
    messages = [
        message(number, msisdn=f"30691{number:07}", account="demo", asks=1, dlr_url=None, wire=wire)
        for number in range(1, count + 1)
    ]
    header = struct.Struct(">IIII")
    number = 0
    spent = 0.0
    writes = 0
    begin = time.process_time()
    for start in range(0, count, 4 * size):
        dispatcher.offer(messages[start : start + 4 * size])
        clock.reactor.advance(0)
        while dispatcher.in_flight() or len(dispatcher._connectors["sim"]._queue):
            for transport in transports:
                pause = time.process_time()
                data = transport.take()
                writes += bool(data)
                at, answers = 0, []
                while at < len(data):
                    length, command, _, sequence = header.unpack_from(data, at)
                    at += length
                    if command == 4:
                        number += 1
                        body = b"%d\0" % (FIRST + number)
                        answers.append(header.pack(16 + len(body), 0x80000004, 0, sequence) + body)
                joined = b"".join(answers)
                spent += time.process_time() - pause
                if joined:
                    transport.protocol.dataReceived(joined)
            clock.reactor.advance(0)
    total = time.process_time() - begin - spent
    assert number == count
    print(f"submit and answer: {total / count * 1e6:.1f} us a message, {count / writes:.0f} PDUs a write")

    import datetime

    when = datetime.datetime(2026, 5, 1)
    frames = []
    for index in range(count):
        text, tlvs = compose_receipt(str(FIRST + 1 + index), MessageState.DELIVERED, submit_date=when, done_date=when)
        pdu = DeliverSm(source_addr=b"306912345678", esm_class=4, short_message=text, tlvs=tlvs, sequence=index + 1)
        frames.append(encode(pdu))
    begin = time.process_time()
    for start in range(0, count, size):
        transports[0].protocol.dataReceived(b"".join(frames[start : start + size]))
        clock.reactor.advance(0)
    total = time.process_time() - begin
    print(f"receipt and answer: {total / count * 1e6:.1f} us a receipt")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]) if len(sys.argv) > 1 else (40000,))
