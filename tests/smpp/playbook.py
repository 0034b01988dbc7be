"""Two real sessions back to back, and a reader of what a session wrote."""

from smsgwd.smpp import pdu as p
from smsgwd.smpp.codec import decode
from smsgwd.smpp.config import SessionConfig
from smsgwd.smpp.framing import Framer
from smsgwd.smpp.session import Session
from smsgwd.smpp.session_table import Role, State

BINDS = {State.BOUND_TX: p.BindTransmitter, State.BOUND_RX: p.BindReceiver, State.BOUND_TRX: p.BindTransceiver}


def cut(data):
    """The PDUs in what data_to_send() gave."""
    framer = Framer(1 << 20)
    pdus = [decode(frame) for frame in framer.feed(data)]
    assert not framer.pending and framer.fault is None
    return pdus


def carry(sender, receiver, now):
    """Move what waits in one session to the other; its events."""
    return receiver.receive(sender.data_to_send(now), now)


def bound_pair(state=State.BOUND_TRX, config=None, first_sequence=1, version=0x34, now=0.0):
    """(esme, smsc), bound to each other at `now`."""
    config = config or SessionConfig()
    esme = Session(Role.ESME, config, now, first_sequence)
    smsc = Session(Role.SMSC, config, now)
    esme.bind(BINDS[state](system_id=b"esme", password=b"pw", interface_version=version), now)
    (event,) = carry(esme, smsc, now)
    smsc.accept_bind(event.pdu, now, b"smsc")
    carry(smsc, esme, now)
    assert esme.state is smsc.state is state
    return esme, smsc
