from itertools import pairwise

from msgspec.structs import replace as with_fields
from twisted.internet import defer
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from smsgwd.model.changes import Swept
from smsgwd.model.message import MessageView, State
from smsgwd.model.upkeep import TimeOutReceipts
from smsgwd.ports.sent import SentPage, SentRow
from smsgwd.ports.store import StoreUnavailable
from smsgwd.providers import Halt, Options, Park, Plugin, Poll, Provider, Report, SlowDown
from smsgwd.southbound.provider.calls import Done
from smsgwd.southbound.provider.polling import Polling
from smsgwd.southbound.provider.settings import ProviderSettings
from tests.net.fake_wire import FakeClock
from tests.southbound.fakes import message

HOUR = 3600
POLL = Poll(first_s=5, factor=2, longest_s=60, group=3)


class Asked(Provider):
    async def send(self, group):
        raise NotImplementedError

    async def states(self, sent):
        raise Halt(SlowDown("never called here"))


PLUGIN = Plugin("asked", "Is asked", Asked, Options, poll=POLL)


class Store:
    """SENT messages by id, and how often it was read."""

    def __init__(self, page=1000):
        self.views = {}
        self.page = page
        self.healthy = True
        self.broken = False
        self.pages = self.lookups = 0
        self.committed = []

    def keep(self, number, sent_ms, deadline_ms, smsc_id=None, **fields):
        fields = {"connector": "p1", "submitted_at": sent_ms, "deadline": deadline_ms, "state": State.SENT} | fields
        self.views[number] = MessageView(message(number, **fields), sent_ms, None, None, smsc_id or f"F{number}")
        return self.views[number].message

    def end(self, number):
        del self.views[number]

    def sent(self, connector, after, before, limit):
        self.pages += 1
        if self.broken:
            return defer.fail(StoreUnavailable("no"))
        rows = sorted(
            (view.message.deadline, number, view.sent_at)
            for number, view in self.views.items()
            if view.message.connector == connector and view.message.deadline < before
        )
        rows = [row for row in rows if after is None or row[:2] > after]
        page = tuple(SentRow(number, at, deadline) for deadline, number, at in rows[: min(self.page, limit)])
        more = len(rows) > len(page)
        return succeed(SentPage(page, (page[-1].deadline, page[-1].id) if more else None))

    def still_sent(self, connector, ids):
        self.lookups += 1
        if self.broken:
            return defer.fail(StoreUnavailable("no"))
        return succeed([self.views[number] for number in ids if number in self.views])

    def commit(self, changes):
        if self.broken:
            return defer.fail(StoreUnavailable("no"))
        (change,) = changes
        assert isinstance(change, TimeOutReceipts)
        assert change.connector == "p1"
        ended = [n for n in change.ids if n in self.views and self.views[n].message.deadline < change.deadline_before]
        for number in ended:
            self.end(number)
        self.committed += ended
        return succeed([Swept(tuple(ended), ("owed",) * len(ended), False, State.UNKNOWN)])


class Outbox:
    def __init__(self):
        self.items = []

    def offer(self, items):
        self.items += items


class PollingTests(SynchronousTestCase):
    def setUp(self):
        self.clock = FakeClock()
        self.reactor = self.clock.reactor
        self.store = Store()
        self.outbox = Outbox()
        self.asked = []  # (seconds, ids)
        self.finals = {}  # id -> state that the provider tells when asked
        self.answer = self.states
        self.may_ask = True
        self.keeps = True
        self.taken = []
        self.heard = []

    def make(self, poll=POLL, most=100, start=True, **fields):
        self.settings = ProviderSettings("p1", PLUGIN, "provider:p1", poll=poll, **fields)
        self.polling = Polling(
            self.settings, self.reactor, self.clock, self.store, self.ask, self.take, self.outbox,
            random=lambda: 0.5, may_ask=lambda: self.may_ask, heard=self.heard.append, most=most,
        )  # fmt: skip
        self.addCleanup(self.polling.stop)
        if start:
            self.polling.start()
            self.advance(0.1)
        return self.polling

    def ask(self, call):
        self.asked.append((round(self.reactor.seconds(), 1), [int(each.id) for each in call.sent]))
        self.sent = call.sent
        answer = self.answer(call.sent)
        return answer if isinstance(answer, Deferred) else succeed(answer)

    def states(self, sent):
        return Done(
            reports=[Report(self.finals[int(each.id)], each.foreign_id) for each in sent if int(each.id) in self.finals]
        )

    def take(self, reports):
        if self.keeps:
            self.taken += reports
            for report in reports:
                found = [n for n, view in self.store.views.items() if view.smsc_id == report.foreign_id]
                for number in found:
                    if report.state is not None:
                        self.store.end(number)
        return succeed(self.keeps)

    def advance(self, seconds):
        end = self.reactor.seconds() + seconds
        while True:
            times = [call.getTime() for call in self.reactor.getDelayedCalls() if call.getTime() <= end]
            if not times:
                break
            self.reactor.advance(max(0.0, min(times) - self.reactor.seconds()))
        self.reactor.advance(max(0.0, end - self.reactor.seconds()))

    def send(self, *numbers, validity_s=24 * HOUR, **fields):
        now = self.clock.now_ms()
        for number in numbers:
            kept = self.store.keep(number, now, now + 1000 * validity_s, **fields)
            self.polling.accepted(kept, f"F{number}", now)

    # ---------------------------------------------------------------- when, and what
    def test_asks_until_the_state_is_final(self):
        self.make()
        self.send(1)
        self.advance(12)
        self.assertEqual([ids for _, ids in self.asked], [[1], [1]])
        (sent,) = self.sent
        self.assertEqual((sent.id, sent.foreign_id, sent.to), ("1", "F1", "306912345678"))
        self.assertEqual((sent.text, sent.sender, sent.parts), ("text 1", "iSMS", 1))
        self.finals[1] = State.DELIVERED
        self.advance(HOUR)
        self.assertEqual(len(self.asked), 3)
        self.assertEqual(self.taken, [Report(State.DELIVERED, "F1")])
        self.assertEqual(self.polling.waiting, 0)

    def test_the_number_and_sender_on_the_air_are_told(self):
        self.make()
        self.send(1, dest_addr="306900000009", source_addr="Other", parts=3)
        self.advance(6)
        (sent,) = self.sent
        self.assertEqual((sent.to, sent.sender, sent.parts), ("306900000009", "Other", 3))

    def test_an_id_that_the_provider_never_gave_is_not_told_it(self):
        self.make()
        self.send(7, smsc_id="?7.1")
        self.answer = lambda sent: Done(reports=[Report(None, "F7", message_id="7")])
        self.advance(6)
        self.assertEqual([each.foreign_id for each in self.sent], [""])
        self.assertEqual(self.taken, [Report(None, "F7", message_id="7")])  # so it is remembered

    def test_on_its_way_is_not_told_again_and_again(self):
        self.make()
        self.send(1)
        self.answer = lambda sent: Done(reports=[Report(None, "F1", message_id="1")])
        self.advance(HOUR)
        self.assertEqual(self.taken, [])
        self.assertGreater(len(self.asked), 10)

    def test_groups_and_one_question_at_a_time(self):
        out = []

        def slow(sent):
            out.append((Deferred(), sent))
            return out[-1][0]

        self.answer = slow
        self.make()
        self.send(*range(1, 8))
        self.advance(100)
        self.assertEqual([ids for _, ids in self.asked], [[1, 2, 3]])
        out[0][0].callback(self.states(out[0][1]))
        self.advance(0.1)
        self.assertEqual([ids for _, ids in self.asked], [[1, 2, 3], [4, 5, 6]])

    def test_what_became_final_otherwise_is_not_asked_for(self):
        self.make()
        self.send(1, 2)
        self.store.end(1)
        self.advance(6)
        self.assertEqual([ids for _, ids in self.asked], [[2]])
        self.polling.ended([2])
        self.store.end(2)
        lookups = self.store.lookups
        self.advance(HOUR)
        self.assertEqual(self.store.lookups, lookups)

    def test_one_report_for_two_messages_of_one_id_by_recipient(self):
        self.make()
        self.send(1, smsc_id="G", msisdn="306900000001")
        self.send(2, smsc_id="G", msisdn="306900000002")
        self.answer = lambda sent: Done(reports=[Report(State.DELIVERED, "G", to="306900000002")])
        self.keeps = False
        self.advance(6)
        self.assertEqual(self.polling.waiting, 2)
        self.keeps = True
        self.take = lambda reports: succeed(True)
        self.polling._take = self.take
        self.advance(8)
        self.assertEqual(self.polling.waiting, 1)

    def test_validity_ends_with_one_last_question(self):
        self.make()
        self.send(1, validity_s=20)
        self.advance(25.1)
        self.assertEqual(self.asked[-1], (25.1, [1]))
        count = len(self.asked)
        self.advance(HOUR)
        self.assertEqual(len(self.asked), count)
        self.assertEqual(self.polling.waiting, 0)

    # ---------------------------------------------------------------- trouble
    def test_backs_off_while_there_are_no_answers(self):
        self.make()
        self.answer = lambda sent: Done(trouble="no connection")
        self.send(1)
        self.advance(HOUR)
        times = [at for at, _ in self.asked]
        gaps = [b - a for a, b in pairwise(times)]
        self.assertLess(len(times), 25)
        self.assertGreater(gaps[-1], 250)
        self.assertEqual(self.polling.trouble, "no connection")
        self.assertEqual(len(self.heard), len(times))
        self.answer, self.finals = self.states, {1: State.UNDELIVERED}
        self.advance(400)
        self.assertEqual((len(self.taken), self.polling.trouble), (1, ""))

    def test_does_as_the_provider_wishes(self):
        for verdict in (SlowDown("too many", 900.0), Park("no credit", 900.0)):
            self.setUp()
            self.make()
            self.answer = lambda sent, verdict=verdict: Done(halted=verdict)
            self.send(1)
            self.advance(890)
            self.assertEqual(len(self.asked), 1)
            self.assertEqual(self.heard[0].halted, verdict)
            self.advance(30)
            self.assertEqual(len(self.asked), 2)

    def test_leaves_the_provider_alone_when_told(self):
        self.make()
        self.send(1)
        self.may_ask = False
        self.advance(HOUR)
        self.assertEqual(self.asked, [])
        self.may_ask = True
        self.polling.resumed()
        self.advance(0.1)
        self.assertEqual(len(self.asked), 1)

    def test_what_could_not_be_kept_is_asked_again(self):
        self.make()
        self.send(1)
        self.finals[1] = State.DELIVERED
        self.keeps = False
        self.advance(6)
        self.assertEqual((len(self.asked), self.polling.waiting), (1, 1))
        self.keeps = True
        self.advance(60)
        self.assertEqual((len(self.taken), self.polling.waiting), (1, 0))

    def test_a_store_that_cannot_be_read(self):
        self.make()
        self.send(1)
        self.store.broken = True
        self.advance(60)
        self.assertEqual(self.asked, [])
        self.store.broken = False
        self.finals[1] = State.DELIVERED
        self.advance(60)
        self.assertEqual(len(self.taken), 1)

    def test_answers_that_are_not_durable_yet_are_waited_for(self):
        self.make()
        self.store.healthy = False
        self.send(1)
        kept = self.store.views.pop(1)
        self.advance(300)
        self.assertEqual(self.store.lookups, 0)
        self.store.views[1], self.finals[1] = kept, State.DELIVERED
        self.store.healthy = True
        self.advance(10)
        self.assertEqual(len(self.taken), 1)

    def test_stopped_in_the_middle_of_a_question(self):
        waiting = Deferred()
        self.answer = lambda sent: waiting
        self.make()
        self.send(1)
        self.advance(6)
        self.polling.stop()
        waiting.callback(Done(trouble="it was stopped", written=True))
        self.advance(HOUR)
        self.assertEqual(len(self.asked), 1)
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        self.answer, self.finals = self.states, {1: State.DELIVERED}
        self.polling.start()
        self.advance(400)
        self.assertEqual(len(self.taken), 1)

    # ---------------------------------------------------------------- from the store
    def test_a_restart_finds_all_that_was_sent(self):
        now = self.clock.now_ms()
        self.store.page = 10
        for number in range(1, 36):
            self.store.keep(number, now - 3_600_000, now + 3_600_000 + number)
            self.finals[number] = State.DELIVERED
        self.store.keep(99, now, now + 3_600_000, connector="other")
        self.make()
        self.advance(30)
        self.assertEqual(sorted(n for _, ids in self.asked for n in ids), list(range(1, 36)))
        self.assertTrue(all(len(ids) <= 3 for _, ids in self.asked))
        self.assertEqual(set(self.store.views), {99})

    def test_a_restart_asks_once_more_for_what_has_run_out(self):
        now = self.clock.now_ms()
        self.store.keep(1, now - 9_000_000, now - 3_600_000)
        self.store.keep(2, now - 900_000_000, now - 90_000_000)
        self.make()
        self.advance(HOUR)
        self.assertEqual([ids for _, ids in self.asked], [[1]])

    def test_a_small_table_gets_round_to_all_of_them(self):
        now = self.clock.now_ms()
        for number in range(1, 101):
            self.store.keep(number, now - 3_600_000, now + 86_400_000 + number)
        self.make(most=8)
        self.advance(30 * 60)
        often = {}
        for _, ids in self.asked:
            for number in ids:
                often[number] = often.get(number, 0) + 1
            self.assertLessEqual(self.polling.waiting, 8)
        self.assertEqual(set(often), set(range(1, 101)))
        self.assertLessEqual(max(often.values()), 40)  # once a minute, about
        for number in range(1, 101):
            self.finals[number] = State.DELIVERED
        self.advance(30 * 60)
        self.assertEqual(self.store.views, {})

    def test_what_finds_no_room_is_found_later(self):
        self.make(most=4)
        self.send(*range(1, 41))
        self.assertEqual(self.polling.waiting, 4)
        for number in range(1, 41):
            self.finals[number] = State.DELIVERED
        self.advance(5 * 60)
        self.assertEqual(self.store.views, {})

    def test_it_reads_little_while_nothing_is_missing(self):
        self.make()
        self.send(1)
        self.advance(24 * HOUR - 60)
        self.assertLessEqual(self.store.pages, 48)

    def test_what_nobody_told_of_is_found_in_the_end(self):
        self.make()
        now = self.clock.now_ms()
        self.store.keep(1, now, now + 86_400_000)
        self.finals[1] = State.DELIVERED
        self.advance(HOUR)
        self.assertEqual(len(self.taken), 1)

    # ---------------------------------------------------------------- settings
    def test_callbacks_come_first(self):
        self.make(Poll(first_s=5, factor=2, longest_s=60, group=3, after_callbacks_s=600))
        self.send(1)
        self.advance(590)
        self.assertEqual(self.asked, [])
        self.advance(60)
        self.assertEqual(len(self.asked), 1)

    def test_nothing_is_asked_without_polling_and_then_with_it(self):
        self.make(poll=None)
        self.send(1)
        self.advance(HOUR)
        self.assertEqual((self.asked, self.polling.waiting, self.store.pages), ([], 0, 0))
        self.finals[1] = State.DELIVERED
        self.polling.adopt(ProviderSettings("p1", PLUGIN, "provider:p1", poll=POLL))
        self.advance(60)
        self.assertEqual(len(self.taken), 1)
        self.send(2)
        self.polling.adopt(ProviderSettings("p1", PLUGIN, "provider:p1", poll=None))
        self.advance(HOUR)
        self.assertEqual((len(self.asked), self.polling.waiting), (1, 0))

    # ---------------------------------------------------------------- closing
    def test_what_is_never_told_is_closed_as_unknown(self):
        self.make(unknown_after_s=600.0)
        self.send(1, validity_s=100)
        self.send(2, validity_s=5000)
        self.advance(100 + 600)
        self.assertEqual(self.store.committed, [])
        self.advance(100)
        self.assertEqual((self.store.committed, self.outbox.items), ([1], ["owed"]))
        self.advance(2 * HOUR)
        self.assertEqual(self.store.committed, [1, 2])

    def test_closed_after_the_last_question(self):
        self.make(unknown_after_s=0.0)
        self.send(1, validity_s=100)
        self.advance(106)
        self.assertEqual(self.asked[-1][0], 105.1)
        self.assertEqual(self.store.committed, [])
        self.advance(100)
        self.assertEqual(self.store.committed, [1])

    def test_closed_also_without_polling_and_after_a_restart(self):
        now = self.clock.now_ms()
        self.store.page = 2
        for number in range(1, 8):
            self.store.keep(number, now - 999_000_000, now - 700_000 - number)
        self.store.broken = True
        self.make(poll=None, unknown_after_s=600.0)
        self.advance(60)
        self.assertEqual(self.store.committed, [])
        self.store.broken = False
        self.advance(30)
        self.assertEqual(sorted(self.store.committed), list(range(1, 8)))

    def test_a_shorter_time_closes_what_was_passed_over(self):
        now = self.clock.now_ms()
        self.make(poll=None, unknown_after_s=None)
        self.store.keep(1, now - 999_000_000, now - 90_000_000)
        self.advance(HOUR)
        self.assertEqual(self.store.committed, [])
        self.polling.adopt(ProviderSettings("p1", PLUGIN, "provider:p1", poll=None, unknown_after_s=86_400.0))
        self.advance(60)
        self.assertEqual(self.store.committed, [1])

    def test_what_is_sent_late_is_closed_too(self):
        """An answer may come when the validity is over."""
        self.make(poll=None, unknown_after_s=60.0)
        self.advance(2 * HOUR)
        now = self.clock.now_ms()
        self.store.keep(1, now, now - 600_000)
        self.advance(60)
        self.assertEqual(self.store.committed, [1])

    def test_a_view_is_not_changed(self):
        """What the store tells is the store's."""
        self.make()
        self.send(1)
        before = with_fields(self.store.views[1])
        self.advance(20)
        self.assertEqual(self.store.views[1], before)
