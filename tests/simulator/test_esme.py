"""The blocking ESME: its steps work, and a step that fails says which one."""

import pytest

from smsgwd.simulator.esme import Esme, EsmeError
from smsgwd.smpp import pdu as p
from smsgwd.smpp.codec import encode


def test_it_binds_in_every_mode_and_unbinds(lean):
    for mode in ("transmitter", "receiver", "transceiver"):
        with Esme(lean().address) as esme:
            assert type(esme.bind("gw", "gw", mode)).__name__ == f"Bind{mode.capitalize()}Resp"
            esme.unbind()


def test_a_refusal_names_the_step_and_the_status(scripted_smsc):
    address = scripted_smsc(lambda pdu: p.BindTransceiverResp(sequence=pdu.sequence, status=0x0E))
    with Esme(address) as esme, pytest.raises(EsmeError, match=r"bind_transceiver as demo .* ESME_RINVPASWD"):
        esme.bind("demo", "wrong")


def test_no_answer(scripted_smsc):
    with (
        Esme(scripted_smsc(lambda pdu: None), timeout_s=0.1) as esme,
        pytest.raises(EsmeError, match="no answer to Enquire"),
    ):
        esme.request(p.EnquireLink())


def test_hung_up(scripted_smsc):
    def hang_up(pdu):
        raise EOFError

    with Esme(scripted_smsc(hang_up)) as esme, pytest.raises(EsmeError, match="closed by the peer"):
        esme.request(p.EnquireLink())


def test_what_is_no_smpp(scripted_smsc):
    with Esme(scripted_smsc(lambda pdu: b"HTTP/1.1 400 no\r\n\r\n")) as esme, pytest.raises(EsmeError, match="no SMPP"):
        esme.request(p.EnquireLink())


def test_a_malformed_request_of_the_peer(scripted_smsc):
    broken = b"\x00\x00\x00\x12\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x01ab"
    with Esme(scripted_smsc(lambda pdu: broken)) as esme, pytest.raises(EsmeError, match="malformed PDU"):
        esme.request(p.EnquireLink())


def test_what_is_delivered_is_answered_and_kept(scripted_smsc):
    seen = []

    def script(pdu):
        seen.append(pdu)
        if isinstance(pdu, p.EnquireLink):
            requests = (
                p.DeliverSm(sequence=7, short_message=b"hi"),
                p.DataSm(sequence=8, data_coding=4),
                p.EnquireLink(sequence=9),
            )
            return b"".join(map(encode, requests)) + encode(p.EnquireLinkResp(sequence=pdu.sequence))
        return b""

    with Esme(scripted_smsc(script), timeout_s=5) as esme:
        esme.request(p.EnquireLink())
        assert esme.next_delivery().short_message == b"hi" and isinstance(esme.next_delivery(), p.DataSm)
        with pytest.raises(EsmeError, match="nothing was delivered"):
            esme.next_delivery(0.2)
    assert [(type(pdu), pdu.sequence) for pdu in seen[1:]] == [
        (p.DeliverSmResp, 7),
        (p.DataSmResp, 8),
        (p.EnquireLinkResp, 9),
    ]
