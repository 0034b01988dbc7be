"""What callbacks and answers about states say: reports and messages of subscribers."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Final

from smsgwd.model.message import State
from smsgwd.providers import Incoming, Report
from smsgwd_generic_http.answers_options import IncomingMessage, StateReport
from smsgwd_generic_http.finding import Finder, Test, finder, found
from smsgwd_generic_http.ids import digits, kept_id
from smsgwd_generic_http.paths import Document

_LONGEST_WORD: Final = 64
_LATEST_MS: Final = 4_102_444_800_000  # the year 2100
_OUR_ID: Final = 20


class Reports:
    """Reads states."""

    def __init__(self, shape: StateReport, *, shared_ids: bool) -> None:
        """`shared_ids` where a provider's id is that of a request of several messages."""
        self._when = None if shape.when is None else Test(shape.when)
        self._id = finder(shape.foreign_id)
        self._message_id = finder(shape.message_id)
        self._to = finder(shape.to)
        self._state = Finder(shape.state)
        self._states = {word.casefold(): state for word, state in shape.states.items()}
        self._other = shape.other
        self._error = finder(shape.error)
        self._at = finder(shape.at)
        self._at_format = shape.at_format
        self._shared_ids = shared_ids

    def is_one(self, document: Document) -> bool:
        """Whether it is about a state."""
        return self._when is None or self._when.holds(document)

    def read(self, document: Document, message_id: str = "", foreign_id: str = "") -> Report | None:
        """What it says; None where it does not say of which message, or no state. Ids that are known may be given."""
        to = digits(found(self._to, document))
        said = found(self._id, document)
        ours = message_id or found(self._message_id, document)
        theirs = kept_id(said, to) if said and self._shared_ids and to else "" if self._shared_ids else kept_id(said)
        theirs = theirs or foreign_id
        if not (ours.isascii() and ours.isdigit() and len(ours) < _OUR_ID):
            ours = ""
        word = self._state.find(document)
        if not word or not (ours or theirs):
            return None
        meaning = self._states.get(word.casefold(), self._other)
        return Report(
            None if meaning == "pending" else State[meaning.upper()],
            theirs,
            ours,
            _short(word),
            _short(found(self._error, document)),
            when_ms(found(self._at, document), self._at_format),
            to,
        )


class Subscribers:
    """Reads what subscribers wrote."""

    def __init__(self, shape: IncomingMessage) -> None:
        self._when = None if shape.when is None else Test(shape.when)
        self._sender = Finder(shape.sender)
        self._to = finder(shape.to)
        self._text = Finder(shape.text)
        self._at = finder(shape.at)
        self._at_format = shape.at_format

    def read(self, document: Document) -> Incoming | None:
        """None for what is none."""
        if self._when is not None and not self._when.holds(document):
            return None
        sender = digits(self._sender.find(document))
        if not sender:
            return None
        return Incoming(
            sender,
            self._text.find(document),
            digits(found(self._to, document)),
            when_ms(found(self._at, document), self._at_format),
        )


def when_ms(text: str, form: str) -> int | None:
    """Milliseconds since 1970, UTC; None for what is no time, or has no zone."""
    try:
        if form == "iso":
            at = datetime.fromisoformat(text)
            ms = None if at.tzinfo is None else at.timestamp() * 1000
        else:
            ms = float(text) * (1000 if form == "unix" else 1)
    except (ValueError, OverflowError):
        return None
    return round(ms) if ms is not None and math.isfinite(ms) and 0 <= ms < _LATEST_MS else None


def _short(text: str) -> str:
    return "".join(char for char in text[:_LONGEST_WORD] if char.isprintable())
