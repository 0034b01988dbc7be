"""CPU of a session, µs a PDU: what comes in until it is an event, what goes out until it is octets.

Not a test. Run: python -m tests.smpp.bench_session [PDUs a read]
"""

import sys
import time

from smsgwd.smpp import constants as c
from smsgwd.smpp import pdu as p
from smsgwd.smpp.codec import encode
from smsgwd.smpp.composed import MessageTemplate
from smsgwd.smpp.config import SessionConfig
from smsgwd.smpp.session import Session
from smsgwd.smpp.session_table import Role

from .strategies import submit

COUNT = 20_000


def bound(role, grouped=False):
    session = Session(role, SessionConfig(window=COUNT + 1, enquire_link=0, grouped=grouped), 0.0)
    if role is Role.SMSC:
        (event,) = session.receive(encode(p.BindTransceiver(sequence=1)), 0.0)
        session.accept_bind(event.pdu, 0.0)
    else:
        session.bind(p.BindTransceiver(), 0.0)
        session.data_to_send()
        session.receive(encode(p.BindTransceiverResp(sequence=1)), 0.0)
    session.data_to_send()
    return session


def reads(frames, size):
    return [b"".join(frames[at : at + size]) for at in range(0, len(frames), size)]


def timed(name, work):
    figures = []
    for _ in range(5):
        call = work()
        begin = time.process_time()
        call()
        figures.append((time.process_time() - begin) / COUNT * 1e6)
    print(f"{name:48} {min(figures):5.2f} µs")


def incoming(role, frames, size, grouped=True):
    def make():
        session = bound(role, grouped)
        parts = reads(frames, size)

        def run():
            for part in parts:
                session.receive(part, 1.0)

        return run

    return make


def requests(role, pdu, size):
    def make():
        session = bound(role)

        def run():
            for at in range(COUNT):
                session.request(pdu, 1.0, at)
                if not at % size:
                    session.data_to_send(1.0)

        return run

    return make


def in_runs(role, pdu, size):
    """As templates make them: what composing costs is within it."""

    def make():
        session = bound(role)
        template = MessageTemplate(pdu)

        def run():
            for at in range(0, COUNT, size):
                made = [template.compose(b"iSMS", b"306912345678", b"", pdu.short_message) for _ in range(size)]
                session.request_many(made, 1.0, range(at, at + size))
                session.data_to_send(1.0)

        return run

    return make


def answers(frames, role, pdu, size, grouped=True):
    def make():
        session = bound(role, grouped)
        for _ in range(COUNT):
            session.request(pdu, 1.0, pdu)
        session.data_to_send(1.0)
        parts = reads(frames, size)

        def run():
            for part in parts:
                session.receive(part, 1.0)

        return run

    return make


def responding(size):
    def make():
        session = bound(Role.SMSC)
        ids = [b"%019d" % at for at in range(COUNT)]

        def run():
            for at in range(COUNT):
                session.respond(p.SubmitSmResp(sequence=at, message_id=ids[at]), 1.0)
                if not at % size:
                    session.data_to_send(1.0)

        return run

    return make


def responding_many(size):
    def make():
        session = bound(Role.SMSC)
        given = [(at, 0, b"%019d" % at) for at in range(COUNT)]

        def run():
            for at in range(0, COUNT, size):
                session.respond_many(c.SUBMIT_SM_RESP, given[at : at + size], 1.0)
                session.data_to_send(1.0)

        return run

    return make


def main(size):
    message = submit(short_message=b"x" * 60, sequence=9)
    receipt = p.DeliverSm(
        source_addr=b"306912345678",
        destination_addr=b"iSMS",
        esm_class=4,
        short_message=b"y" * 110,
        tlvs=((0x1E, b"123456789012\0"), (0x427, b"\2")),
        sequence=9,
    )
    first = {Role.SMSC: 1, Role.ESME: 2}
    print(f"{size} PDUs a read or write")
    for grouped in (False, True):
        how = "grouped" if grouped else "one by one"
        timed(f"submit_sm in, {how}", incoming(Role.SMSC, [encode(message)] * COUNT, size, grouped))
        timed(f"deliver_sm (receipt) in, {how}", incoming(Role.ESME, [encode(receipt)] * COUNT, size, grouped))
        frames = [
            encode(p.SubmitSmResp(sequence=first[Role.ESME] + at, message_id=b"%019d" % at)) for at in range(COUNT)
        ]
        timed(f"submit_sm_resp in, {how}", answers(frames, Role.ESME, message, size, grouped))
        frames = [encode(p.DeliverSmResp(sequence=first[Role.SMSC] + at)) for at in range(COUNT)]
        timed(f"deliver_sm_resp in, {how}", answers(frames, Role.SMSC, receipt, size, grouped))
    timed("submit_sm out, made before", requests(Role.ESME, message, size))
    timed("deliver_sm out, made before", requests(Role.SMSC, receipt, size))
    timed("submit_sm out, of a template", in_runs(Role.ESME, message, size))
    timed("submit_sm_resp out, one by one", responding(size))
    timed("submit_sm_resp out, many", responding_many(size))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
