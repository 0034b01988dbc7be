"""Contract: messages that wait for a date, and messages that wait for an operator."""

from smsgwd.model.business import Reschedule, Unhold
from smsgwd.model.changes import Cancel, Expire, Ignored, Moved, OptOut, Promote, PutTenant, Replace, Requeue
from smsgwd.model.message import HELD, Failure, State
from tests.store.base import StoreCase
from tests.store.samples import HOUR, NOW, message, sent, submission, submit, tenant

NOBODY = frozenset()


def dated(**fields):
    """A message for in an hour."""
    return message(**{"state": State.SCHEDULED, "due_at": NOW + HOUR} | fields)


def held(**fields):
    """A message that only an operator releases."""
    return message(**{"state": State.SCHEDULED, "due_at": HELD} | fields)


class ScheduleContract(StoreCase):
    async def due(self, at):
        """The ids of what is promoted by then."""
        return [each.id for each in (await self.one(Promote(at))).messages]

    async def test_later_and_sooner(self):
        new = dated()
        await self.one(submit(new))
        moved = Moved(new.id, State.SCHEDULED)
        self.assertEqual(await self.one(Reschedule("demo", new.id, NOW + 3 * HOUR, NOW)), moved)
        self.assertEqual(await self.store.next_due(), NOW + 3 * HOUR)
        self.assertEqual(await self.due(NOW + HOUR), [])
        self.assertEqual(await self.one(Reschedule("demo", new.id, NOW + 10, NOW)), moved)
        await self.reopen()
        view = await self.view(new.id)
        self.assertEqual((view.message.state, view.message.due_at), (State.SCHEDULED, NOW + 10))
        self.assertEqual(view.message.deadline, new.deadline)
        self.assertEqual([event.type for event in view.events], ["accepted", "rescheduled", "rescheduled"])
        self.assertEqual(await self.due(NOW + 10), [new.id])

    async def test_at_once_and_with_a_validity_from_then(self):
        new = dated(deadline=NOW + 2 * HOUR)
        await self.one(submit(new))
        await self.one(Reschedule("demo", new.id, 0, NOW + 7, NOW + 9))
        view = await self.view(new.id)
        self.assertEqual((view.message.due_at, view.message.deadline), (NOW + 7, NOW + 9))
        results = await self.store.commit([Promote(NOW + 7), Reschedule("demo", new.id, 0, NOW + 8)])
        self.assertEqual([each.id for each in results[0].messages], [new.id])
        self.assertEqual(results[0].messages[0].deadline, NOW + 9)
        self.assertEqual(results[1], Ignored("left", new.id))
        self.assertEqual((await self.one(Expire(NOW + 9, NOBODY))).messages, (new.id,))

    async def test_in_the_batch_it_came_in(self):
        new = dated()
        results = await self.store.commit([submit(new), Reschedule("demo", new.id, NOW + 5, NOW), Promote(NOW + 5)])
        self.assertEqual([each.id for each in results[2].messages], [new.id])

    async def test_only_what_waits_for_its_date(self):
        queued, retried, gone, ended, waits = message(), message(), message(), dated(), held()
        await self.store.commit(
            [
                submit(queued, retried, gone, ended, waits),
                Requeue(retried.id, NOW + HOUR, "sim", NOW, Failure("busy")),
                sent(gone.id, "A1"),
                Cancel("demo", ended.id, NOW),
            ]
        )
        reasons = {queued.id: "left", retried.id: "left", gone.id: "left", ended.id: "final", waits.id: "held"}
        for number, reason in reasons.items():
            self.assertEqual(await self.one(Reschedule("demo", number, NOW + 1, NOW)), Ignored(reason, number))
        self.assertEqual(await self.one(Reschedule("demo", 5, NOW + 1, NOW)), Ignored("unknown_message", 5))
        mine = dated()
        await self.one(submit(mine))
        self.assertEqual(await self.one(Reschedule("other", mine.id, 0, NOW)), Ignored("not_yours", mine.id))
        self.assertEqual((await self.view(mine.id)).message, mine)

    async def test_who_has_opted_out_meanwhile_gets_nothing(self):
        new = dated()
        await self.store.commit([submit(new), OptOut("demo", new.msisdn, True, NOW, "STOP")])
        results = await self.store.commit([Reschedule("demo", new.id, 0, NOW + 1), Promote(NOW + 1)])
        self.assertEqual(results[1].messages, ())
        self.assertEqual((await self.view(new.id)).error.code, "opted_out")


class HoldContract(StoreCase):
    async def ids(self, owner=None, after=0, limit=99):
        """The ids of held messages."""
        return [each.message.id for each in await self.store.held(owner, after, limit)]

    async def test_never_due(self):
        waits, later = held(), dated()
        await self.one(submit(waits))
        self.assertIsNone(await self.store.next_due())
        await self.one(submit(later))
        self.assertEqual(await self.store.next_due(), NOW + HOUR)
        promoted = await self.one(Promote(NOW + 1000 * 365 * 24 * HOUR))
        self.assertEqual([each.id for each in promoted.messages], [later.id])
        counts = await self.store.counts()
        self.assertEqual((counts.scheduled, counts.held), (0, 1))
        self.assertEqual(await self.ids(), [waits.id])

    async def test_it_expires_and_can_be_cancelled(self):
        before = await self.balance()
        stale, unwanted = held(deadline=NOW), held()
        await self.one(submit(stale, unwanted))
        self.assertEqual((await self.one(Expire(NOW, NOBODY))).messages, (stale.id,))
        self.assertEqual((await self.one(Cancel("demo", unwanted.id, NOW))).state, State.CANCELLED)
        self.assertEqual(await self.balance(), before)
        self.assertEqual(await self.ids(), [])

    async def test_listed_by_id_of_one_tenant_or_all(self):
        await self.one(PutTenant(tenant("other", credentials=())))
        mine = submission(3, state=State.SCHEDULED, due_at=HELD)
        others = [held(tenant="other")]
        await self.store.commit([submit(*mine), submit(*others), submit(dated(), message())])
        every = sorted(each.id for each in mine + others)
        self.assertEqual(await self.ids(), every)
        self.assertEqual(await self.ids(limit=2), every[:2])
        self.assertEqual(await self.ids(after=every[1]), every[2:])
        self.assertEqual(await self.ids("other"), [others[0].id])
        self.assertEqual(await self.ids("demo", mine[0].id), [each.id for each in mine[1:]])
        (first, *_) = await self.store.held("demo", 0, 1)
        self.assertEqual((first.message, first.events), (mine[0], ()))

    async def test_released_before_its_time_it_waits_for_that(self):
        early, over = held(due_at=HELD + NOW + HOUR), held(due_at=HELD + NOW)
        await self.one(submit(early, over))
        self.assertEqual(await self.ids(), sorted((early.id, over.id)))
        self.assertEqual((await self.store.counts()).held, 2)
        for change in (Reschedule("demo", early.id, 0, NOW), Replace("demo", message(id=early.id), NOW)):
            self.assertEqual(await self.one(change), Ignored("held", early.id))
        self.assertEqual((await self.one(Promote(NOW + 9 * HOUR))).messages, ())
        await self.one(Unhold("", "", NOW + 5))
        self.assertEqual([each.id for each in (await self.one(Promote(NOW + 5))).messages], [over.id])
        self.assertEqual(await self.store.next_due(), NOW + HOUR)
        self.assertEqual([each.id for each in (await self.one(Promote(NOW + HOUR))).messages], [early.id])

    async def test_released_by_tenant_and_prefix(self):
        await self.one(PutTenant(tenant("other", credentials=())))
        numbers = ("3069", "30691", "306999", "3070", "2069")
        mine = [held(msisdn=each) for each in numbers]
        others = held(tenant="other", msisdn="30691")
        await self.store.commit([submit(*mine), submit(others)])
        swept = await self.one(Unhold("demo", "3069", NOW + 5))
        self.assertEqual(
            (sorted(swept.messages), swept.outbox, swept.more), ([each.id for each in mine[:3]], (), False)
        )
        self.assertIs(swept.state, State.SCHEDULED)
        self.assertEqual(await self.store.next_due(), NOW + 5)
        promoted = await self.one(Promote(NOW + 5))
        self.assertEqual([each.id for each in promoted.messages], [each.id for each in mine[:3]])
        view = await self.view(mine[0].id)
        self.assertEqual([event.type for event in view.events], ["accepted", "released"])
        self.assertEqual(await self.ids("demo"), [each.id for each in mine[3:]])
        self.assertEqual(set((await self.one(Unhold("", "306", NOW + 6))).messages), {others.id})
        self.assertEqual(len((await self.one(Unhold("", "", NOW + 6))).messages), 2)
        self.assertEqual(await self.ids(), [])

    async def test_rejected_and_refunded(self):
        before = await self.balance()
        bad, good = held(), held(msisdn="4477")
        await self.one(submit(bad, good))
        swept = await self.one(Unhold("demo", "30", NOW + 5, reject=True))
        self.assertEqual((swept.messages, swept.state), ((bad.id,), State.REJECTED))
        self.assertEqual([(item.type, item.error.code) for item in swept.outbox], [("message.rejected", "flood")])
        view = await self.view(bad.id)
        self.assertEqual((view.message.state, view.error.code, view.done_at), (State.REJECTED, "flood", NOW + 5))
        self.assertEqual(await self.balance(), before - good.price)
        self.assertEqual(await self.state(good.id), State.SCHEDULED)

    async def test_no_other_takes_its_place(self):
        waits = held()
        await self.one(submit(waits))
        self.assertEqual(await self.one(Replace("demo", message(id=waits.id), NOW)), Ignored("held", waits.id))
        self.assertEqual((await self.view(waits.id)).message, waits)

    async def test_up_to_a_limit(self):
        await self.one(submit(*submission(5, state=State.SCHEDULED, due_at=HELD)))
        found = [await self.one(Unhold("demo", "", NOW, reject=number == 1, limit=2)) for number in range(3)]
        self.assertEqual([(len(each.messages), each.more) for each in found], [(2, True), (2, True), (1, False)])

    async def test_held_and_released_in_one_batch(self):
        new = held()
        results = await self.store.commit([submit(new), Unhold("demo", "", NOW), Promote(NOW)])
        self.assertEqual([each.id for each in results[2].messages], [new.id])


class BlacklistContract(StoreCase):
    WHO = "306912345678"

    def listed(self, out=True):
        """The number goes on the gateway's blacklist, or off it."""
        return OptOut("", self.WHO, out, NOW, "operator")

    async def test_nobody_may_write_to_them(self):
        await self.one(PutTenant(tenant("other", credentials=())))
        before = await self.balance()
        self.assertIs(await self.one(self.listed()), True)
        for owner in ("demo", "other"):
            barred, fine = message(tenant=owner), message(tenant=owner, msisdn="306900000001")
            self.assertEqual((await self.one(submit(barred, fine))).refused, {0: "blacklisted"})
        await self.reopen()
        self.assertEqual((await self.one(submit(message()))).refused, {0: "blacklisted"})
        self.assertEqual(await self.balance(), before - 40_000)
        self.assertIs(await self.one(self.listed(False)), True)
        self.assertEqual((await self.one(submit(message()))).refused, {})

    async def test_beside_a_tenants_own_list(self):
        own = OptOut("demo", "306900000001", True, NOW, "STOP")
        both = OptOut("demo", self.WHO, True, NOW, "STOP")
        await self.store.commit([own, both, self.listed()])
        messages = [message(), message(msisdn="306900000001"), message(msisdn="306900000002")]
        self.assertEqual((await self.one(submit(*messages))).refused, {0: "blacklisted", 1: "opted_out"})
        await self.one(self.listed(False))
        self.assertEqual((await self.one(submit(message()))).refused, {0: "opted_out"})
        self.assertEqual(await self.store.opt_outs("", "", 9), [])

    async def test_what_was_scheduled_is_cancelled_when_due(self):
        before = await self.balance()
        new = dated()
        await self.store.commit([submit(new), self.listed()])
        promoted = await self.one(Promote(NOW + HOUR))
        self.assertEqual(promoted.messages, ())
        self.assertEqual(
            [(item.type, item.error.code) for item in promoted.outbox], [("message.cancelled", "blacklisted")]
        )
        self.assertEqual(await self.balance(), before)
