"""Messages written in bulk are numbered, marked and counted: the gateway's store finds nothing wrong with them."""

from pathlib import Path

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from smsgwd.model.changes import Cancel
from smsgwd.model.message import State
from smsgwd.simulator.bulk_rows import Bulk, Pattern, fill, loading, pattern_in
from smsgwd.store.embedded.store import EmbeddedStore
from tests.store.samples import NOW, message, submit

_BEGIN = NOW - 3_600_000


class TestBulkNumbers(TestCase):
    async def test_a_store_with_a_past_is_as_if_it_had_come(self):
        directory = self.mktemp()
        store = EmbeddedStore(reactor, directory)
        await store.open()
        mine, other = message(price=0, dlr_url=None), message(tenant="other", price=0, dlr_url=None)
        await store.commit([submit(mine), submit(other), Cancel("demo", mine.id, NOW)])
        await store.close()
        file = Path(directory) / "store.db"
        patterns = [pattern_in(file, "demo", State.CANCELLED), pattern_in(file, "other", State.QUEUED)]
        with loading(file) as connection:
            fill(connection, patterns, Bulk(numbers=range(3000), ages_ms=range(_BEGIN, _BEGIN + 60_000)))
            # and more of one of them in between
            later = Bulk(numbers=range(3000, 3500), ages_ms=range(_BEGIN + 7, _BEGIN + 50_007), node="more")
            fill(connection, [Pattern(patterns[0].message)], later)
        store = EmbeddedStore(reactor, directory)
        await store.open()
        report = await store.check(deep=True)
        self.assertEqual((report.problems, report.messages), ((), 3502))
        await store.commit([submit(message(price=0))])
        page = await store.history("demo", 0, 1 << 50, 0, 5000)
        self.assertEqual([each.number for each in page], list(range(1, 2003)))
        self.assertEqual(page[-2].view.message.id, mine.id)
        ids = [each.view.message.id for each in page]
        self.assertEqual(ids, sorted(ids))
        await store.close()
        with loading(file) as connection:
            found = connection.execute("SELECT accepted, cancelled, scheduled FROM tally ORDER BY tenant").fetchall()
        self.assertEqual(found, [(2002, 2001, 0), (1501, 0, 0)])
