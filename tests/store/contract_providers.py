"""Contract: what connectors of HTTP providers need: exact ids, what is sent page by page, closing what stays open."""

from smsgwd.model.changes import Ignored, Noted, Parked, Swept
from smsgwd.model.message import State
from smsgwd.model.upkeep import Rematch, Tidy, TimeOutReceipts
from smsgwd.ports.sent import SentPage, SentRow
from smsgwd.ports.store import FindFilter
from tests.store.base import StoreCase
from tests.store.samples import HOUR, NOW, message, receipt, sent, submission, submit

LONG = "A0-" + "xY" * 40


def exact(message_id, foreign_id, part=1, **fields):
    """A part was taken by a provider."""
    return sent(message_id, foreign_id, part, id_format="exact", **fields)


def report(foreign_id, state=State.DELIVERED, **fields):
    """A provider's report."""
    return receipt(foreign_id, state, id_format="exact", **fields)


class ProviderContract(StoreCase):
    async def all_sent(self, connector, before, limit):
        """The rows of all pages."""
        rows, after, more = [], None, True
        while more:
            page = await self.store.sent(connector, after, before, limit)
            self.assertLessEqual(len(page.rows), limit)
            rows += page.rows
            self.assertTrue(page.after is None or after is None or page.after > after)
            after, more = page.after, page.after is not None
        return rows

    async def test_exact_ids_differ_by_case_zeros_and_blanks(self):
        ids = ("ab1", "AB1", "0ab1", "00AB1", " ab1", "500", "1f4", LONG)
        messages = [message() for _ in ids]
        await self.one(submit(*messages))
        await self.store.commit([exact(new.id, each) for new, each in zip(messages, ids, strict=True)])
        for new, each in zip(messages, ids, strict=True):
            self.assertEqual((await self.view(new.id)).smsc_id, each)
            before = [await self.state(other.id) for other in messages]
            await self.one(report(each))
            after = [await self.state(other.id) for other in messages]
            changed = [number for number in range(len(ids)) if before[number] is not after[number]]
            self.assertEqual(changed, [messages.index(new)])
            self.assertIs(await self.state(new.id), State.DELIVERED)

    async def test_exact_ids_are_found_after_a_restart(self):
        new = message()
        await self.store.commit([submit(new), exact(new.id, "00Ab/306912345678")])
        await self.reopen()
        self.assertEqual(await self.one(report("00ab/306912345678")), Parked())
        await self.one(report("00Ab/306912345678"))
        self.assertIs(await self.state(new.id), State.DELIVERED)

    async def test_other_forms_of_an_exact_id_are_parked(self):
        new = message()
        await self.store.commit([submit(new), exact(new.id, "1F4")])
        for other in ("1f4", "500", "01F4", "1F4 "):
            self.assertEqual(await self.one(report(other)), Parked())
        self.assertIs(await self.state(new.id), State.SENT)

    async def test_a_report_before_the_answer_waits_for_it(self):
        new, other = message(), message()
        await self.one(submit(new, other))
        self.assertEqual(await self.one(report("0X9")), Parked())
        await self.reopen()
        await self.one(exact(other.id, "0x9"))
        self.assertIs(await self.state(other.id), State.SENT)
        await self.one(exact(new.id, "0X9"))
        self.assertIs(await self.state(new.id), State.DELIVERED)

    async def test_one_report_is_for_all_parts(self):
        answered, early = message(parts=3), message(parts=3)
        await self.store.commit([submit(answered, early), report("E0", State.UNDELIVERED)])
        for new, each in ((answered, "W0"), (early, "E0")):
            await self.store.commit([exact(new.id, each, part) for part in (1, 2, 3)])
        await self.one(report("W0"))
        self.assertIs(await self.state(answered.id), State.DELIVERED)
        self.assertIs(await self.state(early.id), State.UNDELIVERED)
        self.assertEqual([part.smsc_id for part in (await self.view(answered.id)).parts], ["W0"] * 3)
        self.assertEqual(await self.one(report("W0")), Ignored("repeated", answered.id))

    async def test_on_its_way_is_history(self):
        new = message()
        await self.store.commit([submit(new), exact(new.id, "W0")])
        self.assertEqual(await self.one(report("W0", None)), Noted(new.id))
        self.assertIs(await self.state(new.id), State.SENT)

    async def test_orphans_are_rematched_by_the_exact_id_alone(self):
        new, other = message(), message()
        await self.store.commit([submit(new, other), report("0Ab"), report("1F4"), report("0ab")])
        await self.one(Tidy(0, 0, NOW + 24 * HOUR))
        await self.store.commit([exact(new.id, "0Ab"), exact(other.id, "500")])
        result = await self.one(Rematch(0, NOW + HOUR, smsc_id="0Ab"))
        self.assertEqual((result.tried, result.applied), (1, 1))
        result = await self.one(Rematch(0, NOW + HOUR))
        self.assertEqual((result.tried, result.applied), (2, 0))
        self.assertEqual([await self.state(each.id) for each in (new, other)], [State.DELIVERED, State.SENT])

    async def test_groups_do_not_mix(self):
        carriers, providers = message(), message()
        await self.store.commit(
            [
                submit(carriers, providers),
                sent(carriers.id, "0A1"),
                exact(providers.id, "a1", group="provider:p"),
                report("a1", group="provider:p"),
            ]
        )
        self.assertEqual([await self.state(m.id) for m in (carriers, providers)], [State.SENT, State.DELIVERED])

    async def test_found_by_operators_by_either_kind_of_id(self):
        carriers, providers = message(), message()
        await self.store.commit(
            [submit(carriers, providers), sent(carriers.id, "0Ab1"), exact(providers.id, "0Ab1", group="provider:p")]
        )
        found = await self.store.find(FindFilter(smsc_id="0Ab1"), None, 9)
        self.assertEqual({view.message.id for view in found.views}, {carriers.id, providers.id})

    async def test_what_is_sent_in_the_order_of_validity(self):
        second, first, final, unsent, late = (message(deadline=NOW + n) for n in (7, 5, 6, 6, 9))
        second.parts = 2
        await self.store.commit(
            [
                submit(second, first, final, unsent, late),
                exact(second.id, "S", 1, at=NOW + 1),
                exact(second.id, "S", 2, at=NOW + 2),
                exact(first.id, "F", at=NOW + 3),
                exact(final.id, "E"),
                report("E"),
                exact(late.id, "L"),
            ]
        )
        aside = message(deadline=NOW + 6, connector="p2")
        await self.store.commit([submit(aside), exact(aside.id, "P", connector="p2", at=NOW + 4)])
        rows = [SentRow(first.id, NOW + 3, NOW + 5), SentRow(second.id, NOW + 2, NOW + 7)]
        self.assertEqual(await self.all_sent("sim", NOW + 9, 9), rows)
        page = await self.store.sent("sim", None, NOW + 9, 1)
        self.assertEqual(page, SentPage((rows[0],), (NOW + 5, first.id)))
        self.assertEqual(await self.all_sent("sim", NOW + 9, 1), rows)
        self.assertEqual(await self.all_sent("p2", NOW + 99, 9), [SentRow(aside.id, NOW + 4, NOW + 6)])
        self.assertEqual(await self.all_sent("nobody", NOW + 99, 9), [])

    async def test_all_that_is_sent_is_found_page_by_page(self):
        """Also where many have the same end of validity."""
        own = submission(120, deadline=NOW + HOUR) + submission(5, deadline=NOW + HOUR - 1)
        others = submission(80, deadline=NOW + HOUR, connector="p2")
        await self.store.commit(
            [
                submit(*own, *others),
                *(exact(m.id, f"x{m.id}") for m in own),
                *(exact(m.id, f"x{m.id}", connector="p2") for m in others),
            ]
        )
        found = [row.id for row in await self.all_sent("sim", NOW + 2 * HOUR, 7)]
        self.assertEqual(found, [m.id for m in own[120:]] + [m.id for m in own[:120]])

    async def test_which_are_still_sent(self):
        own, final, unsent, other = message(), message(), message(), message(connector="p2")
        await self.store.commit(
            [
                submit(own, final, unsent, other),
                exact(own.id, "Ab 0"),
                exact(final.id, "B"),
                report("B"),
                exact(other.id, "C", connector="p2"),
            ]
        )
        (view,) = await self.store.still_sent("sim", [own.id, final.id, unsent.id, other.id, 5])
        self.assertEqual((view.message.id, view.smsc_id, view.sent_at), (own.id, "Ab 0", NOW + 1000))
        self.assertEqual(view.message.text, own.text)
        self.assertEqual(await self.store.still_sent("sim", []), [])

    async def test_a_connector_closes_what_it_names_alone(self):
        named, unnamed, young, final, unsent = (message(deadline=NOW + n) for n in (1, 1, 9, 1, 1))
        other = message(deadline=NOW + 1, connector="p2")
        everybody = (named, unnamed, young, final, other)
        await self.store.commit(
            [
                submit(named, unnamed, young, final, unsent, other),
                *(exact(m.id, f"x{m.id}", connector=m.connector) for m in everybody),
                report(f"x{final.id}"),
            ]
        )
        paid = await self.balance()
        ids = (named.id, named.id, young.id, final.id, unsent.id, other.id, 77)
        change = TimeOutReceipts(NOW + HOUR, NOW + 2, connector="sim", ids=ids)
        swept = await self.one(change)
        self.assertEqual((swept.messages, swept.more, swept.state), ((named.id,), False, State.UNKNOWN))
        self.assertEqual([item.type for item in swept.outbox], ["message.unknown"])
        view = await self.view(named.id)
        self.assertEqual((view.message.state, view.error.code), (State.UNKNOWN, "receipt_timeout"))
        for each in (unnamed, young, other):
            self.assertIs(await self.state(each.id), State.SENT)
        self.assertIs(await self.state(unsent.id), State.QUEUED)
        self.assertEqual(await self.balance(), paid)
        self.assertEqual(await self.one(change), Swept((), (), False, State.UNKNOWN))
        self.assertEqual(await self.one(report(f"x{named.id}")), Ignored("final", named.id))
