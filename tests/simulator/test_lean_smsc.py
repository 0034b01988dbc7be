"""The lean SMSC answers a plain ESME as the full one does."""

import socket

import pytest

from smsgwd.simulator.esme import Esme, EsmeError
from smsgwd.smpp import pdu as p
from smsgwd.smpp.constants import MessageState
from smsgwd.smpp.receipt import parse_receipt
from smsgwd.smpp.status import ESME_RINVBNDSTS, ESME_RINVCMDID


def test_a_submit_gets_its_id_and_its_receipt(lean):
    smsc = lean()
    with Esme(smsc.address) as esme:
        bound = esme.bind("gw", "gw")
        assert bound.system_id == b"simulator"
        first = esme.submit("306900000007", b"one")
        second = esme.submit("306900000008", b"two")
        assert first != second
        for message_id, dest in ((first, b"306900000007"), (second, b"306900000008")):
            pdu = esme.next_delivery()
            receipt = parse_receipt(pdu)
            assert (receipt.message_id, receipt.state, receipt.final) == (message_id, MessageState.DELIVERED, True)
            assert f"id:{message_id} ".encode() in pdu.short_message
            assert (pdu.esm_class, pdu.source_addr, pdu.source_addr_ton) == (4, dest, 1)
            assert (pdu.destination_addr, pdu.dest_addr_ton) == (b"iSMS", 5)
        esme.unbind()
    found = smsc.service.summary()
    assert (found["accepted"], found["unique_messages"], found["duplicates"]) == (2, 2, 0)
    assert found["receipts_sent"] == found["receipts_acked"] == 2
    assert smsc.service.report.copies[7] == 1 and smsc.service.report.sent[8] > 0


def test_no_receipt_unasked_and_duplicates_are_counted(lean):
    smsc = lean()
    with Esme(smsc.address) as esme:
        esme.bind("gw", "gw")
        esme.submit("306900000001", b"one", registered=0)
        esme.submit("306900000001", b"one", registered=0)
        esme.request(p.EnquireLink())
        assert not esme.delivered
    assert smsc.service.stats.duplicates == 1 and smsc.service.stats.receipts_sent == 0


def test_a_receipt_waits_for_a_bind_that_receives_and_comes_again_when_it_is_lost(lean):
    smsc = lean()
    with Esme(smsc.address) as sender:
        sender.bind("gw", "gw", "transmitter")
        message_id = sender.submit("306900000001", b"one")
        sender.request(p.EnquireLink())
        assert smsc.service.summary()["receipts_waiting"] == 1
        # a peer that never acknowledges, then goes
        mute = Esme(smsc.address)
        mute._take = lambda pdu: mute._answers.__setitem__(pdu.sequence, pdu)  # type: ignore[method-assign]
        mute.bind("gw", "gw", "receiver")
        mute.request(p.EnquireLink())
        mute.close()
        with Esme(smsc.address) as receiver:
            receiver.bind("gw", "gw", "receiver")
            assert message_id.encode() in receiver.next_delivery().short_message
            receiver.request(p.EnquireLink())
    assert smsc.service.stats.receipts_redelivered == 1 and smsc.service.stats.receipts_acked == 1


def test_the_window_and_the_delay_of_receipts(lean):
    smsc = lean(window=2, delay_s=0.05)
    with Esme(smsc.address) as esme:
        esme.bind("gw", "gw")
        ids = [esme.submit(f"3069{n:08d}", b"x") for n in range(5)]
        assert not esme.delivered
        got = [esme.next_delivery().short_message for _ in ids]
    assert [message_id.encode() in text for message_id, text in zip(ids, got, strict=True)] == [True] * 5


def test_what_is_not_done(lean):
    smsc = lean()
    with Esme(smsc.address) as esme:
        assert esme.request(p.SubmitSm(destination_addr=b"1")).status == ESME_RINVBNDSTS
        esme.bind("gw", "gw")
        assert esme.request(p.BindReceiver(system_id=b"gw")).status == ESME_RINVBNDSTS
        assert esme.request(p.QuerySm(message_id=b"1")).status == ESME_RINVCMDID


@pytest.mark.parametrize("octets", [b"GET / HTTP/1.1\r\n\r\n", b"\x00\x00\x00\x05" + bytes(20)])
def test_garbage_ends_the_connection_alone(lean, octets):
    smsc = lean()
    with socket.create_connection(smsc.address, timeout=5) as sock:
        sock.sendall(octets)
        assert sock.recv(100) == b""
    with Esme(smsc.address) as esme:
        esme.bind("gw", "gw")


def test_nothing_listens_any_more(lean):
    smsc = lean()
    smsc.stop()
    with pytest.raises(EsmeError, match="no connection"):
        Esme(smsc.address, timeout_s=1)
