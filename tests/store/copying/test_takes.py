"""What a record has written is taken back just so: stores that came from different ways and hold the same are alike."""

from random import Random

import msgspec
from twisted.trial.unittest import TestCase

from smsgwd.model.links import Link, LinkView
from smsgwd.model.lookups import Lookup, LookupFacts, LookupState
from smsgwd.model.message import HELD, State
from smsgwd.model.operators import AuditEntry
from smsgwd.model.receipts import Receipt
from smsgwd.model.records import Record
from smsgwd.model.tally import Tally
from smsgwd.model.tenant import Credential
from smsgwd.store.copying import records as r
from smsgwd.store.copying.embedded_changes import TABLES
from smsgwd.store.copying.records import kind_of
from smsgwd.store.copying.redis_in import RedisCopy
from smsgwd.store.copying.redis_out import RedisSource
from smsgwd.store.redis.tx import STAMP
from tests.store.moving import redis
from tests.store.samples import HOUR, NOW, message, tenant

#: What stays when all is taken: numbers that were given, and names that stay in a store at work, too.
_STAYS = {"numbers", "au#", "f#", "entry", "sg", "qs", "meta:importing"}
_NUMBERS = r.Numbers(1000, 1000, 1000, 10**16)
_TENANTS = ("one", "two", "three")
_MSISDNS = ("306900000001", "306900000002")


def _some(random):
    """Some records of every kind, as they may stand in one store; each has a key that others have, too."""
    found = []
    names = [name for name in _TENANTS if random.random() < 0.6]
    logins = {login: random.choice(_TENANTS) for login in ("a", "b", "c", "d")}
    for name in names:
        own = tuple(Credential("token", login, "") for login, owner in logins.items() if owner == name)
        found.append(r.TenantCopy(tenant(name, credit=random.randrange(3), credentials=own)))
    for name in _TENANTS:
        if random.random() < 0.7:
            found.append(r.TallyCopy(name, Tally(random.randrange(1, 9), orders=random.randrange(3))))
        sums = 0
        for number in range(random.randrange(4)):
            sums += number
            ref = f"r{number}" if random.random() < 0.5 else None
            entry = (NOW * 1024 + number, name, 1, NOW, number, 0, sums, 0, 0, 0, None, ref, random.choice("xy"))
            found.append(r.EntryCopy(*entry))
    found += _messages(random)
    for number in range(50, 58):
        if random.random() < 0.6:
            status = random.randrange(3)
            about = (0, f"target-{random.randrange(3)}", "one", "http://x", "dlr", NOW, NOW + random.randrange(9))
            found.append(r.PushCopy(number, *about, None, 1, status, NOW if status else None, None))
    for number in range(60, 66):
        if random.random() < 0.6:
            orphan = random.random() < 0.3
            forms = [] if orphan else random.sample(["f1", "f2", "f3"], 2)
            receipt = Receipt("g", "i", State.DELIVERED, NOW + number, "DELIVRD")
            found.append(r.ParkedCopy(number, receipt, forms, orphan))
    for seq in range(5):
        for total in (2, 3):
            for ref in (7, 7 + 65536):
                if random.random() < 0.4:
                    part = (NOW + random.randrange(9), random.randrange(3), b"mo")
                    found.append(r.MoPartCopy("g", "s", "d", ref, total, 8, seq, *part))
    found += _named(random)
    return found


def _messages(random):
    numbers = range(1, 9)
    owners = {key: random.choice(numbers) for key in ("i1", "i2", "i3", "i4")}
    users = {ref: random.choice(numbers) for ref in ("u1", "u2")}
    for number in numbers:
        if random.random() < 0.3:
            continue
        state = random.choice((State.SCHEDULED, State.QUEUED, State.SENT, State.DELIVERED))
        due_at = random.choice((NOW + HOUR, HELD)) if state < State.QUEUED else 0
        own = message(
            id=number,
            tenant=_TENANTS[number % 3],
            state=state,
            due_at=due_at,
            price=random.choice((0, 7)),
            connector=random.choice(("sim", "b")),
            priority=random.choice((0, 1)),
            deadline=NOW + random.randrange(9),
        )
        smsc = sorted(("g", key, 1) for key, owner in owners.items() if owner == number)
        ref = min((ref for ref, user in users.items() if user == number), default=None)
        ended = NOW if state.final else None
        sums = (number, NOW, ended, None, None, None, None, None, None)
        yield r.MessageCopy(own, *sums, [], [(NOW, "sent", "", None, None, None, None)], smsc, [], ref)


def _named(random):
    """What is kept by a name or a number, each there or not, and now and then with another value."""

    def there():
        return random.random() < 0.6

    for name in _TENANTS:
        if there():
            yield r.AnswerCopy(name, "key", b"d", random.choice((b"x", b"y")), [], NOW + random.randrange(9))
        for kind in ("contact", "group"):
            if there():
                yield r.RecordCopy(Record(kind, name, "k", random.choice((b"1", b"2")), NOW))
        for msisdn in _MSISDNS:
            if there():
                yield r.OptOutCopy(name, msisdn, NOW, random.choice(("STOP", "API")))
    for number in range(1, 4):
        if there():
            yield r.RefusedCopy(number, "one", [("306", random.choice(("a", "b")))])
        if there():
            link = Link(f"code{number}", random.choice(_TENANTS), number, "306", "http://x", NOW, random.randrange(2))
            yield r.LinkCopy(LinkView(link, random.randrange(3), 0, None, None))
        if there():
            entry = AuditEntry(number, NOW + random.randrange(9), "me", "admin", "ctl", "", "a b", "{}", "done")
            yield r.AuditCopy(entry)
        if there():
            yield r.FinalCopy(number, number + 10, random.randrange(3))
    for number in range(70, 76):
        if there():
            state = random.choice((LookupState.PENDING, LookupState.DELIVERED, LookupState.UNKNOWN))
            facts = LookupFacts(state, mcc=random.choice(("", "202")), mnc="01")
            done_at = NOW + random.randrange(9) if state.final else None
            about = (random.choice((5, 6)), "one", "x", random.choice(_MSISDNS), NOW, done_at, 1)
            yield r.LookupCopy(Lookup(number, *about, facts))


class TestTakes(TestCase):
    """Each way is written under a prefix of its own."""

    timeout = 120

    async def contents(self, ask):
        """All keys and what is in them, without the stamps of commits."""
        found = {}
        async for name in RedisSource(ask).names():
            if name in _STAYS:
                continue
            key = ask.keys.base + name
            kind = (await ask.call("TYPE", key)).decode()
            if kind == "string":
                found[name] = (await ask.call("GET", key))[STAMP:]
            elif kind == "hash":
                flat = await ask.call("HGETALL", key)
                found[name] = dict(zip(flat[::2], flat[1::2], strict=True))
            else:
                found[name] = await ask.call("ZRANGE", key, 0, -1, "WITHSCORES")
        return found

    async def filled(self, prefix, ways):
        """What is there after each of these lists of records took the place of the one before."""
        async with redis(prefix) as there:
            target = RedisCopy(there.asking, there.server)
            await target.begin()
            before = {}
            for records in ways:
                after = {msgspec.msgpack.encode(each): each for each in records}
                await target.take([each for key, each in before.items() if key not in after])
                await target.put([each for key, each in after.items() if key not in before])
                await target.put([_NUMBERS])
                await target.finish()
                before = after
            found = await self.contents(there.asking)
            await target.abandon()
        return found

    async def test_all_that_was_put_is_taken_back(self):
        for seed in range(12):
            records = _some(Random(seed))
            self.assertEqual(await self.filled(f"takes-all-{seed}", [records, []]), {}, seed)

    async def test_what_remains_is_what_would_have_been_put_alone(self):
        kinds = set()
        for seed in range(25):
            random = Random(seed)
            one, other = _some(random), _some(random)
            kinds |= {kind_of(each) for each in one}
            alone = await self.filled(f"takes-alone-{seed}", [other])
            self.assertEqual(await self.filled(f"takes-way-{seed}", [one, other]), alone, seed)
            self.assertEqual(await self.filled(f"takes-back-{seed}", [other, one, other]), alone, seed)
        self.assertEqual(kinds, {kind for kinds in TABLES.values() for kind in kinds})
