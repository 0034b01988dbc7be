"""Carriers that misbehave, one class each; what becomes of messages sent to them stands in `expected`."""

from __future__ import annotations

import random
import threading
import time
from typing import ClassVar

from tests.southbound.evil_smsc import (
    ALERT_NOTIFICATION,
    BIND_TRANSCEIVER,
    BROADCAST_SM,
    DATA_SM,
    ENQUIRE_LINK,
    GENERIC_NACK,
    OUTBIND,
    RESP,
    SUBMIT_SM,
    UNBIND,
    EvilSmsc,
    Line,
    Pdu,
    deliver,
    destination,
    pdu,
    receipt_text,
    tlv,
)


class Carrier(EvilSmsc):
    """As it stands: well-behaved."""

    expected: ClassVar[str] = "delivered"


class BindRespWithoutBody(Carrier):
    """bind_resp is a header."""

    def on_bind(self, line: Line, bind: Pdu) -> None:
        line.send(pdu(bind.command | RESP, 0, bind.sequence))


class BindRespWithTlvs(Carrier):
    """bind_resp with known, unknown and torn TLVs."""

    def on_bind(self, line: Line, bind: Pdu) -> None:
        body = b"evil\0" + tlv(0x0210, b"") + tlv(0x1400, b"zz") + b"\x02"
        line.send(pdu(bind.command | RESP, 0, bind.sequence, body))


class Outbinds(Carrier):
    """outbind as soon as we are connected."""

    def on_connect(self, line: Line) -> None:
        line.send(pdu(OUTBIND, 0, 1, b"a\0b\0"))


class ReceiptsBeforeBindResp(Carrier):
    """A backlog of receipts before the bind is answered."""

    def on_bind(self, line: Line, bind: Pdu) -> None:
        for number in range(40):
            line.deliver("306900000000", receipt_text(f"old{number}"))
        super().on_bind(line, bind)


class ShuffledAnswers(Carrier):
    """submit_sm_resp in any order."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[Pdu] = []

    def on_submit(self, line: Line, submit: Pdu) -> None:
        self._kept.append(submit)
        if len(self._kept) == 6:
            kept, self._kept = self._kept, []
            random.shuffle(kept)
            for each in kept:
                super().on_submit(line, each)


class EverythingTwice(Carrier):
    """Two answers with two ids, three receipts that contradict each other."""

    def on_submit(self, line: Line, submit: Pdu) -> None:
        smsc_id, number = self.new_id(), destination(submit)
        for given in (smsc_id, smsc_id, f"{smsc_id}x"):
            self.accept(line, submit, given)
        for stat in ("DELIVRD", "UNDELIV", "DELIVRD", "EXPIRED"):
            line.deliver(number, receipt_text(smsc_id, stat))


class ReceiptFirst(Carrier):
    """The receipt comes before the answer."""

    def on_submit(self, line: Line, submit: Pdu) -> None:
        smsc_id = self.new_id()
        line.deliver(destination(submit), receipt_text(smsc_id))
        self.accept(line, submit, smsc_id)


class LongIds(Carrier):
    """Ids of 64 octets, and of 200."""

    def on_submit(self, line: Line, submit: Pdu) -> None:
        smsc_id = self.new_id()
        smsc_id = smsc_id.rjust(64 if smsc_id[-1] in "02468" else 200, "a")
        self.accept(line, submit, smsc_id)
        line.deliver(destination(submit), b"", tlvs=tlv(0x0424, receipt_text(smsc_id)))


class OddIds(Carrier):
    """Ids of any octets but NUL, and TLVs alone."""

    def on_submit(self, line: Line, submit: Pdu) -> None:
        smsc_id = b"\xff\xfe\x01 \x80" + self.new_id().encode() + b"\r\n\t\x7f"
        self.accept(line, submit, smsc_id)
        line.deliver(destination(submit), b"", tlvs=tlv(0x001E, smsc_id) + tlv(0x0427, b"\x02"))


class HexThenDecimal(Carrier):
    """The answer has the id in hexadecimal, the receipt in decimal with zeros in front."""

    def on_submit(self, line: Line, submit: Pdu) -> None:
        number = 0xABC000 + int(self.new_id()[1:])
        self.accept(line, submit, f"{number:X}")
        line.deliver(destination(submit), receipt_text(f"{number:010}"))


class OddReceipts(Carrier):
    """Every way to send a receipt, garbage between them."""

    def on_submit(self, line: Line, submit: Pdu) -> None:
        smsc_id, number = self.new_id(), destination(submit)
        self.accept(line, submit, smsc_id)
        line.deliver(number, bytes(range(256))[1:200])
        line.deliver(number, receipt_text(smsc_id, "ENROUTE"), esm_class=0x20)
        for stat in ("ACCEPTD", "UNKNOWN", "BUFFRED", "WHATEVER"):
            line.deliver(number, receipt_text(smsc_id, stat))
        line.deliver("306911111111", receipt_text(f"nobody-{smsc_id}"))
        text = receipt_text(smsc_id)
        which = int(smsc_id[1:]) % 7
        if which == 0:
            line.deliver(number, text, command=DATA_SM)
        elif which == 1:
            line.deliver(number, b"\x05\0\3\1\1\1" + text, esm_class=0x44)
        elif which == 2:
            line.deliver(number, text, esm_class=0x44)
        elif which == 3:
            line.deliver(number, text.ljust(255, b"\xe9"))
        elif which == 4:
            line.deliver(number, text, esm_class=0)
        elif which == 5:
            line.deliver(number, text.replace(b"id:", b"ID:").replace(b"stat:DELIVRD", b"Stat: delivered"))
        else:
            line.deliver(number, b"", tlvs=tlv(0x0424, text + bytes(range(128, 190))))


class Chatter(Carrier):
    """Thousands of PDUs that nobody asked for, around each answer."""

    def on_submit(self, line: Line, submit: Pdu) -> None:
        number = submit.sequence
        line.deliver("306900000001", b"hello", esm_class=0)  # MO
        line.send(pdu(ENQUIRE_LINK, 0, number) * 1000)
        line.send(pdu(SUBMIT_SM | RESP, 0, 10**8, b"x\0") * 300)
        for command in (SUBMIT_SM, BROADCAST_SM, ALERT_NOTIFICATION, OUTBIND, BIND_TRANSCEIVER, 0x99, 0x80000099):
            line.send(pdu(command, 0, number, b"a\0b\0") * 50)
        super().on_submit(line, submit)


class OneOctetAtATime(Carrier):
    """Writes octet by octet."""

    def on_submit(self, line: Line, submit: Pdu) -> None:
        smsc_id = self.new_id()
        answer = pdu(SUBMIT_SM | RESP, 0, submit.sequence, smsc_id.encode() + b"\0")
        for octet in answer + deliver(destination(submit), receipt_text(smsc_id)):
            line.send(bytes((octet,)))


class BreaksTheLink(Carrier):
    """Mid-window: RST, a lying command_length in both directions, FIN, unbind."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    def on_submit(self, line: Line, submit: Pdu) -> None:
        self._count += 1
        if self._count == 2:
            line.reset()
        elif self._count == 5:
            line.send(b"\x7f\xff\xff\xff\0\0\0\x05")
        elif self._count == 8:
            line.send(b"\0\0\0\x04\0\0\0\x05")
        elif self._count == 11:
            line.close()
        else:
            super().on_submit(line, submit)
            if self._count == 14:
                line.send(pdu(UNBIND, 0, 999))


class NacksThatSayOk(Carrier):
    """The first answer to each message is a generic_nack with ESME_ROK."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[str] = set()

    def on_submit(self, line: Line, submit: Pdu) -> None:
        number = destination(submit)
        if number in self._seen or int(number[-2:]) >= 2:
            super().on_submit(line, submit)
        else:
            self._seen.add(number)
            line.send(pdu(GENERIC_NACK, 0, submit.sequence))


class AnswersLate(Carrier):
    """Answers, and sends the receipt, when the response time is over: at first."""

    def on_submit(self, line: Line, submit: Pdu) -> None:
        smsc_id = self.new_id()

        def late() -> None:
            self.accept(line, submit, smsc_id)
            line.deliver(destination(submit), receipt_text(smsc_id))

        timer = threading.Timer(2.0, late)
        timer.daemon = True
        timer.start()


class CostlyMessage(Carrier):
    """One recipient is answered ESME_RINVBNDSTS each time."""

    def on_submit(self, line: Line, submit: Pdu) -> None:
        if destination(submit).endswith("00") and len(self.lines) < 4:
            line.send(pdu(SUBMIT_SM | RESP, 4, submit.sequence))
        else:
            super().on_submit(line, submit)


class NoIds(Carrier):
    """Says yes without an id; then a receipt for id 0."""

    expected = "sent"

    def on_submit(self, line: Line, submit: Pdu) -> None:
        line.send(pdu(SUBMIT_SM | RESP, 0, submit.sequence, b"" if submit.sequence % 2 else b"\0"))
        line.deliver(destination(submit), receipt_text("0"))


class VendorStatus(Carrier):
    """Refuses with statuses of its own, each time another."""

    expected = "rejected"

    def on_submit(self, line: Line, submit: Pdu) -> None:
        line.send(pdu(SUBMIT_SM | RESP, 0x412 + 0x10000 * submit.sequence, submit.sequence, b"id\0"))


class Stuck(Carrier):
    """Nothing gets through."""

    expected = "queued"


class NeverBinds(Stuck):
    """Accepts TCP and says nothing."""

    def on_bind(self, line: Line, bind: Pdu) -> None:
        pass


class BindRespOfAnother(Stuck):
    """Answers the bind under a wrong number."""

    def on_bind(self, line: Line, bind: Pdu) -> None:
        line.send(pdu(bind.command | RESP, 0, bind.sequence + 7, b"x\0"))


class ClosesAfterBind(Stuck):
    """Lets us in and closes."""

    def on_bind(self, line: Line, bind: Pdu) -> None:
        super().on_bind(line, bind)
        line.close()


class NacksTheBind(Stuck):
    """generic_nack to the bind."""

    def on_bind(self, line: Line, bind: Pdu) -> None:
        line.send(pdu(GENERIC_NACK, 3, bind.sequence))


class RefusesForNow(Stuck):
    """ESME_RSYSERR, with a body."""

    def on_bind(self, line: Line, bind: Pdu) -> None:
        line.send(pdu(bind.command | RESP, 8, bind.sequence, b"evil\0" + tlv(0x0210, b"\x34")))


class RefusesThePassword(Stuck):
    """ESME_RINVPASWD."""

    def on_bind(self, line: Line, bind: Pdu) -> None:
        line.send(pdu(bind.command | RESP, 0x0E, bind.sequence))


class SpeaksHttp(Stuck):
    """An HTTP answer."""

    def on_connect(self, line: Line) -> None:
        line.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


class SpeaksTls(Stuck):
    """A TLS alert."""

    def on_connect(self, line: Line) -> None:
        line.send(bytes.fromhex("15030100020246"))
        line.close()


class NeverAnswers(Stuck):
    """Keeps the link alive and answers no submit_sm."""

    def on_submit(self, line: Line, submit: Pdu) -> None:
        pass


class Frozen(Stuck):
    """Stops after the bind like a process under SIGSTOP."""

    def on_bind(self, line: Line, bind: Pdu) -> None:
        super().on_bind(line, bind)
        while not self.over and line.established:
            time.sleep(0.1)


class AsksAndNeverReads(Stuck):
    """Sends enquire_link after enquire_link and reads nothing."""

    def on_bind(self, line: Line, bind: Pdu) -> None:
        super().on_bind(line, bind)
        number = 0
        while not self.over and line.established:
            number += 1
            line.send(pdu(ENQUIRE_LINK, 0, number))
            time.sleep(0.05)


class ThrottlesForEver(Stuck):
    """ESME_RTHROTTLED to everything."""

    def on_submit(self, line: Line, submit: Pdu) -> None:
        line.send(pdu(SUBMIT_SM | RESP, 0x58, submit.sequence))


class FailsForEver(Stuck):
    """ESME_RSYSERR to everything."""

    def on_submit(self, line: Line, submit: Pdu) -> None:
        line.send(pdu(SUBMIT_SM | RESP, 8, submit.sequence))


def _all(kind: type[Carrier]) -> list[type[Carrier]]:
    return [found for each in kind.__subclasses__() for found in (each, *_all(each))]


CARRIERS: list[type[Carrier]] = [Carrier, *(each for each in _all(Carrier) if each is not Stuck)]
