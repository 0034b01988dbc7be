"""Contract: attempts, other connectors, second ways of routes, answers and receipts of ways that were left."""

from smsgwd.model.changes import (
    Cancel,
    Expire,
    Fail,
    GiveUp,
    Ignored,
    Moved,
    Noted,
    Promote,
    Requeue,
    Reroute,
    Rerouted,
    Resent,
)
from smsgwd.model.message import EventView, Failure, State
from smsgwd.model.upkeep import Tidy
from tests.store.base import StoreCase
from tests.store.samples import HOUR, NOW, fresh_id, message, receipt, sent, submission, submit

BUSY = Failure("smsc_rejected", "ESME_RSUBMITFAIL", 0x45)
DAY = 24 * HOUR


def failed(smsc_id, state=State.UNDELIVERED, **fields):
    """A receipt that says it was not delivered."""
    return receipt(smsc_id, state, **({"status": "UNDELIV", "error": "069"} | fields))


class WaysContract(StoreCase):
    async def put(self, **fields):
        """A stored message."""
        new = message(**fields)
        await self.one(submit(new))
        return new

    async def resent(self, new, smsc_id, connector="sim", **fields):
        """Send a message of one part and have it come back as undelivered; the Resent."""
        await self.one(sent(new.id, smsc_id, connector=connector, latency_ms=20, **fields))
        result = await self.one(failed(smsc_id))
        self.assertIsInstance(result, Resent)
        return result

    async def kinds(self, number):
        """The types of a message's events."""
        return [event.type for event in (await self.view(number)).events]

    # -- failover after an answer ----------------------------------------------------------------------------------

    async def test_left_at_once_for_another_connector(self):
        new = await self.put()
        moved = await self.one(Requeue(new.id, 0, "b", NOW + 10, BUSY, left="sim", latency_ms=8))
        self.assertEqual(moved, Moved(new.id, State.QUEUED))
        self.assertEqual(await self.store.ready("sim", None, 9), [])
        (queued,) = await self.store.ready("b", None, 9)
        self.assertEqual((queued.message.connector, queued.message.tried, queued.message.attempts), ("b", "sim", 1))
        event = EventView(NOW + 10, "failover", "smsc_rejected: ESME_RSUBMITFAIL; goes to b", "sim", None, 0x45, 8)
        self.assertEqual((await self.view(new.id)).events[1], event)
        await self.one(Requeue(new.id, NOW + HOUR, "c", NOW + 20, BUSY, left="b"))
        self.assertEqual(await self.store.next_due(), NOW + HOUR)
        (waiting,) = (await self.one(Promote(NOW + HOUR))).messages
        self.assertEqual((waiting.connector, waiting.tried, waiting.attempts), ("c", "sim,b", 2))
        await self.reopen()
        self.assertEqual(await self.one(sent(new.id, "C1", connector="c")), Moved(new.id, State.SENT))

    async def test_a_retry_tells_its_status_and_latency(self):
        new = await self.put()
        await self.one(Requeue(new.id, NOW + HOUR, "sim", NOW + 10, BUSY, latency_ms=9))
        event = EventView(NOW + 10, "retry", "smsc_rejected: ESME_RSUBMITFAIL", "sim", None, 0x45, 9)
        self.assertEqual((await self.view(new.id)).events[1], event)
        self.assertIsNone((await self.view(new.id)).message.tried)

    async def test_never_after_a_part_was_taken(self):
        new = await self.put(parts=2)
        await self.one(sent(new.id, "A1", 1))
        self.assertEqual(await self.one(Requeue(new.id, 0, "b", NOW, BUSY, left="sim")), Ignored("left", new.id))
        (queued,) = await self.store.ready("sim", None, 9)
        self.assertEqual((queued.message.tried, queued.message.attempts), (None, 0))

    async def test_what_the_connector_before_says_changes_nothing(self):
        new = await self.put()
        await self.one(Requeue(new.id, 0, "b", NOW, BUSY, left="sim"))
        late = Ignored("superseded", new.id)
        self.assertEqual(await self.one(Requeue(new.id, 0, "c", NOW, BUSY, left="sim")), late)
        self.assertEqual(await self.one(Requeue(new.id, NOW + 5, "sim", NOW, BUSY)), late)
        self.assertEqual(await self.one(Fail(new.id, 1, "sim", NOW, BUSY)), late)
        self.assertEqual(await self.one(GiveUp(new.id, "sim", NOW, BUSY)), late)
        self.assertEqual(await self.one(sent(new.id, "A1")), late)
        (queued,) = await self.store.ready("b", None, 9)
        self.assertEqual((queued.message.state, queued.message.attempts), (State.QUEUED, 1))

    async def test_the_late_answer_of_a_connector_that_was_left(self):
        """Both carriers have the message: a success of the first counts, a failure of it does not."""
        for state, end in ((State.DELIVERED, State.DELIVERED), (State.UNDELIVERED, State.SENT)):
            new = await self.put()
            await self.one(Requeue(new.id, 0, "b", NOW, BUSY, left="sim"))
            await self.one(sent(new.id, f"A{state}", latency_ms=90_000))
            self.assertEqual(await self.state(new.id), State.QUEUED)
            await self.one(sent(new.id, f"B{state}", connector="b"))
            result = await self.one(receipt(f"A{state}", state))
            self.assertEqual(await self.state(new.id), end)
            if end is State.SENT:
                self.assertEqual(result, Ignored("superseded", new.id))
                self.assertEqual((await self.one(receipt(f"B{state}", connector="b"))).state, State.DELIVERED)
            else:
                self.assertEqual((result.state, len(result.outbox)), (end, 1))
                self.assertEqual(await self.one(receipt(f"B{state}", connector="b")), Ignored("repeated", new.id))
            late = [event for event in (await self.view(new.id)).events if event.connector == "sim"]
            self.assertEqual([event.type for event in late], ["failover", "sent", "receipt"])
            self.assertEqual((late[1].smsc_id, late[1].latency_ms), (f"A{state}", 90_000))

    # -- links that are down ---------------------------------------------------------------------------------------

    async def test_a_queue_moves_without_counting(self):
        messages = submission(300)
        begun, unsent, waiting, elsewhere = message(parts=2), message(parts=2), message(), message(connector="b")
        gone, other = fresh_id(), message()
        await self.one(submit(*messages, begun, unsent, waiting, elsewhere, other))
        await self.store.commit(
            [sent(begun.id, "A1", 1), Requeue(waiting.id, NOW + 5, "sim", NOW, BUSY), Cancel("demo", other.id, NOW)]
        )
        everything = [*messages, begun, unsent, waiting, elsewhere, other]
        moves = (*((m.id, "b" if m.id % 2 else "c") for m in everything), (gone, "b"))
        result = await self.one(Reroute("sim", moves, NOW + 60, "the link is down"))
        self.assertEqual(result, Rerouted(tuple(sorted([*(m.id for m in messages), unsent.id]))))
        (left,) = await self.store.ready("sim", None, 999)
        self.assertEqual(left.message.id, begun.id)
        moved = await self.store.ready("b", None, 999) + await self.store.ready("c", None, 999)
        self.assertEqual({q.message.id for q in moved}, {*result.messages, elsewhere.id})
        self.assertEqual({(q.message.attempts, q.message.tried, q.message.hops) for q in moved}, {(0, None, 0)})
        one = messages[0]
        target = "b" if one.id % 2 else "c"
        event = EventView(NOW + 60, "failover", f"the link is down; goes to {target}", "sim")
        self.assertEqual((await self.view(one.id)).events[1], event)
        self.assertEqual(await self.one(sent(one.id, "B1", connector=target)), Moved(one.id, State.SENT))
        self.assertEqual(await self.one(Reroute("sim", moves, NOW + 61, "again")), Rerouted(()))

    async def test_a_queue_moves_in_the_batch_that_made_it(self):
        new = message()
        results = await self.store.commit(
            [submit(new), Reroute("sim", ((new.id, "b"),), NOW, "down"), sent(new.id, "B1", connector="b")]
        )
        self.assertEqual(results[1:], [Rerouted((new.id,)), Moved(new.id, State.SENT)])

    # -- second ways -----------------------------------------------------------------------------------------------

    async def test_undelivered_goes_the_second_way(self):
        before = await self.balance()
        new = await self.put(fallback="b,c", client_ref="ref")
        result = await self.resent(new, "A1")
        again = result.message
        self.assertEqual((again.id, again.body, again.coding), (new.id, new.body, new.coding))
        self.assertEqual(
            (again.connector, again.state, again.tried, again.fallback, again.hops),
            ("b", State.QUEUED, "sim", "c", 1),
        )
        self.assertEqual([queued.message for queued in await self.store.ready("b", None, 9)], [again])
        view = await self.view(new.id)
        self.assertEqual((view.sent_at, view.done_at, view.error, view.smsc_id), (None, None, None, None))
        self.assertEqual(
            view.events[1:],
            (
                EventView(NOW + 1000, "sent", "", "sim", "A1", None, 20),
                EventView(NOW + 5000, "failover", "undelivered: UNDELIV 069; goes to b", "sim"),
            ),
        )
        self.assertEqual(await self.store.outbox_targets(), [])
        await self.reopen()
        await self.one(sent(new.id, "B1", connector="b", at=NOW + 6000, latency_ms=30))
        moved = await self.one(receipt("B1", received_at=NOW + 7000))
        self.assertEqual((moved.state, [item.client_ref for item in moved.outbox]), (State.DELIVERED, ["ref"]))
        self.assertEqual(await self.kinds(new.id), ["accepted", "sent", "failover", "sent", "delivered"])
        self.assertEqual(await self.balance(), before - new.price)

    async def test_the_last_way_decides(self):
        before = await self.balance()
        new = await self.put(fallback="b,c")
        await self.resent(new, "A1")
        await self.resent(new, "B1", "b", at=NOW + 6000)
        await self.one(sent(new.id, "C1", connector="c", at=NOW + 7000))
        moved = await self.one(failed("C1", State.REJECTED, status="REJECTD"))
        self.assertEqual((moved.state, len(moved.outbox)), (State.REJECTED, 1))
        view = await self.view(new.id)
        self.assertEqual((view.message.tried, view.message.fallback, view.message.hops), ("sim,b", None, 2))
        self.assertEqual(await self.balance(), before - new.price)

    async def test_only_what_was_not_tried_and_only_in_time(self):
        tried = await self.put(fallback="b,c")
        await self.one(Requeue(tried.id, 0, "b", NOW, BUSY, left="sim"))
        result = await self.resent(tried, "B1", "b")
        self.assertEqual((result.message.connector, result.message.fallback), ("c", None))
        for state in (State.EXPIRED, State.UNKNOWN, State.CANCELLED, State.DELIVERED):
            new = await self.put(fallback="b")
            await self.one(sent(new.id, f"E{state}"))
            self.assertEqual((await self.one(receipt(f"E{state}", state))).state, state)
        late = await self.put(fallback="b")
        await self.one(sent(late.id, "L1"))
        self.assertEqual((await self.one(failed("L1", received_at=late.deadline))).state, State.UNDELIVERED)
        moved_on = await self.put(fallback="b")
        await self.one(Reroute("sim", ((moved_on.id, "b"),), NOW, "down"))
        await self.one(sent(moved_on.id, "M1", connector="b"))
        self.assertEqual((await self.one(failed("M1"))).state, State.UNDELIVERED)

    async def test_receipts_of_the_way_given_up_change_nothing(self):
        new = await self.put(fallback="b")
        await self.resent(new, "A1")
        for state in (State.DELIVERED, State.UNDELIVERED, None):
            self.assertEqual(await self.one(receipt("A1", state)), Ignored("superseded", new.id))
        self.assertEqual(await self.one(sent(new.id, "A2")), Ignored("superseded", new.id))
        self.assertEqual(await self.one(receipt("A2")), Ignored("superseded", new.id))
        self.assertEqual(await self.state(new.id), State.QUEUED)
        await self.one(sent(new.id, "B1", connector="b"))
        await self.reopen()
        self.assertEqual(await self.one(receipt("A1")), Ignored("superseded", new.id))
        self.assertEqual((await self.one(receipt("B1", State.UNDELIVERED))).state, State.UNDELIVERED)
        self.assertEqual(await self.one(receipt("A1", received_at=NOW + 9000)), Ignored("superseded", new.id))
        self.assertEqual(await self.state(new.id), State.UNDELIVERED)
        self.assertIn("earlier way", (await self.view(new.id)).events[-1].detail)

    async def test_the_second_way_takes_parts_anew(self):
        new = await self.put(parts=2, fallback="b")
        await self.store.commit([sent(new.id, "A1", 1), sent(new.id, "A2", 2)])
        self.assertEqual(await self.one(receipt("A1")), Noted(new.id))
        self.assertIsInstance(await self.one(failed("A2")), Resent)
        (queued,) = await self.store.ready("b", None, 9)
        self.assertEqual((queued.sent_parts, queued.message.hops), (frozenset(), 1))
        self.assertEqual([part.smsc_id for part in (await self.view(new.id)).parts], [None, None])
        await self.reopen()
        results = await self.store.commit([sent(new.id, f"B{n}", n, connector="b") for n in (1, 2)])
        self.assertEqual([each.state for each in results], [State.QUEUED, State.SENT])
        self.assertEqual(await self.one(receipt("A1")), Ignored("superseded", new.id))
        self.assertEqual(await self.one(receipt("B1")), Noted(new.id))
        self.assertEqual((await self.one(receipt("B2"))).state, State.DELIVERED)
        self.assertIn("2 of 2 parts", [event.detail for event in (await self.view(new.id)).events])

    async def test_the_second_way_begins_while_parts_are_still_sent_on_the_first(self):
        new = await self.put(parts=2, fallback="b")
        results = await self.store.commit([sent(new.id, "A1", 1), failed("A1"), sent(new.id, "A2", 2)])
        self.assertIsInstance(results[1], Resent)
        self.assertEqual(results[2], Ignored("superseded", new.id))
        self.assertEqual(await self.one(Fail(new.id, 2, "sim", NOW, BUSY)), Ignored("superseded", new.id))
        (queued,) = await self.store.ready("b", None, 9)
        self.assertEqual(queued.sent_parts, frozenset())

    async def test_a_receipt_that_came_before_its_response(self):
        new = await self.put(fallback="b")
        await self.store.commit([failed("A1"), receipt("A1", State.DELIVERED)])
        result = await self.one(sent(new.id, "A1", at=NOW + 9000))
        self.assertEqual((result.message.connector, result.message.hops), ("b", 1))
        self.assertEqual((await self.view(new.id)).message.state, State.QUEUED)
        self.assertEqual((await self.store.counts()).parked, 0)

    async def test_in_the_batch_that_made_it(self):
        new = message(fallback="b")
        results = await self.store.commit([submit(new), sent(new.id, "A1"), failed("A1")])
        self.assertEqual(results[2].message.body, new.body)
        self.assertEqual([queued.message for queued in await self.store.ready("b", None, 9)], [results[2].message])

    async def test_what_a_carrier_had_is_never_refunded_nor_taken_back(self):
        start = await self.balance()
        refused, expired, cancelled = (
            message(fallback="b"),
            message(fallback="b", deadline=NOW + HOUR),
            message(fallback="b"),
        )
        await self.one(submit(refused, expired, cancelled))
        for number, each in enumerate((refused, expired, cancelled)):
            await self.resent(each, f"A{number}")
        moved = await self.one(Fail(refused.id, 1, "b", NOW + 6000, BUSY))
        self.assertEqual(moved.state, State.UNDELIVERED)
        self.assertEqual(await self.one(Cancel("demo", cancelled.id, NOW + 6000)), Ignored("left", cancelled.id))
        swept = await self.one(Expire(NOW + 2 * HOUR, frozenset()))
        self.assertEqual(swept.messages, (expired.id,))
        self.assertEqual(await self.balance(), start - 3 * refused.price)

    async def test_waiting_for_a_retry_when_the_receipt_comes(self):
        """Its first attempt had no answer; it was taken all the same."""
        new = await self.put(fallback="b", parts=2)
        await self.store.commit([sent(new.id, "A1", 1), Requeue(new.id, NOW + HOUR, "sim", NOW, BUSY)])
        result = await self.one(failed("A1"))
        self.assertEqual((result.message.due_at, result.message.attempts), (0, 1))
        self.assertIsNone(await self.store.next_due())

    # -- late receipts ---------------------------------------------------------------------------------------------

    async def test_receipts_that_come_days_late_over_another_bind_after_a_restart(self):
        messages = submission(3, deadline=NOW + 40 * DAY)
        await self.one(submit(*messages))
        for new, response in zip(messages, ("7FA1", "00c0ffee", "77"), strict=True):
            await self.one(sent(new.id, response, connector="sim"))
        await self.one(Tidy(NOW + DAY, NOW + DAY, NOW + DAY))
        await self.reopen()
        for new, words in zip(messages, ("32673", "12648430", "0077"), strict=True):
            late = receipt(words, received_at=NOW + 10 * DAY, connector="sim-2")
            self.assertEqual((await self.one(late)).message_id, new.id)
