"""Contract: who has opted out gets nothing more."""

from smsgwd.model.changes import (
    KeepMoPart,
    OptOut,
    Promote,
    PutTenant,
    Replace,
    Replaced,
    Replayed,
    Requeue,
    Submit,
    Submitted,
    TakeMo,
)
from smsgwd.model.message import Failure, State
from smsgwd.model.mo import MoMessage
from smsgwd.model.submission import Idempotency
from smsgwd.ports.store import OptOutEntry
from tests.store.base import StoreCase
from tests.store.contract_mo import HOOK, key, part
from tests.store.samples import HOUR, NOW, message, receipt, sent, submit, tenant

WHO, ELSE = "306912345678", "306900000001"
OUT = OptOut("demo", WHO, True, NOW, "STOP")
IN = OptOut("demo", WHO, False, NOW + 1, "START")


class OptOutContract(StoreCase):
    async def test_the_list(self):
        self.assertEqual(await self.store.commit([OUT, OUT]), [True, False])
        await self.store.commit([OptOut("demo", ELSE, True, NOW + 5, "operator"), OptOut("other", "1", True, NOW, "x")])
        entries = [OptOutEntry("demo", ELSE, NOW + 5, "operator"), OptOutEntry("demo", WHO, NOW, "STOP")]
        self.assertEqual(await self.store.opt_outs("demo", "", 9), entries)
        self.assertEqual(await self.store.opt_outs("demo", ELSE, 9), entries[1:])
        self.assertEqual(await self.store.opt_outs("demo", "", 1), entries[:1])
        self.assertEqual(await self.store.commit([IN, IN]), [True, False])
        self.assertEqual(await self.store.opt_outs("demo", "", 9), entries[:1])

    async def test_nothing_is_taken_for_those_on_it(self):
        before = await self.balance()
        await self.one(OUT)
        wanted, barred = message(msisdn=ELSE), message()
        self.assertEqual(await self.one(submit(wanted, barred)), Submitted({1: "opted_out"}))
        self.assertIsNone(await self.view(barred.id))
        self.assertEqual(await self.balance(), before - wanted.price)
        await self.reopen()
        self.assertEqual(await self.one(submit(message())), Submitted({0: "opted_out"}))
        await self.one(IN)
        self.assertEqual(await self.one(submit(message())), Submitted({}))

    async def test_in_the_same_batch_and_beyond_the_credit(self):
        await self.one(PutTenant(tenant("poor", credit=50_000, credentials=())))
        messages = [message(tenant="poor", msisdn=who) for who in (WHO, ELSE, ELSE)]
        results = await self.store.commit([OptOut("poor", WHO, True, NOW, "STOP"), Submit("poor", messages, NOW)])
        self.assertEqual(results[1], Submitted({0: "opted_out", 2: "no_credit"}))

    async def test_of_one_tenant_only(self):
        await self.one(PutTenant(tenant("other", credentials=())))
        await self.one(OUT)
        self.assertEqual(await self.one(Submit("other", [message(tenant="other")], NOW)), Submitted({}))

    async def test_many_recipients_at_once(self):
        numbers = [str(306_900_000_000 + n) for n in range(500)]
        await self.store.commit([OptOut("demo", each, True, NOW, "STOP") for each in numbers[::3]])
        result = await self.one(submit(*(message(msisdn=each) for each in numbers)))
        self.assertEqual(result, Submitted(dict.fromkeys(range(0, 500, 3), "opted_out")))

    async def test_the_same_request_gets_the_same_answer(self):
        await self.one(OUT)
        request = submit(message(), idempotency=Idempotency("k", b"d"), answer=b"a")
        self.assertEqual(await self.one(request), Submitted({0: "opted_out"}))
        await self.one(IN)
        self.assertEqual(await self.one(request), Replayed(b"a", {0: "opted_out"}))

    async def test_what_was_scheduled_is_cancelled_when_due(self):
        before = await self.balance()
        scheduled, retried, wanted = (
            message(state=State.SCHEDULED, due_at=NOW + 5),
            message(),
            message(msisdn=ELSE, state=State.SCHEDULED, due_at=NOW + 5),
        )
        half = message(parts=2)
        await self.one(submit(scheduled, retried, wanted, half))
        await self.store.commit(
            [
                sent(half.id, "A1", 1),
                *(Requeue(each.id, NOW + 5, "sim", NOW, Failure("busy")) for each in (retried, half)),
                OUT,
            ]
        )
        promoted = await self.one(Promote(NOW + HOUR))
        self.assertEqual({each.id for each in promoted.messages}, {wanted.id, half.id})
        self.assertEqual({item.message_id for item in promoted.outbox}, {scheduled.id, retried.id})
        for item in promoted.outbox:
            self.assertEqual((item.type, item.error.code), ("message.cancelled", "opted_out"))
        for each in (scheduled, retried):
            view = await self.view(each.id)
            self.assertEqual((view.message.state, view.error.code), (State.CANCELLED, "opted_out"))
        self.assertEqual(await self.balance(), before - wanted.price - half.price)
        self.assertEqual(await self.state(wanted.id), State.QUEUED)

    async def test_no_second_way_to_those_on_it(self):
        new = message(fallback="b")
        await self.store.commit([submit(new), sent(new.id, "A1"), OUT])
        result = await self.one(receipt("A1", State.UNDELIVERED))
        self.assertEqual((result.state, len(result.outbox)), (State.UNDELIVERED, 1))

    async def test_no_message_takes_the_place_of_another(self):
        waiting, first = message(msisdn=ELSE), await self.balance()
        await self.one(submit(waiting))
        await self.one(OUT)
        self.assertEqual(
            await self.one(Replace("demo", message(id=waiting.id), NOW)), Replaced(waiting.id, "opted_out")
        )
        self.assertEqual((await self.view(waiting.id)).message.msisdn, ELSE)
        self.assertEqual(await self.balance(), first - waiting.price)

    async def test_a_subscribers_message_changes_the_list_with_what_it_owes(self):
        stop = MoMessage("sim", NOW, WHO, "54000", " Stop ")
        take = TakeMo("demo", url=HOOK, message=stop, opts_out=True, msisdn=WHO, at=NOW + 3)
        self.assertEqual(len((await self.one(take)).outbox), 1)
        self.assertEqual(await self.store.opt_outs("demo", "", 9), [OptOutEntry("demo", WHO, NOW + 3, "Stop")])
        await self.one(TakeMo("demo", "acme", (part(b"START"),), opts_out=False, msisdn=WHO, at=NOW + 4))
        self.assertEqual(await self.store.opt_outs("demo", "", 9), [])

    async def test_a_repeated_taking_does_not_change_it_again(self):
        stop = MoMessage("sim", NOW, WHO, "54000", "stop", parts=1)
        single = key(total=1)
        take = TakeMo("demo", url=HOOK, message=stop, done=single, opts_out=True, msisdn=WHO, at=NOW)
        await self.store.commit([KeepMoPart(single, 1, part(b"stop")), take, IN, take])
        self.assertEqual(await self.store.opt_outs("demo", "", 9), [])
