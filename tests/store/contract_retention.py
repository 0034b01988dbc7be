"""Contract: what is old goes by and by, what is open or owed stays; texts before records; one person's data."""

import itertools
from random import Random

from smsgwd.model.changes import (
    Cancel,
    KeepMoPart,
    Moved,
    OptOut,
    OutboxDead,
    OutboxDone,
    OutboxRetry,
    OutboxRevive,
    Parked,
    Replayed,
    Requeue,
    TakeMo,
)
from smsgwd.model.ids import first_id_at
from smsgwd.model.message import Failure, State
from smsgwd.model.mo import Mo, MoMessage, MoSetKey
from smsgwd.model.submission import Idempotency
from smsgwd.model.upkeep import BlankTexts, Erase, EraseRest, Purge, Purged, PurgeIds, PurgeLeftovers, Tidy
from smsgwd.model.wire import Wire, pack_wire, unpack_wire
from smsgwd.ports.store import MessageFilter
from tests.store.base import StoreCase
from tests.store.samples import HOUR, NOW, message, receipt, sent, submission, submit

DAY = 24 * HOUR
LATER = NOW + 90 * DAY  # all that was submitted at NOW is older
NUMBER = "306912345678"
OTHER = "306999999999"
TARGET = "demo https://tenant.example"
_later = itertools.count(1)


def days_later(**fields):
    """A message submitted two days after the others."""
    return message(id=first_id_at(NOW + 2 * DAY) + next(_later), submitted_at=NOW + 2 * DAY, dlr_url=None, **fields)


def cancel(each):
    """A cancelled message has ended, and owes nothing when it has no dlr_url."""
    return Cancel("demo", each.id, NOW)


class RetentionContract(StoreCase):
    async def through(self, change):
        """Rows that went, once the change has been made until there is no more."""
        count, most = 0, 200
        while True:
            result = await self.one(change)
            self.assertIsInstance(result, Purged)
            count += result.count
            most -= 1
            self.assertGreater(most, 0, "never through")
            if not result.more:
                return count

    async def test_old_messages_go_with_their_parts_and_history(self):
        old = submission(5, dlr_url=None)
        long = message(parts=2, dlr_url=None)
        young = days_later()
        await self.store.commit([submit(*old, long, young), *map(cancel, [*old, young]), sent(long.id, "P1", 1)])
        await self.store.commit([sent(long.id, "P2", 2), receipt("P1"), receipt("P2"), receipt("P2")])
        self.assertEqual((await self.view(long.id)).parts[1].state, State.DELIVERED)
        # 5 messages of one part; one of two, with two rows of parts and events of three receipts
        self.assertEqual(await self.through(Purge(NOW + HOUR, limit=2)), 5 + 1 + 2 + 3)
        for gone in (*old, long):
            self.assertIsNone(await self.view(gone.id))
        self.assertIsNotNone(await self.view(young.id))
        self.assertEqual(await self.one(Purge(NOW + HOUR + 1)), Purged(0, False))

    async def test_what_has_not_ended_stays_until_it_has(self):
        queued, scheduled, flying, waiting = (
            message(dlr_url=None),
            message(dlr_url=None, state=State.SCHEDULED, due_at=LATER),
            message(dlr_url=None),
            message(dlr_url=None),
        )
        await self.store.commit(
            [
                submit(queued, scheduled, flying, waiting),
                sent(flying.id, "A"),
                Requeue(waiting.id, LATER, "sim", NOW, Failure("x")),
            ]
        )
        self.assertEqual(await self.through(Purge(LATER, limit=1)), 0)
        for each in (queued, scheduled, flying, waiting):
            self.assertIsNotNone(await self.view(each.id))
        await self.one(receipt("A"))
        self.assertEqual(await self.through(Purge(LATER + HOUR, limit=3)), 1)
        self.assertIsNone(await self.view(flying.id))
        self.assertEqual(await self.state(queued.id), State.QUEUED)

    async def test_what_is_owed_or_was_given_up_stays_until_that_is_settled(self):
        pushed, dead, done = submission(3)
        results = await self.store.commit([submit(pushed, dead, done), *map(cancel, (pushed, dead, done))])
        first, second, third = (result.outbox[0].id for result in results[1:])
        await self.store.commit([OutboxDead(second, NOW, "gone"), OutboxDone(third, NOW)])
        self.assertEqual(await self.through(Purge(LATER, limit=1)), 1)
        self.assertIsNone(await self.view(done.id))
        [item] = await self.store.outbox(TARGET, None, 5)
        self.assertEqual((item.message_id, item.state), (pushed.id, State.CANCELLED))
        await self.store.commit([OutboxDone(first, NOW), OutboxRevive(TARGET, NOW)])
        self.assertEqual(await self.through(Purge(LATER + HOUR)), 1)
        [item] = await self.store.outbox(TARGET, None, 5)
        self.assertEqual(item.message_id, dead.id)
        await self.one(OutboxDone(second, NOW))
        self.assertEqual(await self.through(Purge(LATER + 2 * HOUR)), 1)

    async def test_a_message_that_ends_during_a_pass_is_kept_for_its_push(self):
        first, second = message(dlr_url=None), message()
        await self.store.commit([submit(first, second), cancel(first)])
        self.assertEqual(await self.one(Purge(LATER, limit=1)), Purged(1, True))  # the pass knows what is owed
        results = await self.store.commit([cancel(second), Purge(LATER, limit=1), Purge(LATER, limit=1)])
        self.assertEqual(results[1:], [Purged(0, True), Purged(0, False)])
        [item] = await self.store.outbox(TARGET, None, 5)
        self.assertEqual(item.message_id, second.id)

    async def test_many_pushes_owed_are_looked_at_in_pages(self):
        messages = submission(2500)
        await self.store.commit([submit(*messages), *map(cancel, messages)])
        self.assertEqual(await self.one(Purge(LATER)), Purged(0, True))
        self.assertEqual(await self.through(Purge(LATER)), 0)
        self.assertEqual(len(await self.store.outbox(TARGET, None, 3000)), 2500)

    async def test_a_push_that_is_put_off_to_an_earlier_time_keeps_its_message(self):
        """As after the wall clock was set back: what is gathered in the order of times has passed that one already."""
        messages = submission(1500)
        results = await self.store.commit([submit(*messages), *map(cancel, messages)])
        self.assertEqual(await self.one(Purge(LATER)), Purged(0, True))
        await self.one(OutboxRetry(results[-1].outbox[0].id, NOW - HOUR, "refused"))
        self.assertEqual(await self.through(Purge(LATER)), 0)
        self.assertEqual(len(await self.store.outbox(TARGET, None, 2000)), 1500)

    async def test_whatever_happens_meanwhile_nothing_that_is_owed_goes(self):
        """Seeded traffic with purging in between, in steps so small that each pass meets changes."""
        dice = Random(7)
        before, owed, dead, alive = LATER, {}, {}, []
        for _ in range(400):
            changes = []
            for _ in range(dice.randrange(1, 6)):
                what = dice.random()
                if what < 0.3:
                    new = message(account="esme" if dice.random() < 0.3 else None, asks=1)
                    alive.append(new)
                    changes.append(submit(new))
                elif what < 0.55 and alive:
                    changes.append(cancel(alive.pop(dice.randrange(len(alive)))))
                elif what < 0.65 and owed:
                    changes.append(OutboxDone(dice.choice(sorted(owed)), NOW))
                    owed.pop(changes[-1].id)
                elif what < 0.72 and owed:
                    changes.append(OutboxDead(dice.choice(sorted(owed)), NOW, "gone"))
                    dead[changes[-1].id] = owed.pop(changes[-1].id)
                elif what < 0.75:
                    changes.append(OutboxRevive(TARGET, NOW))
                    owed |= {number: item for number, item in dead.items() if item.target == TARGET}
                    dead = {number: item for number, item in dead.items() if item.target != TARGET}
                elif what < 0.95:
                    changes.append(Purge(before, limit=dice.choice((1, 3, 50))))
                    before += dice.choice((0, 1, HOUR // 2))
                else:
                    changes.append(PurgeIds(before, limit=5))
            for result in await self.store.commit(changes):
                owed |= {item.id: item for item in getattr(result, "outbox", ())}
        pending = [*await self.store.outbox(TARGET, None, 999), *await self.store.outbox("@esme", None, 999)]
        self.assertEqual({item.id: item.message_id for item in pending}, {n: i.message_id for n, i in owed.items()})
        kept = {item.message_id for item in (*owed.values(), *dead.values())} | {each.id for each in alive}
        for number in kept:
            self.assertIsNotNone(await self.view(number))
        await self.through(Purge(before + HOUR))  # the pass that was under way
        await self.through(Purge(before + 2 * HOUR))
        there = await self.store.messages("demo", MessageFilter(), None, 999)
        self.assertEqual({view.message.id for view in there}, kept)
        self.assertEqual((await self.store.check()).problems, ())

    async def test_ids_of_messages_that_are_gone_are_forgotten(self):
        old, young = message(dlr_url=None), days_later()
        await self.store.commit(
            [submit(old, young), sent(old.id, "A1"), sent(young.id, "B1"), receipt("A1"), receipt("B1")]
        )
        await self.through(Purge(NOW + HOUR))
        forgotten = await self.through(PurgeIds(NOW + HOUR, limit=1))
        self.assertIn(forgotten, (0, 1))  # 0 where they go with their messages
        self.assertEqual(await self.one(receipt("A1")), Parked())
        await self.through(Purge(LATER))
        self.assertEqual(await self.one(PurgeIds(NOW + HOUR + 1)), Purged(0, False))  # at most one round an hour
        self.assertEqual(await self.through(PurgeIds(LATER)), forgotten)

    async def test_a_clock_that_was_set_back_ends_no_clearing_up(self):
        await self.one(Purge(LATER + 1000 * DAY))
        await self.one(PurgeIds(LATER + 1000 * DAY))
        old = message(dlr_url=None)
        await self.store.commit([submit(old), sent(old.id, "A1"), receipt("A1")])
        self.assertEqual(await self.through(Purge(LATER)), 1)
        self.assertIn(await self.through(PurgeIds(LATER)), (0, 1))  # 0 where they went with their message
        self.assertEqual(await self.one(receipt("A1")), Parked())

    async def test_a_pass_under_way_spares_what_is_young_once_the_clock_is_set_back(self):
        old, young = submission(3, dlr_url=None), [days_later() for _ in range(3)]
        await self.store.commit([submit(*old, *young), *map(cancel, (*old, *young))])
        self.assertEqual(await self.one(Purge(LATER + 1000 * DAY, limit=2)), Purged(2, True))
        self.assertEqual(await self.through(Purge(NOW + HOUR, limit=2)), 1)
        for each in young:
            self.assertIsNotNone(await self.view(each.id))

    async def test_texts_that_were_open_are_looked_for_a_day_later_also_when_the_clock_was_set_back(self):
        each = message(dlr_url=None)
        await self.store.commit([submit(each)])
        await self.through(BlankTexts("demo", LATER + 1000 * DAY))
        await self.one(cancel(each))
        await self.through(BlankTexts("demo", LATER))
        self.assertEqual(await self.through(BlankTexts("demo", LATER + DAY)), 1)

    async def test_a_receipt_for_a_message_that_is_gone_is_kept_as_any_unknown_one(self):
        old = message(dlr_url=None)
        await self.store.commit([submit(old), sent(old.id, "A1"), receipt("A1")])
        await self.through(Purge(LATER))
        self.assertEqual(await self.one(receipt("A1")), Parked())
        await self.reopen()
        self.assertEqual(await self.one(receipt("a1")), Parked())
        self.assertEqual((await self.store.check(deep=True)).problems, ())

    async def test_leftovers(self):
        dead, owed = message(), message(account="esme", asks=1)
        young = message(account="esme", asks=1)
        results = await self.store.commit([submit(dead, owed, young), cancel(dead), cancel(owed)])
        await self.one(Cancel("demo", young.id, NOW + DAY))
        await self.one(OutboxDead(results[1].outbox[0].id, NOW, "gone"))
        for number in range(5):
            await self.one(receipt(f"X{number}", received_at=NOW + number))
        await self.one(Tidy(0, 0, NOW + DAY))
        key = MoSetKey("g", OTHER, "12345", 7, 2, 8)
        await self.one(KeepMoPart(key, 1, Mo("sim", NOW, OTHER, "12345", body=b"x")))

        def leftovers(**fields):
            names = ("pushes_before", "orphans_before", "mo_before", "mo_done_before")
            return PurgeLeftovers(LATER, **(dict.fromkeys(names, NOW) | {"most_orphans": 100} | fields), limit=1)

        self.assertEqual(await self.through(leftovers()), 0)
        self.assertEqual(await self.through(leftovers(pushes_before=NOW + 1)), 2)
        self.assertEqual(await self.store.outbox_dead(), {})
        [item] = await self.store.outbox("@esme", None, 5)
        self.assertEqual(item.message_id, young.id)
        self.assertEqual(await self.through(leftovers(orphans_before=NOW + 2)), 2)
        self.assertEqual([orphan.receipt.smsc_id for orphan in await self.store.orphans(0, 9)], ["X2", "X3", "X4"])
        self.assertEqual(await self.through(leftovers(most_orphans=1)), 2)
        self.assertEqual([orphan.receipt.smsc_id for orphan in await self.store.orphans(0, 9)], ["X4"])
        self.assertEqual(await self.through(leftovers(mo_before=NOW + 1)), 1)
        self.assertEqual(await self.store.mo_sets(LATER, 5), [])
        part = Mo("sim", NOW, OTHER, "12345", body=b"x")
        await self.store.commit([KeepMoPart(key, 1, part), TakeMo("demo", "esme", (part,), done=key)])
        self.assertEqual(await self.through(leftovers(mo_before=NOW + 1)), 0)
        self.assertEqual(await self.through(leftovers(mo_done_before=NOW + 1)), 1)

    async def test_texts_go_before_records_and_the_place_is_durable(self):
        old = submission(5, dlr_url=None)
        pending = message(dlr_url=None)
        young = days_later()
        theirs = message(tenant="other", dlr_url=None)
        await self.store.commit([submit(*old, pending, young), submit(theirs), *map(cancel, [*old, young])])
        self.assertEqual(await self.one(BlankTexts("demo", NOW + HOUR, limit=2)), Purged(2, True))
        await self.reopen()
        self.assertEqual(await self.through(BlankTexts("demo", NOW + HOUR, limit=2)), 3)
        for each in old:
            view = await self.view(each.id)
            self.assertEqual((view.message.text, view.message.dest), ("", each.dest))
        for each, owner in ((pending, "demo"), (young, "demo"), (theirs, "other")):
            self.assertEqual((await self.view(each.id, owner)).message.text, each.text)
        await self.one(cancel(pending))
        self.assertEqual(await self.one(BlankTexts("demo", NOW + HOUR + 1)), Purged(0, False))
        self.assertEqual(await self.through(BlankTexts("demo", NOW + DAY + HOUR)), 1)  # looked for again a day later
        self.assertEqual((await self.view(pending.id)).message.text, "")
        self.assertEqual((await self.view(young.id)).message.text, young.text)


class ErasureContract(StoreCase):
    async def find(self, number=NUMBER, limit=2):
        """All ids that `find_number` finds."""
        ids, after = [], 0
        while after is not None:
            found, after = await self.store.find_number(number, after, limit)
            ids += found
        return ids

    async def test_messages_to_and_from_a_number_are_found_page_by_page(self):
        to, away = message(), message(dest="x", msisdn=OTHER)
        source = message(source="+30 691 234-5678", msisdn=OTHER, dest=OTHER)
        longer = message(msisdn=NUMBER + "9", dest=NUMBER + "9")
        more = submission(3, source="0030 6912345678", msisdn=OTHER, dest=OTHER)
        await self.one(submit(to, away, source, longer, *more))
        self.assertEqual(await self.find(), sorted(m.id for m in (to, source, *more)))
        self.assertEqual(await self.find("999"), [])

    async def test_what_was_final_tells_nothing_of_the_person_any_more(self):
        wire = pack_wire(Wire(source_ton=5, dest_ton=1, tlvs=((0x0381, NUMBER.encode()),)))
        done = message(client_ref="for Maria", wire=wire, account="esme", asks=1)
        await self.store.commit(
            [submit(done), Requeue(done.id, 0, "sim", NOW, Failure("x", f"no {NUMBER}")), sent(done.id, "A1")]
        )
        await self.one(receipt("A1", State.UNDELIVERED, error=NUMBER))
        before, balance = await self.view(done.id), await self.balance()
        erased = await self.one(Erase((done.id,), NUMBER, NOW + HOUR))
        self.assertEqual((erased.counts, erased.cancelled, erased.outbox), ({"messages": 1}, (), ()))
        view = await self.view(done.id)
        whole = view.message
        self.assertEqual(
            (whole.dest, whole.msisdn, whole.body, whole.client_ref), ("erased", "", b"", None), "of the person"
        )
        self.assertEqual(whole.source, "iSMS")
        self.assertEqual(unpack_wire(whole.wire), Wire(source_ton=5, dest_ton=1))
        self.assertEqual((whole.state, view.sent_at, view.done_at), (State.UNDELIVERED, before.sent_at, before.done_at))
        self.assertEqual(view.error.code, before.error.code)
        self.assertNotIn(NUMBER, repr(view))
        self.assertEqual([e.type for e in view.events], [e.type for e in before.events])
        self.assertEqual(await self.balance(), balance)
        [item] = await self.store.outbox("@esme", None, 5)
        self.assertEqual((item.dest, item.client_ref, item.state), ("erased", None, State.UNDELIVERED))
        self.assertEqual(await self.find(), [])
        self.assertEqual((await self.one(Erase((done.id,), NUMBER, NOW))).counts, {})

    async def test_what_has_not_left_is_cancelled_and_refunded(self):
        before = await self.balance()
        queued, scheduled = message(), message(state=State.SCHEDULED, due_at=LATER)
        half = message(parts=2)
        await self.store.commit([submit(queued, scheduled, half), sent(half.id, "H1", 1)])
        erased = await self.one(Erase((queued.id, scheduled.id, half.id), NUMBER, NOW + HOUR))
        self.assertEqual(erased.counts, {"messages": 3, "cancelled": 3})
        self.assertEqual(erased.cancelled, (queued.id, scheduled.id, half.id))
        self.assertEqual({(item.type, item.dest) for item in erased.outbox}, {("message.cancelled", "erased")})
        for each in (queued, scheduled, half):
            self.assertEqual(await self.state(each.id), State.CANCELLED)
        self.assertEqual(await self.balance(), before - 40_000)  # of one the SMSC has a part
        self.assertEqual(await self.store.ready("sim", None, 5), [])
        self.assertEqual([item.dest for item in await self.store.outbox(TARGET, None, 5)], ["erased"] * 3)

    async def test_what_was_sent_still_gets_its_receipt_and_is_not_sent_again(self):
        flying = message(fallback="b")
        await self.store.commit([submit(flying), sent(flying.id, "A1")])
        erased = await self.one(Erase((flying.id,), NUMBER, NOW + HOUR))
        self.assertEqual((erased.counts, erased.cancelled), ({"messages": 1}, ()))
        self.assertEqual(await self.state(flying.id), State.SENT)
        moved = await self.one(receipt("A1", State.UNDELIVERED))
        self.assertIsInstance(moved, Moved)
        self.assertEqual([(item.dest, item.state) for item in moved.outbox], [("erased", State.UNDELIVERED)])

    async def test_messages_of_others_are_left_alone(self):
        other = message(msisdn=OTHER, dest=OTHER)
        sender = message(source="+" + NUMBER, msisdn=OTHER, dest=OTHER, dlr_url=None)
        await self.store.commit([submit(other, sender), cancel(sender)])
        self.assertEqual((await self.one(Erase((other.id, sender.id, 77), NUMBER, NOW))).counts, {"messages": 1})
        self.assertEqual((await self.view(other.id)).message, other)
        whole = (await self.view(sender.id)).message
        self.assertEqual((whole.source, whole.dest, whole.msisdn, whole.body), ("erased", OTHER, OTHER, b""))

    async def test_answers_for_repeated_requests_keep_their_form(self):
        new = message(dest="+30 691 234 5678")
        key, other = Idempotency("k", b"d"), Idempotency("l", b"d")
        await self.store.commit(
            [
                submit(new, idempotency=key, answer=b'{"to":"+30 691 234 5678","n":5678}'),
                submit(message(msisdn=OTHER), idempotency=other, answer=b'{"to":"306912345678"}', at=NOW + 1),
            ]
        )
        counts = (await self.one(Erase((new.id,), NUMBER, NOW))).counts
        self.assertEqual(counts["answers"], 1)
        self.assertEqual((await self.one(EraseRest(NUMBER, NOW))).counts, {"answers": 1})
        again = await self.store.commit([submit(idempotency=key), submit(idempotency=other)])
        self.assertEqual(
            again, [Replayed(b'{"to":"+00 000 000 0000","n":5678}', {}), Replayed(b'{"to":"000000000000"}', {})]
        )

    async def test_the_rest(self):
        mine, theirs = Mo("sim", NOW, NUMBER, "12345", body=b"x"), Mo("sim", NOW, OTHER, "12345", body=NUMBER.encode())
        text = MoMessage("sim", NOW, NUMBER, "12345", "hello")
        await self.store.commit(
            [
                receipt("X1"),
                receipt("X2", msisdn=OTHER, error="y"),
                TakeMo("demo", "esme", (mine,)),
                TakeMo("demo", "esme", (theirs,)),
                TakeMo("demo", url="https://tenant.example/mo", message=text),
                KeepMoPart(MoSetKey("g", NUMBER, "12345", 7, 2, 8), 1, mine),
                KeepMoPart(MoSetKey("g", OTHER, "12345", 7, 2, 8), 1, theirs),
                OptOut("demo", NUMBER, True, NOW, "STOP"),
                OptOut("demo", OTHER, True, NOW, "STOP"),
            ]
        )
        erased = await self.one(EraseRest(NUMBER, NOW))
        self.assertEqual((erased.counts, erased.more), ({"receipts": 1, "subscriber_parts": 1, "pushes": 2}, False))
        self.assertEqual([entry.msisdn for entry in await self.store.opt_outs("demo", "", 5)], [NUMBER, OTHER])
        self.assertEqual((await self.one(EraseRest(NUMBER, NOW, opt_out=True))).counts, {"opt_outs": 1})
        self.assertEqual([entry.msisdn for entry in await self.store.opt_outs("demo", "", 5)], [OTHER])
        [item] = await self.store.outbox("@esme", None, 5)
        self.assertEqual(item.source, OTHER)
        self.assertEqual(await self.store.outbox(TARGET, None, 5), [])
        self.assertEqual([found.key.source for found in await self.store.mo_sets(LATER, 5)], [OTHER])
        late = message()
        await self.store.commit([submit(late), sent(late.id, "X1")])
        self.assertEqual(await self.state(late.id), State.SENT)  # its parked receipt is gone
        self.assertEqual((await self.store.counts()).parked, 1)

    async def test_much_of_the_rest_is_looked_at_in_steps(self):
        receipts = [receipt(f"X{n}", msisdn=OTHER if n % 1000 else NUMBER) for n in range(9000)]
        await self.store.commit(receipts)
        counts, steps, more = 0, 0, True
        while more:
            erased = await self.one(EraseRest(NUMBER, NOW, opt_out=True))
            counts, steps, more = counts + erased.counts.get("receipts", 0), steps + 1, erased.more
        self.assertEqual(counts, 9)
        self.assertGreater(steps, 2)
        self.assertEqual((await self.store.counts()).parked, 8991)
