"""A process that runs whole lives through a store and tells on standard output what was acknowledged.

Arguments: directory, node number, and optionally the size (bytes) no file may outgrow. Lines: `S id` submitted, `P id`
sent, `R id outbox` delivered, `D outbox` pushed to a URL, `G outbox` taken by an ESME (every other message is one's),
`X` a refused commit, `H 0|1` health. With a limit, standard input `lift` lifts it; the process ends after the next
acknowledged life.
"""

import os
import resource
import sys

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater, react

from smsgwd.model.changes import OutboxDone, PartSent, PutTenant, Submit, TakeReceipt
from smsgwd.model.ids import IdGenerator
from smsgwd.model.message import State
from smsgwd.model.receipts import Receipt
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.embedded.store import EmbeddedStore
from tests.store.samples import NOW, message, tenant

BATCH = 20
LANES = 3


def say(lines):
    """Write at once: what was said must survive a kill."""
    os.write(1, "".join(f"{line}\n" for line in lines).encode())


async def life(store, ids):
    """One batch of messages from submission to push."""
    first = ids.block(BATCH + 1, NOW)
    numbers = range(first + 1, first + 1 + BATCH)
    messages = [
        message(id=n, submission=first, account="acme" if n % 2 else None, asks=n % 2, connector="sim") for n in numbers
    ]
    await store.commit([Submit("demo", messages, NOW)])
    say(f"S {n}" for n in numbers)
    await store.commit([PartSent(n, 1, f"{n:x}", "g", "sim", NOW) for n in numbers])
    say(f"P {n}" for n in numbers)
    receipts = [Receipt("g", f"{n:X}", State.DELIVERED, NOW + 1) for n in numbers]
    moved = await store.commit([TakeReceipt(receipt) for receipt in receipts])
    say(f"R {each.message_id} {each.outbox[0].id}" for each in moved)
    await store.commit([OutboxDone(each.outbox[0].id, NOW + 2) for each in moved])
    say(f"{'D' if each.outbox[0].url else 'G'} {each.outbox[0].id}" for each in moved)


async def main(directory, node, limit):
    """Run until killed; with a limit until it was hit, lifted and a life went through."""
    store = EmbeddedStore(reactor, directory, gap_s=0, on_health=lambda healthy: say([f"H {int(healthy)}"]))
    floor = await store.open()
    await store.commit([PutTenant(tenant(credit=10**15))])
    ids = IdGenerator(node, floor)
    if not limit:
        lanes = [Deferred.fromCoroutine(_forever(store, ids)) for _ in range(LANES)]
        for lane in lanes:
            await lane
        return
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    while store.healthy:
        try:
            await life(store, ids)
        except StoreUnavailable:
            say(["X"])
    assert await store.counts() is not None  # reading goes on
    sys.stdin.readline()
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    while not store.healthy:
        await deferLater(reactor, 0.02)
    await life(store, ids)
    await store.close()


async def _forever(store, ids):
    while True:
        await life(store, ids)


if __name__ == "__main__":
    limit = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    react(lambda _: Deferred.fromCoroutine(main(sys.argv[1], int(sys.argv[2]), limit)))
