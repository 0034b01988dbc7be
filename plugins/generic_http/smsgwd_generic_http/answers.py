"""What an answer to a send means: rules in their order, then what its status says."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from smsgwd.providers import (
    OF_CONTENT,
    Accepted,
    Outbound,
    Park,
    Permanent,
    Reply,
    SlowDown,
    Stop,
    Temporary,
    Unknown,
    Verdict,
)
from smsgwd_generic_http.answers_options import Answer, Rule
from smsgwd_generic_http.finding import Entries, Test, finder, found
from smsgwd_generic_http.ids import digits, kept_id
from smsgwd_generic_http.paths import Document

_LONGEST_REASON: Final = 200
_LONGEST_CODE: Final = 64
_LONGEST_WAIT_S: Final = 86400.0
_OF_ALL: Final = ("park", "stop")  # what an answer that quotes a message may not have done to all others


def document_of(reply: Reply) -> Document:
    """A reply to look into, in the charset that it says."""
    charset = "utf-8"
    _, given, said = reply.headers.get("content-type", "").lower().partition("charset=")
    if given:
        charset = said.split(";")[0].strip().strip("\"'")
        try:
            b"".decode(charset)
            "".encode(charset)
        except (LookupError, ValueError, UnicodeError):
            charset = "utf-8"
    return Document(reply.body, status=reply.status, headers=reply.headers, charset=charset)


class Judge:
    """Gives each message of a group its verdict."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._rules: list[tuple[Test, Rule]] = [(Test(rule), rule) for rule in answer.rules]
        self._entries = Entries(answer.each)
        self._to = finder(answer.to)
        self._id = finder(answer.foreign_id)
        self._code = finder(answer.code)
        self._reason = finder(answer.reason)
        self._retry_after = finder(answer.retry_after)

    def blames_none(self, reply: Reply) -> bool:
        """Whether a request is refused as a whole, by its status alone: one of its messages may be why."""
        document = document_of(reply)
        if reply.status not in OF_CONTENT or (self._entries.are_several and self._entries.of(document)):
            return False
        return not any(test.holds(document) for test, _ in self._rules)

    def verdicts(self, reply: Reply, group: Sequence[Outbound]) -> list[Verdict]:
        """One each, in the order of the group."""
        document = document_of(reply)
        found_entries = self._entries.of(document)
        if not self._entries.are_several or not found_entries:
            return [self._verdict(document, message, reply) for message in group]
        if self._to is None:
            if len(found_entries) < len(group) or (len(found_entries) > len(group) > 1):
                unclear = Unknown(f"{len(found_entries)} entries in the answer to {len(group)} messages")
                return [unclear for _ in group]
            return [self._verdict(entry, message, reply) for entry, message in zip(found_entries, group, strict=False)]
        by_number: dict[str, list[Document]] = defaultdict(list)
        for entry in found_entries:
            by_number[digits(found(self._to, entry))].append(entry)
        verdicts: list[Verdict] = []
        for message in group:
            own = by_number.get(message.to)
            if own:
                verdicts.append(self._verdict(own.pop(0), message, reply))
            else:
                verdicts.append(Unknown("the answer has no entry for its recipient"))
        return verdicts

    def _verdict(self, document: Document, message: Outbound, reply: Reply) -> Verdict:
        shared = message.to if self._answer.id_for == "request" else None
        foreign_id = kept_id(found(self._id, document), shared)
        for test, rule in self._rules:
            if test.holds(document) and not (rule.then in _OF_ALL and test.finds((message.text, message.sender))):
                return self._by_rule(rule, document, message, reply, foreign_id)
        return self._by_status(document, message, reply, foreign_id)

    def _by_rule(self, rule: Rule, document: Document, message: Outbound, reply: Reply, foreign_id: str) -> Verdict:
        if rule.then == "accepted":
            return Accepted(foreign_id)
        reason = rule.reason or self._said(document, message)
        seconds = rule.seconds if rule.seconds is not None else self._wish(document, reply)
        if rule.then == "permanent":
            return Permanent(rule.code or self._word(document, message), reason, rule.scope)
        if rule.then == "temporary":
            return Temporary(reason, seconds)
        if rule.then == "slow_down":
            return SlowDown(reason, seconds)
        if rule.then == "park":
            return Park(reason, seconds)
        return Stop(reason) if rule.then == "stop" else Unknown(reason)

    def _by_status(self, document: Document, message: Outbound, reply: Reply, foreign_id: str) -> Verdict:
        status, reason = reply.status, self._said(document, message)
        if 200 <= status < 300:
            return Accepted(foreign_id) if foreign_id else Unknown("the answer has no id of the message")
        if status == 429:
            return SlowDown(reason, self._wish(document, reply))
        if status == 401:
            return Stop(reason)
        if status >= 500:
            return Temporary(reason, self._wish(document, reply))
        if status >= 400:
            scope = "message" if status in (400, 422) else "connector"
            return Permanent(self._word(document, message), reason, "message" if scope == "message" else "connector")
        return Unknown(reason)

    def _wish(self, document: Document, reply: Reply) -> float | None:
        """Seconds that the provider wishes to be left alone."""
        if self._retry_after is None:
            return reply.retry_after_s
        try:
            seconds = float(self._retry_after.find(document))
        except ValueError:
            return None
        return min(seconds, _LONGEST_WAIT_S) if math.isfinite(seconds) and seconds >= 0 else None

    def _word(self, document: Document, message: Outbound) -> str:
        said = _clean(found(self._code, document), message)
        return said[:_LONGEST_CODE] or str(document.status)

    def _said(self, document: Document, message: Outbound) -> str:
        """The provider's code and words, else the status."""
        words = [_clean(found(each, document), message) for each in (self._code, self._reason)]
        return " ".join(word for word in words if word)[:_LONGEST_REASON] or f"answered {document.status}"


def _clean(said: str, message: Outbound) -> str:
    """Fit for a log: on one line, without the message's text and recipient."""
    for private in (message.text, message.to):
        if len(private) > 3:
            said = said.replace(private, "***")
    return "".join(char if char.isprintable() else " " for char in said[: 4 * _LONGEST_REASON]).strip()
