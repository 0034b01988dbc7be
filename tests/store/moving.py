"""Stores of the contract that go over into the other kind of store whenever they are opened again."""

import contextlib
import itertools
from functools import partial
from pathlib import Path

from twisted.internet import reactor

from smsgwd.model.message import State
from smsgwd.model.records import KINDS
from smsgwd.ports.store import AuditFilter, FindFilter, LedgerFilter, MessageFilter
from smsgwd.store.copying import embedded_out, file
from smsgwd.store.copying.copy import added_up, copy
from smsgwd.store.copying.embedded_in import EmbeddedCopy
from smsgwd.store.copying.redis_in import RedisCopy
from smsgwd.store.copying.redis_out import RedisSource
from smsgwd.store.embedded.connection import open_reader
from smsgwd.store.embedded.store import EmbeddedStore
from smsgwd.store.redis.address import parse
from smsgwd.store.redis.store import RedisStore
from tests.store.redis_server import shared_server
from tests.store.samples import HOUR, NOW

_prefixes = itertools.count(1)


class File:
    """Records of an export."""

    def __init__(self, path):
        self.path = path

    async def count(self):
        return 0

    async def read(self):
        for page in file.read(self.path):
            yield page


class Directory:
    """Records of an embedded store that is closed."""

    def __init__(self, path):
        self.path = Path(path) / "store.db"

    async def count(self):
        with contextlib.closing(open_reader(self.path)) as connection:
            return embedded_out.count(connection)

    async def read(self):
        with contextlib.closing(open_reader(self.path)) as connection:
            for page in embedded_out.read(connection):
                yield page


@contextlib.asynccontextmanager
async def redis(prefix):
    """A Redis store that is not open, connected."""
    store = RedisStore(reactor, parse(shared_server().url), prefix=prefix, strict=False)
    await store.server.connect()
    try:
        yield store
    finally:
        await store.server.close()


class Moving:
    """Begins as `kind`; `reopen` exports what there is, and imports it into a store of the other kind."""

    kind = "embedded"

    def new_store(self, **options):
        self.options = options
        if not hasattr(self, "place"):
            self.place = self._new_place()
        if self.kind == "embedded":
            return EmbeddedStore(reactor, self.place, **self.options)
        return RedisStore(reactor, parse(shared_server().url), prefix=self.place, strict=False, **self.options)

    def _new_place(self):
        return self.mktemp() if self.kind == "embedded" else f"moving{next(_prefixes)}"

    async def reopen(self):
        await self.store.close()
        await self.move()
        self.store = self.new_store()
        return await self.store.open()

    async def move(self):
        """From a store that is closed to a new one of the other kind, which is closed, too."""
        path = Path(self.mktemp())
        if self.kind == "embedded":
            sums = await copy(Directory(self.place), file.ExportFile(path))
        else:
            async with redis(self.place) as store:
                sums = await copy(RedisSource(store.asking), file.ExportFile(path))
        self.kind = "redis" if self.kind == "embedded" else "embedded"
        self.place = self._new_place()
        if self.kind == "embedded":
            await copy(File(path), EmbeddedCopy(Path(self.place)))
            found = await added_up(Directory(self.place))
        else:
            async with redis(self.place) as store:
                target = RedisCopy(store.asking, store.server)
                await target.begin()
                await copy(File(path), target)
                await target.done(0)
                found = await added_up(RedisSource(store.asking))
        self.assertEqual(sums.differences(found), [])

    async def healthy(self):
        """Nothing is wrong with the store."""
        report = await self.store.check(deep=True)
        self.assertEqual(report.problems, ())
        self.assertEqual((await self.store.ledger_check()).problems, ())


async def pages(ask, key, first, most=200):
    """All that a paged question has for an answer."""
    found, after = [], first
    while page := await ask(after, most):
        found += page
        after = key(page[-1])
    return found


async def answers(store):
    """What a store answers to every question there is, by question."""
    tenants = await store.tenants()
    views, before = [], None
    while True:
        found = await store.find(FindFilter(), before, 500)
        views += found.views
        before = found.before
        if before is None:
            break
    ids = [view.message.id for view in views]
    names = sorted({each.id for each in tenants} | {view.message.tenant for view in views} | {"nobody"})
    said = {"tenants": tenants, "find": views}
    for view in views:
        number, name = view.message.id, view.message.tenant
        said["message", number] = await store.message(name, number)
        said["trace", number] = await store.trace(number)
        said["tenant_of", number] = await store.tenant_of(number)
        said["smsc_id", number] = await store.find(FindFilter(smsc_id=view.smsc_id or "-"), None, 9)
    for name in names:
        said["funds", name], said["tally", name] = await store.funds(name), await store.tally(name)
        said["ledger", name] = await pages(
            partial(store.ledger, name, LedgerFilter()), lambda entry: entry.id, 0
        )  # fmt: skip
        said["ledger_sums", name] = await store.ledger_sums(name, 0, 1 << 42)
        said["history", name] = [
            each for at in range(0, 400, 50) for each in await store.history(name, 0, 1 << 42, at, 50)
        ]
        said["history from", name] = await store.history(name, NOW + HOUR, 1 << 42, 0, 50)
        said["messages", name] = await store.messages(name, MessageFilter(), None, 1000)
        said["messages_at", name] = sorted(map(repr, await store.messages_at(name, ids[:1000])))
        said["links", name] = await store.links(name, None, 1 << 62, 1000)
        said["held", name] = await store.held(name, 0, 1000)
        said["opt_outs", name] = await pages(partial(store.opt_outs, name), lambda entry: entry.msisdn, "")
        said["unsent", name] = await store.unsent(name, "iSMS", None, 1000)
    for view in views:
        name, submission = view.message.tenant, view.message.submission
        said["submission", submission] = await store.submission(name, submission)
        said["recipient", submission] = await store.recipient(name, submission, view.message.msisdn)
        said["refused", submission] = await store.refused(name, submission, "306999999999")
    for connector in ("sim", "b", "c"):
        said["ready", connector] = await store.ready(connector, None, 1000)
        said["sent", connector] = sorted(
            (await store.sent(connector, None, 1 << 42, 1000)).rows, key=lambda row: row.id
        )
        said["still_sent", connector] = sorted(map(repr, await store.still_sent(connector, ids[:1000])))
        said["waiting", connector] = await store.waiting(connector, tuple(State)[:4], 0, 1000)
    targets = await store.outbox_targets()
    said["outbox_targets"] = sorted(map(repr, targets))
    for target in targets:
        said["outbox", target.target] = await store.outbox(target.target, None, 1000)
    for status in ("pending", "done", "given_up"):
        said["pushes", status] = await store.pushes("", status, 0, 1000)
    for kind in sorted(KINDS):
        said["records", kind] = await store.records(kind, None, "", 1000)
    said["outbox_dead"] = await store.outbox_dead()
    said["next_due"] = await store.next_due()
    said["known_networks"] = await store.known_networks("", 1000)
    said["open_lookups"] = await store.open_lookups(0, 1000)
    said["latest_lookup"] = await store.latest_lookup("306912345678")
    said["blacklist"] = await store.opt_outs("", "", 1000)
    said["queue_shapes"] = sorted(map(repr, await store.queue_shapes(NOW + HOUR)))
    said["audit"] = await store.audit(AuditFilter(), None, 1000)
    said["finals"] = await store.finals(0, 1000)
    said["mo_sets"] = await store.mo_sets(1 << 42, 1000)
    said["orphans"] = await store.orphans(0, 1000)
    said["find_number"] = await store.find_number("306912345678", 0, 100_000)
    said["counts"] = await store.counts()
    return said
