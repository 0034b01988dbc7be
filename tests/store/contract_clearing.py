"""Contract: what becomes of links, lookups, contacts and events when they are old, or a person is to be forgotten."""

import json

from smsgwd.model.business import DropRecord, Push, PutLookups, PutRecord
from smsgwd.model.ids import first_id_at
from smsgwd.model.lookups import Lookup, LookupFacts, LookupState
from smsgwd.model.records import CONTACT, MEMBER, TEMPLATE, Record
from smsgwd.model.upkeep import EraseRest, Purged, PurgeLeftovers
from tests.store.base import StoreCase
from tests.store.contract_links import HOOK, link
from tests.store.samples import HOUR, NOW, message, submit

DAY = 24 * HOUR
NUMBER, OTHER = "306912345678", "306999999999"


def lookup(place, at, msisdn=NUMBER, state=LookupState.DELIVERED):
    """A lookup of tenant demo that was asked for then."""
    facts = LookupFacts(state, operator="A", mcc="202", mnc="01", imsi="20201123", msc="30697")
    number = first_id_at(at) + place
    return Lookup(number, number, "demo", f"+{msisdn}", msisdn, at, at if state.final else None, 2000, facts)


class ClearingContract(StoreCase):
    def leftovers(self, limit=100, **fields):
        """A change that clears up links or lookups only."""
        return PurgeLeftovers(NOW, 0, 0, 0, 0, 100, limit, **fields)

    async def test_links_that_expired(self):
        made = [message() for _ in range(4)]
        times = (NOW + 1, NOW + 2, NOW + 3, 0)
        links = tuple(link(each, f"c{at}", expires_at=at) for each, at in zip(made, times, strict=True))
        await self.one(submit(*made, links=links))
        self.assertEqual(await self.one(self.leftovers()), Purged(0, False))
        self.assertEqual(await self.one(self.leftovers(1, links_before=NOW + 3)), Purged(1, True))
        self.assertIsNone(await self.store.link(f"c{NOW + 1}"))
        self.assertEqual(await self.one(self.leftovers(links_before=NOW + 3)), Purged(1, False))
        self.assertEqual(await self.one(self.leftovers(links_before=NOW + 400 * DAY)), Purged(1, False))
        self.assertIsNotNone(await self.store.link("c0"))

    async def test_lookups_that_are_old(self):
        old, later = [lookup(place, NOW) for place in range(3)], lookup(9, NOW + 2 * DAY)
        open_one = lookup(5, NOW, state=LookupState.PENDING)
        await self.one(PutLookups((*old, later, open_one)))
        self.assertEqual(await self.one(self.leftovers(2, lookups_before=NOW + DAY)), Purged(2, True))
        self.assertEqual(await self.one(self.leftovers(2, lookups_before=NOW + DAY)), Purged(1, False))
        self.assertEqual(await self.store.lookups("demo", later.id), [later])
        self.assertEqual(await self.store.open_lookups(0, 9), [open_one])


class ForgettingContract(StoreCase):
    async def erase(self):
        """What is erased of the person, by kind."""
        return (await self.one(EraseRest(NUMBER, NOW))).counts

    async def test_links_lead_nowhere(self):
        mine, theirs = message(), message(msisdn=OTHER)
        await self.one(submit(mine, theirs, links=(link(mine, "mine"), link(theirs, "theirs"))))
        self.assertEqual(await self.erase(), {"links": 1})
        self.assertIsNone(await self.store.link("mine"))
        self.assertIsNotNone(await self.store.link("theirs"))

    async def test_of_lookups_only_what_they_cost_stays(self):
        mine, theirs = lookup(1, NOW), lookup(2, NOW, OTHER)
        await self.one(PutLookups((mine, theirs)))
        self.assertEqual(await self.erase(), {"lookups": 1})
        (found,) = await self.store.lookups("demo", mine.id)
        self.assertEqual(found.facts, LookupFacts(LookupState.DELIVERED))
        self.assertEqual((found.dest, found.msisdn, found.price), ("erased", "", 2000))
        self.assertIsNone(await self.store.latest_lookup(NUMBER))
        self.assertEqual(await self.store.known_networks("", 9), [theirs])
        self.assertEqual(await self.erase(), {})

    async def test_a_lookup_that_is_under_way_brings_nothing_back(self):
        asked, answered = lookup(1, NOW, state=LookupState.PENDING), lookup(1, NOW)
        await self.one(PutLookups((asked,)))
        self.assertEqual(await self.erase(), {"lookups": 1})
        self.assertEqual(await self.store.open_lookups(0, 9), [])
        await self.one(PutLookups((answered, lookup(2, NOW, OTHER))))
        (found,) = await self.store.lookups("demo", asked.id)
        self.assertEqual((found.facts, found.msisdn), (LookupFacts(LookupState.UNKNOWN), ""))
        self.assertIsNone(await self.store.latest_lookup(NUMBER))
        self.assertIsNotNone(await self.store.latest_lookup(OTHER))

    async def test_contacts_and_their_places_in_groups(self):
        keys = [
            (CONTACT, "demo", NUMBER),
            (CONTACT, "other", NUMBER),
            (CONTACT, "demo", OTHER),
            (MEMBER, "demo", f"all/{NUMBER}"),
            (MEMBER, "demo", f"all/{OTHER}"),
            (TEMPLATE, "demo", NUMBER),
        ]
        await self.store.commit([PutRecord(Record(*key, b"{}", NOW)) for key in keys])
        self.assertEqual(await self.erase(), {"contacts": 3})
        for place, key in enumerate(keys):
            self.assertEqual(await self.store.record(*key) is not None, place in (2, 4, 5), key)
        self.assertEqual(await self.one(DropRecord(MEMBER, "demo", "all/", beginning=True)), 1)

    async def test_events_that_tell_the_number(self):
        mine, theirs = ({"to": f"+{who}", "first": True} for who in (NUMBER, OTHER))
        inside = {"to": OTHER, "message_id": f"1{NUMBER}1"}
        for data in (mine, theirs, inside):
            await self.one(Push("demo", HOOK, "link.clicked", NOW, json.dumps(data).encode()))
        self.assertEqual(await self.erase(), {"pushes": 1})
        owed = await self.store.outbox("demo https://tenant.example", None, 9)
        self.assertEqual([json.loads(item.payload) for item in owed], [theirs, inside])
