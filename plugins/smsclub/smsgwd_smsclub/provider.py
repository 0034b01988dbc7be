"""The calls of SMS Club: which requests they make, and what their answers come to."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

from smsgwd.providers import (
    Accepted,
    Balance,
    Halt,
    Host,
    NoAnswer,
    NotSent,
    Outbound,
    Park,
    Permanent,
    Provider,
    Reply,
    Report,
    Request,
    Sent,
    SlowDown,
    Stop,
    Unknown,
    Verdict,
)
from smsgwd_smsclub import answers, words
from smsgwd_smsclub.grouping import MOST, divided, requests
from smsgwd_smsclub.options import SmsClubOptions

#: A call of several requests ends after so long: the host waits for one no longer than its `call_s`, and what the
#: last request took must be told. What is left comes again.
_LONGEST_CALL_MS: Final = 15_000


class SmsClub(Provider):
    """One account at SMS Club."""

    options: SmsClubOptions

    def __init__(self, options: Any, host: Host) -> None:
        super().__init__(options, host)
        self._base = self.options.base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {self.options.token.get_secret_value()}"}

    async def send(self, group: Sequence[Outbound]) -> Sequence[Verdict]:
        """See Provider. One request for all numbers, so far as they have the same lifetime and none is there twice.

        A request that is refused as a whole for what may be the fault of one number (400, and 453: the same text to the
        same number within two minutes) is divided, so that the others go out.
        """
        found: dict[str, Verdict] = {}
        began_ms = self.host.now_ms()
        longest = self.options.longest_lifetime if self.options.lifetime else None
        waiting = deque(requests(group, began_ms, longest))
        rest: Verdict | None = None  # of what is not asked for any more
        asked = False
        while waiting:
            minutes, some = waiting.popleft()
            if rest is None and self.host.now_ms() - began_ms > _LONGEST_CALL_MS:
                rest = SlowDown("its group took too long", 0.0)
            if rest is not None:
                found.update((message.id, rest) for message in some)
                continue
            try:
                verdicts = await self._send(some, minutes)
            except NotSent as error:
                if not asked:
                    raise
                rest = SlowDown(str(error) or "not sent")
                verdicts = [rest] * len(some)
            asked = True
            if verdicts is None:
                waiting.extendleft((minutes, each) for each in reversed(list(divided(some))))
                continue
            found.update(zip((message.id for message in some), verdicts, strict=True))
            if isinstance(verdicts[-1], (Park, Stop, SlowDown)):
                rest = verdicts[-1]  # said of the account
        return [found[message.id] for message in group]

    async def _send(self, some: Sequence[Outbound], minutes: int | None) -> Sequence[Verdict] | None:
        """What became of the messages of one request; None = it is to be divided. Raises NotSent."""
        try:
            reply = await self._ask("/sms/send", self._sending(some, minutes))
            if reply.status == answers.DUPLICATION:
                # It has the message, and no word of its id.
                return None if len(some) > 1 else [Accepted()]
            if reply.status == answers.VALIDATION:
                reason = answers.reason_of(reply)
                if len(some) > 1 and not words.about_all(reason):
                    return None
                return [words.verdict_of(reason, str(reply.status), words.of(some[0]))] * len(some)
            refusal = answers.refused(reply)
            if isinstance(refusal, Permanent):
                refusal = Permanent(refusal.code, words.shown(refusal.reason), refusal.scope)
            return answers.taken(reply, some) if refusal is None else [refusal] * len(some)
        except NoAnswer as error:
            return [Unknown(str(error) or "no answer")] * len(some)

    def _sending(self, some: Sequence[Outbound], minutes: int | None) -> Mapping[str, Any]:
        first = some[0]
        body: dict[str, Any] = {
            "phone": [message.to for message in some],
            "message": first.text,
            "src_addr": first.sender,
        }
        if minutes is not None:
            body["lifetime"] = minutes
        if self.options.integration_id is not None:
            body["integration_id"] = self.options.integration_id
        return body

    async def states(self, sent: Sequence[Sent]) -> Sequence[Report]:
        """See Provider. A message without an id cannot be asked for."""
        found: list[Report] = []
        ids = [each.foreign_id for each in sent if each.foreign_id and not each.foreign_id.startswith("?")]
        for at in range(0, len(ids), MOST):
            some = ids[at : at + MOST]
            try:
                found += answers.states(await self._ask("/sms/status", {"id_sms": some}), some)
            except (Halt, NotSent, NoAnswer):
                if not found:
                    raise
                break
        return found

    async def balance(self) -> Balance:
        """See Provider."""
        return answers.balance_of(await self._ask("/sms/balance"))

    async def facts(self) -> Mapping[str, str]:
        """See Provider: `senders`, the names that the account may send as."""
        return {"senders": ", ".join(answers.senders_of(await self._ask("/sms/originator")))}

    async def _ask(self, path: str, body: Mapping[str, Any] | None = None) -> Reply:
        """The answer to one request. Raises NotSent, NoAnswer."""
        url = self._base + path
        if body is None:
            return await self.host.request(Request("POST", url, self._headers))
        return await self.host.request(Request.json(url, body, headers=self._headers))
