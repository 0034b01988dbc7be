"""Contract of money: statements. What the ledger tells of spans of time, and whether it is right."""

from smsgwd.model.business import Book
from smsgwd.model.changes import Cancel, PutTenant
from smsgwd.model.ledger import EntryKind, LedgerSums
from smsgwd.ports.store import LedgerFilter
from tests.store.base import StoreCase
from tests.store.samples import HOUR, NOW, message, submit, tenant


class StatementContract(StoreCase):
    async def all_is_right(self):
        report = await self.store.ledger_check()
        self.assertEqual(report.problems, ())
        return report

    async def test_pages_and_spans(self):
        await self.store.commit([Book("demo", EntryKind.TOPUP, n, NOW + n * HOUR) for n in range(1, 8)])
        await self.one(Book("demo", EntryKind.CORRECTION, -8, NOW + 8 * HOUR))

        async def amounts(after=0, limit=100, **where):
            return [each.amount for each in await self.store.ledger("demo", LedgerFilter(**where), after, limit)]

        everything = [each.id for each in await self.store.ledger("demo", LedgerFilter(), 0, 100)]
        self.assertEqual(everything, sorted(everything))
        self.assertEqual(await amounts(everything[2], 3), [3, 4, 5])
        self.assertEqual(await amounts(newest_first=True, limit=2), [-8, 7])
        self.assertEqual(await amounts(everything[4], 2, newest_first=True), [3, 2])
        self.assertEqual(await amounts(from_ms=NOW + 3 * HOUR, to_ms=NOW + 5 * HOUR), [3, 4])
        self.assertEqual(await amounts(from_ms=NOW + 6 * HOUR, kinds=(EntryKind.CORRECTION,)), [-8])
        self.assertEqual(await self.store.ledger("nobody", LedgerFilter(), 0, 9), [])
        self.assertEqual(
            await self.store.ledger_sums("demo", NOW + 2 * HOUR, NOW + 9 * HOUR),
            [LedgerSums(EntryKind.TOPUP, 6, 27, 0, 0, 0), LedgerSums(EntryKind.CORRECTION, 1, -8, 0, 0, 0)],
        )
        self.assertEqual(await self.store.ledger_sums("demo", 0, NOW - HOUR), await self._first_sums())

    async def test_a_month_begins_with_what_the_one_before_left(self):
        """Also where what is booked together is in no order of time: a commit over midnight, a clock set back."""
        old = message()
        await self.one(submit(old))
        midnight, opening = NOW + HOUR, await self.balance()
        await self.store.commit([submit(message(), at=midnight - 2), Cancel("demo", old.id, midnight + 2)])
        await self.store.commit([Book("demo", EntryKind.TOPUP, 7, midnight - 60_000)])
        await self.store.commit([Book("demo", EntryKind.TOPUP, 9, midnight + HOUR)])

        async def month(begin, end):
            (last,) = await self.store.ledger("demo", LedgerFilter(to_ms=end, newest_first=True), 0, 1)
            return last.balance, sum(each.amount for each in await self.store.ledger_sums("demo", begin, end))

        before, moved = await month(NOW + 1, midnight)
        self.assertEqual(opening + moved, before)
        after, moved = await month(midnight, midnight + 2 * HOUR)
        self.assertEqual(before + moved, after)
        self.assertEqual(after, await self.balance())

    async def _first_sums(self):
        """Of the tenant's first credit, where it is that early."""
        (first,) = await self.store.ledger("demo", LedgerFilter(), 0, 1)
        return [LedgerSums(EntryKind.TOPUP, 1, first.amount, 0, 0, 0)] if first.at < NOW - HOUR else []

    async def test_funds_of_an_unknown_tenant(self):
        self.assertIsNone(await self.store.funds("nobody"))

    async def test_the_check_counts(self):
        await self.one(PutTenant(tenant("idle", credit=0)))
        await self.one(submit(message()))
        report = await self.all_is_right()
        self.assertEqual((report.tenants, report.entries), (2, 2))
        self.assertGreaterEqual(report.seconds, 0)
