"""What ESMEs ask: `account.TakesRequests`. The requests of one read become one submission, its answers one write.

    take ─ translate ─> over the rate? ── no ──> submit ──> answer
                            └── a little: held (held.py) ──┘   (too much: 0x58)

There is no Deferred, closure or log line a PDU here, nor one of them a read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Entry, Item, Outcome, Submission
from smsgwd.northbound.esme.account import EsmeBind
from smsgwd.northbound.esme.asks import Ask, BatchAsk, MultiAsk, ReplacingAsk, data_ask
from smsgwd.northbound.esme.commands import Commands
from smsgwd.northbound.esme.dialogue import Answer, Dialogue, Windows
from smsgwd.northbound.esme.doorway import Doorway
from smsgwd.northbound.esme.held import Held, Line
from smsgwd.northbound.esme.times import Untranslatable
from smsgwd.northbound.pace import REFUSED, Pace, parts_of
from smsgwd.ports.clock import Clock
from smsgwd.ports.submit import Esmes, Messages, Submitter
from smsgwd.smpp.constants import SUBMIT_SM_RESP
from smsgwd.smpp.pdu import DataSm, Pdu, SubmitMulti, SubmitSm
from smsgwd.smpp.status import ESME_RINVREPFLAG, ESME_RSYSERR
from smsgwd.telemetry import Metrics, get_logger

_MOST_ITEMS: Final = 1000  # of one submission: a block of ids holds 4,096
_log = get_logger("esme")


class Requests:
    """Takes the requests of all binds. `fill` tells how full the pipeline is, 0 to 1."""

    def __init__(
        self,
        *,
        submitter: Submitter,
        messages: Messages,
        esmes: Esmes,
        clock: Clock,
        reactor: IReactorTime,
        metrics: Metrics,
        pace: Pace,
        inbound_window: int = 1000,
        max_parts: int = 255,
        fill: Callable[[], float] = lambda: 0.0,
        ready: Callable[[], int] = lambda: 0,
        pressed: Callable[[], bool] = lambda: False,
    ) -> None:
        self._submitter = submitter
        self._esmes = esmes
        self._clock = clock
        self._reactor = reactor
        self._metrics = metrics
        self._pace = pace
        self._fill = fill
        self._commands = Commands(messages, esmes, clock)
        self._windows = Windows(inbound_window)
        self._max_parts = max_parts
        self._lines: dict[str, Line] = {}
        self._doorway = Doorway(self._submit, ready, pressed=pressed, reactor=reactor)
        self._refuses: tuple[type[Pdu], ...] = ()

    def take(self, bind: EsmeBind, requests: Sequence[Pdu]) -> None:
        """See TakesRequests."""
        dialogue: Dialogue = bind.state or self._begin(bind)
        if self._refuses:
            requests = self._not_refused(dialogue, requests)
        now = self._clock.now_ms()
        rest = self._take(dialogue, requests, now)
        while rest:
            rest = self._take(dialogue, rest, now)
        dialogue.hold_back()

    def _not_refused(self, dialogue: Dialogue, requests: Sequence[Pdu]) -> Sequence[Pdu]:
        """Refuse what is not taken now; the others."""
        taken: list[Pdu] = []
        for pdu in requests:
            if isinstance(pdu, self._refuses):
                dialogue.refuse(pdu, dialogue.statuses.of(Refusal.SHUTTING_DOWN.code))
            else:
                taken.append(pdu)
        return taken

    def _take(self, dialogue: Dialogue, requests: Sequence[Pdu], now: int) -> Sequence[Pdu]:
        """Up to the first submit_sm that may replace another, with it; what is left."""
        translate = dialogue.translator.submit
        sequences: list[int] = []
        items: list[Item] = []
        refused: list[Answer] = []
        others: list[Pdu] = []
        rest: Sequence[Pdu] = ()
        for place, pdu in enumerate(requests):
            if type(pdu) is not SubmitSm:
                others.append(pdu)
                continue
            try:
                item = translate(pdu, now)
            except Untranslatable as fault:
                refused.append((pdu.sequence, fault.status, b""))
            except Exception as error:  # a bug must not cost the ESME the messages beside this one
                self._failed_at(dialogue, error)
                refused.append((pdu.sequence, ESME_RSYSERR, b""))
            else:
                if pdu.replace_if_present_flag:  # it replaces what came before it, and nothing that came after
                    others.append(pdu)
                    rest = requests[place + 1 :]
                    break
                sequences.append(pdu.sequence)
                items.append(item)
        if items:
            if self._pace.limited(dialogue.bind.account.owner):
                self._submit_paced(dialogue, sequences, items)
            else:
                self._submit_many(dialogue, sequences, items)
        if refused:
            dialogue.answer(SUBMIT_SM_RESP, refused)
        for pdu in others:
            self._other(dialogue, pdu, now)
        return rest

    def unbound(self, bind: EsmeBind) -> None:
        """See TakesRequests. What was held back was never acknowledged: it goes with the bind."""
        dialogue: Dialogue | None = bind.state
        if dialogue is None or dialogue.gone:
            return
        dialogue.gone = True
        dialogue.behind.clear()
        self._windows.count(-1)
        self._doorway.drop(dialogue)
        line = self._lines.get(bind.account.name)
        if line is not None:
            for held in line.drop(dialogue):
                self._pace.give_back(bind.account.owner, held.parts)

    def close(self) -> None:
        """The gateway shuts down: what is held back and what still comes is answered 0x08; what was taken goes on."""
        self._refuse_from_now(Pdu)

    def close_to_submits(self) -> None:
        """As `close`, but what submits nothing is answered."""
        self._refuse_from_now(SubmitSm, SubmitMulti, DataSm)

    def open(self) -> None:
        """Take everything again."""
        self._refuses = ()

    def follow(self, max_parts: int, binds: Iterable[EsmeBind]) -> None:
        """Refuse what is longer than so many parts from now on, also on these binds."""
        self._max_parts = max_parts
        for bind in binds:
            if bind.state is not None:
                bind.state.translator.follow(max_parts)

    def _refuse_from_now(self, *kinds: type[Pdu]) -> None:
        self._refuses = kinds
        lines, self._lines = self._lines, {}
        for line in lines.values():
            for held in line.clear():
                self._refuse(held.ask, Refusal.SHUTTING_DOWN)
        for ask in self._doorway.clear():
            self._refuse_started(ask, Refusal.SHUTTING_DOWN)

    # ------------------------------------------------------------------ what is not a plain submit_sm
    def _other(self, dialogue: Dialogue, pdu: Pdu, now: int) -> None:
        try:
            if isinstance(pdu, SubmitSm):
                if pdu.replace_if_present_flag != 1:
                    raise Untranslatable(ESME_RINVREPFLAG, "replace_if_present_flag is 0 or 1")
                self._paced(ReplacingAsk(dialogue, [pdu.sequence], [dialogue.translator.submit(pdu, now)]))
            elif isinstance(pdu, DataSm):
                self._paced(data_ask(dialogue, pdu.sequence, dialogue.translator.data(pdu)))
            elif isinstance(pdu, SubmitMulti):
                if pdu.replace_if_present_flag:
                    raise Untranslatable(ESME_RINVREPFLAG, "submit_multi replaces nothing")
                ask = MultiAsk(dialogue, pdu, dialogue.translator.multi(pdu, now))
                if not ask.nothing_to_submit():
                    self._paced(ask)
            else:
                self._commands.take(dialogue, pdu)
        except Untranslatable as fault:
            dialogue.refuse(pdu, fault.status)
        except Exception as error:
            self._failed_at(dialogue, error)
            dialogue.refuse(pdu, ESME_RSYSERR)

    # ------------------------------------------------------------------ at which pace
    def _paced(self, ask: Ask) -> None:
        """Submit now, hold it back, or refuse it, as the account's rate allows."""
        bind = ask.dialogue.bind
        owner = bind.account.owner
        if not self._pace.limited(owner):
            self._start(ask)
            return
        parts = sum(map(parts_of, ask.items))
        wait = self._pace.reserve(owner, parts)
        line = self._lines.get(bind.account.name)
        if wait == REFUSED:
            self._metrics.esme_throttled.labels(bind.account.name, "refused").inc()
            self._refuse(ask, Refusal.OVER_RATE)
        elif wait or line:
            self._metrics.esme_throttled.labels(bind.account.name, "delayed").inc()
            if line is None:
                line = self._lines[bind.account.name] = Line(self._reactor, self._clock, self._release)
            line.add(ask, parts, wait)
        else:
            self._start(ask)

    def _submit_paced(self, dialogue: Dialogue, sequences: list[int], items: list[Item]) -> None:
        """The submit_sm of one read, each at its time; those that may go now go together."""
        account = dialogue.bind.account
        owner, reserve = account.owner, self._pace.reserve
        line = self._lines.get(account.name)
        ready = 0  # the first so many go now
        delayed = 0
        refused: list[Answer] = []
        over_rate = dialogue.statuses.of(Refusal.OVER_RATE.code)
        for place, item in enumerate(items):
            parts = parts_of(item)
            wait = reserve(owner, parts)
            if wait == 0 and not line and ready == place:
                ready += 1
            elif wait == REFUSED:
                refused.append((sequences[place], over_rate, b""))
            else:
                if line is None:
                    line = self._lines[account.name] = Line(self._reactor, self._clock, self._release)
                line.add(BatchAsk(dialogue, [sequences[place]], [item]), parts, wait)
                delayed += 1
        if ready:
            self._submit_many(dialogue, sequences[:ready], items[:ready])
        if delayed:
            self._metrics.esme_throttled.labels(account.name, "delayed").inc(delayed)
        if refused:
            self._metrics.esme_throttled.labels(account.name, "refused").inc(len(refused))
            dialogue.answer(SUBMIT_SM_RESP, refused)

    def _release(self, due: list[Held]) -> None:
        """These may go now: what is alike of one bind goes together."""
        first: BatchAsk | None = None
        for held in due:
            ask = held.ask
            if (
                first is not None
                and type(ask) is BatchAsk
                and ask.dialogue is first.dialogue
                and ask.command_id == first.command_id
                and len(first.items) < _MOST_ITEMS
            ):
                first.sequences += ask.sequences
                first.items += ask.items
                continue
            if first is not None:
                self._start(first)
                first = None
            if type(ask) is BatchAsk:
                first = ask
            else:
                self._start(ask)
        if first is not None:
            self._start(first)

    # ------------------------------------------------------------------ submitting
    def _submit_many(self, dialogue: Dialogue, sequences: list[int], items: list[Item]) -> None:
        self._start(BatchAsk(dialogue, sequences, items))

    def _start(self, ask: Ask) -> None:
        dialogue = ask.dialogue
        if dialogue.behind or isinstance(ask, ReplacingAsk):
            dialogue.behind.append(ask)
            self._go_on(dialogue)
        else:
            self._enter(ask)

    def _enter(self, ask: Ask) -> None:
        ask.dialogue.started += len(ask.items)
        if not self._doorway.enter(ask):
            self._refuse_started(ask, Refusal.OVERLOADED)

    def _refuse_started(self, ask: Ask, refusal: Refusal) -> None:
        """Refuse what was to be submitted and is not."""
        dialogue = ask.dialogue
        dialogue.finished += len(ask.items)
        self._refuse(ask, refusal)
        if dialogue.behind:
            self._go_on(dialogue)

    def _submit(self, ask: Ask) -> None:
        tenant = ask.dialogue.bind.account.tenant
        try:
            self._submitter.take(Submission(tenant, ask.items, None, "smpp"), self._submitted, ask)
        except Exception as error:  # a bug in one item, before anything was stored: it costs only that one
            if type(ask) is BatchAsk and len(ask.items) > 1:
                while len(ask.items) > 1:
                    self._submit(ask.split(1))
                self._submit(ask)
                return
            self._submitted(error, ask)

    def _submitted(self, outcome: Outcome | BaseException, ask: Ask) -> None:
        """What became of it: the answers, and on with what waited for that."""
        dialogue = ask.dialogue
        count = len(ask.items)
        dialogue.finished += count
        self._doorway.left(count)
        try:
            if isinstance(outcome, Outcome):
                ask.answered(outcome)
            else:
                self._refuse_failed(outcome, ask)
        except Exception as error:
            self._failed_at(dialogue, error)
        if dialogue.behind:
            self._go_on(dialogue)

    def _refuse_failed(self, error: BaseException | None, ask: Ask) -> None:
        if isinstance(error, Refused):
            self._refuse(ask, error.refusal)
        else:
            self._failed_at(ask.dialogue, error)
            self._refuse(ask, Refusal.INTERNAL)

    def _refuse(self, ask: Ask, refusal: Refusal) -> None:
        ask.refused(ask.dialogue.statuses.of(refusal.code))

    def _broken(self, failure: Failure, ask: Ask) -> None:
        self._failed_at(ask.dialogue, failure.value)

    def _failed_at(self, dialogue: Dialogue, error: BaseException | None) -> None:
        # Not the error's repr: that of a decoding error holds the octets.
        _log.error("esme.error", account=dialogue.bind.account.name, error=type(error).__name__, exc_info=error)

    # ------------------------------------------------------------------ replace_if_present
    def _go_on(self, dialogue: Dialogue) -> None:
        """Go on with what came behind a message that may replace another, in order.

        What that replaces is looked for once all that was submitted before it can be found, and before anything that
        came after it is submitted: that is another message.
        """
        if dialogue.looking:
            return
        behind = dialogue.behind
        while behind:
            ask = behind[0]
            if not isinstance(ask, ReplacingAsk):
                behind.popleft()
                dialogue.looking = True  # what is over at once comes back here
                try:
                    self._enter(ask)
                finally:
                    dialogue.looking = False
                continue
            if dialogue.finished < dialogue.started:
                return
            dialogue.looking = True
            found = self._esmes.replace_pending(ask.items[0], dialogue.bind.account.tenant)
            found.addCallbacks(self._replaced, self._not_replaced, callbackArgs=(ask,), errbackArgs=(ask,))
            found.addErrback(self._broken, ask)
            if not found.called:
                found.addCallback(lambda _: self._looked(dialogue))
                return
            self._looked_at(dialogue)

    def _replaced(self, entry: Entry | None, ask: ReplacingAsk) -> None:
        if entry is not None:
            ask.replaced(entry)
        elif not ask.dialogue.gone:
            self._enter(ask)

    def _not_replaced(self, failure: Failure, ask: ReplacingAsk) -> None:
        self._refuse_failed(failure.value, ask)

    def _looked(self, dialogue: Dialogue) -> None:
        self._looked_at(dialogue)
        self._go_on(dialogue)

    def _looked_at(self, dialogue: Dialogue) -> None:
        """The first one has replaced another, is submitted, or is refused."""
        dialogue.looking = False
        if dialogue.behind:  # else it was unbound meanwhile
            dialogue.behind.popleft()

    def _begin(self, bind: EsmeBind) -> Dialogue:
        dialogue = Dialogue(bind, self._windows, self._pace, self._fill, self._metrics, self._max_parts)
        bind.state = dialogue
        self._windows.count(1)
        return dialogue
