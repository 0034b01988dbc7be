"""query_sm, cancel_sm and replace_sm: what an ESME asks of messages it has submitted (SMPP 3.4 s4.8, s4.9, s4.10).

A message of another tenant is one that does not exist. The id of a submit_multi stands for all its messages.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smsgwd.model.message import Message, MessageView, State
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.northbound.esme.dialogue import Dialogue
from smsgwd.northbound.esme.times import Untranslatable
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import StoreUnavailable
from smsgwd.ports.submit import Esmes, Messages
from smsgwd.smpp import status as s
from smsgwd.smpp.constants import VERSION_5_0, MessageState
from smsgwd.smpp.pdu import CancelSm, CancelSmResp, Pdu, QuerySm, QuerySmResp, ReplaceSm, ReplaceSmResp
from smsgwd.telemetry import get_logger
from smsgwd.timespec.smpp_time import compose_absolute

_STATES: Final = {
    State.SCHEDULED: MessageState.ENROUTE,  # SMPP 3.4 has no word for it, see `_state`
    State.WAITING: MessageState.ENROUTE,
    State.QUEUED: MessageState.ENROUTE,
    State.SENT: MessageState.ENROUTE,
    State.DELIVERED: MessageState.DELIVERED,
    State.UNDELIVERED: MessageState.UNDELIVERABLE,
    State.EXPIRED: MessageState.EXPIRED,
    State.REJECTED: MessageState.REJECTED,
    State.CANCELLED: MessageState.DELETED,
    State.UNKNOWN: MessageState.UNKNOWN,
}
_LONGEST_ID: Final = 19  # digits of a 63-bit number
_AT_ONCE: Final = 16  # of one bind
_INTERNATIONAL: Final = 1  # type of number (s5.2.5)
_log = get_logger("esme")


class _Line:
    """The commands of one bind: those that are being done, by message_id, and what waits."""

    __slots__ = ("going_on", "running", "waiting")

    def __init__(self) -> None:
        self.running: set[bytes] = set()
        self.waiting: deque[Any] = deque()  # QuerySm, CancelSm, ReplaceSm
        self.going_on = False


class Commands:
    """Each is a few reads of the store, and none of them is on the hot path.

    Of one bind a few are done at a time, those about one message in the order in which they came: so a flood of them
    costs the others little, and what an ESME asks in one breath (replace, then cancel) is done as it says.
    """

    def __init__(self, messages: Messages, esmes: Esmes, clock: Clock) -> None:
        self._messages = messages
        self._esmes = esmes
        self._clock = clock
        self._lines: dict[Dialogue, _Line] = {}
        self._handlers: dict[type[Pdu], Callable[[Dialogue, Any], Awaitable[Pdu]]] = {
            QuerySm: self._query,
            CancelSm: self._cancel,
            ReplaceSm: self._replace,
        }

    def take(self, dialogue: Dialogue, pdu: Pdu) -> None:
        """Do it, and answer; what none of them is gets 0x03."""
        if type(pdu) not in self._handlers:
            dialogue.refuse(pdu, s.ESME_RINVCMDID)
            return
        line = self._lines.get(dialogue)
        if line is None:
            line = self._lines[dialogue] = _Line()
        line.waiting.append(pdu)
        self._go_on(dialogue, line)

    def _go_on(self, dialogue: Dialogue, line: _Line) -> None:
        if line.going_on:  # one that is over at once comes back here
            return
        line.going_on = True
        running, waiting = line.running, line.waiting
        while waiting and len(running) < _AT_ONCE and waiting[0].message_id not in running:
            pdu = waiting.popleft()
            running.add(pdu.message_id)
            done = Deferred.fromCoroutine(self._answer(self._handlers[type(pdu)], dialogue, pdu))
            done.addBoth(self._done, dialogue, line, pdu.message_id)
        line.going_on = False
        if not running and not waiting:
            self._lines.pop(dialogue, None)

    def _done(self, result: Failure | None, dialogue: Dialogue, line: _Line, message_id: bytes) -> None:
        if result is not None:
            _log.error("esme.error", account=dialogue.bind.account.name, error=type(result.value).__name__)
        line.running.discard(message_id)
        if dialogue.gone:
            line.waiting.clear()
        self._go_on(dialogue, line)

    async def _answer(self, handler: Callable[[Dialogue, Any], Awaitable[Pdu]], dialogue: Dialogue, pdu: Pdu) -> None:
        try:
            response = await handler(dialogue, pdu)
        except Untranslatable as fault:
            dialogue.refuse(pdu, fault.status)
        except Refused as refused:
            dialogue.refuse(pdu, dialogue.statuses.of(refused.refusal.code))
        except StoreUnavailable:
            dialogue.refuse(pdu, dialogue.statuses.of(Refusal.STORE_UNAVAILABLE.code))
        except Exception as error:
            _log.error("esme.error", account=dialogue.bind.account.name, error=repr(error), exc_info=error)
            dialogue.refuse(pdu, s.ESME_RSYSERR)
        else:
            dialogue.respond(response)

    async def _query(self, dialogue: Dialogue, pdu: QuerySm) -> QuerySmResp:
        views = await self._find(dialogue, pdu.message_id, pdu.source_addr, s.ESME_RQUERYFAIL)
        version = dialogue.bind.version
        response = QuerySmResp(sequence=pdu.sequence, message_id=pdu.message_id)
        told = _telling(views)
        response.message_state = _state(told.message.state, version)
        if told.message.state.final:
            done_at = max(view.done_at or 0 for view in views)
            response.final_date = compose_absolute(datetime.fromtimestamp(done_at / 1000, UTC)).encode()
            response.error_code = _error_code(told)
        return response

    async def _cancel(self, dialogue: Dialogue, pdu: CancelSm) -> CancelSmResp:
        tenant = dialogue.bind.account.tenant
        if pdu.message_id:
            views = await self._find(dialogue, pdu.message_id, pdu.source_addr, s.ESME_RCANCELFAIL)
            if not _same(pdu.destination_addr, views[0].message.dest) and len(views) == 1:
                raise Untranslatable(s.ESME_RCANCELFAIL, "the message has another recipient")
            await self._messages.cancel(tenant, int(pdu.message_id))
            return CancelSmResp(sequence=pdu.sequence)
        if not pdu.source_addr:
            raise Untranslatable(s.ESME_RINVSRCADR, "cancel_sm without message_id needs a source_addr")
        if not pdu.destination_addr:
            raise Untranslatable(s.ESME_RINVDSTADR, "cancel_sm without message_id needs a destination_addr")
        dest = pdu.destination_addr.decode("latin-1")
        try:
            await self._esmes.cancel_by_address(
                tenant,
                pdu.source_addr.decode("latin-1"),
                f"+{dest.removeprefix('+')}" if pdu.dest_addr_ton == _INTERNATIONAL else dest,
                pdu.service_type.decode("latin-1"),
            )
        except Refused as refused:
            if refused.refusal is Refusal.NOT_FOUND:  # of a message_id, which was not given
                raise Untranslatable(s.ESME_RCANCELFAIL, "there is nothing to cancel") from None
            raise
        return CancelSmResp(sequence=pdu.sequence)

    async def _replace(self, dialogue: Dialogue, pdu: ReplaceSm) -> ReplaceSmResp:
        views = await self._find(dialogue, pdu.message_id, pdu.source_addr, s.ESME_RREPLACEFAIL)
        if len(views) > 1:
            raise Untranslatable(s.ESME_RREPLACEFAIL, "a submit_multi is not replaced as a whole")
        message: Message = views[0].message
        if message.state.final or message.state is State.SENT:
            raise Untranslatable(s.ESME_RREPLACEFAIL, "the message has left")
        item = dialogue.translator.replacement(pdu, message, self._clock.now_ms())
        try:
            entry = await self._esmes.replace(item, dialogue.bind.account.tenant, message.id)
        except Refused as refused:
            if refused.refusal is Refusal.TOO_LATE:  # its status is that of cancel_sm
                raise Untranslatable(s.ESME_RREPLACEFAIL, "the message has left") from None
            raise
        if entry.error is not None:
            raise Untranslatable(dialogue.statuses.of(entry.error.code), entry.error.code)
        return ReplaceSmResp(sequence=pdu.sequence)

    async def _find(self, dialogue: Dialogue, message_id: bytes, source: bytes, mismatch: int) -> list[MessageView]:
        """The message of an id, or those of a submit_multi.

        Raises Refused (NOT_FOUND: also for what another tenant has), Untranslatable(`mismatch`) for another sender.
        """
        found = None
        if message_id.isdigit() and len(message_id) <= _LONGEST_ID and int(message_id) < 1 << 63:
            found = await self._messages.get(dialogue.bind.account.tenant, int(message_id))
        if found is None:
            raise Refused(Refusal.NOT_FOUND)
        views = found if isinstance(found, list) else [found]
        if not _same(source, views[0].message.source):
            raise Untranslatable(mismatch, "the message has another sender")
        return views


def _same(written: bytes, kept: str) -> bool:
    """Whether an address is that of the message; one left out is any. A number is the same with and without '+'."""
    if not written:
        return True
    text = written.decode("latin-1")
    return text == kept or (text.lstrip("+") == kept.lstrip("+") and text.lstrip("+").isdigit())


def _telling(views: list[MessageView]) -> MessageView:
    """Of several messages the one whose state is told: one that is not final, else one that failed, else any."""
    return min(views, key=lambda view: (view.message.state.final, view.message.state is State.DELIVERED))


def _state(state: State, version: int) -> int:
    if state is State.SCHEDULED and version >= VERSION_5_0:
        return MessageState.SCHEDULED
    return _STATES[state]


def _error_code(view: MessageView) -> int:
    """error_code (one octet, SMPP 3.4 s4.8.2): 0 for none, the SMSC's status where it fits, else 255."""
    if view.error is None:
        return 0
    status = view.error.smpp_status
    return status if status is not None and 0 < status < 255 else 255
