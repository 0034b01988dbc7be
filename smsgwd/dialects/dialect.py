"""What every dialect can do, and what it is told at its making."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from smsgwd.dialects.commands import Command
from smsgwd.dialects.http import Answer, Asked, Push, Request
from smsgwd.model.callbacks import Callback
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.refusals import Refused
from smsgwd.model.tenant import Tenant


class Options(msgspec.Struct, frozen=True):
    """Section `dialects.NAME` of the configuration, as far as a dialect goes by it; each takes what it knows."""

    public_url: str = "http://127.0.0.1:8080"  #: how the outside reaches us; with the prefix it is mounted below
    language: str = ""  #: of error texts; '' = the provider's own
    tell_which: bool = False  #: an authentication error says which half was wrong
    duplicate_s: int = 0  #: the window in which the same text to the same number is a duplicate


class Dialect(Protocol):
    """One provider's style. Pure and without memory: two-way from values to values.

    `read`, `command` and `answer` are called one after another for each request. Each may raise `Answered` to end it
    with an answer of the dialect's own; what else goes wrong is told by `refused`.
    """

    @property
    def name(self) -> str:
        """As in the configuration: isms, smsclub, ..."""
        ...

    @property
    def owns(self) -> tuple[str, ...]:
        """What its paths begin with, in lower case: what begins so in whatever case is its own, and an unknown path
        there is told in its own way."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """Every `Asked.label` there can be."""
        ...

    def read(self, request: Request) -> Asked:
        """Who asks for what. Raises Answered, or Refused (NOT_FOUND, METHOD_NOT_ALLOWED, MALFORMED, ...)."""
        ...

    def command(self, asked: Asked, tenant: Tenant, now: int) -> Command:
        """What it comes to for this tenant at `now` (ms since 1970). Raises Answered, or Refused."""
        ...

    def answer(self, asked: Asked, command: Command, result: Any, tenant: Tenant) -> Answer:
        """The answer to what `dialects.commands` says the result of the command is. Raises Answered, or Refused."""
        ...

    def refused(self, request: Request, asked: Asked | None, refused: Refused) -> Answer:
        """The answer to a request that is refused as a whole, for whatever reason of `Refusal`, before (`asked` None)
        or after it was read; of one too large there is no body. Never raises."""
        ...

    def receipt(self, item: OutboxItem, callback: Callback) -> Push | None:
        """How a receipt, or the word that a message was sent, is told at `item.url`; None where it is not."""
        ...

    def event(self, kind: str, data: bytes, callback: Callback, url: str, at: int) -> Push | None:
        """How another event is told (`link.clicked`, `call`, ...: `data` is the JSON of its data; `at` in ms since
        1970); None where it is not. Raises msgspec.DecodeError for data that are none."""
        ...
