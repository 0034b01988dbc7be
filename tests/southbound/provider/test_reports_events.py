"""What providers tell besides states: messages of subscribers, clicks, calls; and when none of it can be kept."""

import msgspec

from smsgwd.model.events import TYPES
from smsgwd.providers.reports import Clicked, Incoming, PhoneCall, Qualified, Report
from smsgwd.southbound.provider.settings import ProviderSettings
from tests.southbound.provider.reports_stand import GOOD, HOOK, OURS, PLUGIN, ReportCase
from tests.store.samples import NOW


class EventTests(ReportCase):
    async def test_a_subscribers_message(self):
        self.assertTrue(await self.told(Incoming("+306912345678", "Hi {€}"), Incoming("54001", "Ωραία 🎉", to="19019")))
        (first, group), (second, _) = self.wanted.got
        self.assertEqual(
            (group, first.connector, first.source, first.dest), ("isms", "isms1", "306912345678", OURS.number)
        )
        self.assertEqual((first.source_ton, first.dest_ton, first.data_coding), (1, 1, 0))
        self.assertEqual(first.body, b"Hi \x1b(\x1be\x1b)")
        self.assertEqual((second.source, second.dest, second.source_ton, second.dest_ton), ("54001", "19019", 0, 0))
        self.assertEqual((second.data_coding, second.body.decode("utf-16-be")), (8, "Ωραία 🎉"))
        self.assertEqual(len(self.outbox.items), 2)
        self.assertEqual(self.seen, [("isms1", "incoming")] * 2)

    async def test_odd_senders_and_texts(self):
        for sender in ("", "x" * 500, "Ünicode", "1\x002", "+", "1" * 100):
            self.assertTrue(await self.told(Incoming(sender, "a\0b" + "ω" * 50_000)))
        for mo, _ in self.wanted.got:
            self.assertTrue(mo.source.isascii() and len(mo.source) <= 20 and "\0" not in mo.source)
            self.assertEqual(len(mo.body), 64_000)

    async def test_a_word_for_the_opt_out_list(self):
        self.assertTrue(await self.told(Incoming("306912345678", "STOP")))
        self.assertEqual(self.wanted.out, ["306912345678"])
        self.assertEqual([each.msisdn for each in await self.store.opt_outs("demo", "", 5)], ["306912345678"])

    async def test_without_a_route_nothing_is_kept_twice(self):
        """The provider comes again with all of it: what would be there twice is left for then."""
        new = await self.put()
        await self.sent(new, "R1")
        self.wanted.wants = lambda mo: mo.body != b"lost"
        events = (Incoming("306911111111", "kept"), Incoming("306911111111", "lost"), Report(GOOD, "R1"))
        self.assertFalse(await self.told(*events))
        self.assertEqual(await self.state(new), GOOD)
        self.assertEqual([item.type for item in self.outbox.items], ["message.delivered"])
        self.wanted.wants = lambda mo: True
        self.assertTrue(await self.told(*events))
        self.assertEqual(len(self.outbox.items), 3)

    async def test_a_link_was_opened(self):
        new = await self.put(client_ref="spring")
        await self.sent(new, "C1")
        for event in (
            Clicked("https://shop.example/a", "C1"),
            Clicked("https://shop.example/a", message_id=str(new.id)),
        ):
            self.assertTrue(await self.told(event))
        first, again = [msgspec.json.decode(item.payload, type=TYPES["link.clicked"]) for item in self.outbox.items]
        self.assertEqual((first.link, first.to, first.message_id), ("https://shop.example/a", new.msisdn, str(new.id)))
        self.assertEqual((first.client_ref, first.short, first.code), ("spring", "", ""))
        self.assertEqual((first.first, again.first), (True, False))
        self.assertEqual([item.url for item in self.outbox.items], [HOOK, HOOK])
        self.assertEqual(
            [each.detail for each in (await self.view(new)).events if each.type == "clicked"], [first.link]
        )

    async def test_a_link_in_somebody_elses_message(self):
        theirs = await self.put(connector="other")
        await self.sent(theirs, "C2", "other")
        self.assertTrue(await self.told(Clicked("https://x.example/", "C2")))
        self.assertTrue(await self.told(Clicked("https://x.example/", message_id=str(theirs.id))))
        self.assertTrue(await self.told(Clicked("https://x.example/")))
        self.assertEqual((self.outbox.items, self.reports.unmatched), ([], 3))

    async def test_calls_are_for_the_tenant_who_owns_the_phone(self):
        self.assertTrue(
            await self.told(
                PhoneCall("missed", "+306912345678", NOW, 0),
                PhoneCall("outgoing", "306912345678", NOW, 61),
                Qualified("306912345678", "wants a quote", "interface"),
            )
        )
        got = [(item.type, msgspec.json.decode(item.payload)) for item in self.outbox.items]
        self.assertEqual([kind for kind, _ in got], ["call", "call", "call.qualified"])
        self.assertEqual((got[0][1]["from"], got[0][1]["to"], got[1][1]["to"]), ("+306912345678", None, "306912345678"))
        self.assertEqual(got[1][1]["duration_s"], 61)
        self.assertEqual((got[2][1]["qualification"], got[2][1]["source"]), ("wants a quote", "interface"))

    async def test_calls_for_nobody_and_such_as_are_none(self):
        nobody = ProviderSettings("isms1", PLUGIN, "isms")
        self.assertTrue(await self.told(PhoneCall("missed", "306912345678"), settings=nobody))
        for event in (PhoneCall("missed", "no number"), PhoneCall("missed", "306912345678", None, -5)):
            self.assertTrue(await self.told(event))
        self.assertTrue(await self.told(Qualified("306912345678", "")))
        self.assertEqual(self.outbox.items, [])
        self.assertEqual([kind for _, kind in self.seen], ["call", "call", "call", "qualified"])

    async def test_a_store_that_cannot_keep_it(self):
        new = await self.put()
        await self.store.close()
        self.assertFalse(await self.told(Report(GOOD, "S1")))
        self.assertFalse(await self.told(Report(GOOD, message_id=str(new.id))))
        self.assertFalse(await self.told(Incoming("306912345678", "x")))
        self.assertEqual(self.outbox.items, [])

    async def test_a_bug_is_no_news_for_who_calls(self):
        def broken(mo, group):
            raise RuntimeError("x")

        self.wanted.change = broken
        self.assertFalse(await self.told(Incoming("306912345678", "x")))

    async def test_nothing_at_all(self):
        self.assertTrue(await self.told())

    async def test_all_of_one_call_is_one_commit(self):
        batches = []
        commit = self.store.commit

        def watched(changes):
            batches.append(len(changes))
            return commit(changes)

        first, second = await self.put(), await self.put(3)
        await self.sent(first, "A1")
        self.patch(self.store, "commit", watched)
        self.assertTrue(
            await self.told(Report(GOOD, "A1"), Report(GOOD, message_id=str(second.id)), Incoming("306911111111", "x"))
        )
        self.assertEqual(batches, [1 + 4 + 1])
