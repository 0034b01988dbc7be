"""A balance stays within what the file can hold, and what does not fit refuses nothing else."""

from twisted.trial.unittest import TestCase

from smsgwd.model.business import Book
from smsgwd.model.changes import Ignored, PutTenant
from smsgwd.model.ledger import EntryKind
from smsgwd.model.money import MOST
from tests.store.base import StoreCase
from tests.store.samples import EURO, NOW, tenant
from tests.store.test_embedded import Embedded


class TestLargestBalance(Embedded, StoreCase, TestCase):
    async def test_what_is_beyond_all_measure_is_not_booked(self):
        for kind, sign in ((EntryKind.TOPUP, 1), (EntryKind.CORRECTION, -1)):
            left = Book("demo", kind, sign * MOST - await self.balance(), NOW)
            booked, refused = await self.store.commit([left, Book("demo", kind, sign, NOW)])
            self.assertEqual((booked.balance, refused), (sign * MOST, Ignored("too_large")))
        self.assertEqual((await self.store.ledger_check()).problems, ())

    async def test_neither_is_what_would_be_for_an_ancestor(self):
        await self.one(PutTenant(tenant("root", credit=MOST)))
        await self.one(PutTenant(tenant("child", credit=EURO, parent="root")))
        both = Book("child", EntryKind.TOPUP, 1, NOW, ancestors=(("root", 1),))
        self.assertEqual(await self.one(both), Ignored("too_large"))
        self.assertEqual((await self.balance("child"), await self.balance("root")), (EURO, MOST))
