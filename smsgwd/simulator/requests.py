"""What the simulated SMSC does with each request of an ESME: submit, query, cancel, replace."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from smsgwd.simulator.faults import NO_FAULT
from smsgwd.simulator.message import SmscMessage
from smsgwd.simulator.receipts import address
from smsgwd.simulator.record import SubmitLine
from smsgwd.simulator.tempers import DROP, MUTE, SHUFFLE, STALL, STRAY, TWICE, UNANSWERED, WRONG_ID, stray
from smsgwd.smpp import pdu as p
from smsgwd.smpp import tags as t
from smsgwd.smpp.fields import SmeDestination, Unsuccess
from smsgwd.smpp.status import (
    ESME_RCANCELFAIL,
    ESME_RINVDLNAME,
    ESME_RINVDSTADR,
    ESME_ROK,
    ESME_RQUERYFAIL,
    ESME_RREPLACEFAIL,
    ESME_RSYSERR,
)
from smsgwd.smpp.tables import response_to

if TYPE_CHECKING:
    from smsgwd.simulator.link import SmscLink
    from smsgwd.simulator.smsc import Smsc

Address = tuple[int, int, bytes]
Submit = p.SubmitSm | p.DataSm | p.SubmitMulti


class Requests:
    """The handlers, by PDU class. Requests for anything else were refused by the session."""

    def __init__(self, smsc: "Smsc") -> None:
        self._smsc = smsc
        self._mute = smsc.options.mute
        self._handlers: dict[type[p.Pdu], Callable[[SmscLink, Any], None]] = {
            p.SubmitSm: self._submit,
            p.DataSm: self._submit,
            p.SubmitMulti: self._submit_multi,
            p.QuerySm: self._query,
            p.CancelSm: self._cancel,
            p.ReplaceSm: self._replace,
        }

    def handle(self, link: "SmscLink", pdu: p.Pdu) -> None:
        """Handle one request that came over `link`."""
        handler = self._handlers.get(type(pdu))
        if handler is None:
            link.respond(response_to(pdu.command_id, pdu.sequence, ESME_RSYSERR))
        else:
            handler(link, pdu)

    # ------------------------------------------------------------------ submit_sm, data_sm
    def _submit(self, link: "SmscLink", pdu: p.SubmitSm | p.DataSm) -> None:
        smsc = self._smsc
        stats = smsc.stats
        now = smsc.monotonic()
        stats.submits += 1
        if stats.first_submit is None:
            stats.first_submit = now
        stats.last_submit = now
        fault = link.faults.next() if link.faults.active else NO_FAULT
        temper = smsc.tempers.submit() if smsc.tempers.active else ""
        answered = fault.answered and not self._mute and temper != MUTE and temper != DROP
        status = smsc.behaviour.answer(now, pdu.destination_addr)
        if status == ESME_ROK and not pdu.destination_addr:
            status = ESME_RINVDSTADR
        message = None
        if status != ESME_ROK:
            stats.refused[status] += 1
        elif fault.accepted and not self._mute and (temper not in (MUTE, DROP) or smsc.tempers.taken()):
            dest = (pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr)
            message = self._accept(link, pdu, dest, now, answered and temper not in UNANSWERED, temper)
        if not answered:
            stats.unanswered += 1
            if message is not None:
                smsc.schedule_receipts(link, message, now)
        else:
            self._answer(link, pdu, status, message, now, temper)
        if fault.garbage:
            link.write_garbage(fault.garbage)
        if temper:
            stats.faults[temper] += 1
            if temper == STALL:
                link.stall(smsc.tempers.stall_s)
        if fault.drop or temper == DROP:
            link.drop()

    def _answer(
        self,
        link: "SmscLink",
        pdu: p.SubmitSm | p.DataSm,
        status: int,
        message: SmscMessage | None,
        now: float,
        temper: str,
    ) -> None:
        message_id = message.id if message is not None else b""
        response: p.MessageIdResp
        if isinstance(pdu, p.SubmitSm):
            response = p.SubmitSmResp(sequence=pdu.sequence, status=status, message_id=message_id)
        else:
            response = p.DataSmResp(sequence=pdu.sequence, status=status, message_id=message_id)
        smsc = self._smsc
        if temper == STRAY:
            response.sequence = stray(pdu.sequence)
        later = smsc.tempers.shuffle_s if temper == SHUFFLE else 0.0
        if message is not None and message.fate.before_response:
            smsc.receipt_first(link, message, now)
            smsc.respond(link, response, now, later)
        else:
            smsc.respond(link, response, now, later)
            if message is not None:
                smsc.schedule_receipts(link, message, now)
        if temper == TWICE:
            smsc.respond(link, response, now)

    def _accept(
        self, link: "SmscLink", pdu: Submit, dest: Address, now: float, answered: bool, temper: str = ""
    ) -> SmscMessage:
        """Take a message: give it an id and a fate, count it, record it, show it."""
        smsc = self._smsc
        source = (pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr)
        payload = pdu.tlv_bytes(t.MESSAGE_PAYLOAD) if pdu.tlvs else None
        body = payload if payload is not None else b"" if isinstance(pdu, p.DataSm) else pdu.short_message
        sar = _sar(pdu) if pdu.tlvs else None
        wall = smsc.wall()
        message_id, receipt_id = smsc.next_ids()
        wrong = ""
        receipt_temper = smsc.tempers.receipt()
        if receipt_temper:
            smsc.stats.faults[receipt_temper] += 1
            if receipt_temper == WRONG_ID:
                receipt_id = smsc.wrong_id(receipt_id)
                wrong = receipt_id.decode()
        fate = smsc.behaviour.fate(dest[2])
        due = now + fate.delay
        registered = pdu.registered_delivery
        message = SmscMessage(
            message_id, receipt_id, source, dest, body, pdu.data_coding, registered, fate, due, wall, receipt_temper
        )
        smsc.remember(message)
        smsc.stats.accept(hash((source[2], dest[2], pdu.esm_class, pdu.data_coding, body, sar)))
        if smsc.recorder is not None:
            smsc.record(
                SubmitLine(
                    at=wall,
                    id=message_id.decode(),
                    source=address(*source),
                    dest=address(*dest),
                    esm_class=pdu.esm_class,
                    data_coding=pdu.data_coding,
                    registered_delivery=registered,
                    body=body.hex(),
                    due=wall + fate.delay,
                    system_id=link.system_id,
                    udh=_udh(pdu.esm_class, body),
                    sar="/".join(map(str, sar)) if sar else "",
                    answered=answered,
                    validity="" if isinstance(pdu, p.DataSm) else pdu.validity_period.decode("latin-1"),
                    command=pdu.name,
                    link=link.number,
                    stat="" if fate.stat == "DELIVRD" else fate.stat,
                    fault=",".join(filter(None, (temper, receipt_temper))),
                    receipt=wrong,
                )
            )
        if smsc.shower is not None:
            head = f"[{link.system_id} {message_id.decode()}]"
            smsc.shower.show(head, address(*source), address(*dest), pdu.esm_class, pdu.data_coding, body, sar, now)
        return message

    # ------------------------------------------------------------------ submit_multi
    def _submit_multi(self, link: "SmscLink", pdu: p.SubmitMulti) -> None:
        """Each destination is a message; the response carries the first one's id (SMPP 3.4 s4.5.2)."""
        smsc = self._smsc
        now = smsc.monotonic()
        accepted: list[SmscMessage] = []
        refused: list[Unsuccess] = []
        for dest in pdu.dest_addresses:
            smsc.stats.submits += 1
            if not isinstance(dest, SmeDestination):
                status, where = ESME_RINVDLNAME, Unsuccess(0, 0, dest.dl_name, ESME_RINVDLNAME)
            else:
                status = smsc.behaviour.answer(now, dest.addr) if dest.addr else ESME_RINVDSTADR
                where = Unsuccess(dest.ton, dest.npi, dest.addr, status)
            if status != ESME_ROK:
                smsc.stats.refused[status] += 1
                refused.append(where)
            elif not self._mute and isinstance(dest, SmeDestination):
                accepted.append(self._accept(link, pdu, (dest.ton, dest.npi, dest.addr), now, True))
        if self._mute:
            smsc.stats.unanswered += len(pdu.dest_addresses)
            return
        first = accepted[0].id if accepted else b""
        response = p.SubmitMultiResp(sequence=pdu.sequence, message_id=first, unsuccess_smes=tuple(refused))
        smsc.respond(link, response, now)
        for message in accepted:
            smsc.schedule_receipts(link, message, now)

    # ------------------------------------------------------------------ query_sm, cancel_sm, replace_sm
    def _query(self, link: "SmscLink", pdu: p.QuerySm) -> None:
        smsc = self._smsc
        smsc.stats.queries += 1
        now = smsc.monotonic()
        message = smsc.find(pdu.message_id)
        if message is None:
            smsc.respond(link, p.QuerySmResp(sequence=pdu.sequence, status=ESME_RQUERYFAIL), now)
            return
        smsc.respond(link, smsc.query_response(message, pdu.sequence, now), now)

    def _cancel(self, link: "SmscLink", pdu: p.CancelSm) -> None:
        smsc = self._smsc
        smsc.stats.cancels += 1
        now = smsc.monotonic()
        message = smsc.find(pdu.message_id)
        status = ESME_RCANCELFAIL
        if message is not None and now < message.due:
            smsc.cancel(link, message, now)
            status = ESME_ROK
        smsc.respond(link, p.CancelSmResp(sequence=pdu.sequence, status=status), now)

    def _replace(self, link: "SmscLink", pdu: p.ReplaceSm) -> None:
        smsc = self._smsc
        smsc.stats.replaces += 1
        now = smsc.monotonic()
        message = smsc.find(pdu.message_id)
        status = ESME_RREPLACEFAIL
        if message is not None and now < message.due:
            message.body = pdu.short_message
            message.registered_delivery = pdu.registered_delivery
            status = ESME_ROK
        smsc.respond(link, p.ReplaceSmResp(sequence=pdu.sequence, status=status), now)


def _sar(pdu: p.Pdu) -> tuple[int, int, int] | None:
    ref = pdu.tlv_int(t.SAR_MSG_REF_NUM)
    total = pdu.tlv_int(t.SAR_TOTAL_SEGMENTS)
    seq = pdu.tlv_int(t.SAR_SEGMENT_SEQNUM)
    return None if ref is None or total is None or seq is None else (ref, total, seq)


def _udh(esm_class: int, body: bytes) -> str:
    return body[: body[0] + 1].hex() if esm_class & 0x40 and body else ""
