"""Contract: tenants that change, records, number lookups."""

from smsgwd.model.business import CredentialTaken, DropRecord, PutLookups, PutRecord, PutTenant
from smsgwd.model.lookups import Lookup, LookupFacts, LookupState
from smsgwd.model.records import CONTACT, MEMBER, TEMPLATE, Record
from smsgwd.model.tenant import Credential, EsmeSettings
from tests.store.base import StoreCase
from tests.store.samples import EURO, HOUR, NOW, message, submit, tenant

FULL = Credential(
    "smpp",
    "acme",
    "$argon2id$z",
    4,
    EsmeSettings(window=7),
    serial=2,
    expires_at=NOW + HOUR,
    scopes=("send", "bind"),
    allow=("10.0.0.0/8",),
    label="the old one",
    created_at=NOW,
)


def record(key, value=b"{}", kind=CONTACT, owner="demo", at=NOW):
    """A record of tenant demo."""
    return Record(kind, owner, key, value, at)


class TenantContract(StoreCase):
    async def tenant(self, name):
        """One tenant as it is stored."""
        return next(each for each in await self.store.tenants() if each.id == name)

    async def test_all_of_a_credential_is_kept(self):
        plain = Credential("smpp", "acme", "$argon2id$y", 1)
        new = tenant("acme", credentials=(plain, FULL), parent="demo", refunds=("undelivered",))
        self.assertIs(await self.one(PutTenant(new, at=NOW)), True)
        await self.reopen()
        self.assertEqual(await self.tenant("acme"), new)

    async def test_replaced_with_all_its_credentials_but_not_its_money(self):
        await self.one(submit(message()))
        before = await self.store.funds("demo")
        new = tenant("demo", credit=5 * EURO, enabled=False, credentials=(FULL, Credential("token", "other-digest")))
        self.assertIs(await self.one(PutTenant(new, replace=True, at=NOW)), True)
        self.assertEqual(await self.tenant("demo"), new)
        self.assertEqual(await self.store.funds("demo"), before)
        old = tenant("second", credentials=tenant("demo").credentials)
        self.assertIs(await self.one(PutTenant(old, at=NOW)), True)  # what demo had is free

    async def test_the_floor_follows_the_settings(self):
        poor = tenant("poor", credit=0, credentials=())
        await self.one(PutTenant(poor))
        one = message(tenant="poor", price=1)
        self.assertEqual((await self.one(submit(one))).refused, {0: "no_credit"})
        await self.one(PutTenant(tenant("poor", credit=0, credit_limit=1, credentials=()), replace=True))
        self.assertEqual((await self.store.funds("poor")).floor, -1)
        self.assertEqual((await self.one(submit(one))).refused, {})
        await self.one(PutTenant(tenant("poor", credentials=()), replace=True))
        self.assertIsNone((await self.store.funds("poor")).floor)

    async def test_there_or_not_there(self):
        self.assertIs(await self.one(PutTenant(tenant("nobody"), replace=True)), False)
        self.assertIs(await self.one(PutTenant(tenant("demo", enabled=False, credentials=()))), False)
        found = await self.store.tenants()
        self.assertEqual([(each.id, each.enabled, len(each.credentials)) for each in found], [("demo", True, 3)])

    async def test_a_name_is_one_tenants_alone(self):
        again = Credential("password", "demo", "$argon2id$w", serial=5)
        error = await self.assertFailure(
            self.store.commit([PutTenant(tenant("thief", credentials=(again,)))]), CredentialTaken
        )
        self.assertIn("its password credential demo belongs to tenant demo already", str(error))
        self.assertEqual((error.tenant, error.owner, error.name), ("thief", "demo", "demo"))
        stolen = Credential("token", "digest-of-demo")
        await self.one(PutTenant(tenant("thief", credentials=())))
        replacing = PutTenant(tenant("thief", credentials=(FULL, stolen)), replace=True)
        error = await self.assertFailure(self.store.commit([replacing]), CredentialTaken)
        self.assertNotIn("digest", str(error))
        self.assertEqual((await self.tenant("thief")).credentials, ())

    async def test_one_secret_twice(self):
        twice = tenant("acme", credentials=(FULL, FULL))
        error = await self.assertFailure(self.store.commit([PutTenant(twice)]), ValueError)
        self.assertIn("has a smpp credential twice, with the serial 2", str(error))


class RecordContract(StoreCase):
    async def test_kept_replaced_and_dropped(self):
        first, second = record("30691", b'{"number": "1"}'), record("30691", b'{"number": "2"}', at=NOW + 1)
        self.assertIsNone(await self.store.record(CONTACT, "demo", "30691"))
        self.assertEqual(
            await self.store.commit(
                [PutRecord(first, old=True), PutRecord(first, new=True), PutRecord(second, new=True)]
            ),
            [False, True, False],
        )
        self.assertEqual(await self.store.record(CONTACT, "demo", "30691"), first)
        self.assertIs(await self.one(PutRecord(second, old=True)), True)
        await self.reopen()
        self.assertEqual(await self.store.record(CONTACT, "demo", "30691"), second)
        self.assertIs(await self.one(PutRecord(first)), True)
        self.assertEqual(await self.store.record(CONTACT, "demo", "30691"), first)
        drop = DropRecord(CONTACT, "demo", "30691")
        self.assertEqual(await self.store.commit([DropRecord(CONTACT, "demo", "306"), drop, drop]), [0, 1, 0])
        self.assertIsNone(await self.store.record(CONTACT, "demo", "30691"))

    async def test_pages_of_one_tenant(self):
        keys = [f"g{n}/{who}" for n in (1, 10, 2) for who in ("30691", "30692")]
        await self.store.commit([PutRecord(record(key, kind=MEMBER)) for key in [*keys, "h/1", "g"]])
        await self.store.commit([PutRecord(record("g1/x", kind=TEMPLATE)), PutRecord(record("g1/y", owner="other"))])

        async def page(after="", limit=99, beginning=""):
            found = await self.store.records(MEMBER, "demo", after, limit, beginning=beginning)
            return [each.key for each in found]

        self.assertEqual(await page(), sorted([*keys, "h/1", "g"]))
        self.assertEqual(await page("g1/30691", 2), ["g1/30692", "g10/30691"])
        self.assertEqual(await page(beginning="g1/"), ["g1/30691", "g1/30692"])
        self.assertEqual(await page("g1/30691", 9, "g1/"), ["g1/30692"])
        self.assertEqual(await page(beginning="g9"), [])

    async def test_pages_of_all_tenants(self):
        owners = ["", "a", "ab", "demo"]
        await self.store.commit([PutRecord(record(key, owner=owner)) for owner in owners for key in ("x1", "x2", "y")])
        found, after = [], ""
        while page := await self.store.records(CONTACT, None, after, 2, beginning="x"):
            found += [(each.tenant, each.key) for each in page]
            after = f"{page[-1].tenant}\0{page[-1].key}"
        self.assertEqual(found, [(owner, key) for owner in owners for key in ("x1", "x2")])

    async def test_by_many_keys(self):
        await self.store.commit([PutRecord(record(f"306{n}")) for n in range(300)])
        wanted = [f"306{n}" for n in range(250, 350)] + ["306260", "none"]
        found = await self.store.records_at(CONTACT, "demo", wanted)
        self.assertEqual(sorted(each.key for each in found), sorted(f"306{n}" for n in range(250, 300)))
        self.assertEqual(await self.store.records_at(CONTACT, "other", wanted), [])
        self.assertEqual(await self.store.records_at(CONTACT, "demo", []), [])

    async def test_dropped_by_what_they_begin_with(self):
        keys = ["g/1", "g/2", "g0", "ge", "g", "γ/1", "g/\U0010ffff"]
        await self.store.commit([PutRecord(record(key)) for key in keys])
        await self.store.commit([PutRecord(record("g/1", owner="other")), PutRecord(record("g/1", kind=TEMPLATE))])
        self.assertEqual(await self.one(DropRecord(CONTACT, "demo", "g/", beginning=True)), 3)
        left = [each.key for each in await self.store.records(CONTACT, "demo", "", 9)]
        self.assertEqual(left, ["g", "g0", "ge", "γ/1"])
        self.assertEqual(await self.one(DropRecord(CONTACT, "demo", "", beginning=True)), 4)
        self.assertEqual(len(await self.store.records(CONTACT, "other", "", 9)), 1)
        self.assertEqual(len(await self.store.records(TEMPLATE, "demo", "", 9)), 1)


def lookup(number, state=LookupState.DELIVERED, msisdn="306912345678", done_at=NOW + 5, **facts):
    """A lookup of tenant demo, request 100."""
    done = done_at if state.final else None
    return Lookup(number, 100, "demo", f"+{msisdn}", msisdn, NOW, done, 2000, LookupFacts(state, **facts), "mother=900")


class LookupContract(StoreCase):
    async def ids(self, found):
        """The ids of what is found."""
        return [each.id for each in await found]

    async def test_kept_and_answered(self):
        asked = [lookup(101, LookupState.QUEUED), lookup(102, LookupState.PENDING, "30691")]
        self.assertEqual(await self.store.commit([PutLookups(tuple(asked))]), [None])
        self.assertEqual(await self.store.lookups("demo", 100), asked)
        self.assertEqual(await self.store.open_lookups(0, 9), asked)
        self.assertEqual(await self.store.open_lookups(0, 1), asked[:1])
        self.assertEqual(await self.store.open_lookups(101, 9), asked[1:])
        done = lookup(101, country="GR", mcc="202", mnc="01", imsi="2020112", msc="30697", ported=True, source="x")
        await self.one(PutLookups((done,)))
        await self.reopen()
        self.assertEqual(await self.store.lookups("demo", 100), [done, asked[1]])
        self.assertEqual(await self.store.open_lookups(0, 9), asked[1:])

    async def test_by_its_own_id_and_nobody_elses(self):
        await self.one(PutLookups((lookup(101), lookup(102))))
        self.assertEqual(await self.ids(self.store.lookups("demo", 102)), [102])
        for owner, number in (("other", 100), ("other", 101), ("demo", 99), ("demo", -1), ("demo", 1 << 70)):
            self.assertEqual(await self.store.lookups(owner, number), [])

    async def test_the_latest_that_tells_something(self):
        rows = (
            lookup(101, done_at=NOW + 9),
            lookup(102, LookupState.UNDELIVERED, done_at=NOW + 7),
            lookup(103, LookupState.UNKNOWN, done_at=NOW + 11),
            lookup(104, LookupState.FAILED, done_at=NOW + 12),
            lookup(105, LookupState.PENDING),
            lookup(106, done_at=NOW + 99, msisdn="3069123456789"),
        )
        await self.one(PutLookups(rows))
        self.assertEqual((await self.store.latest_lookup("306912345678")).id, 101)
        self.assertIsNone(await self.store.latest_lookup("30691"))

    async def test_known_networks_by_number(self):
        net = {"mcc": "202", "mnc": "05"}
        rows = (
            lookup(101, msisdn="301", done_at=NOW + 1, **net),
            lookup(102, msisdn="301", done_at=NOW + 3, mcc="202", mnc="10"),
            lookup(103, msisdn="301", done_at=NOW + 2, **net),
            lookup(104, msisdn="302", mcc="202"),
            lookup(105, LookupState.UNDELIVERED, msisdn="303", **net),
            lookup(106, LookupState.FAILED, msisdn="304", **net),
            lookup(107, msisdn="305", **net),
        )
        await self.one(PutLookups(rows))
        self.assertEqual(await self.ids(self.store.known_networks("", 9)), [102, 105, 107])
        self.assertEqual(await self.ids(self.store.known_networks("", 2)), [102, 105])
        self.assertEqual(await self.ids(self.store.known_networks("303", 9)), [107])
        self.assertEqual((await self.store.known_networks("", 1))[0].facts.mnc, "10")
