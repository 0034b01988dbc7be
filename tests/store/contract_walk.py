"""Contract: a random walk over all changes, after which the books must balance."""

from collections import Counter
from random import Random

from smsgwd.delivery.lifecycle import TABLE
from smsgwd.model.business import Reschedule, Unhold
from smsgwd.model.changes import (
    Cancel,
    Expire,
    Fail,
    GiveUp,
    Moved,
    OptOut,
    OutboxDone,
    PartSent,
    Promote,
    Promoted,
    PutTenant,
    Replace,
    Replaced,
    Requeue,
    Reroute,
    Rerouted,
    Resent,
    Submit,
    Submitted,
    Swept,
    TakeReceipt,
)
from smsgwd.model.message import HELD, Failure, State
from smsgwd.model.operators import Discard, Hold, Repush, Repushed
from smsgwd.model.receipts import Receipt
from smsgwd.model.upkeep import (
    BlankTexts,
    Erase,
    Erased,
    EraseRest,
    Purge,
    Purged,
    PurgeIds,
    PurgeLeftovers,
    Rematch,
    Rematched,
    Tidy,
    TimeOutReceipts,
)
from smsgwd.ports.store import MessageFilter, StoreUnavailable
from tests.store.base import StoreCase
from tests.store.samples import HOUR, NOW, message, submission, tenant

_CREDIT = 4_000_000
_BAD = Failure("smsc_rejected", "", 0x0B)
_CONNECTORS = ("sim", "b", "c")
_NUMBERS = ("306912345678", "306912345679", "306912345670")
_REACHABLE = {state: set(row.values()) for state, row in TABLE.items()}


class WalkContract(StoreCase):
    """A subclass may break commits with `trouble(on)`."""

    walks = 16

    def trouble(self, on):
        """Make commits fail from now on, or work again."""

    async def test_the_books_balance_after_any_walk(self):
        self.hops = self.purged = self.unheld = self.stopped = self.discarded = 0
        for seed in range(self.walks):
            await self._walk(Random(seed), f"walker-{seed}")
        share = self.walks / 16
        self.assertGreater(self.hops, 10 * share)
        self.assertGreater(self.purged, 20 * share)
        self.assertGreater(self.unheld, 3 * share)
        self.assertGreater(self.stopped, 5 * share)
        self.assertGreater(self.discarded, 5 * share)

    async def _walk(self, random, owner):
        await self.one(PutTenant(tenant(owner, credit=_CREDIT)))
        known, seen, pushes = {}, {}, Counter()
        self.at = {}  # the connector of what has left the first
        self.whole_taken = set()  # the SMSC of the way it goes now took a part
        self.taken, self.free = set(), set()  # the SMSC took a part of it; it ended without that
        for step in range(120):
            now = NOW + step * 60_000
            changes = [self._change(random, owner, known, now) for _ in range(random.randrange(1, 8))]
            broken = random.random() < 0.1
            self.trouble(broken)
            try:
                results = await self.store.commit(changes)
            except StoreUnavailable:
                continue
            finally:
                self.trouble(False)
            for change, result in zip(changes, results, strict=True):
                self._learn(change, result, known, seen, pushes)
            if random.random() < 0.05:
                await self.reopen()
        await self._check(owner, known, seen, pushes)

    def _change(self, random, owner, known, now):
        """Any change at all, mostly about messages there are."""
        if len(known) < 5 or random.random() < 0.15:
            scheduled = random.random() < 0.2
            messages = submission(
                random.randrange(1, 4),
                tenant=owner,
                parts=random.choice((1, 1, 2, 3)),
                price=random.choice((0, 40_000, 120_000)),
                deadline=now + random.choice((HOUR // 4, 6 * HOUR)),
                state=State.SCHEDULED if scheduled else State.QUEUED,
                due_at=random.choice((now + HOUR // 10, HELD)) if scheduled else 0,
                fallback=random.choice((None, "b", "b,c")),
                msisdn=random.choice(_NUMBERS),
            )
            return Submit(owner, messages, now)
        message = random.choice(list(known.values()))
        if random.random() < 0.06:
            return self._care(random, owner, message)
        part = random.randrange(1, message.parts + 1)
        here = self.at.get(message.id, "sim")
        other = random.choice(_CONNECTORS)
        speaker = here if random.random() < 0.9 else other
        smsc_id = f"{message.id:x}-{part}-{speaker}"
        finals = [state for state in State if state.final]
        state = random.choice([State.DELIVERED] * 7 + [State.UNDELIVERED] * 5 + finals + [None])
        kind = random.randrange(19)
        if kind < 5:
            return PartSent(message.id, part, smsc_id, "g", speaker, now)
        if kind < 9:
            return TakeReceipt(Receipt("g", smsc_id, state, now, "STAT", msisdn=message.msisdn))
        return {
            9: Requeue(message.id, random.choice((0, now + 120_000)), here, now, _BAD),
            10: Fail(message.id, part, speaker, now, _BAD) if random.random() < 0.3 else Promote(now),
            11: Cancel(owner, message.id, now),
            12: GiveUp(message.id, speaker, now, _BAD) if random.random() < 0.2 else Promote(now, limit=1),
            14: Requeue(message.id, random.choice((0, now + 120_000)), other, now, _BAD, left=speaker),
            15: Reroute("sim", tuple((number, other) for number in random.sample(list(known), 4)), now, "down"),
            16: random.choice((Rematch(0, now), Tidy(0, 0, now - 60_000))),
            17: OptOut(owner, random.choice(_NUMBERS), random.random() < 0.3, now, "STOP"),
            18: self._operate(random, known, now),
            13: random.choice((Expire(now, frozenset({message.id}), limit=2), TimeOutReceipts(now, now - HOUR, 2))),
        }[kind]

    def _operate(self, random, known, now):
        """What an operator does to messages, whatever has become of them."""
        some = tuple(random.sample(list(known), 3))
        return random.choice((Hold(some, now, "looked at"), Discard(some[:1], now, "unwanted"), Repush(now, some)))

    def _care(self, random, owner, each):
        """Clearing up of all there is, which finds it open or owed to somebody; erasure; replacement."""
        later, number = NOW + 400 * 24 * HOUR, random.choice(_NUMBERS)
        return random.choice(
            (
                Purge(later, random.choice((1, 50))),
                PurgeIds(later + random.randrange(100) * HOUR, 20),
                PurgeLeftovers(NOW, 0, 0, 0, 0, random.choice((2, 1000)), 10),
                BlankTexts(owner, later, 5),
                Erase((each.id,), number, NOW + HOUR),
                EraseRest(number, NOW + HOUR),
                Replace(owner, message(id=each.id, tenant=owner, price=random.choice((0, 80_000))), NOW + HOUR),
                Reschedule(owner, each.id, random.choice((0, NOW + HOUR)), NOW + HOUR // 2),
                Unhold(owner, random.choice(("", "30", number)), NOW + HOUR, random.random() < 0.5, 2),
            )
        )

    def _learn(self, change, result, known, seen, pushes):
        """Follow what the store says; a move must be one the table has, or a chain of such."""
        match result:
            case Submitted(refused):
                for place, message in enumerate(change.messages):
                    if place not in refused:
                        known[message.id], seen[message.id] = message, message.state
                return
            case Moved(message_id, state, outbox):
                self.assertTrue(_leads(seen[message_id], state), (change, seen[message_id], state))
                seen[message_id] = state
                if isinstance(change, PartSent):
                    self.taken.add(message_id)
                    self.whole_taken.add(message_id)
                elif isinstance(change, Cancel) or (isinstance(change, Fail) and state is State.REJECTED):
                    self.free.add(message_id)
                elif isinstance(change, Requeue):
                    self.at[message_id] = change.connector
            case Resent(message):
                self._resent(message, seen)
                return
            case Rerouted(messages):
                for message_id in messages:
                    self.assertIs(seen[message_id], State.QUEUED)
                    self.assertNotIn(message_id, self.whole_taken)
                    if isinstance(change, Hold):
                        seen[message_id] = State.SCHEDULED
                        self.stopped += 1
                        continue
                    self.at[message_id] = dict(change.moves)[message_id]
                return
            case Rematched(outbox=outbox, resent=resent):
                for message in resent:
                    self._resent(message, seen)
                seen |= {item.message_id: item.state for item in outbox if item.message_id in seen}
            case Swept(messages, outbox, _):
                for message_id in messages:
                    if isinstance(change, Discard):
                        self._discarded(message_id, seen)
                    elif isinstance(change, Unhold):
                        self._unheld(change, message_id, seen)
                    elif message_id in seen:
                        self.assertFalse(seen[message_id].final)
                        seen[message_id] = State.EXPIRED if isinstance(change, Expire) else State.UNKNOWN
                        if isinstance(change, Expire) and message_id not in self.taken:
                            self.free.add(message_id)
            case Repushed(count):
                self.assertEqual(count, 0)  # all of it is owed still
                return
            case Purged(count):
                if isinstance(change, Purge):
                    self.purged += count  # of earlier walks
                return
            case Erased(cancelled=cancelled, outbox=outbox):
                for message_id in cancelled:
                    self.assertIn(seen[message_id], (State.SCHEDULED, State.WAITING, State.QUEUED))
                    seen[message_id] = State.CANCELLED
                    if message_id not in self.taken:
                        self.free.add(message_id)
            case Replaced(message_id, refused):
                if not refused:
                    self.assertNotIn(message_id, self.taken)
                    seen[message_id] = State.QUEUED
                    self.at.pop(message_id, None)
                return
            case Promoted(messages, outbox=outbox):
                for item in outbox:
                    if item.message_id in seen:
                        self.assertIn(seen[item.message_id], (State.SCHEDULED, State.WAITING))
                        self.assertIs(item.state, State.CANCELLED)
                        seen[item.message_id] = item.state
                        self.free.add(item.message_id)
                for message in messages:
                    if message.id in seen:
                        self.assertIn(seen[message.id], (State.SCHEDULED, State.WAITING))
                        seen[message.id] = State.QUEUED
            case _:
                return
        for item in outbox:
            if item.message_id in seen:  # a sweep may end messages of an earlier walk too
                pushes[item.message_id] += 1

    def _discarded(self, message_id, seen):
        """An operator has ended it."""
        self.assertIn(seen[message_id], (State.SCHEDULED, State.WAITING, State.QUEUED))
        self.discarded += 1
        seen[message_id] = State.REJECTED
        if message_id not in self.taken:
            self.free.add(message_id)

    def _unheld(self, change, message_id, seen):
        """An operator has looked at it."""
        self.assertIs(seen[message_id], State.SCHEDULED)
        self.unheld += 1
        if change.reject:
            seen[message_id] = State.REJECTED
            self.free.add(message_id)

    def _resent(self, message, seen):
        """It begins anew on another connector; a carrier had it, so it stays paid."""
        if message.id not in seen:  # an orphan of an earlier walk
            return
        self.assertFalse(seen[message.id].final)
        self.assertIsNot(seen[message.id], State.SCHEDULED)
        self.assertIs(message.state, State.QUEUED)
        self.assertGreater(message.hops, 0)
        self.assertNotIn(message.connector, message.tried.split(","))
        seen[message.id], self.at[message.id] = State.QUEUED, message.connector
        self.taken.add(message.id)
        self.whole_taken.discard(message.id)
        self.hops += 1

    async def _check(self, owner, known, seen, pushes):
        views = {}
        before = None
        while page := await self.store.messages(owner, MessageFilter(), before, 50):
            views |= {view.message.id: view for view in page}
            before = page[-1].message.id
        self.assertEqual(set(views), set(known))
        kept = 0
        for number, view in views.items():
            state = view.message.state
            self.assertEqual((state, view.message.connector), (seen[number], self.at.get(number, "sim")))
            self.assertEqual(pushes[number], 1 if state.final else 0)
            self.assertEqual(view.done_at is not None, state.final)
            kept += 0 if number in self.free else view.message.price
        self.assertFalse(self.taken & self.free)
        self.assertTrue(self.taken)
        self.assertTrue(self.free)
        self.assertEqual(await self.balance(owner), _CREDIT - kept)
        (target,) = (each for each in await self.store.outbox_targets() if each.target.startswith(f"{owner} "))
        items = await self.store.outbox(target.target, None, 10_000)
        self.assertEqual(Counter(item.message_id for item in items), pushes)
        for item in items:
            self.assertEqual(
                (item.state, item.type), (seen[item.message_id], f"message.{seen[item.message_id].public}")
            )
        await self.store.commit([OutboxDone(item.id, NOW) for item in items])
        self.assertEqual(await self.store.outbox(target.target, None, 10), [])


def _leads(before, after):
    """True when the table leads from one state to the other (a receipt found parked makes two steps at once)."""
    if before is after:
        return not after.final  # a part of several was sent, or queued again at once
    return after in _REACHABLE[before] or any(after in _REACHABLE[between] for between in _REACHABLE[before])
