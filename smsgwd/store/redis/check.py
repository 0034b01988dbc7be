"""Looking for damage: what must hold between rows, indexes, counts and money. Nothing is held up by it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec

from smsgwd.model.message import FINAL_FROM, HELD, State
from smsgwd.ports.store import CheckReport
from smsgwd.store.redis import check_rest, check_unlisted, reads_audit, reads_money
from smsgwd.store.redis.asking import Asking
from smsgwd.store.redis.control import Control
from smsgwd.store.redis.keys import id8, number_of, queue_named, queued
from smsgwd.store.redis.looking import Findings
from smsgwd.store.redis.rows import RedisRow, row_from, smsc_of
from smsgwd.store.rows import STATES

_FINAL: Final = int(FINAL_FROM)
_QUEUED, _SENT = int(State.QUEUED), int(State.SENT)
_OPEN: Final = tuple(state for state in sorted(STATES) if state < _FINAL)
_PARTS: Final = 255  # what of a place is the part (Work.map_smsc)


async def check(ask: Asking, control: Control, deep: bool) -> CheckReport:
    """See Store.check. `deep`: also SMSC ids, numbers in histories, top-ups, and
    rows that no index has. Raises StoreUnavailable when it is
    to end, errors.Unreachable and errors.Refused."""
    begun = time.perf_counter()
    findings = Findings(ask, control)
    control.total = int(await ask.call("ZCARD", ask.keys.messages))
    messages = _Messages(findings, deep)
    for step in (
        messages.walk,
        messages.strays,
        partial(check_rest.pushes, findings),
        partial(check_rest.parked, findings),
        lambda: check_rest.counts(findings, sorted(messages.tenants), deep),
        partial(check_rest.names, findings),
        partial(_ledger, findings),
        partial(check_unlisted.unlisted, findings, deep),
    ):
        control.look()
        try:
            await step()
        except msgspec.DecodeError as error:
            findings.tell([f"a row cannot be read: {error}"])
    size = await reads_audit.space(ask)
    return CheckReport(
        problems=findings.problems,
        messages=messages.count,
        bytes=size.bytes,
        free_bytes=size.free_bytes,
        seconds=time.perf_counter() - begun,
    )


async def _ledger(findings: Findings) -> None:
    findings.tell((await reads_money.ledger_check(findings.ask)).problems)


class _Messages:
    """Rows of messages, and the indexes they are in."""

    def __init__(self, findings: Findings, deep: bool) -> None:
        self._findings = findings
        self._ask = findings.ask
        self._keys = findings.ask.keys
        self._deep = deep
        self.count = 0  #: that there are
        self.tenants: set[str] = set()  #: that messages are of, or that there are

    async def walk(self) -> None:
        """All messages."""
        async for page in self._findings.pages(self._keys.messages):
            await self._findings.look(self._look, [number_of(member) for member, _ in page])
            self.count += len(page)
            self._findings.control.done = self.count

    async def strays(self) -> None:
        """What is in other indexes and is no message, or not what they say."""
        keys, findings = self._keys, self._findings
        self.tenants |= {member.decode() for member in await self._ask.call("ZRANGE", keys.tenants, 0, -1)}
        indexes = [keys.due, keys.held, *map(keys.open, _OPEN)]
        for tenant in sorted(self.tenants):
            indexes += (keys.of_tenant(tenant), keys.history(tenant))
        for index in indexes:
            async for page in findings.pages(index):
                members = [member for member, _ in page]
                there = await findings.scores(keys.messages, members)
                gone = [number_of(member) for member, score in zip(members, there, strict=True) if score is None]
                if gone:
                    await findings.look(partial(self._gone, index), gone)
        for name in await self._ask.call("ZRANGE", keys.queues, 0, -1):
            connector, node = queue_named(name)
            if not node:  # a node looks at what it has claimed before it sends it
                async for page in findings.pages(keys.queue(connector)):
                    await findings.look(
                        partial(self._in_queue, connector),
                        [number_of(member) for member, _ in page],
                    )

    async def _gone(self, index: str, numbers: Sequence[int]) -> dict[int, set[str]]:
        """Messages that are gone and are in an index still."""
        members = [id8(number) for number in numbers]
        there = await self._findings.scores(index, members)
        rows = await self._ask.rows([self._keys.message(number) for number in numbers])
        return {
            number: {f"message {number} is gone and is in {index}"}
            for number, score, row in zip(numbers, there, rows, strict=True)
            if score is not None and row is None
        }

    async def _in_queue(self, connector: str, numbers: Sequence[int]) -> dict[int, set[str]]:
        """Members of a queue whose messages are not queued there."""
        rows = await self._rows(numbers)
        found: dict[int, set[str]] = {}
        for number, row in rows.items():
            if isinstance(row, RedisRow) and row.state == _QUEUED and row.connector == connector:
                continue
            # It may have left the queue since: it is looked for with whatever priority it had there.
            members = [queued(priority, number) for priority in range(256)]
            scores = await self._findings.scores(self._keys.queue(connector), members)
            if any(score is not None for score in scores):
                found[number] = {f"message {number} is ready for {connector}, and is not queued for it"}
        return found

    async def _rows(self, numbers: Sequence[int]) -> dict[int, RedisRow | str | None]:
        """Rows by number; None = there is none, text = why it cannot be read."""
        found: dict[int, RedisRow | str | None] = {}
        values = await self._ask.rows([self._keys.message(number) for number in numbers])
        for number, value in zip(numbers, values, strict=True):
            try:
                found[number] = None if value is None else row_from(value)
            except (msgspec.DecodeError, ValueError, LookupError, TypeError) as error:
                found[number] = str(error)
        return found

    async def _look(self, numbers: Sequence[int]) -> dict[int, set[str]]:
        """What is wrong with messages that the index of all of them has."""
        found: dict[int, set[str]] = defaultdict(set)
        rows: list[RedisRow] = []
        none: list[int] = []
        for number, row in (await self._rows(numbers)).items():
            if isinstance(row, RedisRow):
                rows.append(row)
                found[number] |= _wrong(row)
            elif row is None:
                none.append(number)
            else:
                found[number].add(f"message {number}: {row}")
        listed = await self._findings.scores(self._keys.messages, [id8(number) for number in none])
        for number, score in zip(none, listed, strict=True):
            if score is not None:  # else it went since
                found[number].add(f"message {number} has no row")
        if rows:
            self.tenants.update(row.told.tenant for row in rows)
            await self._entries(rows, found)
            await self._queues([row for row in rows if row.state == _QUEUED], found)
            if self._deep:
                await self._ids(rows, found)
        return {number: told for number, told in found.items() if told}

    async def _entries(self, rows: Sequence[RedisRow], found: dict[int, set[str]]) -> None:
        """Each is where its row says, and nowhere else."""
        keys = self._keys
        members = [id8(row.id) for row in rows]
        for index in (keys.due, keys.held, *map(keys.open, _OPEN)):
            for row, score in zip(rows, await self._findings.scores(index, members), strict=True):
                wanted = self._wanted(row, index)
                if score != wanted:
                    told = "is" if wanted is None else "is not as its row says"
                    found[row.id].add(f"message {row.id} ({STATES[row.state].public}) {told} in {index}")
        by_tenant: dict[str, list[RedisRow]] = defaultdict(list)
        for row in rows:
            by_tenant[row.told.tenant].append(row)
        for tenant, own in by_tenant.items():
            for index, what in ((keys.of_tenant(tenant), "messages"), (keys.history(tenant), "history")):
                for row, score in zip(
                    own, await self._findings.scores(index, [id8(row.id) for row in own]), strict=True
                ):
                    if score is None:
                        found[row.id].add(f"message {row.id} is not in its tenant's {what}")

    def _wanted(self, row: RedisRow, index: str) -> float | None:
        """The score that a message has in one of the indexes of what is open."""
        keys, state = self._keys, row.state
        if state < _QUEUED and index in (keys.due, keys.held):
            is_held = row.due_at >= HELD
            if index == keys.held:
                return 0 if is_held else None
            return None if is_held else row.due_at
        return row.told.deadline if state < _FINAL and index == keys.open(state) else None

    async def _queues(self, rows: Sequence[RedisRow], found: dict[int, set[str]]) -> None:
        """What is to be sent is ready for its connector, claimed or not."""
        if not rows:
            return
        queues: dict[str, set[str]] = defaultdict(set)
        for name in await self._ask.call("ZRANGE", self._keys.queues, 0, -1):
            connector, node = queue_named(name)
            queues[connector].add(self._keys.queue(connector, node))
        for connector in {row.connector for row in rows}:
            own = [row for row in rows if row.connector == connector]
            members = [queued(row.told.priority, row.id) for row in own]
            ready = set()
            for queue in queues[connector]:
                scores = await self._findings.scores(queue, members)
                ready |= {row.id for row, score in zip(own, scores, strict=True) if score is not None}
            for row in own:
                if row.id not in ready:
                    found[row.id].add(f"message {row.id} is to be sent and is in no queue of {connector}")

    async def _ids(self, rows: Sequence[RedisRow], found: dict[int, set[str]]) -> None:
        """SMSC ids stand for parts that there are."""
        pairs = [(row, pair) for row in rows for pair in row.mapped]
        values = await self._ask.rows([self._keys.smsc(*pair) for _, pair in pairs])
        for (row, _), value in zip(pairs, values, strict=True):
            if value is None:
                continue
            number, place = smsc_of(value)
            if number == row.id and not 1 <= place & _PARTS <= row.parts:
                found[row.id].add(f"message {row.id} has an SMSC id for a part that it does not have")


def _wrong(row: RedisRow) -> set[str]:
    """What is wrong within a row."""
    found: set[str] = set()
    name = f"message {row.id}"
    if row.state not in STATES:
        found.add(f"{name} has a state that is none")
    if row.state >= _FINAL and row.done_at is None:
        found.add(f"{name} ended and has no time of it")
    if row.state < _SENT and not row.connector:
        found.add(f"{name} is to be sent and has no connector")
    if row.parts < 1:
        found.add(f"{name} has no parts")
    if row.state == _SENT and row.sent_at is None:
        found.add(f"{name} was taken by an SMSC and has no time of it")
    if any(not 1 <= part <= row.parts for part in row.known or ()):
        found.add(f"{name} has a part beyond its number of parts")
    return found
