"""Counts and numbers after random changes, with the store opened anew in between: as counted from scratch."""

import random
import sqlite3
from collections import Counter
from pathlib import Path

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from smsgwd.model.business import DropRecord, PutRecord, PutTenant, Reschedule, Unhold
from smsgwd.model.changes import (
    Cancel,
    Expire,
    Fail,
    GiveUp,
    PartSent,
    Promote,
    Replace,
    Replaced,
    Requeue,
    Submit,
    Submitted,
    TakeReceipt,
)
from smsgwd.model.ids import IdGenerator
from smsgwd.model.message import HELD, Failure, State
from smsgwd.model.receipts import Receipt
from smsgwd.model.records import Record
from smsgwd.model.upkeep import Erase, EraseRest, Purge
from smsgwd.store.embedded.store import EmbeddedStore
from tests.store.samples import HOUR, NOW, message, tenant

_BAD = Failure("smsc_rejected", "", 0x0B)
_OWNERS = ("a", "b", "c")
_FINAL = {State.DELIVERED: "delivered", State.CANCELLED: "cancelled"}


class _Changes:
    """Any change, and what it must have done to the counts that nothing can be counted from afterwards."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.ids = IdGenerator(1)
        self.known = []
        self.at = NOW
        self.taken = Counter()  # messages by tenant
        self.order = {owner: [] for owner in _OWNERS}  # ids as they were taken

    def next(self):
        chance = self.chance
        kind = chance.random()
        self.at += chance.choice((0, 1, 1000, HOUR))
        if kind < 0.4 or not self.known:
            return self._submit()
        if kind < 0.5:
            owner, record = chance.choice(_OWNERS), chance.choice(("contact", "group", "template", "member"))
            key = str(chance.randrange(6))
            if chance.random() < 0.3:
                return DropRecord(record, owner, key[: chance.randrange(2)], beginning=True)
            flags = {"new": chance.random() < 0.3, "old": chance.random() < 0.2}
            return PutRecord(Record(record, owner, key, b"{}", self.at), **flags)
        old = chance.choice(self.known[-80:])
        number = old.id
        return chance.choice(
            (
                lambda: PartSent(number, 1, f"{number:x}", "g", "sim", self.at),
                lambda: TakeReceipt(
                    Receipt("g", f"{number:x}", chance.choice(tuple(State)[4:]), self.at, msisdn=old.msisdn)
                ),
                lambda: Cancel(old.tenant, number, self.at),
                lambda: Fail(number, 1, "sim", self.at, _BAD),
                lambda: GiveUp(number, "sim", self.at, _BAD),
                lambda: Requeue(number, self.at + 5, "sim", self.at, _BAD),
                lambda: Replace(old.tenant, self._message(old.tenant, id=number, submission=old.submission), self.at),
                lambda: Reschedule(old.tenant, number, self.at + chance.randrange(HOUR), self.at),
                lambda: Unhold(old.tenant, "", self.at, reject=chance.random() < 0.5, limit=2),
                lambda: Promote(self.at, 3),
                lambda: Expire(self.at, frozenset(), 2),
                lambda: Erase((number,), old.msisdn, self.at),
                lambda: EraseRest(str(chance.randrange(6)), self.at),
                lambda: Purge(self.at - 6 * HOUR, 20),
            )
        )()

    def _message(self, owner, **fields):
        chance = self.chance
        state = chance.choice((State.QUEUED, State.QUEUED, State.SCHEDULED))
        due = self.at + chance.randrange(10 * HOUR)
        fields |= {"state": state, "due_at": (due + HELD * (chance.random() < 0.2)) if state == State.SCHEDULED else 0}
        return message(tenant=owner, price=0, dlr_url=None, submitted_at=self.at, **fields)

    def _submit(self):
        owner, count = self.chance.choice(_OWNERS), self.chance.choice((1, 1, 2, 40))
        first = self.ids.block(count + 1, self.at)
        numbers = [first + 1 + n for n in range(count)]
        if self.chance.random() < 0.1:
            self.chance.shuffle(numbers)
        return Submit(owner, [self._message(owner, id=number, submission=first) for number in numbers], self.at)

    def done(self, change, result):
        if isinstance(result, Submitted):
            self.known += change.messages
            self.taken[change.tenant] += len(change.messages)
            self.order[change.tenant] += [each.id for each in change.messages]
        elif isinstance(result, Replaced):
            assert not result.refused


class TestCounts(TestCase):
    timeout = 120

    async def test_counts_and_numbers_are_those_counted_from_scratch(self):
        for seed in range(4):
            await self._one_run(seed)

    async def test_a_wrong_count_is_found(self):
        """Of each kind of trouble that the check is for."""
        for sql, words in (
            ("UPDATE tally SET scheduled = scheduled + 1", "scheduled messages"),
            ("UPDATE tally SET delivered = delivered + 1", "all it ever had"),
            ("UPDATE tally SET contacts = contacts - 1", "contacts"),
            ("UPDATE tally SET groups = groups - 1", "groups"),
            ("DELETE FROM record WHERE kind = 'template'", "templates"),
            ("UPDATE tally SET orders = 9", "top-ups"),
            ("UPDATE message SET seq = 1000 WHERE id = (SELECT max(id) FROM message)", "has not come to"),
            ("UPDATE message SET seq = 3 WHERE seq = 2", "with one number"),
            ("UPDATE mark SET first = first + 1 WHERE block = 1", "the mark of its number"),
            ("UPDATE mark SET block = 7 WHERE block = 2", "have a gap"),
        ):
            directory = self.mktemp()
            store = EmbeddedStore(reactor, directory)
            await store.open()
            messages = [message(price=0) for _ in range(150)]
            records = [PutRecord(Record(kind, "demo", "k", b"{}", NOW)) for kind in ("contact", "group", "template")]
            await store.commit([PutTenant(tenant("demo", credit=5)), Submit("demo", messages, NOW), *records])
            await store.close()
            with sqlite3.connect(Path(directory) / "store.db") as connection:
                self.assertEqual(connection.execute(sql).rowcount, 1, sql)
            connection.close()
            store = EmbeddedStore(reactor, directory)
            await store.open()
            problems = (await store.check(deep=True)).problems
            await store.close()
            self.assertTrue(any(words in problem for problem in problems), (sql, problems))

    async def _one_run(self, seed):
        directory, changes = self.mktemp(), _Changes(seed)
        ended = Counter()  # by tenant and count, of purged messages: they cannot be counted any more
        for _ in range(6):
            store = EmbeddedStore(reactor, directory, gap_s=0)
            await store.open()
            for owner in _OWNERS:
                await store.commit([PutTenant(tenant(owner, credit=None, credentials=()))])
            for _ in range(60):
                before = self._states(directory)
                batch = [changes.next() for _ in range(changes.chance.randrange(1, 5))]
                purges = [change for change in batch if isinstance(change, Purge)]
                batch = purges[:1] or batch  # alone: what it takes away had ended before
                results = await store.commit(batch)
                for change, result in zip(batch, results, strict=True):
                    changes.done(change, result)
                if purges:
                    self._purged(before, self._states(directory), ended)
            self.assertEqual((await store.check(deep=True)).problems, ())
            for owner in _OWNERS:
                await self._compare(store, directory, owner, changes, ended)
            await store.close()
        self.assertGreater(sum(changes.taken.values()), 500)
        self.assertGreater(sum(ended.values()), 20)

    def _ask(self, directory, sql):
        with sqlite3.connect(f"file:{Path(directory) / 'store.db'}?mode=ro", uri=True) as connection:
            found = connection.execute(sql).fetchall()
        connection.close()
        return found

    def _states(self, directory):
        return {number: (owner, state) for number, owner, state in self._ask(directory, _ALL)}

    def _purged(self, before, after, ended):
        for number in before.keys() - after.keys():
            owner, state = before[number]
            ended[owner, _FINAL.get(State(state), "failed")] += 1

    async def _compare(self, store, directory, owner, changes, ended):
        tally, counted = await store.tally(owner), Counter()
        for _, name, state in self._ask(directory, _ALL):
            if name == owner:
                kind = _FINAL.get(State(state), "failed") if state >= 10 else "scheduled" if state == 0 else "open"
                counted[kind] += 1
        self.assertEqual(tally.accepted, changes.taken[owner])
        self.assertEqual(tally.scheduled, counted["scheduled"])
        ends = [tally.delivered, tally.failed, tally.cancelled]
        names = ("delivered", "failed", "cancelled")
        self.assertEqual(ends, [counted[name] + ended[owner, name] for name in names])
        kinds = Counter(kind for kind, name in self._ask(directory, "SELECT kind, tenant FROM record") if name == owner)
        self.assertEqual((tally.contacts, tally.groups, tally.templates), tuple(map(kinds.__getitem__, _KINDS)))
        there = {number for number, name, _ in self._ask(directory, _ALL) if name == owner}
        expected = [(n + 1, number) for n, number in enumerate(changes.order[owner]) if number in there]
        page = await store.history(owner, 0, 1 << 60, 0, 1 << 20)
        self.assertEqual([(each.number, each.view.message.id) for each in page], expected)
        begin = expected[0][0] if expected else 0
        for offset in range(0, len(changes.order[owner]), 37):
            page = await store.history(owner, 0, 1 << 60, offset, 11)
            wanted = [pair for pair in expected if begin + offset <= pair[0] < begin + offset + 11]
            self.assertEqual([(each.number, each.view.message.id) for each in page], wanted)


_ALL = "SELECT id, tenant, state FROM message"
_KINDS = ("contact", "group", "template")
