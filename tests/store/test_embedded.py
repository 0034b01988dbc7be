"""The embedded store keeps the contract."""

import sqlite3

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from smsgwd.store.embedded import books, sent
from smsgwd.store.embedded.store import EmbeddedStore
from tests.store import contract


class Embedded:
    """Makes embedded stores in a directory of the test's own."""

    def new_store(self, **options):
        if not hasattr(self, "directory"):
            self.directory = self.mktemp()
        return EmbeddedStore(reactor, self.directory, **options)


class TestSubmit(Embedded, contract.SubmitContract, TestCase):
    pass


class TestSpooled(Embedded, contract.SpooledContract, TestCase):
    pass


class TestSending(Embedded, contract.SendingContract, TestCase):
    pass


class TestMoney(Embedded, contract.MoneyContract, TestCase):
    pass


class TestMoneyEnteredOften(Embedded, contract.MoneyContract, TestCase):
    """The same where most entries were entered with their tenants."""

    async def setUp(self):
        self.patch(books, "MOST_APART", 2)
        await super().setUp()


class TestReceipts(Embedded, contract.ReceiptContract, TestCase):
    pass


class TestSweeps(Embedded, contract.SweepContract, TestCase):
    pass


class TestQueries(Embedded, contract.QueryContract, TestCase):
    pass


class TestEsmes(Embedded, contract.EsmeContract, TestCase):
    pass


class TestDialects(Embedded, contract.DialectContract, TestCase):
    pass


class TestWhole(Embedded, contract.WholeContract, TestCase):
    pass


class TestStyles(Embedded, contract.StyleContract, TestCase):
    pass


class TestWays(Embedded, contract.WaysContract, TestCase):
    pass


class TestMo(Embedded, contract.MoContract, TestCase):
    pass


class TestOptOuts(Embedded, contract.OptOutContract, TestCase):
    pass


class TestOrphans(Embedded, contract.OrphanContract, TestCase):
    pass


class TestProviders(Embedded, contract.ProviderContract, TestCase):
    pass


class TestProvidersInSmallPieces(Embedded, contract.ProviderContract, TestCase):
    """The same where a page looks at a few rows at a time."""

    async def setUp(self):
        self.patch(sent, "_CHUNK", 3)
        await super().setUp()


class TestWalk(Embedded, contract.WalkContract, TestCase):
    """Some of its commits fail as on a full disk."""

    broken = False

    def new_store(self):
        return super().new_store(before_commit=self.before_commit)

    def trouble(self, on):
        self.broken = on

    def before_commit(self):
        if self.broken:
            raise sqlite3.OperationalError("database or disk is full")
