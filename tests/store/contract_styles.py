"""Contract: messages whose receipts are told in a provider's style, and the states they tell of."""

from smsgwd.model.callbacks import TELL_FINAL, TELL_INTERMEDIATE, TELL_SENT, Callback, pack_callback, tell
from smsgwd.model.changes import Cancel, Fail, Moved, Noted, OutboxDone, Parked, Promote, Replace, Resent
from smsgwd.model.message import Failure, State
from smsgwd.model.outbox import target_of
from smsgwd.model.upkeep import Erase
from tests.store.base import StoreCase
from tests.store.samples import HOUR, NOW, URL, message, receipt, sent, submit

_STYLE = pack_callback(Callback("isms", "Europe/Athens", fields={"to": "306912345678"}))
_BAD = Failure("smsc_rejected", "", 0x0B)


class StyleContract(StoreCase):
    async def owed(self):
        """What the tenant is owed at its URL, as the store tells it."""
        return await self.store.outbox(target_of("demo", URL), None, 100)

    async def told(self):
        """Types of the pushes that are owed, in order."""
        return [item.type for item in await self.owed()]

    async def test_a_style_is_kept_and_comes_with_each_push(self):
        one = message(callback=_STYLE, client_ref="r", asks=TELL_SENT | TELL_FINAL)
        await self.one(submit(one))
        await self.reopen()
        ready = await self.store.ready("sim", None, 5)
        self.assertEqual([each.message.callback for each in ready], [_STYLE])
        first = (await self.one(sent(one.id, "A1"))).outbox
        await self.reopen()
        last = (await self.one(receipt("A1"))).outbox
        self.assertEqual([item.type for item in (*first, *last)], ["message.sent", "message.delivered"])
        for item in (*first, *last):
            self.assertEqual(
                (item.callback, item.submission, item.connector, item.smsc_id, item.client_ref),
                (_STYLE, one.submission, "sim", "A1", "r"),
            )
        self.assertEqual(await self.owed(), [*first, *last])
        self.assertEqual((first[0].state, first[0].done_at, first[0].error), (State.SENT, None, None))

    async def test_a_message_in_no_style_says_where_it_went_too(self):
        one = message()
        await self.store.commit([submit(one), sent(one.id, "A1")])
        (item,) = (await self.one(receipt("A1"))).outbox
        self.assertEqual(
            (item.callback, item.submission, item.connector, item.smsc_id), (None, one.submission, "sim", "A1")
        )
        self.assertEqual(await self.owed(), [item])

    async def test_only_the_states_that_were_asked_for_are_told(self):
        cases = (
            (0, ["message.delivered"], ["message.undelivered"]),
            (TELL_SENT, ["message.sent"], ["message.sent"]),
            (tell(State.DELIVERED), ["message.delivered"], []),
            (tell(State.UNDELIVERED, State.EXPIRED), [], ["message.undelivered"]),
            (TELL_SENT | TELL_FINAL, ["message.sent", "message.delivered"], ["message.sent", "message.undelivered"]),
            (TELL_INTERMEDIATE, [], []),
        )
        for asks, *expected in cases:
            for state, types in zip((State.DELIVERED, State.UNDELIVERED), expected, strict=True):
                one = message(asks=asks)
                results = await self.store.commit([submit(one), sent(one.id, "x"), receipt("x", state)])
                given = [item for result in results[1:] for item in result.outbox]
                self.assertEqual([item.type for item in given], types, (asks, state))
                self.assertEqual(await self.told(), types)
                await self.store.commit([OutboxDone(item.id, NOW) for item in given])
        nowhere = message(asks=TELL_SENT | TELL_INTERMEDIATE, dlr_url=None)
        results = await self.store.commit([submit(nowhere), sent(nowhere.id, "y"), receipt("y", None), receipt("y")])
        self.assertEqual([result.outbox for result in results[1:]], [(), (), ()])

    async def test_bits_of_an_esme_mean_what_they_mean_there(self):
        one = message(account="acme", asks=TELL_SENT | 1, dlr_url=None)
        results = await self.store.commit([submit(one), sent(one.id, "e"), receipt("e")])
        self.assertEqual(results[1].outbox, ())
        self.assertEqual([item.type for item in results[2].outbox], ["message.delivered"])

    async def test_a_receipt_that_came_first_tells_sent_before_it(self):
        one = message(asks=TELL_SENT | TELL_FINAL)
        await self.one(submit(one))
        self.assertEqual(await self.one(receipt("A1")), Parked())
        result = await self.one(sent(one.id, "A1"))
        self.assertEqual([item.type for item in result.outbox], ["message.sent", "message.delivered"])
        self.assertEqual(result.state, State.DELIVERED)
        self.assertEqual([item.state for item in await self.owed()], [State.SENT, State.DELIVERED])
        self.assertEqual((await self.one(sent(one.id, "A1"))).reason, "final")

    async def test_all_parts_make_it_sent(self):
        one = message(parts=3, asks=TELL_SENT | TELL_FINAL)
        await self.store.commit([submit(one), sent(one.id, "p1", 1), sent(one.id, "p2", 2)])
        self.assertEqual(await self.told(), [])
        (item,) = (await self.one(sent(one.id, "p3", 3))).outbox
        self.assertEqual((item.type, item.parts), ("message.sent", 3))
        await self.store.commit([receipt("p1"), receipt("p2"), receipt("p3")])
        self.assertEqual(await self.told(), ["message.sent", "message.delivered"])

    async def test_receipts_of_all_parts_but_the_last_answer(self):
        one = message(parts=2, asks=TELL_SENT | TELL_FINAL)
        await self.store.commit([submit(one), sent(one.id, "p1", 1), receipt("p1"), receipt("p2")])
        result = await self.one(sent(one.id, "p2", 2))
        self.assertEqual([item.type for item in result.outbox], ["message.sent", "message.delivered"])
        self.assertEqual(await self.told(), ["message.sent", "message.delivered"])

    async def test_what_was_never_taken_whole_is_never_sent(self):
        half, none, back = (message(parts=parts, asks=TELL_SENT | TELL_FINAL) for parts in (2, 1, 1))
        await self.store.commit(
            [
                submit(half, none, back),
                sent(half.id, "h", 1),
                Fail(half.id, 2, "sim", NOW, _BAD),
                Fail(none.id, 1, "sim", NOW, _BAD),
                Cancel("demo", back.id, NOW),
            ]
        )
        self.assertEqual(await self.told(), ["message.undelivered", "message.rejected", "message.cancelled"])

    async def test_intermediate_receipts_are_told_where_they_are_asked_for(self):
        asking, not_asking = message(asks=TELL_INTERMEDIATE | TELL_FINAL, callback=_STYLE), message()
        await self.store.commit([submit(asking, not_asking), sent(asking.id, "A"), sent(not_asking.id, "B")])
        self.assertEqual(await self.one(receipt("B", None)), Noted(not_asking.id))
        (item,) = (await self.one(receipt("A", None))).outbox
        self.assertEqual((item.type, item.state, item.callback), ("message.intermediate", State.SENT, _STYLE))
        self.assertEqual((await self.one(receipt("A", None))).outbox, ())  # the same word
        await self.one(receipt("A"))
        self.assertEqual((await self.one(receipt("A", None, status="ACCEPTD"))).outbox, ())  # it has ended
        self.assertEqual([(each.type, each.state) for each in await self.owed()], [
            ("message.intermediate", State.SENT), ("message.delivered", State.DELIVERED)
        ])  # fmt: skip

    async def test_a_message_sent_a_second_time_tells_so_once(self):
        one = message(asks=TELL_SENT | TELL_FINAL, fallback="other", connector="sim")
        await self.store.commit([submit(one), sent(one.id, "A")])
        self.assertIsInstance(await self.one(receipt("A", State.UNDELIVERED)), Resent)
        moved = await self.one(sent(one.id, "B", connector="other"))
        self.assertEqual(moved, Moved(one.id, State.SENT))
        await self.one(receipt("B"))
        self.assertEqual(await self.told(), ["message.sent", "message.delivered"])

    async def test_a_receipt_that_came_first_and_sends_it_on_tells_sent_all_the_same(self):
        one = message(asks=TELL_SENT | TELL_FINAL, fallback="other")
        await self.store.commit([submit(one), receipt("A", State.UNDELIVERED)])
        resent = await self.one(sent(one.id, "A"))
        self.assertIsInstance(resent, Resent)
        self.assertEqual([item.type for item in resent.outbox], ["message.sent"])
        self.assertEqual(await self.told(), ["message.sent"])
        two = message(asks=TELL_SENT | TELL_FINAL, fallback="other", parts=2)
        await self.store.commit([submit(two), sent(two.id, "B", 1), receipt("C", State.UNDELIVERED), receipt("B")])
        resent = await self.one(sent(two.id, "C", 2))
        self.assertEqual((type(resent), [item.type for item in resent.outbox]), (Resent, ["message.sent"]))

    async def test_a_scheduled_message_keeps_its_style(self):
        one = message(state=State.SCHEDULED, due_at=NOW + HOUR, callback=_STYLE)
        await self.one(submit(one))
        (due,) = (await self.one(Promote(NOW + HOUR))).messages
        self.assertEqual(due.callback, _STYLE)
        await self.one(Replace("demo", message(id=one.id, callback=None), NOW))
        self.assertIsNone((await self.view(one.id)).message.callback)

    async def test_erasure_takes_a_number_out_of_the_style_and_leaves_the_style(self):
        one = message(callback=_STYLE)
        await self.store.commit([submit(one), sent(one.id, "A")])
        await self.one(Erase((one.id,), "306912345678", NOW))
        (item,) = (await self.one(receipt("A"))).outbox
        self.assertEqual(item.callback, pack_callback(Callback("isms", "Europe/Athens")))

    async def test_a_damaged_style_is_erased_too(self):
        one = message(callback=b"\xff306912345678", asks=TELL_FINAL)
        await self.one(submit(one))
        await self.one(sent(one.id, "p"))
        await self.one(Erase((one.id,), one.msisdn, NOW))
        kept = await self.store.message("demo", one.id)
        self.assertEqual((kept.message.callback, kept.message.msisdn), (b"", ""))
