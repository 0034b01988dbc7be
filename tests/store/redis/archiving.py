"""Stores with an archive, for tests."""

import itertools
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred

from smsgwd.model.upkeep import DropArchived
from smsgwd.store.archive.files import ArchiveFiles
from smsgwd.store.archive.postgres import PostgresArchive
from smsgwd.store.archive.threaded import Archive
from smsgwd.store.redis.address import parse
from smsgwd.store.redis.store import RedisStore
from tests.store.postgres_server import shared_postgres
from tests.store.redis_server import shared_server
from tests.store.samples import NOW

LATER = 1 << 41  #: ms since 1970: everything was before
_prefixes = itertools.count(1)


async def archive(store, commit=None, *, drop=True):
    """Archive all that may be; without `drop` it stays on the server, too: so a node that dies leaves it."""
    commit = commit or store.commit
    after, count = 0, 0
    while after is not None:
        page = await store.archivable(lambda _: LATER, LATER, after, 3)
        after = page.after
        if page.rows:
            await store.asking.archive.put(page.rows)
            if drop:
                [result] = await commit([DropArchived(tuple(page.digests), 1000)])
                count += result.count
    return count


class WithArchive:
    """Makes stores on one server and one directory, each test under a prefix of its own."""

    def new_store(self, **options):
        if not hasattr(self, "prefix"):
            self.prefix = f"archive{next(_prefixes)}"
            self.directory = Path(self.mktemp())
        kept = Archive(reactor, self.new_archive())
        return RedisStore(
            reactor, parse(shared_server().url), prefix=self.prefix, strict=False, archive=kept, **options
        )

    def new_archive(self):
        """The archive of a store; on the data of those before it in this test."""
        return ArchiveFiles(self.directory)


class InPostgres:
    """Before WithArchive: the archive is in PostgreSQL, each test's in a schema of its own."""

    def new_archive(self):
        if not hasattr(self, "url"):
            self.monotonic = 0.0
            self.url = shared_postgres().url(self.prefix)
        return PostgresArchive(self.url, 0, lambda: NOW, lambda: self.monotonic)


class AlwaysArchived(WithArchive):
    """What a commit ended is in the archive when the commit is answered, and nowhere else."""

    def new_store(self, **options):
        store = super().new_store(**options)
        commit = store.commit

        async def archived(changes):
            results = await commit(changes)
            await archive(store, commit)
            return results

        store.commit = lambda changes: Deferred.fromCoroutine(archived(changes))
        return store
