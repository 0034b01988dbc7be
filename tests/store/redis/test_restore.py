"""What was backed up comes back: as it was where nothing changed meanwhile, and agreeing with itself where it did."""

import itertools
import tempfile
from pathlib import Path

import msgspec
from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from smsgwd.model.business import PutRecord
from smsgwd.model.changes import Cancel, OutboxDone
from smsgwd.model.ledger import EntryKind
from smsgwd.model.message import State
from smsgwd.model.records import CONTACT, Record
from smsgwd.ports.store import FindFilter, LedgerFilter
from smsgwd.store.copying.backup_file import is_backup
from smsgwd.store.copying.backup_out import BackupSource
from smsgwd.store.copying.copy import added_up, copy
from smsgwd.store.copying.embedded_in import EmbeddedCopy
from smsgwd.store.copying.file import NotWhole
from smsgwd.store.copying.mended import NOTE
from smsgwd.store.copying.redis_in import RedisCopy
from smsgwd.store.copying.redis_out import RedisSource
from smsgwd.store.embedded.store import EmbeddedStore
from smsgwd.store.framing import frame, frames
from smsgwd.store.redis import backup
from smsgwd.store.redis.address import parse
from smsgwd.store.redis.store import RedisStore
from tests.store.moving import answers, redis
from tests.store.redis.test_upkeep import UpkeepCase
from tests.store.redis_server import shared_server
from tests.store.samples import HOUR, NOW, message, receipt, sent, submission, submit

_prefixes = itertools.count(1)


class RestoreCase(UpkeepCase):
    """Backups that go into a new store."""

    async def backed_up(self):
        path = Path(self.mktemp()).absolute()
        await self.store.backup(str(path))
        return path

    def source(self, path):
        source = BackupSource(path, Path(tempfile.mkdtemp(dir=path.parent)))
        self.addCleanup(source.close)
        return source

    async def restored(self, path):
        """A store with what is in the file, open; whatever it has was compared."""
        source, prefix = self.source(path), f"restored{next(_prefixes)}"
        async with redis(prefix) as there:
            target = RedisCopy(there.asking, there.server)
            await target.begin()
            sums = await copy(source, target)
            await target.done(0)
            self.assertEqual(sums.differences(await added_up(RedisSource(there.asking))), [])
        return await self.opened(RedisStore(reactor, parse(shared_server().url), prefix=prefix, strict=False))

    async def opened(self, store):
        await store.open()
        self.addCleanup(store.close)
        return store

    async def healthy(self, store):
        self.assertEqual((await store.check(deep=True)).problems, ())
        self.assertEqual((await store.ledger_check()).problems, ())


class TestQuiet(RestoreCase, TestCase):
    """Nothing changed meanwhile."""

    async def test_all_of_it_comes_back(self):
        path = await self.backed_up()
        self.assertTrue(is_backup(path))
        told = await added_up(RedisSource(self.store.asking))
        self.assertEqual(told.differences(await added_up(self.source(path))), [])
        store = await self.restored(path)
        before, after = await answers(self.store), await answers(store)
        for question, answer in before.items():
            self.assertEqual(after[question], answer, question)
        await self.healthy(store)

    async def test_into_the_embedded_store(self):
        path, directory = await self.backed_up(), Path(self.mktemp())
        await copy(self.source(path), EmbeddedCopy(directory))
        store = await self.opened(EmbeddedStore(reactor, str(directory)))
        await self.healthy(store)
        self.assertEqual([each.id for each in await store.tenants()], [each.id for each in await self.store.tenants()])

    async def test_a_file_that_is_not_whole_is_refused(self):
        path = await self.backed_up()
        whole = path.read_bytes()
        for wrong in (whole[:-1], whole[:-2], whole[: len(whole) // 2], whole + whole[-2:], whole + frame((1,))):
            path.write_bytes(wrong)
            with self.assertRaises(NotWhole):
                self.source(path)
        path.write_bytes(b"something else")
        self.assertFalse(is_backup(path))

    async def test_what_follows_from_messages_is_read_behind_them(self):
        """So that nothing they have led to is missing, and no key says that one was taken which is not there."""
        path = await self.backed_up()
        names = [each[0].partition(":")[0] for each in _pieces(path)[1:-1] if ":" in each[0]]
        money, messages, pushes = ([at for at, name in enumerate(names) if name in of] for of in ("aln", "m", "xs"))
        self.assertLess(max(money), min(messages))
        self.assertLess(max(messages), min(pushes))


class TestTraffic(RestoreCase, TestCase):
    """Everything changes while the copy is made."""

    async def work(self, done):
        """Messages come and end until `done`."""
        step = 0
        while not done() or step < 20:
            step += 1
            new = submission(12, dlr_url=None if step % 2 else message().dlr_url)
            waits = message(state=State.SCHEDULED, due_at=NOW + HOUR)
            contact = PutRecord(Record(CONTACT, "demo", f"40{step}", b"{}", NOW))
            await self.store.commit([submit(*new, waits), contact])
            results = await self.store.commit(
                [
                    *(sent(each.id, f"{each.id}") for each in new[:6]),
                    *(receipt(f"{each.id}") for each in new[:4]),
                    *(Cancel("demo", each.id, NOW) for each in (*new[6:9], waits)),
                ]
            )
            owed = [item.id for result in results for item in getattr(result, "outbox", ())]
            await self.store.commit([OutboxDone(number, NOW) for number in owed[::2]])

    async def test_it_agrees_with_itself(self):
        self.patch(backup, "_LOOKED_AT", 20)
        self.patch(backup, "_MEMBERS", 5)
        old = {view.message.id: view.message.state for view in await self.views(self.store)}
        path = Path(self.mktemp()).absolute()
        making = self.store.backup(str(path))
        await self.work(lambda: making.called)
        await making
        store = await self.restored(path)
        await self.healthy(store)
        kept = {view.message.id: view.message.state for view in await self.views(store)}
        self.assertEqual({number: kept.get(number) for number in old}, old)
        new = {view.message.id for view in await self.views(self.store)}
        self.assertLess(kept.keys() - old.keys(), new)
        self.assertTrue(kept.keys() - old.keys(), "nothing that came meanwhile is in it")

    async def views(self, store):
        found, before = [], None
        while True:
            page = await store.find(FindFilter(), before, 500)
            found += page.views
            before = page.before
            if before is None:
                return found

    async def test_a_correction_says_what_was_reserved_anew(self):
        money = await self.store.funds("demo")
        path = await self.backed_up()
        await self.store.commit([submit(message())])
        other = await self.backed_up()
        mixed = Path(self.mktemp()).absolute()
        # Money and counts as they were before the message came, and its row.
        first = [each for each in _pieces(path) if isinstance(each[0], str) and each[0][:2] in ("a:", "l:", "n:")]
        rest = [each for each in _pieces(other) if isinstance(each[0], str) and each[0][:2] not in ("a:", "l:", "n:")]
        head, *kept = rest
        kept = [*first, *kept]
        mixed.write_bytes(b"".join(map(frame, [head, *kept, (len(kept),)])))
        store = await self.restored(mixed)
        await self.healthy(store)
        now = await self.store.funds("demo")
        self.assertEqual(await store.funds("demo"), now)
        self.assertLess(now.balance, money.balance)
        (*_, last) = await store.ledger("demo", LedgerFilter(), 0, 100)
        self.assertEqual((last.kind, last.note), (EntryKind.CORRECTION, NOTE))
        self.assertEqual((last.amount, last.reserved), (now.balance - money.balance, now.reserved - money.reserved))
        await store.commit([submit(message())])
        await self.healthy(store)


def _pieces(path):
    """The values of a file."""
    with path.open("rb") as file:
        return [msgspec.msgpack.decode(each) for each in frames(file)]
