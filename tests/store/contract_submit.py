"""Contract: taking messages, credit, idempotency, tenants."""

from smsgwd.model.changes import KeyMismatch, PutTenant, Replayed, Submitted
from smsgwd.model.ledger import Funds
from smsgwd.model.message import Coding, State
from smsgwd.model.submission import Idempotency
from smsgwd.model.tenant import Credential
from smsgwd.model.upkeep import Tidy
from tests.store.base import StoreCase
from tests.store.samples import EURO, HOUR, NOW, fresh_id, message, submission, submit, tenant


class SubmitContract(StoreCase):
    async def test_every_field_comes_back(self):
        whole = message(
            body=bytes(range(256)),
            coding=Coding.BINARY,
            parts=3,
            state=State.SCHEDULED,
            due_at=NOW + HOUR,
            priority=3,
            flash=True,
            price=123_456,
            client_ref="αναφορά 7",
            dlr_url="https://x.example/?a=b&c=%20",
        )
        self.assertEqual(await self.one(submit(whole)), Submitted({}))
        view = await self.view(whole.id)
        self.assertEqual(view.message, whole)
        self.assertEqual((view.sent_at, view.done_at, view.error, view.smsc_id), (None, None, None, None))

    async def test_a_message_without_optional_fields(self):
        plain = message(client_ref=None, dlr_url=None, price=0)
        await self.one(submit(plain))
        self.assertEqual((await self.view(plain.id)).message, plain)

    async def test_one_result_a_change_in_order(self):
        first, second = message(), message()
        results = await self.store.commit([submit(first), Tidy(0, 0, 0), submit(second), PutTenant(tenant())])
        self.assertEqual(results, [Submitted({}), 0, Submitted({}), False])

    async def test_credit_is_reserved_message_by_message(self):
        await self.one(PutTenant(tenant("poor", credit=100)))
        prices = [60, 60, 30, 10, 10]
        messages = submission(5, tenant="poor")
        for each, price in zip(messages, prices, strict=True):
            each.price = price
        result = await self.one(submit(*messages))
        self.assertEqual(result, Submitted({1: "no_credit", 4: "no_credit"}))
        self.assertEqual(await self.balance("poor"), 0)
        stored = await self.store.submission("poor", messages[0].submission)
        self.assertEqual([view.message.id for view in stored], [messages[n].id for n in (0, 2, 3)])

    async def test_credit_is_shared_by_all_changes_of_a_batch_and_by_batches_asked_for_at_once(self):
        await self.one(PutTenant(tenant("poor", credit=5)))
        batches = [
            self.store.commit([submit(message(tenant="poor", price=2)), submit(message(tenant="poor", price=2))])
            for _ in range(2)
        ]
        refused = [result.refused for batch in batches for result in await batch]
        self.assertEqual(refused, [{}, {}, {0: "no_credit"}, {0: "no_credit"}])
        self.assertEqual(await self.balance("poor"), 1)

    async def test_a_free_message_needs_no_credit(self):
        await self.one(PutTenant(tenant("poor", credit=0)))
        self.assertEqual(await self.one(submit(message(tenant="poor", price=0))), Submitted({}))

    async def test_a_postpaid_tenant_owes_and_has_no_limit(self):
        await self.one(PutTenant(tenant("post", credit=None)))
        self.assertEqual(await self.one(submit(message(tenant="post", price=10**12))), Submitted({}))
        self.assertEqual(await self.store.funds("post"), Funds(-(10**12), 10**12, None))

    async def test_balance_of_an_unknown_tenant(self):
        self.assertIsNone(await self.balance("nobody"))

    async def test_the_same_key_and_request_is_answered_as_before(self):
        await self.one(PutTenant(tenant("poor", credit=40_000)))
        key = Idempotency("key-1", b"digest")
        messages = submission(2, tenant="poor")

        def request(*these):
            return submit(*these, idempotency=key, answer=b"the answer")

        self.assertEqual(await self.one(request(*messages)), Submitted({1: "no_credit"}))
        again = submission(2, tenant="poor")
        self.assertEqual(await self.one(request(*again)), Replayed(b"the answer", {1: "no_credit"}))
        self.assertIsNone(await self.view(again[0].id, "poor"))
        self.assertEqual(await self.balance("poor"), 0)
        await self.reopen()
        self.assertEqual(await self.one(request(*again)), Replayed(b"the answer", {1: "no_credit"}))

    async def test_the_same_key_twice_in_one_batch(self):
        key = Idempotency("key-1", b"digest")
        first, second = message(), message()
        results = await self.store.commit(
            [submit(first, idempotency=key, answer=b"1"), submit(second, idempotency=key, answer=b"2")]
        )
        self.assertEqual(results, [Submitted({}), Replayed(b"1", {})])
        self.assertIsNone(await self.view(second.id))

    async def test_the_same_key_with_another_request_keeps_nothing(self):
        await self.one(submit(message(), idempotency=Idempotency("k", b"one")))
        before, other = await self.balance(), message()
        self.assertEqual(await self.one(submit(other, idempotency=Idempotency("k", b"two"))), KeyMismatch())
        self.assertIsNone(await self.view(other.id))
        self.assertEqual(await self.balance(), before)

    async def test_what_a_key_was_answered_can_be_asked(self):
        key = Idempotency("k", b"one")
        self.assertEqual(await self.one(submit(idempotency=key)), Submitted({}))
        self.assertEqual(await self.one(submit(message(), idempotency=key, answer=b"1")), Submitted({}))
        self.assertEqual(await self.one(submit(idempotency=key)), Replayed(b"1", {}))
        self.assertEqual(await self.one(submit(idempotency=Idempotency("k", b"two"))), KeyMismatch())

    async def test_keys_belong_to_their_tenant(self):
        key = Idempotency("k", b"one")
        await self.one(submit(message(), idempotency=key))
        other = submit(message(), idempotency=key)
        other = type(other)("other", other.messages, other.at, other.idempotency)
        self.assertEqual(await self.one(other), Submitted({}))

    async def test_a_key_is_forgotten_after_24_hours(self):
        key = Idempotency("k", b"one")
        await self.one(submit(message(), idempotency=key))
        late = await self.one(submit(message(), idempotency=key, at=NOW + 24 * HOUR - 1))
        self.assertIsInstance(late, Replayed)
        self.assertEqual(await self.one(submit(message(), idempotency=key, at=NOW + 24 * HOUR)), Submitted({}))

    async def test_tidy_forgets_keys_up_to_the_limit(self):
        for number in range(5):
            await self.one(submit(message(), idempotency=Idempotency(f"k{number}", b"one"), at=NOW + number))
        self.assertEqual(await self.one(Tidy(NOW + 4, 0, 0, limit=3)), 3)
        self.assertEqual(await self.one(Tidy(NOW + 4, 0, 0, limit=3)), 1)
        self.assertEqual(await self.one(Tidy(NOW + 4, 0, 0, limit=3)), 0)
        kept = await self.one(submit(message(), idempotency=Idempotency("k4", b"one")))
        self.assertIsInstance(kept, Replayed)

    async def test_an_id_that_is_taken_fails_its_batch_and_no_other(self):
        taken = message()
        await self.one(submit(taken))
        good, before = message(), await self.balance()
        batches = [
            self.store.commit([submit(message())]),
            self.store.commit([submit(message()), submit(message(id=taken.id, source="other"))]),
            self.store.commit([submit(good)]),
        ]
        self.assertEqual(await batches[0], [Submitted({})])
        with self.assertRaises(Exception):  # noqa: B017 -- which one is the store's own matter
            await batches[1]
        self.assertEqual(await batches[2], [Submitted({})])
        self.assertEqual((await self.view(taken.id)).message.source, "iSMS")
        self.assertEqual(await self.balance(), before - 2 * 40_000)
        self.assertTrue(self.store.healthy)

    async def test_a_message_cannot_begin_as_sent(self):
        with self.assertRaises(ValueError):
            await self.one(submit(message(state=State.SENT)))

    async def test_tenants_come_back_whole(self):
        full = tenant(
            "full",
            credit=5 * EURO,
            currency="USD",
            prices=(("", 40_000), ("30", 35_000)),
            time_zone="Europe/Athens",
            senders=("iSMS", "4711"),
            throughput=25,
            default_sender="iSMS",
            dlr_url="https://full.example/",
            webhook_url="https://full.example/hook",
            webhook_secret="sealed",
            callback_style="ardary",
            callback_url="https://full.example/cb",
            enabled=False,
        )
        self.assertIs(await self.one(PutTenant(full)), True)
        await self.reopen()
        found = {each.id: each for each in await self.store.tenants()}
        self.assertEqual(found["full"], full)
        self.assertEqual(sorted(found), ["demo", "full"])

    async def test_a_tenant_the_store_has_is_left_alone(self):
        await self.one(submit(message(price=EURO)))
        self.assertIs(await self.one(PutTenant(tenant(credit=7, senders=("x",)))), False)
        self.assertEqual(await self.balance(), 99 * EURO)
        self.assertEqual((await self.store.tenants())[0].senders, ("*",))

    async def test_a_credential_of_another_tenant_is_refused(self):
        thief = tenant("thief", credentials=(Credential("smpp", "demo", "z"),))
        with self.assertRaises(ValueError):
            await self.one(PutTenant(thief))
        self.assertEqual([each.id for each in await self.store.tenants()], ["demo"])

    async def test_what_is_not_there(self):
        self.assertIsNone(await self.view(fresh_id()))
        self.assertEqual(await self.store.submission("demo", fresh_id()), [])
