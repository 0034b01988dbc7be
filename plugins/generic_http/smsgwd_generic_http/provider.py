"""The provider that is made of its options."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from smsgwd.providers import (
    Balance,
    Callback,
    CallbackRefused,
    CallbackRequest,
    Event,
    Halt,
    Host,
    NoAnswer,
    NotSent,
    Outbound,
    Permanent,
    Provider,
    Reply,
    Report,
    Sent,
    SlowDown,
    Stop,
    Temporary,
    Unknown,
    Verdict,
    in_halves,
)
from smsgwd_generic_http.answers import Judge, document_of
from smsgwd_generic_http.finding import Entries, Finder, finder, found
from smsgwd_generic_http.ids import asked_id
from smsgwd_generic_http.options import GenericOptions
from smsgwd_generic_http.paths import Document
from smsgwd_generic_http.reports import Reports, Subscribers
from smsgwd_generic_http.requests import RequestMaker, Values, values_of
from smsgwd_generic_http.signing import check


class GenericHttp(Provider):
    """One connector's provider."""

    options: GenericOptions

    def __init__(self, options: GenericOptions, host: Host) -> None:
        """See Provider."""
        super().__init__(options, host)
        self._send = RequestMaker(options.send, options, options.send.separator)
        self._judge = Judge(options.answer)
        self._shared = options.answer.id_for == "request"
        self._secrets = {name: value.get_secret_value() for name, value in options.secrets.items()}
        self._words = options.words
        poll, callback, balance = options.poll, options.callback, options.balance
        self._question = None if poll is None else RequestMaker(poll.request, options, options.send.separator)
        self._polled = Entries(None if poll is None else poll.each)
        self._states = None if poll is None else Reports(poll.report, shared_ids=self._shared)
        self._called = Entries(None if callback is None else callback.each)
        report = None if callback is None else callback.report
        self._reports = None if report is None else Reports(report, shared_ids=self._shared)
        incoming = None if callback is None else callback.incoming
        self._subscribers = None if incoming is None else Subscribers(incoming)
        self._balance = None if balance is None else RequestMaker(balance.request, options)

    async def send(self, group: Sequence[Outbound]) -> Sequence[Verdict]:
        """One request for the group (the host makes none larger than `send.group`), or one after another where a number
        is in it several times: no answer could tell those apart."""
        rounds = _without_doubles(group)
        verdicts: dict[int, Verdict] = {}
        for turn in rounds:
            messages = [group[place] for place in turn]
            try:
                found = await in_halves(self.host, messages, self._sent)
            except NotSent as trouble:
                if not verdicts:
                    raise
                found = [Temporary(str(trouble)) for _ in messages]
            except NoAnswer as trouble:
                if not verdicts and len(rounds) == 1:
                    raise
                found = [Unknown(str(trouble)) for _ in messages]
            verdicts |= zip(turn, found, strict=True)
        return [verdicts[place] for place in range(len(group))]

    async def _sent(self, group: Sequence[Outbound]) -> Sequence[Verdict] | None:
        """What one request's answer says; None where several are refused, perhaps for one of them."""
        now_ms = self.host.now_ms()
        try:
            request = self._send.make([values_of(each, self._words, now_ms) for each in group], self._common())
        except UnicodeEncodeError:
            if len(group) > 1:
                return None
            charset = self.options.send.charset
            return [Permanent("charset", f"the text has characters that {charset} lacks", "connector") for _ in group]
        reply = await self.host.request(request)
        return None if len(group) > 1 and self._judge.blames_none(reply) else self._judge.verdicts(reply, group)

    async def states(self, sent: Sequence[Sent]) -> Sequence[Report]:
        """One question: the host asks for `poll.group` at most. Those without an id of the provider's are left out."""
        asked = [each for each in sent if each.foreign_id]
        reader = self._states
        if self._question is None or reader is None or not asked:
            return []
        request = self._question.make([self._values_of(each) for each in asked], self._common())
        reply = _fine(await self.host.request(request))
        reports = []
        for entry in self._polled.of(document_of(reply)):
            known = asked[0].foreign_id if len(asked) == 1 and not self._polled.are_several else ""
            report = reader.read(entry, foreign_id=known) if reader.is_one(entry) else None
            if report is not None:
                reports.append(report)
        return reports

    async def received(self, request: CallbackRequest) -> Callback:
        """Reports and messages of subscribers, as `callback` says."""
        shape = self.options.callback
        if shape is None:
            raise CallbackRefused("no callbacks are expected", 404)
        if shape.signature is not None:
            check(request, shape.signature, self.host.callback_url, self._secrets)
        document = Document(request.body, headers=request.headers, fields=request.fields())
        reports, subscribers = self._reports, self._subscribers
        events: list[Event] = []
        unreadable = False
        found_entries = self._called.of(document)
        for entry in found_entries:
            said = None if subscribers is None else subscribers.read(entry)
            if said is not None:
                events.append(said)
            elif reports is not None and reports.is_one(entry):
                report = reports.read(entry, request.message_id)
                unreadable = unreadable or report is None
                events += () if report is None else (report,)
        if not found_entries or (unreadable and not events):
            raise CallbackRefused("it names no message, or no state")
        answer = shape.answer
        return Callback(events, answer.status, answer.body.encode(), answer.content_type)

    async def balance(self) -> Balance:
        """As `balance` says."""
        shape = self.options.balance
        if shape is None or self._balance is None:
            raise Halt(Permanent("balance", "cannot be asked for"))
        document = document_of(_fine(await self.host.request(self._balance.make([], self._common()))))
        text = Finder(shape.amount).find(document)
        try:
            amount = float(text)
        except ValueError:
            amount = math.nan
        if not math.isfinite(amount):
            raise NoAnswer("the answer has no amount")
        return Balance(amount, found(finder(shape.currency_at), document)[:8] or shape.currency)

    def _common(self) -> Values:
        return {"timestamp": str(self.host.now_ms() // 1000), "common_callback_url": self.host.callback_url}

    def _values_of(self, sent: Sent) -> Values:
        values = values_of(Outbound(sent.id, sent.to, sent.sender, sent.text), self._words, self.host.now_ms())
        return {**values, "foreign_id": asked_id(sent.foreign_id, shared=self._shared)}


def _without_doubles(group: Sequence[Outbound]) -> list[list[int]]:
    """Places of a group in rounds, no number twice in one."""
    rounds: list[list[int]] = []
    seen: Counter[str] = Counter()
    for place, message in enumerate(group):
        turn = seen[message.to]
        seen[message.to] += 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(place)
    return rounds


def _fine(reply: Reply) -> Reply:
    """An answer to a question. Raises Halt for one that is none."""
    status, said = reply.status, f"answered {reply.status}"
    if status == 429:
        raise Halt(SlowDown(said, reply.retry_after_s))
    if status in (401, 403):
        raise Halt(Stop(said))
    if status >= 500:
        raise Halt(Temporary(said, reply.retry_after_s))
    if not 200 <= status < 300 and status != 404:
        raise Halt(Unknown(said))
    return reply
