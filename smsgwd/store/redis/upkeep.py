"""Long work on an open store, beside the traffic: checks, backups. Each piece is a coroutine on the reactor."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from twisted.internet.defer import Deferred, fail

from smsgwd.ports.store import CheckReport, LedgerReport, Progress
from smsgwd.store.redis import backup, check, reads_money
from smsgwd.store.redis.asking import Asking
from smsgwd.store.redis.cluster import ClusterLink
from smsgwd.store.redis.control import Control
from smsgwd.store.redis.errors import Refused
from smsgwd.store.redis.link import Link

_T = TypeVar("_T")
_LOOKS: Final = 2400
_LOOK_S: Final = 0.1  # between looks at whether the server is through with something
_BUSY: Final = ("aof_rewrite_in_progress", "aof_rewrite_scheduled", "rdb_bgsave_in_progress")


class KeptUp:
    """The half of `RedisStore` that looks after what is stored."""

    asking: Asking
    server: Link | ClusterLink
    _reactor: Any
    _usable: bool
    _running: dict[str, Control]

    def _ask(self, query: Coroutine[Any, Any, _T]) -> Deferred[_T]:
        """See Reads."""
        raise NotImplementedError

    def _keep_up(self, name: str, work: Callable[[Control], Coroutine[Any, Any, _T]]) -> Deferred[_T]:
        """Start a piece of work. Fails with ValueError while one of this name runs, StoreUnavailable when the server
        cannot be asked, or the store is closed meanwhile."""
        if name in self._running:
            return fail(ValueError(f"a {name} is running already"))
        control = self._running[name] = Control(self._reactor, lambda: self._usable)

        def ended(answer: Any) -> Any:
            del self._running[name]
            return answer

        return self._ask(work(control)).addBoth(ended)

    def check(self, *, deep: bool = False) -> Deferred[CheckReport]:
        """See ports.Store. Fails with ValueError while another check runs; so do those below."""
        return self._keep_up("check", lambda control: self._checked(control, deep))

    async def _checked(self, control: Control, deep: bool) -> CheckReport:
        report = await check.check(self.asking, control, deep)
        if self.asking.archive is None:
            return report
        problems = (*await self.asking.archive.check(), *report.problems)
        return msgspec.structs.replace(report, problems=problems)

    def ledger_check(self) -> Deferred[LedgerReport]:
        """See ports.Store."""
        return self._keep_up("ledger check", lambda _: reads_money.ledger_check(self.asking))

    def backup(self, path: str) -> Deferred[int]:
        """See ports.Store, and `backup`: of what changes while it is made, one thing may be older than another."""
        place = Path(path)
        try:
            backup.writable_place(place)
        except (ValueError, OSError) as error:
            return fail(error if isinstance(error, ValueError) else ValueError(f"{path}: {error.strerror}"))
        return self._keep_up("backup", lambda control: backup.backup(self.asking, control, place))

    def vacuum(self) -> Deferred[int]:
        """See ports.Store. There are no files to be made smaller: the server gives back memory it does not need."""
        return self._keep_up("vacuum", lambda _: self._purged())

    async def _purged(self) -> int:
        await self.server.each("MEMORY", "PURGE")
        return 0

    def scrub(self) -> Deferred[bool]:
        """See ports.Store. The server writes its log anew, from what it has in memory; False where it keeps none, is
        not through after some minutes, or does not let us. Snapshots and backups from before keep what they have."""
        return self._keep_up("scrub", self._rewritten)

    async def _rewritten(self, control: Control) -> bool:
        begun = False
        for _ in range(_LOOKS):
            facts = [_facts(info) for info in await self.server.each("INFO", "persistence")]
            if any(each.get("aof_enabled") != "1" for each in facts):
                return False
            if not any(each[name] != "0" for each in facts for name in _BUSY):
                if begun:
                    return all(each["aof_last_bgrewrite_status"] == "ok" for each in facts)
                try:  # one that was under way already may have begun before what is to be gone was
                    await self.server.each("BGREWRITEAOF")
                except Refused:
                    return False
                begun = True
            await control.rest(_LOOK_S)
        return False

    def upkeep(self) -> dict[str, Progress]:
        """See ports.Store."""
        return {name: Progress(control.done, control.total) for name, control in self._running.items()}


def _facts(info: bytes) -> dict[str, str]:
    """What a reply to INFO says, by name."""
    return dict(line.split(":", 1) for line in info.decode().splitlines() if ":" in line)
