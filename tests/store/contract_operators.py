"""Contract: what operators do to messages, what is kept of it, and what ended."""

from smsgwd.model.business import Push, Unhold
from smsgwd.model.changes import (
    Cancel,
    Expire,
    Fail,
    GiveUp,
    OptOut,
    OutboxDead,
    OutboxDone,
    Promote,
    PutTenant,
    Requeue,
    Rerouted,
)
from smsgwd.model.message import HELD, Failure, State
from smsgwd.model.operators import (
    BEGUN,
    DONE,
    FAILED,
    AuditEntry,
    Discard,
    DropFinals,
    Hold,
    PurgeAudit,
    PutAudit,
    Repush,
    Repushed,
)
from smsgwd.model.upkeep import Purge, Tidy, TimeOutReceipts
from smsgwd.ports.store import AuditFilter
from tests.store.base import StoreCase
from tests.store.samples import HOUR, NOW, URL, message, receipt, sent, submission, submit, tenant

_BUSY = Failure("busy")


def entry(number=0, **fields):
    """Something an operator did."""
    values = {
        "at": NOW,
        "who": "ann",
        "role": "operate",
        "via": "socket",
        "address": "pid 7",
        "command": "queue purge",
        "params": '{"reason":"x"}',
        "outcome": BEGUN,
    }
    return AuditEntry(number, **(values | fields))


class AuditContract(StoreCase):
    async def test_begun_then_done(self):
        number = await self.one(PutAudit(entry()))
        self.assertGreater(number, 0)
        done = entry(number, outcome=DONE, before='{"a":1}', after='{"a":2}', took_ms=5, detail="")
        self.assertEqual(await self.one(PutAudit(done)), number)
        await self.reopen()
        self.assertEqual(await self.store.audit(AuditFilter(), None, 9), [done])

    async def test_newest_first_page_by_page(self):
        ids = await self.store.commit([PutAudit(entry(at=NOW + n)) for n in range(5)])
        self.assertEqual(ids, sorted(ids))
        page = await self.store.audit(AuditFilter(), None, 2)
        self.assertEqual([each.id for each in page], ids[:2:-1])
        page = await self.store.audit(AuditFilter(), page[-1].id, 9)
        self.assertEqual([each.id for each in page], ids[2::-1])

    async def test_by_who_what_when_and_outcome(self):
        entries = [
            entry(at=NOW, who="ann", command="queue purge", outcome=DONE),
            entry(at=NOW + 1, who="bob", command="queue hold", outcome=FAILED),
            entry(at=NOW + 2, who="bob", command="queueing x", outcome=BEGUN),
            entry(at=NOW + 3, who="eve", command="config reload", outcome=DONE),
        ]
        await self.store.commit([PutAudit(each) for each in entries])
        for where, places in (
            (AuditFilter(), [3, 2, 1, 0]),
            (AuditFilter(from_ms=NOW + 1, to_ms=NOW + 3), [2, 1]),
            (AuditFilter(who="bob"), [2, 1]),
            (AuditFilter(noun="queue"), [1, 0]),
            (AuditFilter(failed=True), [2, 1]),
            (AuditFilter(who="bob", noun="queue", failed=True), [1]),
            (AuditFilter(who="bo"), []),
        ):
            found = await self.store.audit(where, None, 9)
            self.assertEqual([each.at - NOW for each in found], places, where)

    async def test_old_ones_go_and_their_numbers_never_come_again(self):
        ids = await self.store.commit([PutAudit(entry(at=NOW + n)) for n in range(4)])
        self.assertEqual(await self.one(PurgeAudit(NOW + 3, limit=2)), 2)
        self.assertEqual(await self.one(PurgeAudit(NOW + 3)), 1)
        self.assertEqual(await self.one(PurgeAudit(NOW + 3)), 0)
        self.assertEqual([each.id for each in await self.store.audit(AuditFilter(), None, 9)], ids[3:])
        await self.one(PurgeAudit(NOW + 99))
        await self.reopen()
        self.assertGreater(await self.one(PutAudit(entry())), ids[-1])


class StopContract(StoreCase):
    async def test_held_until_it_is_released(self):
        first, second, other = message(), message(parts=2), message(connector="b")
        await self.one(submit(first, second, other))
        ids = (first.id, second.id, other.id)
        self.assertEqual(await self.one(Hold(ids, NOW + 1, "a carrier asked")), Rerouted(ids))
        self.assertEqual(await self.store.ready("sim", None, 9), [])
        counts = await self.store.counts()
        self.assertEqual((counts.held, counts.scheduled), (3, 0))
        self.assertEqual((await self.store.tally("demo")).scheduled, 3)
        self.assertIsNone(await self.store.next_due())
        await self.reopen()
        self.assertEqual((await self.one(Promote(NOW + 99 * HOUR))).messages, ())
        view = await self.view(first.id)
        self.assertEqual((view.message.state, view.message.due_at), (State.SCHEDULED, HELD))
        self.assertEqual([(each.type, each.detail) for each in view.events][1:], [("held", "a carrier asked")])
        swept = await self.one(Unhold("", "", NOW + 5, connector="sim"))
        self.assertEqual(sorted(swept.messages), [first.id, second.id])
        promoted = await self.one(Promote(NOW + 5))
        self.assertEqual({each.id for each in promoted.messages}, {first.id, second.id})
        self.assertEqual((await self.store.tally("demo")).scheduled, 1)
        self.assertEqual([each.message.id for each in await self.store.held(None, 0, 9)], [other.id])

    async def test_only_what_is_queued_and_no_smsc_has_anything_of(self):
        scheduled = message(state=State.SCHEDULED, due_at=NOW + HOUR)
        waits, gone, part, ended, fine = message(), message(), message(parts=2), message(), message()
        await self.store.commit(
            [
                submit(scheduled, waits, gone, part, ended, fine),
                Requeue(waits.id, NOW + HOUR, "sim", NOW, _BUSY),
                sent(gone.id, "A1"),
                sent(part.id, "A2"),
                Cancel("demo", ended.id, NOW),
            ]
        )
        every = (scheduled.id, waits.id, gone.id, part.id, ended.id, fine.id, 5)
        self.assertEqual(await self.one(Hold(every, NOW, "x")), Rerouted((fine.id,)))
        self.assertEqual((await self.view(part.id)).message.state, State.QUEUED)
        self.assertEqual((await self.view(waits.id)).message.state, State.WAITING)

    async def test_it_can_end_as_any_held_message(self):
        before = await self.balance()
        first, second, third = message(), message(), message(deadline=NOW + 9)
        ids = (first.id, second.id, third.id)
        await self.store.commit([submit(first, second, third), Hold(ids, NOW, "x")])
        self.assertEqual((await self.one(Cancel("demo", first.id, NOW))).state, State.CANCELLED)
        self.assertEqual((await self.one(Unhold("", "", NOW, reject=True, limit=9))).messages, (second.id, third.id))
        self.assertEqual((await self.view(second.id)).error.code, "purged")
        self.assertEqual(await self.balance(), before)
        self.assertEqual((await self.store.tally("demo")).scheduled, 0)

    async def test_what_went_out_after_all_is_no_longer_held(self):
        """Its answer came late: it was tried before it was held."""
        one, several, never = message(), message(parts=2), message()
        await self.store.commit(
            [
                submit(one, several, never),
                *(Requeue(each.id, 0, "sim", NOW, Failure("no_answer")) for each in (one, several)),
                Hold((one.id, several.id, never.id), NOW + 1, "x"),
            ]
        )
        self.assertEqual((await self.one(sent(one.id, "A1"))).state, State.SENT)
        self.assertEqual((await self.one(receipt("A1"))).state, State.DELIVERED)
        self.assertEqual((await self.one(sent(several.id, "A2"))).state, State.WAITING)
        self.assertEqual((await self.one(sent(never.id, "A3"))).reason, "not_queued")
        promoted = await self.one(Promote(NOW + 9 * HOUR))
        self.assertEqual([each.id for each in promoted.messages], [several.id])
        self.assertEqual(promoted.sent_parts, {several.id: frozenset({1})})
        self.assertEqual((await self.store.tally("demo")).scheduled, 1)
        self.assertEqual((await self.store.counts()).held, 1)

    async def test_another_connector_had_it_after_all(self):
        new = message()
        await self.store.commit(
            [submit(new), Requeue(new.id, 0, "b", NOW, _BUSY, left="sim"), Hold((new.id,), NOW + 1, "x")]
        )
        self.assertEqual((await self.one(sent(new.id, "A1"))).reason, "superseded")
        self.assertEqual(await self.state(new.id), State.SCHEDULED)
        self.assertEqual((await self.one(receipt("A1", State.UNDELIVERED))).reason, "superseded")
        self.assertEqual((await self.one(receipt("A1"))).state, State.DELIVERED)
        tally = await self.store.tally("demo")
        self.assertEqual((tally.scheduled, tally.delivered), (0, 1))


class DiscardContract(StoreCase):
    async def test_all_that_has_not_left_is_rejected_and_refunded(self):
        before = await self.balance()
        scheduled = message(state=State.SCHEDULED, due_at=NOW + HOUR)
        held = message(state=State.SCHEDULED, due_at=HELD)
        waits, queued, gone, ended = message(), message(), message(), message()
        await self.store.commit(
            [
                submit(scheduled, held, waits, queued, gone, ended),
                Requeue(waits.id, NOW + HOUR, "sim", NOW, _BUSY),
                sent(gone.id, "A1"),
                Cancel("demo", ended.id, NOW),
            ]
        )
        ids = (scheduled.id, held.id, waits.id, queued.id)
        swept = await self.one(Discard((*ids, gone.id, ended.id, 5), NOW + 7, "a test run"))
        self.assertEqual((swept.messages, swept.more, swept.state), (ids, False, State.REJECTED))
        self.assertEqual(
            [(item.message_id, item.type) for item in swept.outbox], [(n, "message.rejected") for n in ids]
        )
        self.assertEqual({(item.error.code, item.error.detail) for item in swept.outbox}, {("purged", "a test run")})
        self.assertEqual(await self.balance(), before - gone.price)
        tally = await self.store.tally("demo")
        self.assertEqual((tally.scheduled, tally.failed, tally.cancelled), (0, 4, 1))
        view = await self.view(queued.id)
        self.assertEqual((view.error, view.done_at), (Failure("purged", "a test run"), NOW + 7))
        self.assertEqual([(each.type, each.detail) for each in view.events][1:], [("rejected", "purged: a test run")])
        self.assertEqual(await self.state(gone.id), State.SENT)
        self.assertEqual((await self.one(Discard(ids, NOW, "again"))).messages, ())

    async def test_what_an_smsc_has_a_part_of_stays_paid(self):
        before = await self.balance()
        new = message(parts=2, price=80_000)
        await self.store.commit([submit(new), sent(new.id, "A1"), Discard((new.id,), NOW, "x")])
        self.assertEqual(await self.state(new.id), State.REJECTED)
        self.assertEqual(await self.balance(), before - 80_000)
        self.assertEqual((await self.one(receipt("A1"))).reason, "final")


class RepushContract(StoreCase):
    async def delivered(self, *messages):
        """Send these and deliver them; what is owed."""
        changes = [submit(*messages)]
        for each in messages:
            changes += [sent(each.id, f"{each.id:x}"), receipt(f"{each.id:x}", received_at=NOW + 5000)]
        results = await self.store.commit(changes)
        return [item for result in results[2::2] for item in result.outbox]

    async def owed(self, target):
        """What a target is owed."""
        return await self.store.outbox(target, None, 99)

    async def test_what_is_done_or_given_up_is_due_again_under_its_number(self):
        first, second, third = message(), message(), message()
        items = await self.delivered(first, second, third)
        target = items[0].target
        await self.store.commit([OutboxDone(items[0].id, NOW + 6000), OutboxDead(items[1].id, NOW + 6000, "410")])
        ids = tuple(each.id for each in (first, second, third))
        self.assertEqual(await self.one(Repush(NOW + 9000, ids)), Repushed(2, (target,)))
        found = await self.owed(target)
        self.assertEqual({each.id for each in found}, {each.id for each in items})
        self.assertEqual({each.due_at for each in found if each.id != items[2].id}, {NOW + 9000})
        self.assertEqual({each.attempts for each in found}, {0})
        self.assertEqual(await self.one(Repush(NOW + 9001, ids)), Repushed(0, ()))

    async def test_one_whose_row_is_gone_is_owed_anew_under_its_number(self):
        (item,) = await self.delivered(new := message())
        await self.store.commit([OutboxDone(item.id, NOW + 6000), Tidy(0, NOW + 7000, 0)])
        self.assertEqual(await self.store.pushes("", "done", 0, 9), [])
        await self.reopen()
        self.assertEqual(await self.one(Repush(NOW + 9000, (new.id,))), Repushed(1, (item.target,)))
        (again,) = await self.owed(item.target)
        self.assertEqual((again.id, again.type, again.state), (item.id, "message.delivered", State.DELIVERED))
        self.assertEqual((again.url, again.done_at), (URL, item.done_at))
        (other,) = await self.delivered(message())
        self.assertGreater(other.id, item.id)

    async def test_an_esme_is_told_again(self):
        (item,) = await self.delivered(new := message(account="acme", asks=1, dlr_url=None))
        await self.one(OutboxDone(item.id, NOW + 6000))
        await self.reopen()
        self.assertEqual(await self.one(Repush(NOW + 9000, (new.id,))), Repushed(1, ("@acme",)))
        (again,) = await self.owed("@acme")
        self.assertEqual((again.id, again.message_id), (item.id, new.id))
        await self.one(OutboxDone(item.id, NOW + 9500))
        self.assertEqual(await self.owed("@acme"), [])

    async def test_nobody_is_told_who_did_not_ask(self):
        quiet, failures, open_ = message(dlr_url=None), message(account="a", asks=2, dlr_url=None), message()
        await self.delivered(quiet, failures)
        await self.one(submit(open_))
        ids = (quiet.id, failures.id, open_.id, 5)
        self.assertEqual(await self.one(Repush(NOW + 9000, ids)), Repushed(0, ()))
        self.assertEqual(await self.store.outbox_targets(esmes=True), [])

    async def test_of_one_tenant_only(self):
        (item,) = await self.delivered(new := message())
        await self.one(OutboxDone(item.id, NOW + 6000))
        self.assertEqual(await self.one(Repush(NOW + 9000, (new.id,), tenant="other")), Repushed(0, ()))
        self.assertEqual(await self.one(Repush(NOW + 9000, push_ids=(item.id,), tenant="other")), Repushed(0, ()))
        self.assertEqual(await self.owed(item.target), [])
        self.assertEqual(await self.one(Repush(NOW + 9000, (new.id,), tenant="demo")), Repushed(1, (item.target,)))

    async def test_by_their_numbers(self):
        first, second, third = await self.delivered(message(), message(), message())
        await self.store.commit([OutboxDone(first.id, NOW + 6000), OutboxDead(second.id, NOW + 6000, "410")])
        await self.reopen()
        ids = (second.id, first.id, third.id, first.id, 1 << 60)
        found = await self.one(Repush(NOW + 9000, push_ids=ids, tenant="demo"))
        self.assertEqual(found, Repushed(2, (first.target,)))
        due = {each.id for each in await self.owed(first.target) if each.due_at == NOW + 9000}
        self.assertEqual(due, {first.id, second.id})
        self.assertEqual((await self.one(Repush(NOW + 9001, push_ids=ids))).count, 0)

    async def test_by_span_of_time(self):
        await self.one(PutTenant(tenant("other", credentials=())))
        pushes = [Push(owner, URL, "call", NOW + n * 1000, b"{}") for n in range(8) for owner in ("demo", "other")]
        results = await self.store.commit(pushes)
        ids = [result.outbox[0].id for result in results]
        target = results[0].outbox[0].target
        await self.store.commit([OutboxDone(number, NOW + 9000) for number in ids[:-2]])
        span = {"from_ms": NOW + 2000, "to_ms": NOW + 6000}
        found = await self.one(Repush(NOW + 20_000, tenant="demo", limit=3, **span))
        self.assertEqual((found.count, found.targets, found.last, found.more), (3, (target,), ids[8], True))
        found = await self.one(Repush(NOW + 20_000, tenant="demo", limit=3, after=found.last, **span))
        self.assertEqual((found.count, found.more), (1, False))
        due = {each.id for each in await self.owed(target) if each.due_at == NOW + 20_000}
        self.assertEqual(due, set(ids[4:12:2]))
        found = await self.one(Repush(NOW + 20_000, target=results[1].outbox[0].target, from_ms=0, to_ms=NOW + HOUR))
        self.assertEqual((found.count, found.more), (7, False))
        self.assertEqual((await self.one(Repush(NOW, from_ms=NOW + HOUR, to_ms=NOW + 2 * HOUR))).count, 0)


class FinalContract(StoreCase):
    async def ended(self, after=0, limit=99):
        """Messages that ended, with their states."""
        found = await self.store.finals(after, limit)
        self.assertEqual([each.seq for each in found], sorted({each.seq for each in found}))
        return [(each.view.message.id, each.view.message.state) for each in found]

    async def test_none_unless_asked_for(self):
        await self.store.commit([submit(new := message()), Cancel("demo", new.id, NOW)])
        self.assertEqual(await self.ended(), [])

    async def test_every_way_to_end(self):
        await self.store.keep_finals(True)
        new = {name: message() for name in ("sent", "failed", "unknown", "expired", "cancelled", "purged", "late")}
        new["barred"] = message(state=State.SCHEDULED, due_at=HELD)
        new["optout"] = message(state=State.SCHEDULED, due_at=NOW + 5, msisdn="306900000009")
        new["expired"].deadline = NOW
        await self.one(submit(*new.values()))
        results = [
            await self.store.commit(changes)
            for changes in (
                [sent(new["sent"].id, "A1"), receipt("A1")],
                [receipt("A1", State.UNDELIVERED)],
                [Fail(new["failed"].id, 1, "sim", NOW, _BUSY)],
                [GiveUp(new["unknown"].id, "sim", NOW, _BUSY)],
                [Expire(NOW, frozenset())],
                [Cancel("demo", new["cancelled"].id, NOW)],
                [Discard((new["purged"].id,), NOW, "x")],
                [sent(new["late"].id, "A2"), TimeOutReceipts(NOW, new["late"].deadline + 1)],
                [Unhold("", "", NOW, reject=True)],
                [OptOut("demo", "306900000009", True, NOW, "STOP"), Promote(NOW + 5)],
            )
        ]
        self.assertEqual(len(results), 10)
        wanted = [
            ("sent", State.DELIVERED),
            ("failed", State.REJECTED),
            ("unknown", State.UNKNOWN),
            ("expired", State.EXPIRED),
            ("cancelled", State.CANCELLED),
            ("purged", State.REJECTED),
            ("late", State.UNKNOWN),
            ("barred", State.REJECTED),
            ("optout", State.CANCELLED),
        ]
        found = await self.ended()
        self.assertEqual(found, [(new[name].id, state) for name, state in wanted])
        paid = {each.view.message.id: each.charged for each in await self.store.finals(0, 99)}
        given_back = [name for name, each in new.items() if not paid[each.id]]
        self.assertEqual(given_back, ["failed", "expired", "cancelled", "purged", "barred", "optout"])
        self.assertEqual(paid[new["sent"].id], new["sent"].price)

    async def test_forgotten_when_written_down_and_numbers_go_on(self):
        await self.store.keep_finals(True)
        messages = submission(5)
        await self.store.commit([submit(*messages), *(Cancel("demo", each.id, NOW) for each in messages)])
        first = await self.store.finals(0, 2)
        self.assertEqual(await self.one(DropFinals(first[-1].seq)), 2)
        self.assertEqual([number for number, _ in await self.ended(first[-1].seq)], [m.id for m in messages[2:]])
        last = (await self.store.finals(0, 99))[-1].seq
        self.assertEqual(await self.one(DropFinals(last)), 3)
        await self.store.close()
        self.store = self.new_store(keep_finals=True)
        await self.store.open()
        await self.store.commit([submit(new := message()), Cancel("demo", new.id, NOW)])
        (found,) = await self.store.finals(0, 9)
        self.assertGreater(found.seq, last)

    async def test_kept_over_a_restart_and_emptied_when_nobody_wants_them(self):
        await self.store.keep_finals(True)
        await self.store.commit([submit(new := message()), Cancel("demo", new.id, NOW)])
        await self.store.close()
        self.store = self.new_store(keep_finals=True)
        await self.store.open()
        self.assertEqual(len(await self.ended()), 1)
        await self.reopen()
        self.assertEqual(await self.ended(), [])

    async def test_switched_off_while_it_runs(self):
        await self.store.keep_finals(True)
        first, second = message(), message()
        await self.store.commit([submit(first, second), Cancel("demo", first.id, NOW)])
        await self.store.keep_finals(False)
        self.assertEqual(await self.ended(), [])
        await self.one(Cancel("demo", second.id, NOW))
        self.assertEqual(await self.ended(), [])

    async def test_what_was_not_written_down_is_not_deleted(self):
        await self.store.keep_finals(True)
        early, late, rest = message(dlr_url=None), message(dlr_url=None), message(dlr_url=None)
        await self.store.commit(
            [submit(early, late, rest), Cancel("demo", early.id, NOW), Cancel("demo", rest.id, NOW)]
        )
        (kept, other) = await self.store.finals(0, 9)
        await self.one(DropFinals(kept.seq))
        day = 24 * HOUR
        self.assertGreater((await self.one(Purge(NOW + day))).count, 0)  # of the first of them
        while (await self.one(Purge(NOW + day))).more:
            pass
        self.assertIsNone(await self.view(early.id))
        self.assertIsNotNone(await self.view(rest.id))
        await self.store.commit([DropFinals(other.seq), Cancel("demo", late.id, NOW)])
        for hours in (2, 4):
            while (await self.one(Purge(NOW + day + hours * HOUR))).more:
                pass
        self.assertIsNone(await self.view(rest.id))
        self.assertIsNotNone(await self.view(late.id))

    async def test_one_that_ends_while_old_ones_are_deleted_stays(self):
        await self.store.keep_finals(True)
        messages = submission(6, dlr_url=None)
        await self.store.commit([submit(*messages), *(Cancel("demo", each.id, NOW) for each in messages[:-1])])
        await self.one(DropFinals(1 << 62))
        await self.one(Purge(NOW + HOUR, limit=2))
        await self.one(Cancel("demo", messages[-1].id, NOW))
        while (await self.one(Purge(NOW + HOUR, limit=2))).more:
            pass
        self.assertEqual(await self.ended(), [(messages[-1].id, State.CANCELLED)])

    async def test_a_rollback_takes_it_back(self):
        """A batch that is wrong in itself leaves nothing behind."""
        await self.store.keep_finals(True)
        await self.one(submit(new := message()))
        with self.assertRaises(Exception):  # noqa: B017 -- which one is the store's own business
            await self.store.commit([Cancel("demo", new.id, NOW), object()])
        self.assertEqual(await self.ended(), [])
        await self.one(Cancel("demo", new.id, NOW))
        self.assertEqual(len(await self.ended()), 1)
