"""The ledger under kill -9: random operations on a family of tenants, added up after each kill.

    python -m tests.store.money_kills --operations 10000 --kills 20

A child process (`child DIRECTORY SEED`) makes operations on several lanes and tells on standard output what was
acknowledged: `S id ...` messages were taken, `B tenant reference` something was booked, `E id state` a message ended,
`N` any other answer. The books are then made anew from the messages and compared.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import react

from smsgwd.model.business import Book, Booked
from smsgwd.model.changes import (
    Cancel,
    Expire,
    Fail,
    GiveUp,
    Moved,
    PartSent,
    PutTenant,
    Replace,
    Submit,
    Submitted,
    Swept,
    TakeReceipt,
)
from smsgwd.model.ids import IdGenerator
from smsgwd.model.ledger import EntryKind, pack_payers
from smsgwd.model.message import Failure, State
from smsgwd.model.operators import Discard, Hold
from smsgwd.model.receipts import Receipt
from smsgwd.ports.store import MessageFilter
from smsgwd.store.embedded import history, ledger
from smsgwd.store.embedded.connection import open_reader
from smsgwd.store.embedded.recount import COUNTS, NUMBERS
from smsgwd.store.embedded.store import EmbeddedStore
from tests.store.samples import HOUR, NOW, message, tenant

ROOT = Path(__file__).resolve().parents[2]
LANES = 4
MOST = 4  # changes in a commit
_BAD = Failure("smsc_rejected", "", 0x0B)
_OPEN = tuple(state for state in State if not state.final)
CREDITS = {"root": 3_000_000, "reseller": 2_000_000, "child": 500_000, "other": 300_000, "post": None}
TENANTS = [
    tenant("root", credit=CREDITS["root"], credentials=()),
    tenant("reseller", credit=CREDITS["reseller"], credentials=(), parent="root"),
    tenant("child", credit=CREDITS["child"], credentials=(), parent="reseller", refunds=("undelivered", "unknown")),
    tenant("other", credit=CREDITS["other"], credentials=(), parent="root", credit_limit=100_000),
    tenant("post", credit=None, credentials=()),
]
PARENTS = {"child": ("reseller", "root"), "reseller": ("root",), "other": ("root",)}
REFUNDS = {each.id: each.refunds for each in TENANTS}


# -- the process that is killed


class _Child:
    def __init__(self, store, floor, seed):
        self._store = store
        self._chance = random.Random(seed)
        self._ids = IdGenerator(seed % 1000, floor)
        self._run = f"{seed}-{time.time_ns()}"
        self._count = 0
        self.known = []  # messages that may be open, whole

    def _message(self, owner, **fields):
        chance = self._chance
        payers = tuple((name, chance.randrange(1, 30_000)) for name in PARENTS.get(owner, ()))
        price = chance.choice((0, 1, 20_000, 40_000))
        return message(tenant=owner, price=price, payers=pack_payers(payers), dlr_url=None, **fields)

    def change(self):
        """Any change."""
        chance = self._chance
        kind = chance.random()
        if kind < 0.35 or not self.known:
            owner = chance.choice(list(CREDITS))
            count = chance.choice((1, 1, 1, 3))
            first = self._ids.block(count + 1, NOW)
            state = chance.choice((State.QUEUED, State.QUEUED, State.SCHEDULED))
            made = [
                self._message(owner, id=first + 1 + n, submission=first, state=state, due_at=NOW) for n in range(count)
            ]
            return Submit(owner, made, NOW)
        if kind < 0.42:
            owner, self._count = chance.choice(list(CREDITS)), self._count + 1
            entry, amount = chance.choice(
                ((EntryKind.TOPUP, 100_000), (EntryKind.CORRECTION, -3), (EntryKind.CHARGE, -500))
            )
            above = tuple((name, amount) for name in PARENTS.get(owner, ())) if entry is EntryKind.CHARGE else ()
            reference = f"{self._run}-{chance.randrange(max(1, self._count - 3), self._count + 1)}"  # or one of before
            return Book(owner, entry, amount, NOW, reference, "", entry is EntryKind.CHARGE, above)
        old = chance.choice(self.known[-60:])
        number = old.id
        if kind < 0.6:
            return PartSent(number, 1, f"{number:x}", "g", "sim", NOW + 1)
        if kind < 0.8:
            state = chance.choice((State.DELIVERED, State.UNDELIVERED, State.REJECTED, State.UNKNOWN))
            return TakeReceipt(Receipt("g", f"{number:x}", state, NOW + 2, msisdn=old.msisdn, connector="sim"))
        if kind < 0.86:
            return Cancel(old.tenant, number, NOW + 3)
        if kind < 0.9:
            return Fail(number, 1, "sim", NOW + 3, _BAD)
        if kind < 0.92:
            return GiveUp(number, "sim", NOW + 3, _BAD)
        if kind < 0.98:
            return Replace(old.tenant, self._message(old.tenant, id=number, submission=old.submission), NOW + 3)
        if kind < 0.985:
            return Hold((number,), NOW + 3, "looked at")
        if kind < 0.99:
            return Discard((number,), NOW + 3, "unwanted")
        return Expire(NOW + 48 * HOUR, frozenset(), 2)

    async def lane(self, rounds):
        """Commit after commit; what was acknowledged is said at once."""
        for _ in range(rounds):
            changes = [self.change() for _ in range(self._chance.randrange(1, MOST + 1))]
            results = await self._store.commit(changes)
            lines = [self._said(*pair) for pair in zip(changes, results, strict=True)]
            os.write(1, "".join(f"{line}\n" for line in lines).encode())

    def _said(self, change, result):
        if isinstance(result, Submitted):
            kept = [each for place, each in enumerate(change.messages) if place not in result.refused]
            self.known += kept
            return "S " + " ".join(str(each.id) for each in kept)
        if isinstance(result, Booked):
            return f"B {change.tenant} {change.reference}"
        if isinstance(result, Moved) and result.state.final:
            return f"E {result.message_id} {int(result.state)}"
        if isinstance(result, Swept) and result.messages:
            return f"E {result.messages[0]} {int(result.state)}"
        return "N"


async def _child(directory, seed, rounds):
    store = EmbeddedStore(reactor, directory, keep_finals=True, gap_s=0)
    floor = await store.open()
    await store.commit([PutTenant(each, at=NOW) for each in TENANTS])
    child = _Child(store, floor, seed)
    for name in CREDITS:
        views = await store.messages(name, MessageFilter(states=_OPEN), None, 20)
        child.known += [view.message for view in views]
    await gatherResults([Deferred.fromCoroutine(child.lane(rounds)) for _ in range(LANES)])
    await store.close()


# -- the one who looks after it


def run(directory, seed, kill_after=None):
    """One process, killed after so many lines; what it said."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.store.money_kills", "child", str(directory), str(seed)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    said = []
    try:
        for line in process.stdout:
            said.append(line.split())
            if len(said) == kill_after:
                process.send_signal(signal.SIGKILL)  # what it said until then is still read
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    return said


def verify(directory, said):
    """Compare the ledger with what was acknowledged, and with the books made anew from messages and top-ups; a few
    figures. Raises AssertionError."""
    connection = open_reader(Path(directory) / "store.db")
    try:
        problems, _, entries = ledger.compare(connection)
        assert problems == [], problems
        messages = {row[0]: row[1:] for row in connection.execute(_MESSAGES)}
        booked = {row[:2]: row[2] for row in connection.execute(_BOOKED)}
        funds = {name: ledger.funds(connection, name) for name in CREDITS}
        by_hand = dict(connection.execute(_BY_HAND))
        wrong = [meaning for meaning, sql in (*COUNTS, *NUMBERS) if connection.execute(sql).fetchone()]
        tallies = {name: history.tally(connection, name) for name in CREDITS}
        seqs = connection.execute("SELECT tenant, seq, id FROM message ORDER BY tenant, seq").fetchall()
    finally:
        connection.close()
    assert wrong == [], wrong
    _verify_counts(messages, seqs, tallies)
    for kind, *words in said:
        if kind == "S":
            assert all(int(number) in messages for number in words), words
        elif kind == "B":
            assert (words[0], words[1]) in booked, words
        elif kind == "E":
            assert messages[int(words[0])][1] == int(words[1]), words
    left, reserved = Counter(by_hand), Counter()
    for owner, state, price, payers, sent_at in messages.values():
        pairs = [
            (owner, price),
            *((name, int(cost)) for name, _, cost in map(_parted, (payers or "").split(",")) if name),
        ]
        for name, cost in pairs:
            if state < 10:
                reserved[name] += cost
            if not _given_back(owner, State(state), sent_at):
                left[name] -= cost
    for name in CREDITS:
        assert (funds[name].balance, funds[name].reserved) == (left[name], reserved[name]), name
    return {"messages": len(messages), "booked": len(booked), "entries": entries}


def verify_finals(directory):
    """Every message that ended is there to be written down elsewhere, once, and no other is; how many."""
    connection = open_reader(Path(directory) / "store.db")
    try:
        ended = [number for (number,) in connection.execute("SELECT id FROM message WHERE state >= 10 ORDER BY id")]
        kept = connection.execute("SELECT message FROM final ORDER BY message").fetchall()
    finally:
        connection.close()
    assert [number for (number,) in kept] == ended
    return len(kept)


def _verify_counts(messages, seqs, tallies):
    """The counts made anew from the messages: none was purged here, so that all of them are there."""
    states = {name: Counter() for name in CREDITS}
    for owner, state, *_ in messages.values():
        states[owner][State(state)] += 1
    for name, each in states.items():
        tally, total = tallies[name], each.total()
        failed = sum(each[state] for state in (State.UNDELIVERED, State.EXPIRED, State.REJECTED, State.UNKNOWN))
        counted = (tally.accepted, tally.scheduled, tally.delivered, tally.failed, tally.cancelled)
        ends = (each[State.DELIVERED], failed, each[State.CANCELLED])
        assert counted == (total, each[State.SCHEDULED], *ends), (name, counted, each)
        assert [seq for owner, seq, _ in seqs if owner == name] == list(range(1, total + 1)), name


_MESSAGES = "SELECT id, tenant, state, price, payers, sent_at FROM message"
_BOOKED = "SELECT tenant, reference, amount FROM ledger WHERE reference IS NOT NULL"
_BY_HAND = "SELECT tenant, sum(amount) FROM ledger WHERE reference IS NOT NULL OR note IS NOT NULL GROUP BY tenant"


def _parted(pair):
    return pair.rpartition("=")


def _given_back(owner, state, sent_at):
    """The rule of refunds once more, for messages of one part."""
    if not state.final:
        return False
    unsent = sent_at is None and state in (State.CANCELLED, State.REJECTED, State.EXPIRED)
    return unsent or state.public in REFUNDS[owner]


def main():
    """Run until so many operations were acknowledged, killed so often; print figures."""
    if sys.argv[1:2] == ["child"]:
        react(lambda _: Deferred.fromCoroutine(_child(sys.argv[2], int(sys.argv[3]), 1 << 40)))
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--operations", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance, said, begun = random.Random(options.seed), [], time.perf_counter()
    with tempfile.TemporaryDirectory(dir=".") as directory:
        for number in range(options.kills):
            share = (options.operations - len(said)) / (options.kills - number)
            until = share * chance.uniform(0.8, 1.2) if number < options.kills - 1 else share
            said += run(directory, options.seed * 1000 + number, max(1, round(until)))
            figures = verify(directory, said)
    figures |= {"operations": len(said), "kills": options.kills, "seconds": round(time.perf_counter() - begun, 1)}
    figures |= Counter(line[0] for line in said)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
