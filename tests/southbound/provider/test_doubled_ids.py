"""A provider that gives one id to several messages: all have been sent, and a report ends the one that it names."""

from smsgwd.model.changes import PartSent
from smsgwd.model.message import State
from smsgwd.providers.reports import Report
from tests.southbound.provider.reports_stand import GOOD, ReportCase


class DoubledIds(ReportCase):
    async def three(self):
        """Two messages of one commit, and one of three parts, under one id."""
        made = [await self.put(), await self.put(), await self.put(3)]
        now = self.clock.now_ms()
        parts = [(made[0], 1), (made[1], 1), *((made[2], part) for part in (1, 2, 3))]
        changes = [PartSent(new.id, part, "same", "isms", "isms1", now, "exact") for new, part in parts]
        await self.store.commit(changes[:2])
        await self.store.commit(changes[2:])
        return made

    async def states(self, made):
        return [await self.state(each) for each in made]

    async def test_without_our_id_it_is_the_last_one(self):
        made = await self.three()
        self.assertEqual(await self.states(made), [State.SENT] * 3)
        self.assertTrue(await self.told(Report(GOOD, "same")))
        self.assertEqual(await self.states(made), [State.SENT, State.SENT, GOOD])

    async def test_by_our_id_whatever_the_provider_calls_it(self):
        for foreign_id in ("same", ""):
            made = await self.three()
            for each, state in zip(made, (State.EXPIRED, GOOD, State.UNDELIVERED), strict=True):
                self.assertTrue(await self.told(Report(None, foreign_id, str(each.id), word="on its way")))
                self.assertTrue(await self.told(Report(state, foreign_id, str(each.id))))
            self.assertEqual(await self.states(made), [State.EXPIRED, GOOD, State.UNDELIVERED])
            self.assertEqual([item.message_id for item in self.outbox.items], [each.id for each in made])
            self.outbox.items.clear()

    async def test_in_one_callback_before_their_answers(self):
        first, second = await self.put(), await self.put(3)
        told = Report(State.EXPIRED, "same", str(first.id)), Report(GOOD, "same", str(second.id))
        self.assertTrue(await self.told(*told))
        self.assertEqual(await self.states((first, second)), [State.EXPIRED, GOOD])
