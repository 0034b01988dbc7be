"""Contract: receipts matched, combined, parked, repeated and late."""

from msgspec.structs import replace

from smsgwd.model.changes import Ignored, Moved, Noted, Parked
from smsgwd.model.message import State
from smsgwd.model.upkeep import Tidy
from tests.store.base import StoreCase
from tests.store.samples import HOUR, NOW, URL, message, receipt, sent, submit


class ReceiptContract(StoreCase):
    async def put(self, *smsc_ids, **fields):
        """A stored message, its parts sent under these ids."""
        new = message(parts=max(1, len(smsc_ids)), **fields)
        await self.store.commit([submit(new), *(sent(new.id, each, n + 1) for n, each in enumerate(smsc_ids))])
        return new

    async def test_delivered(self):
        new = await self.put("A1", client_ref="ref 1")
        moved = await self.one(receipt("A1", done_at=NOW + 4000))
        self.assertEqual((moved.message_id, moved.state), (new.id, State.DELIVERED))
        (item,) = moved.outbox
        self.assertEqual((item.tenant, item.url, item.type), ("demo", URL, "message.delivered"))
        self.assertEqual(item.target, "demo https://tenant.example")
        self.assertEqual(
            (item.message_id, item.dest, item.source, item.client_ref), (new.id, new.dest, "iSMS", "ref 1")
        )
        self.assertEqual((item.state, item.error, item.parts, item.attempts), (State.DELIVERED, None, 1, 0))
        self.assertEqual(
            (item.submitted_at, item.done_at, item.created_at, item.due_at), (NOW, NOW + 4000, NOW + 5000, NOW + 5000)
        )
        self.assertEqual(await self.store.outbox(item.target, None, 10), [item])
        view = await self.view(new.id)
        self.assertEqual((view.message.state, view.done_at, view.error), (State.DELIVERED, NOW + 4000, None))
        self.assertEqual([event.type for event in view.events], ["accepted", "sent", "delivered"])

    async def test_every_final_state(self):
        paid = await self.balance()
        for number, state in enumerate(state for state in State if state.final):
            new = await self.put(f"F{number}")
            paid -= new.price
            moved = await self.one(receipt(f"F{number}", state, status="STAT", error="069"))
            self.assertEqual((moved.state, moved.outbox[0].type), (state, f"message.{state.public}"))
            view = await self.view(new.id)
            self.assertEqual((view.message.state, view.done_at), (state, NOW + 5000))
            if state is State.DELIVERED:
                self.assertIsNone(view.error)
            else:
                self.assertEqual((view.error.code, view.error.detail), (state.public, "STAT 069"))
        self.assertEqual(await self.balance(), paid)

    async def test_an_intermediate_receipt_is_history_only(self):
        new = await self.put("A1")
        self.assertEqual(await self.one(receipt("A1", None)), Noted(new.id))
        view = await self.view(new.id)
        self.assertEqual(view.message.state, State.SENT)
        self.assertEqual([event.type for event in view.events], ["accepted", "sent", "receipt"])
        self.assertIn("ENROUTE", view.events[2].detail)
        self.assertEqual(view.events[2].smsc_id, "A1")
        self.assertEqual((await self.one(receipt("A1"))).state, State.DELIVERED)

    async def test_the_first_final_state_stands(self):
        new = await self.put("A1")
        await self.one(receipt("A1", State.UNDELIVERED))
        self.assertEqual(
            await self.one(receipt("A1", State.DELIVERED, received_at=NOW + 9000)), Ignored("final", new.id)
        )
        self.assertEqual(
            await self.one(receipt("A1", State.UNDELIVERED, received_at=NOW + 9001)), Ignored("repeated", new.id)
        )
        view = await self.view(new.id)
        self.assertEqual(view.message.state, State.UNDELIVERED)
        self.assertEqual(
            [event.type for event in view.events], ["accepted", "sent", "undelivered", "receipt", "receipt"]
        )
        self.assertIn("DELIVRD", view.events[3].detail)
        (target,) = await self.store.outbox_targets()
        self.assertEqual(target.pending, 1)

    async def test_a_receipt_repeated_in_one_batch(self):
        new = await self.put("A1")
        first, second = await self.store.commit([receipt("A1"), receipt("A1")])
        self.assertEqual((first.state, second), (State.DELIVERED, Ignored("repeated", new.id)))

    async def test_endless_repetition_does_not_grow_the_history_without_end(self):
        new = await self.put("A1")
        await self.store.commit([receipt("A1") for _ in range(1000)])
        self.assertLess(len((await self.view(new.id)).events), 300)

    async def test_forms_of_an_id(self):
        cases = [
            ("00AbC", "abc", "auto"),
            ("abc", "000ABC ", "same"),
            ("1F4", "500", "auto"),  # response hexadecimal, receipt decimal
            ("501", "1f5", "auto"),
            ("1F6", "0502", "response_hex"),
            ("503", "1F7", "response_dec"),
        ]
        for response, in_receipt, form in cases:
            new = await self.put(response)
            moved = await self.one(receipt(in_receipt, id_format=form))
            self.assertEqual(moved.message_id, new.id, (response, in_receipt, form))

    async def test_another_form_counts_only_with_the_message_number(self):
        new = await self.put("1F4")
        self.assertEqual(await self.one(receipt("500", msisdn="306900000001")), Parked())
        self.assertEqual(await self.one(receipt("500", msisdn="")), Parked())
        self.assertEqual((await self.one(receipt("500", msisdn="6912345678"))).message_id, new.id)

    async def test_the_same_form_counts_whatever_the_number(self):
        await self.put("1F4")
        exact = await self.put("500", msisdn="306900000001")
        self.assertEqual((await self.one(receipt("500"))).message_id, exact.id)

    async def test_ids_of_another_group(self):
        await self.put("A1")
        self.assertEqual(await self.one(receipt("A1", group="other")), Parked())

    async def test_an_id_used_again_means_the_newest_message(self):
        await self.put("A1")
        newer = await self.put("A1")
        self.assertEqual((await self.one(receipt("A1"))).message_id, newer.id)

    async def test_a_receipt_before_its_response(self):
        new = message()
        await self.one(submit(new))
        self.assertEqual(await self.one(receipt("0A1")), Parked())
        self.assertEqual((await self.store.counts()).parked, 1)
        moved = await self.one(sent(new.id, "a1", at=NOW + 6000))
        self.assertEqual((moved.message_id, moved.state), (new.id, State.DELIVERED))
        self.assertEqual([item.type for item in moved.outbox], ["message.delivered"])
        self.assertEqual((await self.store.counts()).parked, 0)
        self.assertEqual(await self.one(receipt("a1")), Ignored("repeated", new.id))

    async def test_a_receipt_older_than_the_message_is_not_its_own(self):
        """The SMSC gave the id before, to a message that nobody here knows any more."""
        new = message()
        await self.store.commit([submit(new), receipt("A1", State.UNDELIVERED, received_at=NOW - HOUR)])
        self.assertEqual((await self.one(sent(new.id, "A1"))).state, State.SENT)
        self.assertEqual((await self.one(receipt("A1"))).state, State.DELIVERED)

    async def test_a_receipt_that_only_looks_older_than_the_message_is_its_own(self):
        """The wall clock was set back after the submit: receipt and response come at times before it."""
        new = message()
        await self.store.commit([submit(new), receipt("A1", received_at=NOW - 3 * HOUR)])
        moved = await self.one(sent(new.id, "A1", at=NOW - 3 * HOUR + 500))
        self.assertEqual((moved.state, len(moved.outbox)), (State.DELIVERED, 1))

    async def test_a_parked_receipt_survives_a_restart(self):
        new = message()
        await self.store.commit([submit(new), receipt("A1", State.UNDELIVERED, status="UNDELIV", error="001")])
        await self.reopen()
        moved = await self.one(sent(new.id, "A1"))
        self.assertEqual(moved.state, State.UNDELIVERED)
        self.assertEqual((await self.view(new.id)).error.detail, "UNDELIV 001")

    async def test_parked_under_another_form(self):
        new, wrong = message(), message(msisdn="306900000001")
        await self.store.commit([submit(new, wrong), receipt("500")])
        self.assertEqual(await self.one(sent(wrong.id, "1f4")), Moved(wrong.id, State.SENT))
        self.assertEqual((await self.one(sent(new.id, "1F4"))).state, State.DELIVERED)

    async def test_several_receipts_parked_for_one_id_are_applied_in_order(self):
        new = message()
        await self.store.commit(
            [submit(new), receipt("A1", None), receipt("A1", State.DELIVERED), receipt("A1", State.UNDELIVERED)]
        )
        self.assertEqual((await self.one(sent(new.id, "A1"))).state, State.DELIVERED)
        kinds = [event.type for event in (await self.view(new.id)).events]
        self.assertEqual(sorted(kinds), ["accepted", "delivered", "receipt", "receipt", "sent"])
        self.assertEqual((await self.store.counts()).parked, 0)

    async def test_an_intermediate_receipt_parked(self):
        new = message()
        await self.store.commit([submit(new), receipt("A1", None)])
        self.assertEqual(await self.one(sent(new.id, "A1")), Moved(new.id, State.SENT))
        self.assertIn("receipt", [event.type for event in (await self.view(new.id)).events])

    async def test_orphans_are_kept_but_no_longer_tried(self):
        new = message()
        await self.store.commit([submit(new), receipt("A1"), receipt("A2", received_at=NOW + 2 * HOUR)])
        await self.one(Tidy(0, 0, NOW + HOUR))
        counts = await self.store.counts()
        self.assertEqual((counts.parked, counts.orphans), (1, 1))
        self.assertEqual((await self.one(sent(new.id, "A1"))).state, State.SENT)
        self.assertEqual((await self.one(receipt("A1"))).state, State.DELIVERED)

    async def test_parts_are_delivered_when_all_are(self):
        new = await self.put("P1", "P2", "P3")
        for each in ("P2", "P1"):
            self.assertEqual(await self.one(receipt(each)), Noted(new.id))
        self.assertEqual(await self.one(receipt("P1")), Ignored("repeated", new.id))
        self.assertEqual(await self.state(new.id), State.SENT)
        moved = await self.one(receipt("P3"))
        self.assertEqual((moved.state, moved.outbox[0].parts), (State.DELIVERED, 3))
        view = await self.view(new.id)
        self.assertEqual({part.state for part in view.parts}, {State.DELIVERED})

    async def test_the_first_failing_part_decides(self):
        new = await self.put("P1", "P2")
        moved = await self.one(receipt("P2", State.EXPIRED, status="EXPIRED", error="254"))
        self.assertEqual(moved.state, State.EXPIRED)
        self.assertEqual(await self.one(receipt("P1")), Ignored("final", new.id))
        view = await self.view(new.id)
        self.assertEqual((view.message.state, view.error.detail), (State.EXPIRED, "EXPIRED 254"))
        self.assertEqual([part.state for part in view.parts], [State.DELIVERED, State.EXPIRED])

    async def test_a_part_unknown_makes_the_message_unknown_when_all_are_final(self):
        new = await self.put("P1", "P2")
        self.assertEqual(await self.one(receipt("P1", State.UNKNOWN)), Noted(new.id))
        self.assertEqual((await self.one(receipt("P2"))).state, State.UNKNOWN)

    async def test_a_part_without_a_receipt_of_its_own_holds_nothing_back(self):
        new = message(parts=3)
        parts = [replace(sent(new.id, f"P{n}", n), expects_receipt=n == 3) for n in (1, 2, 3)]
        results = await self.store.commit([submit(new), *parts])
        self.assertEqual(results[3], Moved(new.id, State.SENT))
        self.assertEqual((await self.one(receipt("P3"))).state, State.DELIVERED)

    async def test_the_last_parts_receipt_before_an_earlier_part_is_taken(self):
        """Of parts without receipts of their own the last to be taken completes the message: no more receipts come."""
        new = message(parts=3)
        first, second = (replace(sent(new.id, f"P{n}", n), expects_receipt=False) for n in (1, 2))
        await self.store.commit([submit(new), second, sent(new.id, "P3", 3)])
        self.assertEqual(await self.one(receipt("P3", done_at=NOW + 4000)), Noted(new.id))
        moved = await self.one(first)
        self.assertEqual((moved.state, len(moved.outbox)), (State.DELIVERED, 1))
        view = await self.view(new.id)
        self.assertEqual((view.message.state, view.done_at), (State.DELIVERED, NOW + 4000))

    async def test_the_last_parts_parked_receipt_before_an_earlier_part_is_taken(self):
        new = message(parts=2)
        first = replace(sent(new.id, "P1", 1), expects_receipt=False)
        await self.store.commit([submit(new), receipt("P2"), sent(new.id, "P2", 2)])
        self.assertEqual((await self.one(first)).state, State.DELIVERED)

    async def test_a_part_delivered_before_the_next_is_sent(self):
        new = message(parts=2)
        await self.store.commit([submit(new), sent(new.id, "P1", 1)])
        self.assertEqual(await self.one(receipt("P1")), Noted(new.id))
        (queued,) = await self.store.ready("sim", None, 5)
        self.assertEqual(queued.sent_parts, frozenset({1}))
        self.assertEqual(await self.one(sent(new.id, "P2", 2)), Moved(new.id, State.SENT))
        self.assertEqual((await self.one(receipt("P2"))).state, State.DELIVERED)

    async def test_a_part_fails_before_the_next_is_sent(self):
        new = message(parts=2)
        await self.store.commit([submit(new), sent(new.id, "P1", 1), receipt("P1", State.UNDELIVERED)])
        self.assertEqual(await self.state(new.id), State.UNDELIVERED)
        self.assertEqual(await self.one(sent(new.id, "P2", 2)), Ignored("final", new.id))
        self.assertEqual(await self.one(receipt("P2")), Ignored("final", new.id))

    async def test_parts_that_share_an_id_share_its_receipt(self):
        """Several parts in one PDU (message_payload): one id, one receipt, in whatever order."""
        new = await self.put("P1", "P1", "P1")
        self.assertEqual(await self.state(new.id), State.SENT)
        self.assertEqual((await self.one(receipt("P1"))).state, State.DELIVERED)
        self.assertEqual(await self.one(receipt("P1")), Ignored("repeated", new.id))
        early = message(parts=2)
        await self.store.commit([submit(early), receipt("Q1", State.UNDELIVERED, error="007")])
        results = await self.store.commit([sent(early.id, "Q1", 1), sent(early.id, "Q1", 2)])
        self.assertEqual(results[0].state, State.UNDELIVERED)
        self.assertEqual(results[1], Ignored("final", early.id))
        well = message(parts=2)
        await self.store.commit([submit(well), receipt("R1")])
        first, second = await self.store.commit([sent(well.id, "R1", 1), sent(well.id, "R1", 2)])
        self.assertEqual(first, Moved(well.id, State.QUEUED))
        self.assertEqual((second.state, len(second.outbox)), (State.DELIVERED, 1))

    async def test_all_parts_parked(self):
        new = message(parts=2)
        await self.store.commit([submit(new), receipt("P1"), receipt("P2")])
        self.assertEqual(await self.one(sent(new.id, "P1", 1)), Moved(new.id, State.QUEUED))
        moved = await self.one(sent(new.id, "P2", 2))
        self.assertEqual((moved.state, len(moved.outbox)), (State.DELIVERED, 1))
