"""What providers tell, over the embedded store: applied to the right message whenever it comes, never to others'."""

from twisted.internet import reactor
from twisted.internet.defer import fail
from twisted.internet.task import Clock, deferLater

from smsgwd.model.changes import Note, Requeue
from smsgwd.model.message import HELD, Failure, State
from smsgwd.model.operators import Hold
from smsgwd.ports.store import StoreUnavailable
from smsgwd.providers.reports import Report
from tests.southbound.provider.reports_stand import GOOD, ReportCase
from tests.store.samples import NOW


class ReportTests(ReportCase):
    # -- by the provider's id

    async def test_late_for_one_part_and_for_three(self):
        for parts in (1, 3):
            new = await self.put(parts)
            await self.sent(new, f"Ab0{parts}")
            self.assertTrue(await self.told(Report(GOOD, f"Ab0{parts}", word="sent ok")))
            view = await self.view(new)
            self.assertEqual(view.message.state, GOOD)
            self.assertEqual([part.state for part in view.parts], [GOOD] * parts)
            self.assertEqual(
                [(item.type, item.message_id) for item in self.outbox.items], [("message.delivered", new.id)]
            )
            self.outbox.items.clear()
        self.assertEqual((await self.store.counts()).parked, 0)

    async def test_before_the_answer_for_one_part_and_for_three(self):
        for parts in (1, 3):
            new = await self.put(parts)
            self.assertTrue(await self.told(Report(State.UNDELIVERED, f"early{parts}", error="12", to=new.msisdn)))
            self.assertEqual(await self.state(new), State.QUEUED)
            self.assertEqual((await self.store.counts()).parked, 1)
            await self.sent(new, f"early{parts}")
            view = await self.view(new)
            self.assertEqual((view.message.state, view.error.detail), (State.UNDELIVERED, "12"))
            self.assertEqual((await self.store.counts()).parked, 0)

    async def test_ids_are_compared_as_they_are_written(self):
        upper, lower = await self.put(), await self.put()
        await self.sent(upper, "00AB")
        await self.sent(lower, "ab")
        await self.told(Report(GOOD, "ab"))
        self.assertEqual((await self.state(upper), await self.state(lower)), (State.SENT, GOOD))
        await self.told(Report(State.EXPIRED, "00AB"))
        self.assertEqual(await self.state(upper), State.EXPIRED)

    async def test_twice_and_contradicting(self):
        for parts in (1, 3):
            new = await self.put(parts)
            await self.sent(new, f"T{parts}")
            for state in (GOOD, GOOD, State.UNDELIVERED):
                self.assertTrue(await self.told(Report(state, f"T{parts}")))
            self.assertEqual(await self.state(new), GOOD)
        self.assertEqual([item.type for item in self.outbox.items], ["message.delivered"] * 2)

    async def test_both_of_a_contradiction_at_once(self):
        new = await self.put(3)
        await self.sent(new, "B")
        self.assertTrue(await self.told(Report(State.EXPIRED, "B"), Report(GOOD, "B")))
        self.assertEqual(await self.state(new), State.EXPIRED)
        self.assertEqual(len(self.outbox.items), 1)

    async def test_an_id_of_another_account_is_another_id(self):
        theirs = await self.put(connector="other")
        await self.sent(theirs, "X1", "other")
        self.assertTrue(await self.told(Report(GOOD, "X1")))
        self.assertEqual(await self.state(theirs), State.SENT)

    async def test_connectors_of_one_account_report_on_each_others(self):
        new = await self.put(connector="isms2")
        await self.sent(new, "Y1", "isms2")
        self.assertTrue(await self.told(Report(GOOD, "Y1")))
        self.assertEqual(await self.state(new), GOOD)

    async def test_on_its_way_is_history(self):
        new = await self.put()
        await self.sent(new, "W")
        self.assertTrue(await self.told(Report(None, "W", word="in\r\nnetwork")))
        view = await self.view(new)
        self.assertEqual((view.message.state, view.events[-1].detail), (State.SENT, "in  network"))

    async def test_its_time_counts_if_a_clock_can_have_shown_it(self):
        for number, (at, kept) in enumerate([(NOW - 5, NOW - 5), (-1, None), (1 << 70, None), (0, None)]):
            new = await self.put()
            await self.sent(new, f"at{number}")
            self.assertTrue(await self.told(Report(GOOD, f"at{number}", at_ms=at)))
            view = await self.view(new)
            if kept is None:
                self.assertTrue(abs(view.done_at - self.clock.now_ms()) < 60_000)
            else:
                self.assertEqual(view.done_at, kept)

    async def test_ids_that_are_none(self):
        for foreign in ("", "x" * 65, "a\nb", "\ud800"):
            self.assertTrue(await self.told(Report(GOOD, foreign)))
        self.assertEqual(self.reports.unmatched, 4)
        self.assertEqual((await self.store.counts()).parked, 0)

    # -- by ours

    async def test_by_our_id_when_the_provider_gave_one_and_when_it_gave_none(self):
        for foreign in ("Z1", ""):
            for parts in (1, 3):
                new = await self.put(parts)
                await self.sent(new, f"{foreign}{parts}" if foreign else f"?{new.id}.1")
                self.assertTrue(await self.told(Report(GOOD, message_id=str(new.id))))
                self.assertEqual(await self.state(new), GOOD)
        self.assertEqual(self.elsewhere, [])
        self.assertEqual((await self.store.counts()).parked, 0)

    async def test_a_message_whose_answer_is_not_there_has_been_taken(self):
        for parts in (1, 3):
            new = await self.put(parts)
            self.assertTrue(await self.told(Report(GOOD, message_id=str(new.id))))
            self.assertEqual(self.elsewhere.pop(), ("isms1", new.id, f"?{new.id}.1"))
            view = await self.view(new)
            self.assertEqual((view.message.state, [part.state for part in view.parts]), (GOOD, [GOOD] * parts))
            await self.sent(new, f"late{parts}")  # the answer comes after all
            self.assertEqual(await self.state(new), GOOD)
            self.assertTrue(await self.told(Report(State.UNDELIVERED, f"late{parts}")))
            self.assertEqual(await self.state(new), GOOD)
            self.assertEqual((await self.store.counts()).parked, 0)
        self.assertEqual([item.type for item in self.outbox.items], ["message.delivered"] * 2)

    async def test_taken_and_on_its_way_is_sent(self):
        new = await self.put(3)
        self.assertTrue(await self.told(Report(None, "F9", str(new.id))))
        self.assertEqual(self.elsewhere, [("isms1", new.id, "F9")])
        self.assertEqual(await self.state(new), State.SENT)
        self.assertTrue(await self.told(Report(GOOD, "F9")))
        self.assertEqual(await self.state(new), GOOD)

    async def test_one_that_waits_to_be_tried_again_has_been_taken(self):
        new = await self.put()
        now = self.clock.now_ms()
        await self.store.commit([Requeue(new.id, now + 60_000, "isms1", now, Failure("outcome_unknown"))])
        self.assertEqual(await self.state(new), State.WAITING)
        self.assertTrue(await self.told(Report(GOOD, message_id=str(new.id))))
        self.assertEqual((await self.state(new), len(self.elsewhere)), (GOOD, 1))

    async def test_that_it_was_taken_is_kept_though_the_store_fails_just_then(self):
        new = await self.put(3)
        timers = Clock()
        self.reports = self.new_reports(timers)
        commit, self.store.commit = self.store.commit, lambda changes: fail(StoreUnavailable("disk full"))
        self.assertFalse(await self.told(Report(GOOD, "Q1", str(new.id))))  # the provider is to tell again
        self.assertEqual((await self.state(new), self.elsewhere), (State.QUEUED, [("isms1", new.id, "Q1")]))
        self.elsewhere.clear()
        self.store.commit = commit
        timers.advance(1)  # nobody sends it any more: it must not stay QUEUED
        await self.store.commit([Note(new.id, self.clock.now_ms(), "tried", "behind it", "isms1")])
        await deferLater(reactor, 0)
        self.assertEqual((await self.state(new), self.elsewhere), (State.SENT, [("isms1", new.id, "Q1")]))

    async def test_one_of_unknown_outcome_learns_its_id(self):
        for parts in (1, 3):
            new = await self.put(parts)
            await self.sent(new, f"?{new.id}.1")
            self.assertTrue(await self.told(Report(None, f"L{parts}", str(new.id))))
            self.assertTrue(await self.told(Report(GOOD, f"L{parts}")))
            view = await self.view(new)
            self.assertEqual((view.message.state, [part.state for part in view.parts]), (GOOD, [GOOD] * parts))

    async def test_messages_of_others_are_out_of_reach(self):
        theirs = await self.put(connector="other")
        carriers = await self.put(connector="sim")
        gone = await self.put(connector="removed")
        for number in (theirs.id, carriers.id, gone.id, 1, 0, 1 << 63, "-1", "1 OR 1=1", "\u0661", "9" * 400):
            self.assertTrue(await self.told(Report(GOOD, message_id=str(number))))
        self.assertEqual(self.reports.unmatched, 10)
        for each in (theirs, carriers, gone):
            self.assertEqual(await self.state(each), State.QUEUED)
        self.assertEqual((self.elsewhere, self.outbox.items), ([], []))
        self.assertEqual((await self.store.counts()).parked, 0)

    async def test_another_accounts_message_with_an_id_of_ones_own(self):
        """The id is the account's own, then; the message named is none of it."""
        theirs, own = await self.put(connector="other"), await self.put()
        await self.sent(own, "O1")
        self.assertTrue(await self.told(Report(GOOD, "O1", str(theirs.id))))
        self.assertEqual((await self.state(theirs), await self.state(own)), (State.QUEUED, GOOD))

    async def test_one_that_went_to_another_connector_meanwhile(self):
        new = await self.put()
        now = self.clock.now_ms()
        await self.store.commit([Requeue(new.id, 0, "other", now, Failure("outcome_unknown"), left="isms1")])
        self.assertTrue(await self.told(Report(State.UNDELIVERED, message_id=str(new.id))))
        self.assertEqual(await self.state(new), State.QUEUED)  # the other one has it
        self.assertTrue(await self.told(Report(GOOD, message_id=str(new.id))))
        self.assertEqual(await self.state(new), GOOD)  # two may, and the first has delivered it
        self.assertEqual(self.elsewhere, [])

    async def test_told_twice_that_it_failed_while_it_is_on_its_second_way_in_the_same_account(self):
        new = await self.put(fallback="isms2")
        await self.sent(new, "W1")
        failed = Report(State.UNDELIVERED, message_id=str(new.id))
        for _ in range(2):
            self.assertTrue(await self.told(failed))
            self.assertEqual(((await self.view(new)).message.connector, await self.state(new)), ("isms2", State.QUEUED))
        self.assertEqual(self.elsewhere, [])
        await self.sent(new, "W2", "isms2")
        self.assertTrue(await self.told(failed))
        self.assertEqual(await self.state(new), State.SENT)
        self.assertTrue(await self.told(Report(GOOD, "W2", str(new.id))))  # at the first one's address
        self.assertEqual(await self.state(new), GOOD)

    async def test_what_is_not_due_yet_nobody_has(self):
        new = await self.put(state=State.SCHEDULED, due_at=self.clock.now_ms() + 60_000)
        self.assertTrue(await self.told(Report(GOOD, message_id=str(new.id))))
        self.assertEqual((await self.state(new), self.reports.unmatched), (State.SCHEDULED, 1))

    async def test_one_that_an_operator_holds_after_it_was_tried(self):
        new = await self.put()
        now = self.clock.now_ms()
        await self.store.commit(
            [Requeue(new.id, 0, "isms1", now, Failure("outcome_unknown")), Hold((new.id,), now, "")]
        )
        self.assertTrue((await self.view(new)).message.due_at >= HELD)
        self.assertTrue(await self.told(Report(GOOD, message_id=str(new.id))))
        self.assertEqual(await self.state(new), GOOD)
