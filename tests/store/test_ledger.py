"""Money: what a tenant has is its credit less the prices of what was not refunded, to the micro-unit."""

import random
import sqlite3

import pytest

from smsgwd.model.business import Unhold
from smsgwd.model.changes import (
    Cancel,
    Expire,
    Fail,
    Moved,
    PartSent,
    PutTenant,
    Replace,
    Replaced,
    Resent,
    Submit,
    Swept,
)
from smsgwd.model.message import State
from smsgwd.model.operators import Discard
from smsgwd.model.upkeep import Rematched
from smsgwd.store.embedded import books
from smsgwd.store.embedded import ledger as queries
from tests.store.samples import EURO, NOW, message, tenant
from tests.store.test_memory import _Bench, _change

_OPTED_OUT = "SELECT id FROM message WHERE err_code IN ('opted_out', 'blacklisted')"


class _Ledger:
    """The rules of refunds, told once more from the results: `left` is what the tenant must have."""

    def __init__(self, left):
        self.left = left
        self.prices = {}  # of the messages of the tenant
        self._taken = set()  # messages of which an SMSC has a part
        self._opted = set()  # messages that ended for an opted-out recipient
        self.refunds = self.replaced = self.refused = 0

    def book(self, change, result):
        kind = type(change)
        if kind is Submit and change.tenant == "demo":
            self.refused += len(result.refused)
            for place, new in enumerate(change.messages):
                if place not in result.refused:
                    self.prices[new.id] = new.price
                    self.left -= new.price
        elif isinstance(result, Resent):
            self._taken.add(result.message.id)
        elif isinstance(result, Rematched):
            self._taken.update(each.id for each in result.resent)
        elif kind is PartSent and isinstance(result, Moved):
            self._taken.add(change.message_id)
        elif kind is Replace and isinstance(result, Replaced) and change.message.id in self.prices:
            if not result.refused:
                self.left += self.prices[change.message.id] - change.message.price
                self.prices[change.message.id] = change.message.price
                self.replaced += 1
        elif kind in (Cancel, Fail) and isinstance(result, Moved) and result.state is not State.UNDELIVERED:
            self._refund(result.message_id)
        elif kind in (Expire, Discard) and isinstance(result, Swept):
            for number in result.messages:
                if number not in self._taken:
                    self._refund(number)
        elif kind is Unhold and change.reject:
            for number in result.messages:
                self._refund(number)

    def opted_out(self, connection):
        """What a Promote ended, whether it owes anybody word of that or not."""
        for (number,) in connection.execute(_OPTED_OUT).fetchall():
            if number not in self._opted:
                self._opted.add(number)
                self._refund(number)

    def _refund(self, number):
        assert number not in self._taken
        self.refunds += number in self.prices
        self.left += self.prices.get(number, 0)


@pytest.mark.parametrize("seed", range(6))
def test_the_balance_is_exact(tmp_path, monkeypatch, seed):
    """Whatever happens to messages of one and several parts, from HTTP and ESMEs, and whichever transactions fail."""
    monkeypatch.setattr(books, "MOST_APART", (4096, 40, 1)[seed % 3])
    chance = random.Random(seed)
    trouble = []

    def before_commit():
        if trouble:
            raise trouble.pop()

    bench = _Bench(tmp_path / "store.db", before_commit)
    credit = EURO // 2
    bench.commit([PutTenant(tenant(credit=credit)), PutTenant(tenant("post", credentials=()))])
    ledger, known = _Ledger(credit), []
    for step in range(200):
        now = NOW + step * 60_000
        batches = [
            [_dear(chance, _change(chance, known, now)) for _ in range(chance.randrange(1, 9))]
            for _ in range(chance.randrange(1, 4))
        ]
        if known:
            batches[-1].append(_replacement(chance, chance.choice(known[-12:]), now))
        if chance.random() < 0.1:
            trouble.append(sqlite3.OperationalError("database or disk is full"))
        if chance.random() < 0.1:
            batches[0].append(object())
        outcomes = bench.commit(*batches)
        trouble.clear()
        for batch, outcome in zip(batches, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                continue
            for change, result in zip(batch, outcome, strict=True):
                ledger.book(change, result)
                if type(change) is Submit:
                    known += [m for place, m in enumerate(change.messages) if place not in result.refused]
        ledger.opted_out(bench.connection)
        assert queries.funds(bench.connection, "demo").balance == ledger.left >= 0
        assert queries.funds(bench.connection, "post").floor is None
        assert queries.compare(bench.connection)[0] == []
    assert ledger.refunds > 10
    assert ledger.replaced > 3
    assert ledger.refused > 10
    bench.writer.release()


def _dear(chance, change):
    """A replacement at another price."""
    return _replacement(chance, change.message, change.at) if type(change) is Replace else change


def _replacement(chance, old, now):
    new = message(id=old.id, tenant=old.tenant, parts=old.parts, account="acme", asks=1, price=chance.randrange(90_000))
    return Replace(old.tenant, new, now)
