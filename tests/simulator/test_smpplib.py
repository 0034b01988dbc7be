"""The simulated SMSC with an independent client: smpplib, in a thread of its own."""

import logging
import time
from typing import Any

import smpplib.client
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from tests.simulator.esme import Bench


def _converse(port: int, messages: int) -> tuple[list[bytes], list[tuple[bytes, bytes, int]]]:
    """Bind, submit, read every receipt, unbind; the ids answered, and (text, TLV id, esm_class) of the receipts."""
    logging.getLogger("smpplib").setLevel(logging.CRITICAL)
    client = smpplib.client.Client("127.0.0.1", port, allow_unknown_opt_params=True)
    answered: list[bytes] = []
    receipts: list[tuple[bytes, bytes, int]] = []

    def received(pdu: Any) -> int:
        receipts.append((pdu.short_message, pdu.receipted_message_id, pdu.esm_class))
        return 0

    client.set_message_sent_handler(lambda pdu: answered.append(pdu.message_id))
    client.set_message_received_handler(received)
    client.connect()
    client.bind_transceiver(system_id="gw", password="gw")
    for number in range(messages):
        client.send_message(
            source_addr_ton=5, source_addr="iSMS", dest_addr_ton=1, dest_addr_npi=1,
            destination_addr=f"3069{number}", short_message=b"hello", registered_delivery=True,
        )  # fmt: skip
    end = time.monotonic() + 8
    while len(receipts) < messages and time.monotonic() < end:
        client.read_once()
    client.unbind()
    client.disconnect()
    return answered, receipts


class Smpplib(TestCase):
    timeout = 12

    def test_binds_submits_and_gets_receipts(self) -> Deferred[Any]:
        smsc, port = Bench(self).smsc(receipt_delay_ms=20)

        def check(found: tuple[list[bytes], list[tuple[bytes, bytes, int]]]) -> None:
            answered, receipts = found
            assert len(answered) == len(set(answered)) == 20
            assert [tlv for _, tlv, _ in receipts] == answered
            assert all(text.startswith(b"id:" + tlv + b" ") and b" stat:DELIVRD " in text for text, tlv, _ in receipts)
            assert {esm_class for _, _, esm_class in receipts} == {4}
            assert smsc.stats.binds == 1 and smsc.stats.receipts_acked >= 19

        return deferToThread(_converse, port, 20).addCallback(check)
