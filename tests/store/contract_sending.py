"""Contract: parts taken, attempts that failed, refusals, cancellation."""

from smsgwd.model.changes import Cancel, Fail, GiveUp, Ignored, Moved, Note, Parked, Requeue
from smsgwd.model.message import EventView, Failure, State
from tests.store.base import StoreCase
from tests.store.samples import NOW, fresh_id, message, receipt, sent, submit

DOWN = Failure("link_down", "connection lost", None)
REFUSED = Failure("smsc_rejected", "ESME_RINVDSTADR", 0x0B)


class SendingContract(StoreCase):
    async def put(self, **fields):
        """A stored message."""
        new = message(**fields)
        await self.one(submit(new))
        return new.id

    async def test_a_part_taken_makes_a_message_sent_and_owes_nothing(self):
        number = await self.put()
        self.assertEqual(await self.one(sent(number, "A1", latency_ms=37)), Moved(number, State.SENT))
        view = await self.view(number)
        self.assertEqual((view.message.state, view.message.connector), (State.SENT, "sim"))
        self.assertEqual((view.sent_at, view.smsc_id), (NOW + 1000, "A1"))
        self.assertEqual(view.parts[0].latency_ms, 37)
        self.assertEqual(view.events[1], EventView(NOW + 1000, "sent", "", "sim", "A1", None, 37))
        self.assertEqual(await self.store.outbox_targets(), [])

    async def test_the_same_response_twice(self):
        number = await self.put()
        first, second = await self.store.commit([sent(number, "A1"), sent(number, "A1", at=NOW + 9)])
        self.assertEqual((first, second), (Moved(number, State.SENT), Ignored("repeated", number)))
        self.assertEqual((await self.view(number)).sent_at, NOW + 1000)

    async def test_a_response_for_no_message_or_no_part(self):
        number = fresh_id()
        self.assertEqual(await self.one(sent(number, "A1")), Ignored("unknown_message", number))
        number = await self.put()
        for part in (0, 2):
            self.assertEqual(await self.one(sent(number, "A1", part)), Ignored("unknown_message", number))

    async def test_a_response_after_the_end_still_maps_its_id(self):
        number = await self.put()
        await self.one(Cancel("demo", number, NOW + 1))
        self.assertEqual(await self.one(sent(number, "A1")), Ignored("final", number))
        self.assertEqual(await self.one(receipt("A1")), Ignored("final", number))

    async def test_a_response_while_waiting_for_a_retry(self):
        number = await self.put()
        await self.one(Requeue(number, NOW + 60_000, "sim", NOW, DOWN))
        self.assertEqual(await self.one(sent(number, "A1")), Moved(number, State.SENT))
        self.assertIsNone(await self.store.next_due())

    async def test_a_response_while_scheduled_is_no_move(self):
        number = await self.put(state=State.SCHEDULED, due_at=NOW + 5)
        self.assertEqual(await self.one(sent(number, "A1")), Ignored("not_queued", number))
        self.assertEqual(await self.one(receipt("A1")), Parked())

    async def test_all_parts_make_a_message_sent(self):
        number = await self.put(parts=3)
        self.assertEqual(await self.one(sent(number, "A2", 2)), Moved(number, State.QUEUED))
        self.assertEqual(await self.one(sent(number, "A2", 2)), Ignored("repeated", number))
        (queued,) = await self.store.ready("sim", None, 10)
        self.assertEqual(queued.sent_parts, frozenset({2}))
        first, last = await self.store.commit([sent(number, "A1", 1), sent(number, "A3", 3, at=NOW + 3000)])
        self.assertEqual((first, last), (Moved(number, State.QUEUED), Moved(number, State.SENT)))
        view = await self.view(number)
        self.assertEqual((view.sent_at, view.smsc_id), (NOW + 3000, "A1"))
        self.assertEqual(
            [(p.part, p.smsc_id, p.state) for p in view.parts], [(n, f"A{n}", State.SENT) for n in (1, 2, 3)]
        )
        self.assertEqual(await self.one(sent(number, "B1", 1)), Ignored("repeated", number))

    async def test_requeue_waits_and_counts(self):
        number = await self.put()
        result = await self.one(Requeue(number, NOW + 60_000, "sim", NOW + 10, REFUSED))
        self.assertEqual(result, Moved(number, State.WAITING))
        view = await self.view(number)
        self.assertEqual((view.message.connector, view.message.attempts, view.message.due_at), ("sim", 1, NOW + 60_000))
        self.assertIsNone(view.error)
        retry = view.events[1]
        self.assertEqual((retry.at, retry.type, retry.connector, retry.smpp_status), (NOW + 10, "retry", "sim", 0x0B))
        self.assertIn("ESME_RINVDSTADR", retry.detail)
        self.assertEqual(await self.store.ready("sim", None, 10), [])
        self.assertEqual(await self.store.next_due(), NOW + 60_000)

    async def test_requeue_at_once_on_another_connector_uncounted(self):
        number = await self.put()
        result = await self.one(Requeue(number, 0, "other", NOW + 10, DOWN, counts=False, left="sim"))
        self.assertEqual(result, Moved(number, State.QUEUED))
        self.assertEqual(await self.store.ready("sim", None, 10), [])
        (queued,) = await self.store.ready("other", None, 10)
        self.assertEqual((queued.message.id, queued.message.attempts), (number, 0))

    async def test_requeue_of_what_is_not_queued(self):
        number = await self.put()
        again = Requeue(number, NOW + 60_000, "sim", NOW, DOWN)
        first, second = await self.store.commit([again, again])
        self.assertEqual((first, second), (Moved(number, State.WAITING), Ignored("not_queued", number)))
        await self.one(sent(number, "A1"))
        self.assertEqual(await self.one(again), Ignored("left", number))
        await self.one(receipt("A1"))
        self.assertEqual(await self.one(again), Ignored("final", number))
        missing = fresh_id()
        self.assertEqual(await self.one(Requeue(missing, 0, "sim", NOW, DOWN)), Ignored("unknown_message", missing))
        self.assertEqual((await self.view(number)).message.attempts, 1)

    async def test_a_refused_message_is_rejected_and_refunded(self):
        before = await self.balance()
        number = await self.put()
        moved = await self.one(Fail(number, 1, "sim", NOW + 7, REFUSED, 12))
        self.assertEqual((moved.message_id, moved.state), (number, State.REJECTED))
        (item,) = moved.outbox
        self.assertEqual((item.type, item.error, item.state), ("message.rejected", REFUSED, State.REJECTED))
        view = await self.view(number)
        self.assertEqual((view.done_at, view.error, view.message.connector), (NOW + 7, REFUSED, "sim"))
        self.assertEqual([event.type for event in view.events], ["accepted", "refused", "rejected"])
        refused = EventView(NOW + 7, "refused", "smsc_rejected: ESME_RINVDSTADR", "sim", None, 0x0B, 12)
        self.assertEqual(view.events[1], refused)
        self.assertEqual(await self.balance(), before)

    async def test_a_refused_part_after_others_were_taken_is_undelivered_and_paid(self):
        number = await self.put(parts=2)
        after_submit = await self.balance()
        await self.one(sent(number, "A1", 1))
        moved = await self.one(Fail(number, 2, "sim", NOW + 7, REFUSED))
        self.assertEqual(moved.state, State.UNDELIVERED)
        self.assertEqual(await self.balance(), after_submit)
        view = await self.view(number)
        self.assertEqual([part.state for part in view.parts], [State.SENT, State.REJECTED])
        self.assertEqual(view.parts[1].error, REFUSED)

    async def test_fail_of_what_is_not_queued(self):
        number = await self.put()
        failing = Fail(number, 1, "sim", NOW, REFUSED)
        await self.one(sent(number, "A1"))
        self.assertEqual(await self.one(failing), Ignored("left", number))
        await self.one(receipt("A1"))
        self.assertEqual(await self.one(failing), Ignored("final", number))
        missing = fresh_id()
        self.assertEqual(await self.one(Fail(missing, 1, "sim", NOW, REFUSED)), Ignored("unknown_message", missing))

    async def test_give_up_ends_as_unknown_and_paid(self):
        number = await self.put()
        paid = await self.balance()
        moved = await self.one(GiveUp(number, "sim", NOW + 3, DOWN))
        self.assertEqual((moved.state, moved.outbox[0].type), (State.UNKNOWN, "message.unknown"))
        self.assertEqual(await self.balance(), paid)
        self.assertEqual(await self.one(GiveUp(number, "sim", NOW + 3, DOWN)), Ignored("final", number))
        other = await self.put()
        await self.one(sent(other, "A1"))
        self.assertEqual(await self.one(GiveUp(other, "sim", NOW, DOWN)), Ignored("left", other))

    async def test_cancel_refunds(self):
        for state in (State.QUEUED, State.SCHEDULED):
            before = await self.balance()
            number = await self.put(state=state)
            moved = await self.one(Cancel("demo", number, NOW + 4))
            self.assertEqual((moved.state, moved.outbox[0].type), (State.CANCELLED, "message.cancelled"))
            self.assertEqual(await self.balance(), before)
            self.assertEqual((await self.view(number)).error, None)
            self.assertEqual(await self.one(Cancel("demo", number, NOW + 4)), Ignored("final", number))
            self.assertEqual(await self.balance(), before)
        self.assertEqual(await self.store.ready("sim", None, 10), [])

    async def test_cancel_of_what_has_left_or_is_not_yours(self):
        number = await self.put()
        self.assertEqual(await self.one(Cancel("other", number, NOW)), Ignored("not_yours", number))
        await self.one(sent(number, "A1"))
        self.assertEqual(await self.one(Cancel("demo", number, NOW)), Ignored("left", number))
        missing = fresh_id()
        self.assertEqual(await self.one(Cancel("demo", missing, NOW)), Ignored("unknown_message", missing))

    async def test_cancel_of_a_message_of_which_a_part_has_left(self):
        number = await self.put(parts=2)
        await self.one(sent(number, "A1", 1))
        self.assertEqual(await self.one(Cancel("demo", number, NOW)), Ignored("left", number))
        self.assertEqual(await self.state(number), State.QUEUED)

    async def test_no_push_without_a_dlr_url(self):
        number = await self.put(dlr_url=None)
        self.assertEqual(await self.one(Cancel("demo", number, NOW)), Moved(number, State.CANCELLED))
        self.assertEqual(await self.store.outbox_targets(), [])

    async def test_a_note_is_part_of_the_history(self):
        number = await self.put()
        self.assertIsNone(await self.one(Note(number, NOW + 2, "rerouted", "by hand", "sim", 0x45)))
        self.assertIsNone(await self.one(Note(fresh_id(), NOW + 2, "rerouted")))
        accepted, note = (await self.view(number)).events
        self.assertEqual(accepted.type, "accepted")
        self.assertEqual((note.at, note.type, note.detail, note.smpp_status), (NOW + 2, "rerouted", "by hand", 0x45))

    async def test_a_whole_life_in_one_batch(self):
        new = message()
        results = await self.store.commit([submit(new), sent(new.id, "A1"), receipt("A1")])
        self.assertEqual(results[2].state, State.DELIVERED)
        self.assertEqual(await self.state(new.id), State.DELIVERED)
