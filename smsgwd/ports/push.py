"""What others ask of the pushing side, and the HTTP client it uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

from smsgwd.model.outbox import OutboxItem

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred


A = TypeVar("A")


class Outbox(Protocol):
    """The pushing side."""

    def offer(self, items: Sequence[OutboxItem]) -> None:
        """These are durable in the outbox now: push them."""
        ...


class HttpAnswer(msgspec.Struct, frozen=True):
    """What a server answered; the body is cut at the client's cap."""

    status: int
    headers: Mapping[str, str]  #: names in lower case
    body: bytes


class HttpFailure(Exception):  # noqa: N818
    """No usable answer. `sent` tells whether the whole request had been written, so that its fate is unknown."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent


class Tried(msgspec.Struct, frozen=True, gc=False):
    """What came of a push that only tries a URL."""

    status: int | None  #: None: there was no answer
    ms: int
    detail: str  #: why there was none, or why it would not count as done; '' = it would
    body: bytes = b""  #: the beginning of the answer's


class PushTrial(Protocol):
    """Tries where tenants want to be told."""

    def fault(self, url: str) -> Deferred[str | None]:
        """Why this URL will never be called; None where it may be. A name that nobody knows yet is no fault."""
        ...

    def push(self, tenant: str, url: str) -> Deferred[Tried]:
        """Push one event of type `test`, signed as all are, once and now; never fails."""
        ...


class HttpClient(Protocol):
    """A lean HTTP client: keep-alive, no redirects, bounded bodies, no private targets unless allowed."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Deferred[HttpAnswer]:
        """POST a body; fails with HttpFailure."""
        ...

    def post_to(
        self,
        url: str,
        fields: bytes,
        body: bytes,
        timeout_s: float,
        then: Callable[[HttpAnswer | HttpFailure, A], None],
        arg: A,
    ) -> None:
        """POST; calls `then(answer or failure, arg)` once, perhaps before this returns.

        `fields` are header lines, each with its CRLF, besides Host, User-Agent and Content-Length. They are not
        checked: they must be made of nothing that somebody else wrote.
        """
        ...

    def get(self, url: str, query: str, headers: Mapping[str, str], timeout_s: float) -> Deferred[HttpAnswer]:
        """GET with a query (encoded) added to that of the URL; fails with HttpFailure."""
        ...
