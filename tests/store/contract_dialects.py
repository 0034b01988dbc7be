"""Contract: what provider styles ask of a store. Counts, history, references used once, recipients refused."""

from smsgwd.model.business import Book, DropRecord, PutRecord, PutTenant, Reschedule, Unhold
from smsgwd.model.changes import (
    Cancel,
    Expire,
    Fail,
    GiveUp,
    Ignored,
    Promote,
    Replace,
    Submitted,
)
from smsgwd.model.ledger import EntryKind
from smsgwd.model.message import HELD, Failure, State
from smsgwd.model.records import Record
from smsgwd.model.submission import Idempotency
from smsgwd.model.tally import Tally
from smsgwd.model.upkeep import Erase, EraseRest, Purge, TimeOutReceipts
from tests.store.base import StoreCase
from tests.store.samples import EURO, HOUR, NOW, fresh_id, message, receipt, sent, submission, submit, tenant

_BAD = Failure("smsc_rejected", "", 0x0B)
_DAY = 24 * HOUR
_LATER = NOW + 40 * _DAY


def _record(kind, key, owner="demo"):
    return PutRecord(Record(kind, owner, key, b"{}", NOW))


class DialectContract(StoreCase):
    async def tally(self, owner="demo"):
        """A tenant's counts."""
        return await self.store.tally(owner)

    async def numbers(self, offset=0, limit=1000, from_ms=0, to_ms=1 << 50, owner="demo"):
        """The numbers of a page of history."""
        return [each.number for each in await self.store.history(owner, from_ms, to_ms, offset, limit)]

    async def all_counted(self):
        """The store's own comparison of its counts finds nothing."""
        self.assertEqual((await self.store.check(deep=True)).problems, ())

    # -- counts

    async def test_counts_begin_at_nothing_and_an_unknown_tenant_has_none(self):
        self.assertEqual(await self.tally(), Tally(orders=1))
        await self.one(PutTenant(tenant("post", credit=None, credentials=())))
        self.assertEqual(await self.tally("post"), Tally())
        self.assertIsNone(await self.tally("nobody"))
        await self.one(submit(message(tenant="nobody")))
        self.assertIsNone(await self.tally("nobody"))

    async def test_every_end_is_counted_once(self):
        ends = {
            "delivered": (lambda m: [sent(m.id, "d"), receipt("d")], "delivered"),
            "undelivered": (lambda m: [sent(m.id, "u"), receipt("u", State.UNDELIVERED)], "failed"),
            "refused": (lambda m: [Fail(m.id, 1, "sim", NOW, _BAD)], "failed"),
            "given up": (lambda m: [GiveUp(m.id, "sim", NOW, _BAD)], "failed"),
            "no receipt": (lambda m: [sent(m.id, "n"), TimeOutReceipts(NOW + 99 * HOUR, NOW + 90 * HOUR)], "failed"),
            "expired": (lambda m: [Expire(NOW + 25 * HOUR, frozenset())], "failed"),
            "receipt first": (lambda m: [receipt("p"), sent(m.id, "p")], "delivered"),
            "cancelled": (lambda m: [Cancel("demo", m.id, NOW)], "cancelled"),
            "erased": (lambda m: [Erase((m.id,), "306912345678", NOW)], "cancelled"),
        }
        counts = {"accepted": 0, "delivered": 0, "failed": 0, "cancelled": 0}
        for name, (changes, counted) in ends.items():
            one = message()
            await self.one(submit(one))
            await self.store.commit(changes(one))
            await self.store.commit([Cancel("demo", one.id, NOW), Expire(NOW + 99 * HOUR, frozenset())])  # too late
            counts["accepted"] += 1
            counts[counted] += 1
            self.assertEqual(await self.tally(), Tally(**counts, orders=1), name)
        await self.reopen()
        self.assertEqual(await self.tally(), Tally(**counts, orders=1))
        await self.one(submit(message()))
        self.assertEqual((await self.tally()).accepted, len(ends) + 1)
        await self.all_counted()

    async def test_scheduled_are_those_that_wait_for_their_time_now(self):
        async def scheduled():
            await self.all_counted()
            return (await self.tally()).scheduled

        later = {"state": State.SCHEDULED, "due_at": NOW + HOUR}
        held = {"state": State.SCHEDULED, "due_at": HELD + NOW}
        many = [message(**later) for _ in range(6)]
        kept = [message(**held) for _ in range(3)]
        await self.store.commit([submit(*many), submit(*kept), submit(message())])
        self.assertEqual(await scheduled(), 9)
        await self.one(Cancel("demo", many[0].id, NOW))
        self.assertEqual(await scheduled(), 8)
        await self.one(Reschedule("demo", many[1].id, NOW + 2 * HOUR, NOW))
        self.assertEqual(await scheduled(), 8)
        await self.one(Replace("demo", message(id=many[2].id), NOW))  # at once
        self.assertEqual(await scheduled(), 7)
        await self.one(Replace("demo", message(id=many[2].id, **later), NOW))  # and later again
        self.assertEqual(await scheduled(), 8)
        await self.one(Replace("demo", message(id=many[2].id, price=1 << 60, **later), NOW))  # too dear: as it was
        self.assertEqual(await scheduled(), 8)
        await self.one(Erase((many[3].id,), many[3].msisdn, NOW))
        self.assertEqual(await scheduled(), 7)
        await self.one(Unhold("demo", "", NOW, reject=True, limit=1))
        self.assertEqual(await scheduled(), 6)
        await self.one(Unhold("demo", "", NOW, limit=1))
        self.assertEqual(await scheduled(), 6)
        self.assertEqual(len((await self.one(Promote(NOW + HOUR))).messages), 4)
        self.assertEqual(await scheduled(), 2)
        await self.reopen()
        await self.one(Expire(NOW + 25 * HOUR, frozenset()))
        self.assertEqual(await scheduled(), 0)
        self.assertEqual((await self.tally()).accepted, 10)

    async def test_records_and_top_ups_are_counted(self):
        await self.store.commit(
            [
                _record("contact", "30691"),
                _record("contact", "30692"),
                _record("contact", "30691"),  # in the place of the first
                _record("contact", "30693", "other"),
                _record("group", "friends"),
                _record("member", "friends/30691"),
                _record("template", "t1"),
                _record("template", "t2"),
            ]
        )
        self.assertEqual(await self.tally(), Tally(contacts=2, groups=1, templates=2, orders=1))
        again = PutRecord(Record("contact", "demo", "30691", b"{}", NOW), new=True)
        missing = PutRecord(Record("contact", "demo", "30699", b"{}", NOW), old=True)
        there = PutRecord(Record("template", "demo", "t1", b"[]", NOW), old=True)
        new = PutRecord(Record("group", "demo", "foes", b"{}", NOW), new=True)
        self.assertEqual(await self.store.commit([again, missing, there, new]), [False, False, True, True])
        self.assertEqual(await self.tally(), Tally(contacts=2, groups=2, templates=2, orders=1))
        await self.one(DropRecord("template", "demo", "t", beginning=True))
        await self.one(DropRecord("contact", "demo", "30692"))
        await self.one(DropRecord("contact", "demo", "30692"))
        for kind, amount, reference in (
            (EntryKind.TOPUP, EURO, "bank-1"),
            (EntryKind.TOPUP, EURO, "bank-1"),  # the same payment
            (EntryKind.TOPUP, EURO, None),
            (EntryKind.CORRECTION, -5, None),
        ):
            await self.one(Book("demo", kind, amount, NOW, reference))
        self.assertEqual(await self.tally(), Tally(contacts=1, groups=2, orders=3))
        while (await self.one(EraseRest("30691", NOW))).more:
            pass
        self.assertEqual(await self.tally(), Tally(groups=2, orders=3))
        await self.reopen()
        self.assertEqual(await self.tally(), Tally(groups=2, orders=3))
        await self.all_counted()

    # -- history

    async def test_history_numbers_each_tenants_messages_as_they_were_taken(self):
        mine = [message() for _ in range(3)]
        await self.store.commit([submit(*mine[:2]), submit(message(tenant="other")), submit(mine[2])])
        page = await self.store.history("demo", 0, 1 << 50, 0, 10)
        self.assertEqual(
            [(each.number, each.view.message.id) for each in page], [(n + 1, m.id) for n, m in enumerate(mine)]
        )
        self.assertEqual(page[0].view, await self.store_view(mine[0].id))
        self.assertEqual(await self.numbers(owner="other"), [1])
        self.assertEqual(await self.numbers(owner="nobody"), [])
        self.assertEqual(await self.numbers(1, 1), [2])
        self.assertEqual(await self.numbers(3), [])
        self.assertEqual(await self.numbers(1 << 70), [])
        await self.one(Replace("demo", message(id=mine[0].id), NOW))
        self.assertEqual(await self.numbers(), [1, 2, 3])
        no_credit = message(price=1 << 60)
        self.assertEqual((await self.one(submit(no_credit, message()))).refused, {0: "no_credit"})
        self.assertEqual(await self.numbers(), [1, 2, 3, 4])  # a refused one takes no number

    async def store_view(self, message_id):
        """A message as lists show it."""
        (view,) = await self.store.messages_at("demo", [message_id])
        return view

    async def test_history_pages_over_marks(self):
        for n in range(10):
            await self.one(submit(*submission(30, submitted_at=NOW + n * HOUR, price=0)))
        for offset, limit in ((0, 1), (0, 63), (62, 3), (63, 2), (64, 64), (127, 130), (250, 100), (299, 5)):
            expected = list(range(offset + 1, min(offset + limit, 300) + 1))
            self.assertEqual(await self.numbers(offset, limit), expected)
        for n in range(10):
            self.assertEqual(await self.numbers(0, 5, NOW + n * HOUR), [30 * n + 1 + k for k in range(5)])
            self.assertEqual(await self.numbers(0, 5, NOW + n * HOUR - 1), [30 * n + 1 + k for k in range(5)])
            self.assertEqual(await self.numbers(28, 5, NOW + n * HOUR, NOW + n * HOUR + 1), [30 * n + 29, 30 * n + 30])
        self.assertEqual(await self.numbers(0, 5, NOW + 9 * HOUR + 1), [])
        await self.all_counted()

    async def test_messages_that_overtook_one_another_are_where_their_numbers_say(self):
        ids = [fresh_id() for _ in range(200)]
        order = [*reversed(ids[:70]), *ids[70:140], *reversed(ids[140:])]
        for number in order[:100]:
            await self.one(submit(message(id=number, price=0)))
        await self.reopen()
        await self.one(submit(*(message(id=number, price=0) for number in order[100:])))
        page = await self.store.history("demo", 0, 1 << 50, 0, 1000)
        self.assertEqual([each.view.message.id for each in page], order)
        self.assertEqual([each.number for each in page], list(range(1, 201)))
        for offset in range(0, 200, 7):
            self.assertEqual(await self.numbers(offset, 7), list(range(offset + 1, min(offset + 7, 200) + 1)))
        await self.all_counted()

    async def test_numbers_stay_when_messages_are_purged(self):
        old = submission(150, price=0, dlr_url=None)
        await self.one(submit(*old))
        await self.store.commit([Cancel("demo", each.id, NOW) for each in old if each is not old[75]])
        young = submission(10, submitted_at=_LATER, price=0, dlr_url=None)
        await self.one(submit(*young, at=_LATER))
        await self.purge(NOW + _DAY)
        self.assertEqual(await self.numbers(), [76, *range(151, 161)])
        self.assertEqual(await self.numbers(0, 3), [76])  # the page of 76, 77, 78
        self.assertEqual(await self.numbers(0, 3, _LATER), [151, 152, 153])
        self.assertEqual((await self.tally()).accepted, 160)
        await self.all_counted()
        await self.store.commit([Cancel("demo", each.id, _LATER) for each in (old[75], *young)])
        await self.purge(_LATER + _DAY)
        self.assertEqual(await self.numbers(), [])
        await self.reopen()  # nothing is left: numbers go on all the same
        await self.one(submit(message(price=0)))
        self.assertEqual(await self.numbers(), [161])
        self.assertEqual(await self.tally(), Tally(accepted=161, cancelled=160, orders=1))
        await self.all_counted()

    async def purge(self, before):
        """All that is old. A pass an hour: the rounds of this test lie further apart."""
        while (await self.one(Purge(before, 40))).more:
            pass

    async def test_a_clock_that_was_set_back_hides_nothing(self):
        await self.one(submit(*submission(100, submitted_at=NOW + HOUR, price=0)))
        back = [message(submitted_at=NOW, price=0) for _ in range(100)]
        await self.one(submit(*back))
        await self.one(submit(*submission(100, submitted_at=NOW + 2 * HOUR, price=0)))
        self.assertEqual(await self.numbers(), list(range(1, 301)))
        self.assertEqual(await self.numbers(0, 1000, NOW + 2 * HOUR), list(range(201, 301)))
        self.assertEqual(await self.numbers(0, 1000, NOW, NOW + 1), list(range(101, 201)))

    # -- single messages

    async def test_messages_are_found_by_ids_and_recipient(self):
        first, second, third = submission(3, msisdn="306900000001")
        third.msisdn = "306900000003"
        other = message(tenant="other")
        await self.store.commit([submit(first, second, third), submit(other)])
        found = await self.store.messages_at("demo", [third.id, first.id, first.id, other.id, 5, -1, 1 << 70])
        self.assertEqual({view.message.id for view in found}, {first.id, third.id})
        self.assertEqual(await self.store.messages_at("demo", []), [])
        ask = self.store.recipient
        self.assertEqual((await ask("demo", first.submission, "306900000001")).message.id, first.id)
        self.assertEqual((await ask("demo", first.submission, "306900000003")).message.id, third.id)
        for nobody in (
            ("other", first.submission, "306900000001"),
            ("demo", first.id, "306900000001"),
            ("demo", first.submission, "30"),
            ("demo", 1 << 70, "306900000001"),
        ):
            self.assertIsNone(await ask(*nobody), nobody)

    # -- references

    async def test_a_reference_that_is_used_once_is_refused_again(self):
        def refs(*names, unique=True, **fields):
            made = [message(client_ref=name, **fields) for name in names]
            return submit(*made, unique=tuple(range(len(made))) if unique else ())

        self.assertEqual(await self.one(refs("a", "b", "a", None, None)), Submitted({2: "repeated_ref"}))
        self.assertEqual(await self.one(refs("c", "a")), Submitted({1: "repeated_ref"}))
        results = await self.store.commit([refs("d"), refs("d")])
        self.assertEqual(results, [Submitted({}), Submitted({0: "repeated_ref"})])
        self.assertEqual(await self.one(refs("a", unique=False)), Submitted({}))  # who does not ask
        self.assertEqual(await self.one(refs("a", tenant="other")), Submitted({}))  # its tenant's own
        self.assertEqual(await self.one(refs("e", price=1 << 60)), Submitted({0: "no_credit"}))
        self.assertEqual(await self.one(refs("e")), Submitted({}))  # a refused one used nothing
        await self.reopen()
        self.assertEqual(await self.one(refs("b")), Submitted({0: "repeated_ref"}))

    async def test_a_reference_goes_with_its_message(self):
        one, two = (message(client_ref=name, dlr_url=None) for name in ("one", "two"))
        await self.one(submit(one, two, unique=(0, 1)))
        await self.one(Erase((one.id,), one.msisdn, NOW))
        again = await self.one(submit(message(client_ref="one"), message(client_ref="two"), unique=(0, 1)))
        self.assertEqual(again, Submitted({1: "repeated_ref"}))
        await self.one(Cancel("demo", two.id, NOW))
        await self.purge(NOW + _DAY)
        self.assertEqual(await self.one(submit(message(client_ref="two"), unique=(0,))), Submitted({}))

    async def test_a_repeated_request_is_answered_as_it_was(self):
        """Its references are used by itself: that refuses nothing."""
        key = Idempotency("k", b"d")
        change = submit(message(client_ref="a"), unique=(0,), idempotency=key, answer=b"yes")
        self.assertEqual(await self.one(change), Submitted({}))
        repeated = await self.one(submit(message(client_ref="a"), unique=(0,), idempotency=key, answer=b"no"))
        self.assertEqual((repeated.answer, repeated.refused), (b"yes", {}))

    # -- recipients refused

    async def test_refused_recipients_are_remembered_where_anybody_was_taken(self):
        good, poor = submission(2)
        poor.dest, poor.msisdn, poor.price = "0030 690 000 0002", "306900000002", 1 << 60
        bad = (("+30 12", "invalid_recipient"), ("nobody", "invalid_recipient"), ("3012", "opted_out"))
        number = good.submission
        await self.one(submit(good, poor, submission=number, refused=bad))
        for dest, code in (
            ("3012", "invalid_recipient"),
            ("+30-12", "invalid_recipient"),
            ("nobody", "invalid_recipient"),
            ("306900000002", "no_credit"),
            ("0030 690 000 0002", "no_credit"),
            ("306912345678", None),
            ("", None),
        ):
            self.assertEqual(await self.store.refused("demo", number, dest), code, dest)
        self.assertIsNone(await self.store.refused("other", number, "3012"))
        self.assertIsNone(await self.store.refused("demo", number + 1, "3012"))
        self.assertIsNone(await self.store.refused("demo", 1 << 70, "3012"))
        # nobody was taken, or nobody asked
        alone = message(price=1 << 60)
        await self.one(submit(alone, submission=alone.submission, refused=(("3012", "x"),)))
        self.assertIsNone(await self.store.refused("demo", alone.submission, "3012"))
        both = submission(2)
        both[1].price = 1 << 60
        await self.one(submit(*both, submission=both[0].submission))
        self.assertIsNone(await self.store.refused("demo", both[0].submission, "306912345678"))

    async def test_what_was_refused_is_forgotten_with_its_submission_or_its_person(self):
        one = message()
        number = one.submission
        await self.one(submit(one, submission=number, refused=(("306900000001", "x"), ("306900000002", "y"))))
        counts = {}
        while True:
            erased = await self.one(EraseRest("306900000001", NOW))
            counts |= erased.counts
            if not erased.more:
                break
        self.assertEqual(counts, {"refusals": 1})
        self.assertIsNone(await self.store.refused("demo", number, "306900000001"))
        self.assertEqual(await self.store.refused("demo", number, "306900000002"), "y")
        await self.one(Cancel("demo", one.id, NOW))
        await self.purge(NOW + _DAY)
        self.assertIsNone(await self.store.refused("demo", number, "306900000002"))

    async def test_a_change_that_does_nothing_counts_nothing(self):
        one = message(state=State.SCHEDULED, due_at=NOW + HOUR)
        await self.one(submit(one))
        before = await self.tally()
        self.assertIsInstance(await self.one(Cancel("other", one.id, NOW)), Ignored)
        self.assertIsInstance(await self.one(Fail(one.id, 1, "sim", NOW, _BAD)), Ignored)
        await self.one(Promote(NOW))
        self.assertEqual(await self.tally(), before)
