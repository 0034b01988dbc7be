"""A process that writes down what operators do, and tells each number once that is durable: to be killed.

python -m tests.store.audit_kills DIRECTORY
"""

import sys

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import react

from smsgwd.model.operators import BEGUN, DONE, AuditEntry, PutAudit
from smsgwd.store.embedded.store import EmbeddedStore
from tests.store.samples import NOW


async def _write(directory):
    store = EmbeddedStore(reactor, directory)
    await store.open()
    for count in range(100_000):
        begun = AuditEntry(0, NOW + count, "ann", "admin", "socket", "pid 7", "queue purge", "{}", BEGUN)
        (number,) = await store.commit([PutAudit(begun)])
        print("begun", number, flush=True)
        done = AuditEntry(number, NOW + count, "ann", "admin", "socket", "pid 7", "queue purge", "{}", DONE)
        await store.commit([PutAudit(done)])
        print("done", number, flush=True)


if __name__ == "__main__":
    react(lambda _: Deferred.fromCoroutine(_write(sys.argv[1])))
