"""The other commands: query_sm, cancel_sm, replace_sm, submit_multi, data_sm, and what is not for us."""

from __future__ import annotations

import struct
import time

from tests.scenario.esme import (
    BIND_RECEIVER,
    CANCEL_SM,
    DATA_SM,
    GENERIC_NACK,
    QUERY_SM,
    REPLACE_SM,
    RESPONSE,
    SUBMIT_MULTI,
    SUBMIT_SM,
    Esme,
    submit_body,
)
from tests.scenario.harness import Scene, Smsc, wait
from tests.scenario.stand_esme import PASSWORD, bound, check_sound, served

SOURCE = b"\5\0Shop\0"
DEST = b"\1\x01306900000001\0"
DELIVERED, DELETED = 2, 4
LATER = b"000000010000000R"  # in an hour


def _scheduled(text: bytes = b"Hello") -> bytes:
    return b"\0" + SOURCE + DEST + b"\0\0\0" + LATER + b"\0\0" + bytes((1, 0, 0, 0, len(text))) + text


def _submitted(esme: Esme, body: bytes) -> bytes:
    answer = esme.ask(SUBMIT_SM, body)
    assert answer.status == 0
    return answer.body


def _state(esme: Esme, message_id: bytes) -> int:
    """message_state of query_sm_resp (SMPP 3.4 s4.8.2), whose id is the one asked for."""
    answer = esme.ask(QUERY_SM, message_id + SOURCE)
    assert (answer.command, answer.status) == (QUERY_SM | RESPONSE, 0)
    echoed, _, rest = answer.body.partition(b"\0")
    assert echoed + b"\0" == message_id
    return rest[rest.index(b"\0") + 1]


def test_query(scene: Scene) -> None:
    """A message that was delivered."""
    gateway = served(scene)
    esme = bound(gateway)
    message_id = _submitted(esme, submit_body("306900000001", b"Hello"))
    wait("it is delivered", lambda: _state(esme, message_id) == DELIVERED)
    assert esme.ask(QUERY_SM, b"12345\0" + SOURCE).status in (0x0C, 0x67)
    assert esme.unbind() == 0
    check_sound(gateway)


def test_cancel(scene: Scene) -> None:
    """What is scheduled is taken back, with a receipt, and the SMSC never sees it; a second time it is too late."""
    smsc, esme = _stand(scene)
    message_id = _submitted(esme, _scheduled())
    assert esme.ask(CANCEL_SM, b"\0" + message_id + SOURCE + DEST).status == 0
    wait("its receipt", lambda: _pumped(esme) == [message_id[:-1].decode()])
    assert _state(esme, message_id) == DELETED
    assert esme.ask(CANCEL_SM, b"\0" + message_id + SOURCE + DEST).status == 0x11
    assert esme.unbind() == 0
    assert smsc.submits() == []


def test_replace(scene: Scene) -> None:
    """What is scheduled gets another text and leaves at another time, under its old id."""
    smsc, esme = _stand(scene)
    message_id = _submitted(esme, _scheduled(b"The first text"))
    soon = time.strftime("%y%m%d%H%M%S000+", time.gmtime(time.time() + 2)).encode()
    text = b"The second text"
    body = message_id + SOURCE + soon + b"\0\0" + bytes((1, 0, len(text))) + text
    assert esme.ask(REPLACE_SM, body).status == 0
    [sent] = smsc.wait_texts(1)
    assert sent.text == "The second text"
    wait("its receipt", lambda: _pumped(esme) == [message_id[:-1].decode()])
    assert esme.ask(REPLACE_SM, body).status == 0x13
    assert esme.unbind() == 0


def test_submit_multi(scene: Scene) -> None:
    """Every good destination gets it; the bad one is told with its own status (s4.5.2)."""
    smsc, esme = _stand(scene)
    dests = b"".join(b"\1\1\1" + number + b"\0" for number in (b"306900000001", b"12", b"306900000003"))
    body = b"\0" + SOURCE + b"\3" + dests + b"\0\0\0" + b"\0\0" + bytes((1, 0, 0, 0, 5)) + b"Hello"
    answer = esme.ask(SUBMIT_MULTI, body)
    assert answer.status == 0
    message_id, _, rest = answer.body.partition(b"\0")
    assert message_id
    assert rest == b"\1\1\1" + b"12\0" + struct.pack(">I", 0x0B)
    assert {text.dest for text in smsc.wait_texts(2)} == {"+306900000001", "+306900000003"}
    assert esme.unbind() == 0


def test_data_sm(scene: Scene) -> None:
    """Its message_payload is sent, its answer has an id and its receipt too."""
    smsc, esme = _stand(scene)
    text = b"By another command"
    body = b"\0" + SOURCE + DEST + bytes((0, 1, 0)) + struct.pack(">HH", 0x0424, len(text)) + text
    answer = esme.ask(DATA_SM, body)
    assert (answer.command, answer.status) == (DATA_SM | RESPONSE, 0)
    [sent] = smsc.wait_texts(1)
    assert sent.text == "By another command"
    wait("its receipt", lambda: _pumped(esme) == [answer.body.partition(b"\0")[0].decode()])
    assert esme.unbind() == 0


def test_commands_that_are_not_ours(scene: Scene) -> None:
    """Unknown ones are nacked with 0x03 under their sequence_number; what a receiver may not do is 0x04."""
    gateway = served(scene)
    esme, receiver = bound(gateway), Esme(gateway.smpp_port)
    assert receiver.bind("esme", PASSWORD, BIND_RECEIVER) == 0
    for command in (0x00000111, 0x00010200, 0x0000000A):
        answer = esme.ask(command, b"\0\0\0\0")
        assert (answer.command, answer.status) == (GENERIC_NACK, 3)
    answer = receiver.ask(SUBMIT_SM, submit_body("306900000001", b"Hello"))
    assert (answer.command, answer.status) == (SUBMIT_SM | RESPONSE, 4)
    assert esme.probe() == receiver.probe() == 0
    assert esme.unbind() == receiver.unbind() == 0
    check_sound(gateway)


def _stand(scene: Scene) -> tuple[Smsc, Esme]:
    smsc = scene.smsc()
    credentials = [{"kind": "smpp", "system_id": "esme", "secret": PASSWORD}]
    return smsc, bound(scene.gateway(smsc, smpp={}, tenant={"credentials": credentials}))


def _pumped(esme: Esme) -> list[str]:
    esme.pump(0.05)
    return esme.receipts
