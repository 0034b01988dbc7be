"""What is moved from one kind of store to the other keeps the contract there, whatever it is in the midst of."""

from pathlib import Path

import pytest
from twisted.trial.unittest import TestCase

from smsgwd.model.changes import PutTenant
from smsgwd.store.copying import file
from smsgwd.store.copying.copy import added_up
from smsgwd.store.copying.embedded_in import EmbeddedCopy
from smsgwd.store.copying.records import FinalCopy, MessageCopy, Numbers, Sums, TenantCopy, kind_of, pack
from smsgwd.store.copying.redis_in import NotEmpty, RedisCopy
from smsgwd.store.copying.redis_out import RedisSource
from smsgwd.store.writer import CannotOpen
from tests.store.contract_walk import WalkContract
from tests.store.every_contract import Broken, reopening
from tests.store.moving import Moving, answers, redis
from tests.store.samples import message, tenant

_COMPARED = 12  # each so many moves all answers are compared, which takes a second


globals().update(reopening(Moving, __name__))


class TestWalk(Broken, Moving, WalkContract, TestCase):
    """A random walk, which goes over from the one kind of store to the other and back, again and again."""

    walks = 6
    moves = 0

    async def reopen(self):
        self.moves += 1
        if self.moves % _COMPARED:
            await super().reopen()
            return
        before = await answers(self.store)
        await super().reopen()
        after = await answers(self.store)
        for question, answer in before.items():
            self.assertEqual(after[question], answer, question)
        self.assertEqual(before.keys(), after.keys())
        self.assertEqual((await self.store.check(deep=True)).problems, ())
        self.assertEqual((await self.store.ledger_check()).problems, ())


class TestFiles(Moving, TestCase):
    """What is no whole export fills no store."""

    kind = "redis"

    async def _exported(self):
        path = Path(self.mktemp())
        target = file.ExportFile(path)
        copies = [MessageCopy(message(), n, *[None] * 8, [], [], [], [], None) for n in range(1, 1200)]
        await target.put(copies)
        await target.put([Numbers(7, 0, 0, 0)])
        await target.finish()
        return path, copies

    async def test_records_come_back_as_they_were(self):
        path, copies = await self._exported()
        self.assertEqual([each for page in file.read(path) for each in page], [*copies, Numbers(7, 0, 0, 0)])
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertFalse(list(path.parent.glob("*.partial")))

    async def test_a_file_that_ends_too_soon_or_was_changed_is_refused(self):
        path, _ = await self._exported()
        whole = path.read_bytes()
        middle = len(whole) // 2
        for wrong in (b"", whole[:-1], whole[:middle], whole[:middle] + b"\x00" + whole[middle + 1 :], b"smsgwd" * 9):
            path.write_bytes(wrong)
            with self.assertRaises(file.NotWhole):
                for _ in file.read(path):
                    pass

    async def test_no_file_is_written_over(self):
        path, _ = await self._exported()
        with self.assertRaises(FileExistsError):
            file.ExportFile(path)

    async def test_a_store_that_is_not_empty_is_not_filled(self):
        store = self.new_store()
        await store.open()
        await store.commit([PutTenant(tenant())])
        await store.close()
        async with redis(self.place) as there:
            with self.assertRaises(NotEmpty):
                await RedisCopy(there.asking, there.server).begin()
            self.assertIn("tenant", (await added_up(RedisSource(there.asking))).counts)

    async def test_a_piece_of_an_import_is_no_store_and_goes_with_the_next_one(self):
        self.new_store()  # names the place
        async with redis(self.place) as there:
            first = RedisCopy(there.asking, there.server)
            await first.begin()
            await first.put([MessageCopy(message(), 1, *[None] * 8, [], [], [], [], None)])
            with self.assertRaises(CannotOpen):
                await self.new_store().open()
            second = RedisCopy(there.asking, there.server)
            await second.begin()
            self.assertEqual((await added_up(RedisSource(there.asking))).counts, {})
            await second.put([TenantCopy(tenant())])
            await second.finish()
            await second.done(0)
        store = self.new_store()
        await store.open()
        self.assertEqual([each.id for each in await store.tenants()], ["demo"])
        await store.close()

    async def test_sums_tell_what_differs(self):
        one, other = Sums(), Sums()
        for number, record in enumerate((TenantCopy(tenant()), FinalCopy(1, 2, 3), FinalCopy(2, 3, 4))):
            one.add(kind_of(record), pack(record))
            if number != 1:
                other.add(kind_of(record), pack(record))
        self.assertEqual(one.differences(other), ["final: 2 were read, the copy has 1"])
        other.add("final", pack(FinalCopy(1, 2, 4)))
        self.assertEqual(
            one.differences(other), ["final: the copy has as many (2), and some are not as they were read"]
        )


def test_a_store_that_is_there_is_not_written_over(tmp_path):
    (tmp_path / "store.db").write_bytes(b"")
    with pytest.raises(FileExistsError):
        EmbeddedCopy(tmp_path)
