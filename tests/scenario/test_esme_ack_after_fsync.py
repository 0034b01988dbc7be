"""Nothing said over SMPP is acknowledged before its fsync has returned: no ESME's request, no subscriber's message.

The fsync itself is held back, as in `test_ack_after_fsync`.
"""

from __future__ import annotations

import struct

import pytest

from smsgwd.simulator.free_ports import free_ports
from tests.scenario.esme import (
    CANCEL_SM,
    DATA_SM,
    REPLACE_SM,
    RESPONSE,
    SUBMIT_MULTI,
    SUBMIT_SM,
    submit_body,
)
from tests.scenario.harness import Scene, wait
from tests.scenario.shim import Fsync
from tests.scenario.stand_esme import bound, check_sound, credential
from tests.scenario.stores import embedded_only

pytestmark = embedded_only

_SILENCE_S = 0.5
_SOURCE, _DEST = b"\5\0Shop\0", b"\1\x01306912345678\0"
_IN_AN_HOUR = b"000000010000000R"


def _scheduled(text: bytes) -> bytes:
    """The body of a submit_sm that is not sent yet."""
    return b"\0" + _SOURCE + _DEST + b"\0\0\0" + _IN_AN_HOUR + b"\0\0" + bytes((1, 0, 0, 0, len(text))) + text


def test_no_response_and_no_submit_before_the_fsync_returned(scene: Scene) -> None:
    """submit_sm, submit_multi, data_sm, replace_sm, cancel_sm: the ESME hears nothing and the SMSC gets nothing."""
    smsc, fsync = scene.smsc(), Fsync(scene.directory)
    gateway = scene.gateway(smsc, smpp={}, tenant={"credentials": [credential("esme")]}, wrapper=fsync.wrapper)
    wait("the SMSC is bound", lambda: gateway.status()["connectors"][0]["up"])
    esme = bound(gateway)
    first, second = (esme.ask(SUBMIT_SM, _scheduled(text)).body for text in (b"first", b"second"))
    assert fsync.seen, "this Python's SQLite does not reach fsync through the library: the test cannot hold it"

    two = b"\2" + 2 * (b"\1" + _DEST)
    requests = {
        SUBMIT_SM: (1, submit_body("306912345678", b"Hi", registered=0)),
        SUBMIT_MULTI: (2, b"\0" + _SOURCE + two + b"\0\0\0" + b"\0\0" + bytes((0, 0, 0, 0, 2)) + b"Hi"),
        DATA_SM: (1, b"\0" + _SOURCE + _DEST + bytes((0, 0, 0)) + struct.pack(">HH", 0x0424, 2) + b"Hi"),
        REPLACE_SM: (0, first + _SOURCE + b"\0\0" + bytes((1, 0, 3)) + b"new"),
        CANCEL_SM: (0, b"\0" + second + _SOURCE + _DEST),
    }
    submits = 0
    for command, (sent, body) in requests.items():
        fsync.hold()
        try:
            sequence = esme.send(command, body)
            wait("an fsync is held", lambda: fsync.waiting)
            with pytest.raises(TimeoutError):
                esme.read(_SILENCE_S)
            assert smsc.stats()["submits"] == submits
        finally:
            fsync.release()
        answer = esme.read()
        while esme.answer(answer):  # the receipt of what is cancelled
            answer = esme.read()
        assert (answer.command, answer.status, answer.sequence) == (command | RESPONSE, 0, sequence)
        submits += sent
        wait("they are sent", lambda: smsc.stats()["submits"] == submits)  # noqa: B023 -- called at once
    assert esme.unbind() == 0
    check_sound(gateway)


def test_no_deliver_sm_resp_to_a_subscribers_message_before_the_fsync_returned(scene: Scene) -> None:
    """Neither does the SMSC hear that it was taken, nor does the ESME get it; then both."""
    [port] = free_ports(1)
    fsync = Fsync(scene.directory)
    gateway = scene.gateway(
        port,
        smpp={},
        tenant={"credentials": [credential("esme")]},
        mo_routes=[{"account": "esme"}],
        wrapper=fsync.wrapper,
    )
    esme = bound(gateway)
    assert fsync.seen
    fsync.hold()
    try:
        smsc = scene.smsc("--mo-rate", "100", "--mo-count", "3", port=port)
        wait("the SMSC has sent them", lambda: smsc.stats()["mo_sent"] == 3)
        wait("an fsync is held", lambda: fsync.waiting)
        with pytest.raises(TimeoutError):
            esme.read(_SILENCE_S)
        stats = smsc.stats()
        assert (stats["mo_acked"], stats["mo_nacked"]) == (0, {})
    finally:
        fsync.release()
    texts: set[bytes] = set()
    while len(texts) < 3:
        delivery = esme.read()
        assert esme.answer(delivery)
        texts |= {word for word in (b"MO 0", b"MO 1", b"MO 2", b"MO 3") if delivery.body.endswith(word)}
    wait("they are acknowledged", lambda: smsc.stats()["mo_acked"] == 3)
    assert esme.unbind() == 0
    check_sound(gateway)
