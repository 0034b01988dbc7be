"""Contract: messages of subscribers, in parts and whole, for ESMEs and URLs."""

from msgspec.structs import replace

from smsgwd.model.changes import KeepMoPart, MoKept, OutboxDone, Owed, TakeMo
from smsgwd.model.mo import Mo, MoMessage, MoSet, MoSetKey, unpack_mo, unpack_mo_message
from smsgwd.model.outbox import MO
from tests.store.base import StoreCase
from tests.store.samples import HOUR, NOW

HOOK = "https://tenant.example/hook"
TARGET = "demo https://tenant.example"
WHOLE = MoMessage("sim", NOW, "306912345678", "54000", "ναι, ευχαριστώ", parts=2)


def key(ref=7, total=2, **fields):
    """What the parts of one message have in common."""
    return MoSetKey("g", "306912345678", "54000", ref, total, 8)._replace(**fields)


def part(body, at=NOW, **fields):
    """A part as an SMSC sends it."""
    return Mo("sim", at, "306912345678", "54000", esm_class=0x40, body=body, **fields)


class MoContract(StoreCase):
    async def keep(self, *parts, of=None):
        """Keep numbered parts of one set; the results."""
        return await self.store.commit([KeepMoPart(of or key(), seq, mo) for seq, mo in parts])

    async def sets(self, before=0):
        """What is kept and nobody's."""
        return await self.store.mo_sets(before, 99)

    async def test_a_whole_message_for_a_url(self):
        (item,) = (await self.one(TakeMo("demo", url=HOOK, message=WHOLE, at=NOW + 9))).outbox
        self.assertEqual((item.type, item.target, item.url, item.message_id), (MO, TARGET, HOOK, 0))
        self.assertEqual((item.tenant, item.dest, item.source), ("demo", "54000", "306912345678"))
        self.assertEqual((item.created_at, item.due_at, item.attempts), (NOW + 9, NOW + 9, 0))
        self.assertEqual(unpack_mo_message(item.payload), WHOLE)
        await self.reopen()
        self.assertEqual(await self.store.outbox(TARGET, None, 9), [item])
        await self.one(OutboxDone(item.id, NOW + 10))
        self.assertEqual(await self.store.outbox(TARGET, None, 9), [])

    async def test_an_unusable_url_keeps_nothing_out(self):
        owed = await self.one(TakeMo("demo", url="https://[half", message=WHOLE))
        self.assertEqual(len(owed.outbox), 1)

    async def test_parts_for_an_account_go_as_they_came(self):
        parts = (part(b"one"), part(b"two", NOW + 5))
        owed = await self.one(TakeMo("demo", "acme", parts))
        self.assertEqual([unpack_mo(item.payload) for item in owed.outbox], list(parts))
        self.assertEqual(await self.store.outbox("@acme", None, 9), list(owed.outbox))

    async def test_the_last_part_completes_a_set_in_any_order(self):
        three = key(total=3)
        first, second, third = part(b"1"), part(b"2", NOW - 5), part(b"3")
        results = await self.keep((3, third), (1, first), of=three)
        self.assertEqual(results, [MoKept(three), MoKept(three)])
        await self.reopen()
        self.assertEqual(await self.sets(), [])
        self.assertEqual(await self.sets(NOW + 1), [MoSet(three, {1: first, 3: third}, NOW)])
        (last,) = await self.keep((2, second), of=three)
        self.assertEqual(last, MoKept(three, (first, second, third)))
        self.assertEqual(await self.sets(), [MoSet(three, {1: first, 2: second, 3: third}, NOW - 5)])

    async def test_what_a_tenant_was_given_is_nobodys_no_more(self):
        await self.keep((1, part(b"1")), (2, part(b"2")))
        take = TakeMo("demo", url=HOOK, message=WHOLE, done=key(), at=NOW)
        first, second = await self.store.commit([take, take])
        self.assertEqual((len(first.outbox), second), (1, Owed(())))
        self.assertEqual(await self.sets(NOW + HOUR), [])
        self.assertEqual(await self.one(take), Owed(()))
        self.assertEqual(len(await self.store.outbox(TARGET, None, 9)), 1)

    async def test_a_repetition_changes_nothing_before_and_after(self):
        one, two = part(b"1"), part(b"2")
        await self.keep((1, one))
        again = replace(one, received_at=NOW + HOUR, connector="sim-2")
        self.assertEqual(await self.keep((1, again)), [MoKept(key(), (), True)])
        self.assertEqual(await self.sets(NOW + 1), [MoSet(key(), {1: one}, NOW)])
        await self.keep((2, two))
        self.assertEqual(await self.keep((2, two)), [MoKept(key(), (), True)])
        await self.one(TakeMo("demo", url=HOOK, message=WHOLE, done=key()))
        await self.reopen()
        self.assertEqual(await self.keep((1, again), (2, two)), [MoKept(key(), (), True)] * 2)
        self.assertEqual(await self.sets(NOW + HOUR), [])

    async def test_a_reference_used_again_after_its_set_was_done(self):
        await self.keep((1, part(b"1")), (2, part(b"2")))
        await self.one(TakeMo("demo", url=HOOK, message=WHOLE, done=key()))
        first, second = await self.keep((1, part(b"new 1")), (2, part(b"new 2")))
        self.assertEqual((first.complete, first.repeated), ((), False))
        self.assertEqual([mo.body for mo in second.complete], [b"new 1", b"new 2"])
        owed = await self.one(TakeMo("demo", url=HOOK, message=WHOLE, done=second.key))
        self.assertEqual(len(owed.outbox), 1)

    async def test_a_reference_used_again_before_its_set_was_done_loses_nothing(self):
        """Whoever is about to take the first set says so by its key: the second one is not meant."""
        await self.keep((1, part(b"1")), (2, part(b"2")))
        (begun,) = await self.keep((1, part(b"new 1")))
        self.assertFalse(begun.repeated or begun.complete)
        owed = await self.one(TakeMo("demo", url=HOOK, message=WHOLE, done=key()))
        self.assertEqual(len(owed.outbox), 1)
        (ended,) = await self.keep((2, part(b"new 2", NOW + 60)))
        self.assertEqual([mo.body for mo in ended.complete], [b"new 1", b"new 2"])
        (left,) = await self.sets()
        self.assertEqual((left.key, [mo.body for mo in left.parts.values()]), (ended.key, [b"new 1", b"new 2"]))
        self.assertEqual(len((await self.one(TakeMo("demo", url=HOOK, message=WHOLE, done=left.key))).outbox), 1)
        self.assertEqual(await self.sets(NOW + HOUR), [])

    async def test_a_late_part_of_a_set_that_went_without_it(self):
        await self.keep((1, part(b"1")))
        partial = replace(WHOLE, missing=1)
        await self.one(TakeMo("demo", url=HOOK, message=partial, done=key()))
        (late,) = await self.keep((2, part(b"2")))
        self.assertEqual((late.complete, late.repeated), ((), False))
        self.assertEqual(await self.keep((1, part(b"1"))), [MoKept(key(), (), True)])
        (left,) = await self.sets(NOW + HOUR)
        self.assertEqual(left.parts, {2: part(b"2")})

    async def test_a_part_that_comes_while_the_set_is_given_up(self):
        """What was made without it is not owed: the whole set is taken instead."""
        await self.keep((1, part(b"1")))
        results = await self.store.commit(
            [
                KeepMoPart(key(), 2, part(b"2")),
                TakeMo("demo", url=HOOK, message=replace(WHOLE, missing=1), done=key()),
                TakeMo("demo", url=HOOK, message=WHOLE, done=key()),
            ]
        )
        self.assertEqual([len(results[0].complete), len(results[1].outbox), len(results[2].outbox)], [2, 0, 1])

    async def test_references_without_end_are_bounded(self):
        for number in range(40):
            await self.keep((1, part(b"%d" % number)))
        self.assertLess(len(await self.sets(NOW + HOUR)), 20)

    async def test_sets_are_told_apart(self):
        others = (key(ref=8), key(group="h"), key(width=16), key(total=3), key(source="1"), key(dest="2"))
        for number, each in enumerate((key(), *others)):
            await self.keep((1, part(b"x", NOW + number)), of=each)
        self.assertEqual([each.key for each in await self.sets(NOW + HOUR)], [key(), *others])
        self.assertEqual([each.key for each in await self.store.mo_sets(NOW + HOUR, 2)], [key(), others[0]])
        self.assertEqual([each.key for each in await self.sets(NOW + 1)], [key()])
