"""Checks find what is wrong and nothing else, also under traffic; backups; what was erased leaves the log."""

import stat
from pathlib import Path

import msgspec
from twisted.internet.defer import gatherResults
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from smsgwd.model.business import PutRecord
from smsgwd.model.changes import Cancel, OutboxDead, OutboxDone
from smsgwd.model.message import HELD, State
from smsgwd.model.records import CONTACT, Record
from smsgwd.model.upkeep import Erase, Purge, Tidy
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.redis import backup, check_rest
from smsgwd.store.redis.keys import id8, number_of, queued
from smsgwd.store.redis.rows import pack_row, row_from
from smsgwd.store.redis.tx import STAMP
from tests.store.base import StoreCase
from tests.store.redis.test_contract import Redis
from tests.store.redis_server import shared_server
from tests.store.samples import HOUR, NOW, message, receipt, sent, submission, submit


class UpkeepCase(Redis, StoreCase):
    """A store with some of everything."""

    async def setUp(self):
        await super().setUp()
        self.call = shared_server().client.call
        self.keys = self.store.keys
        self.queued, self.due, self.held, self.sent, self.owed, self.dead = self.messages = [
            message(),
            message(state=State.SCHEDULED, due_at=NOW + HOUR),
            message(state=State.SCHEDULED, due_at=HELD),
            message(parts=2),
            message(),
            message(),
        ]
        await self.store.commit([submit(*self.messages), PutRecord(Record(CONTACT, "demo", "306", b"{}", NOW))])
        ends = [Cancel("demo", each.id, NOW) for each in (self.owed, self.dead)]
        *_, owed, dead = await self.store.commit([sent(self.sent.id, "A1"), sent(self.sent.id, "A2", 2), *ends])
        (self.push,), (dead_push,) = ([item.id for item in result.outbox] for result in (owed, dead))
        await self.store.commit([OutboxDead(dead_push, NOW, "gone"), receipt("X1"), receipt("X2")])

    async def problems(self, deep=True):
        """What a check finds."""
        return (await self.store.check(deep=deep)).problems

    async def change(self, of, **fields):
        """Write another row of a message, as no commit would."""
        value = self.call("GET", self.keys.message(of.id))
        row = row_from(value[STAMP:])
        for name, value_of in fields.items():
            setattr(row, name, value_of)
        self.call("SET", self.keys.message(of.id), value[:STAMP] + pack_row(row))


class TestCheck(UpkeepCase, TestCase):
    async def test_all_is_well(self):
        await self.one(Tidy(0, 0, NOW + HOUR))
        report = await self.store.check(deep=True)
        self.assertEqual((report.problems, report.messages), ((), 6))
        self.assertGreater(report.bytes, 100_000)
        self.assertEqual(await self.problems(deep=False), ())

    async def finds(self, *problems, deep=True):
        """It finds these, by their beginnings, and nothing else."""
        found = await self.problems(deep)
        self.assertEqual(len(found), len(problems), found)
        for each in problems:
            self.assertTrue(any(text.startswith(each) for text in found), (each, found))

    async def test_a_row_that_is_gone(self):
        self.call("DEL", self.keys.message(self.queued.id))
        await self.finds(
            f"message {self.queued.id} has no row",
            f"message {self.queued.id} is ready for sim, and is not queued for it",
            "tenant demo has 160000 reserved, its open messages cost 120000",
        )

    async def test_rows_that_no_index_has(self):
        keys, value = self.keys, b"12345678" + b"\x90"
        self.call("ZREM", keys.records(CONTACT), b"demo\x00306")
        rows = [
            keys.message(7), keys.push(7), keys.parked(7), keys.lookup(7), keys.refused(7), keys.audit(7),
            keys.tenant("a:b"), keys.link("x"), keys.answer("a:b", "c%d"), keys.record(CONTACT, "a:b", "c"),
        ]  # fmt: skip
        for row in rows:
            self.call("SET", row, value)
        found = await self.problems()
        missing = [*rows, keys.record(CONTACT, "demo", "306")]
        told = {f"{row.removeprefix(keys.base)} is there and in no index of its kind" for row in missing}
        self.assertEqual({each for each in found if "no index" in each}, told)
        # With the indexes nothing is wrong with their places, whatever characters their names have.
        for index, member in ((keys.tenants, b"a:b"), (keys.answers, b"a:b\x00c%d"), (keys.link_expiry, b"x")):
            self.call("ZADD", index, 0, member)
        told -= {f"{row.removeprefix(keys.base)} is there and in no index of its kind" for row in rows[6:9]}
        self.assertEqual({each for each in await self.problems() if "no index" in each}, told)
        self.assertFalse([each for each in await self.problems(deep=False) if "no index" in each])

    async def test_a_row_that_cannot_be_read(self):
        self.call("SETRANGE", self.keys.message(self.queued.id), STAMP, b"\xc1" * 9)
        found = await self.problems()
        self.assertTrue(any(text.startswith(f"message {self.queued.id}: ") for text in found), found)

    async def test_entries_that_are_missing(self):
        for index, of in (
            (self.keys.open(int(State.QUEUED)), self.queued),
            (self.keys.due, self.due),
            (self.keys.held, self.held),
            (self.keys.open(int(State.SENT)), self.sent),
        ):
            score = self.call("ZSCORE", index, id8(of.id))
            self.call("ZREM", index, id8(of.id))
            (first, *_) = await self.problems()
            self.assertIn(f"is not as its row says in {index}", first)
            self.call("ZADD", index, score, id8(of.id))
        await self.finds()

    async def test_entries_that_are_elsewhere(self):
        self.call("ZADD", self.keys.held, 0, id8(self.queued.id))
        self.call("ZADD", self.keys.due, 7, id8(77))
        await self.finds(f"message {self.queued.id} (queued) is in ", f"message 77 is gone and is in {self.keys.due}")

    async def test_what_is_to_be_sent_and_is_not_ready(self):
        self.call("ZREM", self.keys.queue("sim"), queued(1, self.queued.id))
        await self.finds(f"message {self.queued.id} is to be sent and is in no queue of sim")

    async def test_what_a_node_has_claimed_is_ready(self):
        self.call("ZREM", self.keys.queue("sim"), queued(1, self.queued.id))
        self.call("ZADD", self.keys.queue("sim", "b"), 0, queued(1, self.queued.id))
        self.call("ZADD", self.keys.queues, 0, b"sim\0b")
        await self.finds()

    async def test_a_row_that_says_what_cannot_be(self):
        await self.change(self.sent, sent_at=None, parts=1)
        await self.change(self.owed, done_at=None)
        await self.change(self.queued, connector="")
        found = await self.problems()
        for text in (
            f"message {self.sent.id} was taken by an SMSC and has no time of it",
            f"message {self.owed.id} ended and has no time of it",
            f"message {self.queued.id} is to be sent and has no connector",
        ):
            self.assertIn(text, found)

    async def test_an_smsc_id_of_no_part(self):
        name = next(iter(self.call("KEYS", f"{self.keys.base}s:g:*2")))
        value = self.call("GET", name)
        self.call("SET", name, value[:STAMP] + msgspec.msgpack.encode((self.sent.id, 3)))
        await self.finds(f"message {self.sent.id} has an SMSC id for a part that it does not have")
        await self.finds(deep=False)

    async def test_pushes(self):
        (target,) = [each.target for each in await self.store.outbox_targets()]
        self.call("ZREM", self.keys.pending(target), id8(self.push))
        self.call("ZADD", self.keys.pushes_done, NOW, id8(78))
        await self.change(self.dead, pushes=[])
        await self.finds(
            f"push {self.push} is not in ",
            "push 78 is gone and is in ",
            next(f"push {each.id} is about message" for each in await self.store.pushes("", "given_up", 0, 9)),
        )

    async def test_a_receipt_that_cannot_be_found(self):
        number = number_of(self.call("ZRANGE", self.keys.parked_age, 0, 0)[0])
        for name in self.call("KEYS", f"{self.keys.base}pk:*"):
            self.call("DEL", name)
        self.call("ZADD", self.keys.orphans, 0, id8(number))
        found = await self.problems()
        self.assertIn(f"parked receipt {number} cannot be looked for", found)
        self.assertIn(f"parked receipt {number} is not where its row says", found)

    async def test_counts(self):
        for field in ("scheduled", "delivered", "contacts", "orders"):
            self.call("HINCRBY", self.keys.tally("demo"), field, 1)
        await self.finds(
            "tenant demo has another number of scheduled messages than its count says",
            "tenant demo has ended and open messages that are not all it ever had by its count",
            "tenant demo has another number of contacts than its count says",
            "tenant demo has another number of top-ups than its count says",
        )
        self.patch(check_rest, "_MOST", 3)
        await self.finds("tenant demo has another number of contacts than its count says", deep=False)

    async def test_numbers_in_a_history(self):
        first, second = self.call("ZRANGE", self.keys.history("demo"), 0, 1)
        self.call("ZADD", self.keys.history("demo"), 1, second)
        await self.finds("tenant demo has two messages with one number")
        self.call("ZREM", self.keys.history("demo"), first)
        self.call("ZADD", self.keys.history("demo"), 99, second)
        await self.finds(
            f"message {number_of(first)} is not in its tenant's history",
            "tenant demo has messages that are not all numbered",
            "tenant demo has a message with a number that it has not come to",
        )

    async def test_money(self):
        self.call("HINCRBY", self.keys.account("demo"), "b", 1)
        found = await self.problems()
        self.assertEqual(len(found), 1)
        self.assertIn("demo", found[0])

    async def test_a_record_without_a_value(self):
        self.call("DEL", self.keys.record(CONTACT, "demo", "306"))
        await self.finds("contact demo 306 has no value")

    async def test_nothing_is_wrong_while_everything_changes(self):
        await self.one(Tidy(0, 0, NOW + HOUR))
        checking = [self.store.check(deep=True)]
        with self.assertRaises(ValueError):
            await self.store.check()
        self.assertEqual(set(self.store.upkeep()), {"check"})
        before, step = NOW + 90 * 24 * HOUR, 0
        while not checking[0].called or step < 60:
            step += 1
            new = submission(20, dlr_url=None if step % 2 else message().dlr_url)
            await self.one(submit(*new, waits := message(state=State.SCHEDULED, due_at=NOW + HOUR)))
            results = await self.store.commit(
                [
                    *(sent(each.id, f"{each.id}") for each in new[:10]),
                    *(receipt(f"{each.id}") for each in new[:8]),
                    *(Cancel("demo", each.id, NOW) for each in (*new[10:15], waits)),
                    Purge(before := before + HOUR),
                ]
            )
            owed = [item.id for result in results for item in getattr(result, "outbox", ())]
            await self.store.commit([OutboxDone(number, NOW) for number in owed])
        self.assertEqual((await checking[0]).problems, ())
        self.assertEqual(self.store.upkeep(), {})
        self.assertEqual(await self.problems(), ())

    async def test_it_ends_when_the_store_is_closed(self):
        checking = self.store.check(deep=True)
        closing = self.store.close()
        await self.assertFailure(checking, StoreUnavailable)
        await closing


class TestBackup(UpkeepCase, TestCase):
    def contents(self, path):
        """What a file has: by name, the kind and what is held."""
        data, words = Path(path).read_bytes(), []
        while data:
            end = 4 + int.from_bytes(data[:4], "big")
            words.append(msgspec.msgpack.decode(data[4:end]))
            data = data[end:]
        head, *kept, (count,) = words
        self.assertEqual((head, count), ([backup.FORMAT, self.keys.base], len(kept)))
        return kept

    async def test_all_keys_are_in_it(self):
        path = str(Path(self.mktemp()).absolute())
        self.patch(backup, "_LOOKED_AT", 3)
        self.patch(backup, "_MEMBERS", 2)
        size = await self.store.backup(path)
        self.assertEqual(Path(path).stat().st_size, size)
        self.assertEqual(stat.S_IMODE(Path(path).stat().st_mode), 0o640)
        names = {name.decode() for name in self.call("KEYS", f"{self.keys.base}*")}
        kept = self.contents(path)
        self.assertEqual({self.keys.base + name for name, _, _ in kept}, names)
        rows = {name: value for name, kind, value in kept if kind == "string"}
        self.assertEqual(rows[f"m:{self.queued.id}"], self.call("GET", self.keys.message(self.queued.id)))
        members = [member for name, _, page in kept if name == "m" for member in page[::2]]
        self.assertEqual(sorted(set(members)), sorted(id8(each.id) for each in self.messages))
        (money,) = [held for name, kind, held in kept if name == "a:demo"]
        self.assertEqual(int(money[b"h"]), 160_000)

    async def test_only_into_a_new_file(self):
        path = Path(self.mktemp()).absolute()
        path.write_bytes(b"mine")
        for bad in (str(path), "relative", str(path / "none" / "file")):
            await self.assertFailure(self.store.backup(bad), ValueError)
        self.assertEqual(path.read_bytes(), b"mine")

    async def test_nothing_is_left_of_one_that_fails(self):
        path = Path(self.mktemp()).absolute()
        self.patch(backup, "_finish", _full)
        await self.assertFailure(self.store.backup(str(path)), StoreUnavailable)
        self.assertEqual([each.name for each in path.parent.glob(f"{path.name}*")], [])


class TestScrub(UpkeepCase, TestCase):
    async def test_what_was_erased_leaves_the_log(self):
        number = "306955512345"
        new = message(msisdn=number, dest=number, dlr_url=None)
        await self.one(submit(new))
        self.assertIn(number.encode(), await deferToThread(_log))
        await self.one(Erase((new.id,), number, NOW))
        self.assertIn(number.encode(), await deferToThread(_log))
        self.assertIs(await self.store.scrub(), True)
        self.assertNotIn(number.encode(), await deferToThread(_log))

    async def test_memory_is_given_back(self):
        results = await gatherResults([self.store.vacuum(), self.store.space()])
        self.assertEqual(results[0], 0)
        self.assertGreater(results[1].bytes, 0)


def _log():
    """What the server has on its disk."""
    return b"".join(each.read_bytes() for each in shared_server().directory.glob("appendonlydir/*"))


def _full(file):
    file.close()
    raise OSError(28, "No space left on device")
