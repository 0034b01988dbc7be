"""The Redis store as the reactor sees it: implements `ports.Store`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from importlib.resources import files
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, fail, succeed

from smsgwd.model.changes import Change, Result
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.archive.threaded import Archive
from smsgwd.store.committing import Committing
from smsgwd.store.redis import requirements
from smsgwd.store.redis.address import Address
from smsgwd.store.redis.archivable import Archivable
from smsgwd.store.redis.asking import Asking
from smsgwd.store.redis.blocking import Blocking
from smsgwd.store.redis.claiming import Claiming
from smsgwd.store.redis.confirm import Confirm
from smsgwd.store.redis.errors import Refused, Unreachable
from smsgwd.store.redis.keys import Keys
from smsgwd.store.redis.library import Library
from smsgwd.store.redis.memory import Memory
from smsgwd.store.redis.moved import moved_text
from smsgwd.store.redis.reach import AnyLink, link_to
from smsgwd.store.redis.reads import Reads
from smsgwd.store.redis.upkeep import KeptUp
from smsgwd.store.redis.writer import Fenced, RedisWriter
from smsgwd.store.writer import Batch, CannotOpen

_T = TypeVar("_T")


class RedisStore(Committing, KeptUp, Archivable, Reads):
    """Keeps everything on the server at `address`, under keys that begin with {prefix}; see ports.Store for what each
    method does. Opened once: to reopen, make a new one.

    `node`: the name of this process among those that share the store; '' claims nothing (tools, tests). `strict`:
    nothing is acknowledged before the server has fsynced it; `replicas`: nor before so many replicas have it; both
    within `confirm_s`. `timeout_s`: how long the server may take
    for an answer. `archive`: where finished messages go; it is opened and closed with the store. The others as of
    EmbeddedStore.
    """

    def __init__(
        self,
        reactor: Any,
        address: Address,
        *,
        prefix: str = "smsgwd",
        node: str = "",
        strict: bool = True,
        replicas: int = 0,
        confirm_s: float = 2.0,
        timeout_s: float = 5.0,
        gap_s: float = 0.002,
        most: int = 1024,
        before_commit: Callable[[], None] | None = None,
        after_commit: Callable[[], None] | None = None,
        on_health: Callable[[bool], None] | None = None,
        observe_commit: Callable[[float, int], None] | None = None,
        observe_results: Callable[[list[Result]], None] | None = None,
        observe_batch: Callable[[Sequence[Change], Sequence[Result]], None] | None = None,
        keep_finals: bool = False,
        archive: Archive | None = None,
    ) -> None:
        super().__init__(
            reactor,
            on_health=on_health,
            observe_commit=observe_commit,
            observe_results=observe_results,
            observe_batch=observe_batch,
        )
        self.keys = Keys(prefix)
        #: Key and token of the node's lease, which each commit must find; None = there is no lease. Of any thread.
        self.fence: Callable[[], tuple[str, bytes] | None] = lambda: None
        #: Called when a commit was refused for it.
        self.on_fenced: Callable[[], object] = lambda: None
        self._address = address
        self._strict = strict
        #: The functions that its servers have.
        self.library = Library.of(prefix, (files(__package__) / "functions.lua").read_text())
        self.server = link_to(
            reactor,
            address,
            library=self.library,
            home=self.keys.base,
            timeout_s=timeout_s,
            on_change=self._link_changed,
        )
        self.memory = Memory(self.keys, node, finals=keep_finals)
        self.asking = Asking(self.keys, lambda *args: self.server.call(*args, read=True))
        self.asking.archive = archive
        self.memory.archives = archive is not None
        #: This node's claims on what is ready.
        self.claims = Claiming(self.asking, self.memory, self._ask, lambda: self.fence())
        self._running = {}  # see KeptUp
        confirm = Confirm(strict, replicas, round(confirm_s * 1000)) if strict or replicas else None
        self.writer: RedisWriter = RedisWriter(
            self.memory,
            Blocking(reactor, self.server),
            lambda answer: reactor.callFromThread(self._opened, answer),
            lambda report: reactor.callFromThread(self.committed, report),
            gap_s=gap_s,
            most=most,
            before_commit=before_commit,
            after_commit=after_commit,
            fence=lambda: self.fence(),
            confirm=confirm,
        )
        self._archived = 0  # the highest id in the archive
        self._opening: Deferred[int] | None = None
        self._closing: list[Deferred[None]] | None = None

    # -- opening and closing ---------------------------------------------------------------------------------------

    def open(self) -> Deferred[int]:
        """See ports.Store. Fails with CannotOpen: no server, or one that may not be trusted with messages."""
        if self._opening is not None:
            return fail(CannotOpen("this store was opened before"))
        self._opening = Deferred()
        Deferred.fromCoroutine(self._open()).addErrback(self._opening.errback)
        return self._opening

    async def _open(self) -> None:
        try:
            await self.server.connect()
            reasons = await self.reasons()
            if await self.asking.call("EXISTS", self.keys.importing):
                reasons.append("an import into it has not come to its end: import once more")
            if (moved := await self.asking.call("GET", self.keys.moved)) is not None:
                reasons.append(moved_text(self.keys, moved))
            if self.asking.archive is not None and not reasons:
                self._archived = await self.asking.archive.open()
        except (Unreachable, Refused, ValueError, StoreUnavailable) as error:
            self._archive_closed()
            await self.server.close()
            raise CannotOpen(f"store: {error}") from None
        if reasons:
            await self.server.close()
            raise CannotOpen("\n".join(f"store: the server cannot be used: {each}" for each in reasons))
        self.writer.start()

    async def reasons(self) -> list[str]:
        """Why the server, to which it is connected, cannot be used; [] = it can. Raises errors.Unreachable, Refused."""
        settings: dict[str, str] = {}
        try:
            for flat in await self.server.each("CONFIG", "GET", "maxmemory-policy", "appendfsync"):
                settings.update(zip(*[iter(each.decode() for each in flat)] * 2, strict=True))
        except Refused:
            pass  # not allowed to us: INFO says it, too
        found: dict[str, None] = {}
        for info in await self.server.each("INFO"):
            found.update(dict.fromkeys(requirements.refused(requirements.facts(info), settings, strict=self._strict)))
        return list(found)

    def _opened(self, answer: int | CannotOpen) -> None:
        opening = self._opening
        assert opening is not None
        if isinstance(answer, CannotOpen):
            error = answer
            self.writer.join()
            self._archive_closed()
            self.server.close().addBoth(lambda _: opening.errback(error))
            return
        self.start()
        opening.callback(max(answer, self._archived))

    def close(self) -> Deferred[None]:
        """See ports.Store. Nothing to do for a store that is not open."""
        if self._closing is None:
            if not self._usable:
                return succeed(None)
            self.end()
            self._closing = []
            self.writer.stop(lambda: self._reactor.callFromThread(self._ended))
        done: Deferred[None] = Deferred()
        self._closing.append(done)
        return done

    def _archive_closed(self) -> None:
        if self.asking.archive is not None:
            self.asking.archive.close()

    def _ended(self) -> None:
        self.writer.join()
        self._archive_closed()
        self.server.close().addBoth(self._closed)

    def _closed(self, _: object) -> None:
        self._healthy = False  # an orderly end is no failure to report
        assert self._closing is not None
        for done in self._closing:
            done.callback(None)
        self._closing = None

    def another_link(self, timeout_s: float, on_change: Callable[[bool], None]) -> AnyLink:
        """A further link to the same server, not connected: for what must not wait behind commits."""
        return link_to(
            self._reactor,
            self._address,
            library=self.library,
            home=self.keys.base,
            timeout_s=timeout_s,
            on_change=on_change,
        )

    def publish(self, topic: str) -> None:
        """Wake whoever listens for it on any node; nothing while the server is away."""
        self.server.call("PUBLISH", self.keys.wake(topic), b"", read=True).addErrback(lambda _: None)

    def failed(self, error: BaseException) -> None:
        """See Committing."""
        if isinstance(error, Fenced):
            self.on_fenced()

    # -- health ----------------------------------------------------------------------------------------------------

    def _link_changed(self, up: bool) -> None:
        """The server went away, or came back: nobody waits for a commit to find out."""
        if not self._usable:
            return
        if up:
            self.writer.put(Batch(None, ()))  # it says whether anything can be written
        else:
            self.trouble = f"nothing can be stored: {self.server.why}"
            self.set_healthy(False)

    # -- reading ---------------------------------------------------------------------------------------------------

    def _ask(self, query: Coroutine[Any, Any, _T]) -> Deferred[_T]:
        """See Reads."""
        if not self._usable:
            query.close()
            return fail(StoreUnavailable("the store is not open"))
        return Deferred.fromCoroutine(self._answer_of(query))

    async def _answer_of(self, query: Coroutine[Any, Any, _T]) -> _T:
        try:
            return await query
        except (Unreachable, Refused) as error:
            raise StoreUnavailable(f"nothing can be read: {error}") from None
