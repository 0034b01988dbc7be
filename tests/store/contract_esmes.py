"""Contract: what ESMEs submit and are owed: receipts as they asked, subscribers' messages, replacement."""

from smsgwd.model.changes import (
    Cancel,
    Expire,
    Fail,
    GiveUp,
    Ignored,
    Moved,
    Noted,
    OutboxDead,
    OutboxDone,
    OutboxRetry,
    OutboxRevive,
    Owed,
    PutTenant,
    Replace,
    Replaced,
    Requeue,
    TakeMo,
)
from smsgwd.model.message import Coding, Failure, State
from smsgwd.model.mo import Mo, unpack_mo
from smsgwd.model.outbox import INTERMEDIATE, MO, OutboxTarget
from smsgwd.model.tenant import Credential, EsmeSettings
from smsgwd.model.upkeep import Tidy, TimeOutReceipts
from smsgwd.model.wire import Wire, pack_wire
from tests.store.base import StoreCase
from tests.store.samples import HOUR, NOW, fresh_id, message, receipt, sent, submission, submit, tenant

WIRE = pack_wire(Wire(source_ton=5, dest_ton=1, dest_npi=1, tlvs=((0x0204, b"\x00\x07"),)))
BAD = Failure("smsc_rejected", "ESME_RINVDSTADR", 0x0B)
MINE = Mo("sim", NOW, "306912345678", "4711", 1, 1, data_coding=8, body="ναι".encode("utf-16-be"))


def asking(asks=1, **fields):
    """A message of account 'acme' that asked in this way."""
    return message(**{"account": "acme", "asks": asks, "wire": WIRE, "dlr_url": None} | fields)


class EsmeContract(StoreCase):
    async def test_every_field_comes_back(self):
        whole = asking(0x11, body=bytes(range(140)), coding=Coding.BINARY)
        await self.one(submit(whole, message()))
        self.assertEqual((await self.view(whole.id)).message, whole)
        self.assertEqual((await self.store.ready("sim", None, 9))[0].message, whole)

    async def test_a_receipt_goes_to_the_account_and_to_no_url(self):
        new = asking(dlr_url="https://tenant.example/dlr", client_ref="r")
        await self.store.commit([submit(new), sent(new.id, "A1")])
        (item,) = (await self.one(receipt("A1", done_at=NOW + 4))).outbox
        self.assertEqual((item.target, item.url, item.type), ("@acme", "", "message.delivered"))
        self.assertEqual((item.message_id, item.tenant, item.wire, item.payload), (new.id, "demo", WIRE, None))
        self.assertEqual((item.dest, item.source, item.parts, item.done_at), (new.dest, new.source, 1, NOW + 4))
        self.assertEqual(await self.store.outbox("@acme", None, 9), [item])
        self.assertEqual(await self.store.outbox_targets(), [])
        self.assertEqual(await self.store.outbox_targets(esmes=True), [OutboxTarget("@acme", 1, NOW + 5000)])

    async def test_which_final_states_are_asked_for(self):
        wanted = {0: set(), 1: {True, False}, 2: {False}, 3: {True}, 0x10: set(), 0x1C: set(), 0x1F: {True}}
        for asks, well in wanted.items():
            for state in (state for state in State if state.final):
                new = asking(asks)
                await self.store.commit([submit(new), sent(new.id, f"{new.id:x}")])
                moved = await self.one(receipt(f"{new.id:x}", state))
                self.assertEqual(moved.state, state)
                self.assertEqual(len(moved.outbox), (state is State.DELIVERED) in well, (asks, state))

    async def test_every_other_end_owes_a_receipt_too(self):
        rejected, given_up, cancelled, expired, late = messages = [asking(2) for _ in range(5)]
        expired.deadline = late.deadline = NOW + 1
        results = await self.store.commit(
            [
                submit(*messages),
                Fail(rejected.id, 1, "sim", NOW, BAD),
                GiveUp(given_up.id, "sim", NOW, BAD),
                Cancel("demo", cancelled.id, NOW),
                sent(late.id, "L1"),
                Expire(NOW + 2, frozenset()),
                TimeOutReceipts(NOW + 3, NOW + 3),
            ]
        )
        owed = [item for result in results for item in getattr(result, "outbox", ())]
        states = [State.REJECTED, State.UNKNOWN, State.CANCELLED, State.EXPIRED, State.UNKNOWN]
        self.assertEqual([item.state for item in owed], states)
        self.assertEqual({item.target for item in owed}, {"@acme"})
        self.assertEqual(owed[0].error, BAD)
        self.assertEqual(await self.store.outbox("@acme", None, 9), sorted(owed, key=lambda i: (i.due_at, i.id)))

    async def test_none_asked_for_owes_none(self):
        quiet, well = asking(0), asking(3)
        results = await self.store.commit(
            [submit(quiet, well), Cancel("demo", quiet.id, NOW), Fail(well.id, 1, "sim", NOW, BAD)]
        )
        self.assertEqual(results[1], Moved(quiet.id, State.CANCELLED))
        self.assertEqual(results[2], Moved(well.id, State.REJECTED))
        self.assertEqual(await self.store.outbox_targets(esmes=True), [])

    async def test_an_intermediate_notification_once_a_word(self):
        new = asking(0x11)
        await self.store.commit([submit(new), sent(new.id, "A1")])
        first, again, other = await self.store.commit(
            [receipt("A1", None), receipt("A1", None), receipt("A1", None, status="ACCEPTD", received_at=NOW + 6000)]
        )
        (item,) = first.outbox
        self.assertEqual((item.type, item.state, item.error, item.done_at), (INTERMEDIATE, State.SENT, None, None))
        self.assertEqual((item.target, item.wire, item.message_id), ("@acme", WIRE, new.id))
        self.assertEqual((again, len(other.outbox)), (Noted(new.id), 1))
        (final,) = (await self.one(receipt("A1", State.UNDELIVERED, received_at=NOW + 7000))).outbox
        self.assertEqual(await self.one(receipt("A1", None, status="LATE")), Noted(new.id))
        self.assertEqual(await self.store.outbox("@acme", None, 9), [item, *other.outbox, final])

    async def test_an_intermediate_receipt_not_asked_for_owes_nothing(self):
        new, url = asking(1), message(asks=0)
        await self.store.commit([submit(new, url), sent(new.id, "A1"), sent(url.id, "B1")])
        self.assertEqual(await self.one(receipt("A1", None)), Noted(new.id))
        self.assertEqual(await self.one(receipt("B1", None)), Noted(url.id))

    async def test_receipts_parked_are_owed_with_the_response(self):
        new = asking(0x11)
        await self.store.commit([submit(new), receipt("A1", None), receipt("A1")])
        moved = await self.one(sent(new.id, "A1"))
        self.assertEqual([item.type for item in moved.outbox], [INTERMEDIATE, "message.delivered"])
        self.assertEqual(moved.state, State.DELIVERED)
        self.assertEqual(sorted(await self.store.outbox("@acme", None, 9), key=lambda i: i.id), list(moved.outbox))

    async def test_a_subscribers_message_is_kept_until_taken(self):
        owed = await self.one(TakeMo("demo", "acme", (MINE,)))
        self.assertIsInstance(owed, Owed)
        (item,) = owed.outbox
        self.assertEqual((item.type, item.target, item.url, item.message_id), (MO, "@acme", "", 0))
        self.assertEqual((item.tenant, item.dest, item.source), ("demo", "4711", "306912345678"))
        self.assertEqual((item.created_at, item.due_at, item.attempts), (NOW, NOW, 0))
        self.assertEqual(unpack_mo(item.payload), MINE)
        await self.reopen()
        self.assertEqual(await self.store.outbox("@acme", None, 9), [item])
        self.assertIsNone(await self.one(OutboxDone(item.id, NOW)))
        self.assertEqual(await self.store.outbox("@acme", None, 9), [])

    async def owed(self, count, account="acme"):
        """Receipts owed to an account."""
        messages = [asking(account=account) for _ in range(count)]
        await self.one(submit(*messages))
        moved = await self.store.commit([Cancel("demo", m.id, NOW + n) for n, m in enumerate(messages)])
        return [item for each in moved for item in each.outbox]

    async def test_what_an_esme_took_is_gone_and_what_a_url_took_stays_a_while(self):
        first, second, third = await self.owed(3)
        url = message()
        await self.one(submit(url))
        (push,) = (await self.one(Cancel("demo", url.id, NOW))).outbox
        await self.store.commit([OutboxDone(first.id, NOW), OutboxDone(push.id, NOW), OutboxDone(third.id, NOW)])
        self.assertEqual(await self.store.outbox("@acme", None, 9), [second])
        self.assertEqual(await self.store.outbox_targets(), [])
        self.assertEqual(await self.one(Tidy(0, NOW + HOUR, 0)), 1)

    async def test_targets_of_esmes_and_urls_are_told_apart(self):
        await self.owed(2)
        await self.owed(1, "Zed")
        for owner in ("0first", "Zlast", "demo"):
            url = message(tenant=owner)
            await self.store.commit([submit(url), Cancel(owner, url.id, NOW)])
        esmes = await self.store.outbox_targets(esmes=True)
        self.assertEqual([(each.target, each.pending) for each in esmes], [("@Zed", 1), ("@acme", 2)])
        urls = [f"{owner} https://tenant.example" for owner in ("0first", "Zlast", "demo")]
        self.assertEqual([each.target for each in await self.store.outbox_targets()], urls)

    async def test_retried_dead_and_revived(self):
        first, second, third = await self.owed(3)
        await self.store.commit(
            [
                OutboxRetry(first.id, NOW + HOUR, "0x58"),
                OutboxDead(second.id, NOW, "0x0b"),
                OutboxDead(third.id, NOW, "x"),
            ]
        )
        self.assertEqual([i.id for i in await self.store.outbox("@acme", None, 9)], [first.id])
        self.assertEqual((await self.store.counts()).outbox_dead, 2)
        self.assertEqual(await self.store.outbox_dead(), {"@acme": 2})
        await self.one(OutboxDone(second.id, NOW))
        self.assertEqual(await self.one(OutboxRevive("@other", NOW)), 0)
        self.assertEqual(await self.one(OutboxRevive("@acme", NOW + 50, limit=1)), 1)
        self.assertEqual(await self.one(OutboxRevive("@acme", NOW + 60)), 1)
        self.assertEqual(await self.one(OutboxRevive("@acme", NOW + 70)), 0)
        self.assertEqual(await self.store.outbox_dead(), {})
        items = await self.store.outbox("@acme", None, 9)
        self.assertEqual(
            [(i.id, i.due_at, i.attempts) for i in items],
            [(second.id, NOW + 50, 0), (third.id, NOW + 60, 0), (first.id, NOW + HOUR, 1)],
        )
        await self.one(OutboxDone(third.id, NOW))
        self.assertEqual((await self.store.counts()).outbox_pending, 2)

    async def test_changes_of_one_push_in_one_batch_take_effect_in_order(self):
        first, second = await self.owed(2)
        await self.store.commit(
            [
                OutboxRetry(first.id, NOW + 9, "0x58"),
                OutboxDone(first.id, NOW),
                OutboxDone(second.id, NOW),
                OutboxRetry(second.id, NOW + 9, "late"),
            ]
        )
        self.assertEqual(await self.store.outbox("@acme", None, 9), [])

    async def test_100_000_owed_are_paged_in_order(self):
        """In little: the pages of what an absent ESME is owed hold all of it, once, in order."""
        items = await self.owed(300)
        await self.reopen()
        found, after = [], None
        while page := await self.store.outbox("@acme", after, 70):
            found += page
            after = (page[-1].due_at, page[-1].id)
        self.assertEqual(found, items)

    # -- replacement -----------------------------------------------------------------------------------------------

    async def test_a_message_takes_the_place_of_another(self):
        old = asking(0, price=40_000, body=b"old")
        await self.one(submit(old))
        before = await self.balance()
        new = asking(
            1,
            id=old.id,
            submission=fresh_id(),
            submitted_at=NOW + 9,
            body=b"new text",
            coding=Coding.GSM7,
            parts=2,
            connector="other",
            deadline=NOW + 2 * HOUR,
            state=State.SCHEDULED,
            due_at=NOW + HOUR,
            priority=3,
            flash=True,
            price=70_000,
            wire=None,
        )
        self.assertEqual(await self.one(Replace("demo", new, NOW + 9)), Replaced(old.id))
        view = await self.view(old.id)
        new.submission, new.submitted_at = old.submission, old.submitted_at
        self.assertEqual(view.message, new)
        self.assertEqual([event.type for event in view.events], ["accepted", "replaced"])
        self.assertEqual(await self.balance(), before - 30_000)
        self.assertEqual(await self.store.ready("sim", None, 9), [])
        self.assertEqual(await self.store.next_due(), NOW + HOUR)
        self.assertEqual(await self.one(Replace("demo", asking(id=old.id, price=0), NOW + 9)), Replaced(old.id))
        self.assertEqual(await self.balance(), before + 40_000)
        moved = await self.one(Cancel("demo", old.id, NOW))
        self.assertEqual((moved.state, len(moved.outbox)), (State.CANCELLED, 1))
        self.assertEqual(await self.balance(), before + 40_000)

    async def test_what_waits_for_a_retry_is_replaced(self):
        old = asking()
        await self.store.commit([submit(old), Requeue(old.id, NOW + HOUR, "other", NOW, BAD, left="sim")])
        self.assertEqual(await self.one(Replace("demo", asking(id=old.id), NOW)), Replaced(old.id))
        (queued,) = await self.store.ready("sim", None, 9)
        self.assertEqual((queued.message.id, queued.message.attempts), (old.id, 0))

    async def test_a_replacement_the_credit_does_not_reach_for_changes_nothing(self):
        await self.one(PutTenant(tenant("poor", credit=50, credentials=())))
        old = asking(tenant="poor", price=40)
        await self.one(submit(old))
        dear = asking(id=old.id, tenant="poor", price=51, body=b"x")
        self.assertEqual(await self.one(Replace("poor", dear, NOW)), Replaced(old.id, "no_credit"))
        self.assertEqual((await self.view(old.id, "poor")).message, old)
        self.assertEqual(await self.balance("poor"), 10)
        dear.price = 50
        self.assertEqual(await self.one(Replace("poor", dear, NOW)), Replaced(old.id))
        self.assertEqual(await self.balance("poor"), 0)

    async def test_what_cannot_be_replaced(self):
        gone, ended, half, ours = asking(), asking(), asking(parts=2), asking()
        await self.store.commit(
            [
                submit(gone, ended, half, ours),
                sent(gone.id, "A1"),
                Cancel("demo", ended.id, NOW),
                sent(half.id, "H1", 1),
            ]
        )
        missing = fresh_id()
        before = await self.balance()
        for number, reason, owner in (
            (gone.id, "left", "demo"),
            (ended.id, "final", "demo"),
            (half.id, "left", "demo"),
            (ours.id, "not_yours", "other"),
            (missing, "unknown_message", "demo"),
        ):
            result = await self.one(Replace(owner, asking(id=number, price=1), NOW))
            self.assertEqual(result, Ignored(reason, number))
        self.assertEqual(await self.balance(), before)
        self.assertEqual((await self.view(ours.id)).message, ours)

    async def test_replaced_and_sent_in_the_batch_it_came_in(self):
        new = asking(0)
        results = await self.store.commit(
            [submit(new), Replace("demo", asking(1, id=new.id, body=b"n"), NOW), sent(new.id, "A1"), receipt("A1")]
        )
        self.assertEqual((results[3].state, len(results[3].outbox)), (State.DELIVERED, 1))
        self.assertEqual((await self.view(new.id)).message.body, b"n")

    async def test_unsent_messages_by_sender_and_recipient(self):
        messages = [asking(msisdn=f"30691234567{n % 2}", source="A" if n < 4 else "B") for n in range(6)]
        later = asking(source="A", state=State.SCHEDULED, due_at=NOW + HOUR)
        other, away = asking(source="A", tenant="other"), asking(source="A")
        await self.store.commit([submit(*messages, later, other, away), sent(away.id, "A1")])

        async def ids(*where, limit=9):
            return [view.message.id for view in await self.store.unsent("demo", *where, limit)]

        m = [each.id for each in messages]
        self.assertEqual(await ids("A", None), [later.id, m[3], m[2], m[1], m[0]])
        self.assertEqual(await ids("A", "306912345671"), [m[3], m[1]])
        self.assertEqual(await ids("A", "306912345671", limit=1), [m[3]])
        self.assertEqual(await ids("B", None), [m[5], m[4]])
        self.assertEqual(await ids("a", None), [])
        (view,) = await self.store.unsent("demo", "A", "306912345670", 1)
        self.assertEqual((view.message, view.events, view.parts), (messages[2], (), ()))

    async def test_settings_of_accounts_come_back(self):
        esme = EsmeSettings(window=7, throughput=2.5, alphabet="latin1", receipts_by="data_sm", outbind="h:2775")
        full = tenant(
            "full",
            credentials=(Credential("smpp", "acme", "h", 3, esme), Credential("smpp", "plain", "h")),
            allow=("10.0.0.0/8",),
            smpp_errors={"no_credit": 0x400},
        )
        await self.one(PutTenant(full))
        await self.reopen()
        self.assertIn(full, await self.store.tenants())

    async def test_submissions_of_both_kinds_share_a_batch(self):
        """Rows with and without the columns of ESMEs."""
        mixed = [asking(n % 4) if n % 3 else each for n, each in enumerate(submission(30))]
        await self.one(submit(*mixed))
        self.assertEqual(
            [q.message for q in await self.store.ready("sim", None, 99)], sorted(mixed, key=lambda m: m.id)
        )
