"""CPU and time of the embedded store for whole lives of messages, the writer thread included.

One life is Submit + PartSent + TakeReceipt + OutboxDone. Run: python tests/store/bench_store.py [messages] [batch].
"""

import json
import sys
import tempfile
import time

from twisted.internet import defer, reactor, task

from smsgwd.model.changes import OutboxDone, PartSent, PutTenant, Submit, TakeReceipt
from smsgwd.model.ids import IdGenerator
from smsgwd.model.message import Coding, Message, State
from smsgwd.model.receipts import Receipt
from smsgwd.model.tenant import Tenant
from smsgwd.store.embedded.store import EmbeddedStore

NOW = 1_790_000_000_000


def _messages(ids, count):
    first = ids.block(count + 1, NOW)
    return [
        Message(
            id=first + 1 + n,
            submission=first,
            tenant="demo",
            source="iSMS",
            dest="+306912345678",
            msisdn="306912345678",
            body=b"Your parcel 4711 is on its way and will be delivered tomorrow between 10 and 12.",
            coding=Coding.GSM7,
            parts=1,
            connector="sim",
            submitted_at=NOW,
            deadline=NOW + 86_400_000,
            price=40_000,
            client_ref=None,
            dlr_url="https://tenant.example/dlr",
        )
        for n in range(count)
    ]


async def _life(store, ids, batch):
    """Each step in one commit of `batch` changes; one Submit a message, as separate requests make them."""
    messages = _messages(ids, batch)
    await store.commit([Submit("demo", [message], NOW) for message in messages])
    await store.commit([PartSent(m.id, 1, f"{m.id:x}", "sim", "sim", NOW + 5) for m in messages])
    receipts = [
        Receipt("sim", f"{m.id:x}", State.DELIVERED, NOW + 900, "DELIVRD", "000", msisdn=m.msisdn, connector="sim")
        for m in messages
    ]
    moved = await store.commit([TakeReceipt(receipt) for receipt in receipts])
    await store.commit([OutboxDone(result.outbox[0].id, NOW + 950) for result in moved])


async def _main(directory, total, batch, lanes, gap_s):
    commits = []
    store = EmbeddedStore(reactor, directory, gap_s=gap_s, observe_commit=lambda s, n: commits.append((s, n)))
    await store.open()
    await store.commit([PutTenant(Tenant("demo", credit=10**15))])
    ids = IdGenerator(1)

    async def lane():
        for _ in range(total // batch // lanes):
            await _life(store, ids, batch)

    await _life(store, ids, batch)
    commits.clear()
    cpu, wall = time.process_time(), time.perf_counter()
    await defer.gatherResults([defer.Deferred.fromCoroutine(lane()) for _ in range(lanes)])
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    done = total // batch // lanes * batch * lanes
    result = {
        "lives": done,
        "batch": batch,
        "lanes": lanes,
        "gap_ms": gap_s * 1000,
        "cpu_us_a_life": round(cpu / done * 1e6, 1),
        "lives_a_second": round(done / wall),
        "commits": len(commits),
        "changes_a_commit": round(sum(n for _, n in commits) / len(commits)),
        "commit_ms_p50": round(sorted(s for s, _ in commits)[len(commits) // 2] * 1000, 2),
    }
    await store.close()
    print(json.dumps(result))


def main():
    """Run and print one JSON line."""
    arguments = [float(value) for value in sys.argv[1:]] + [None] * 4
    total, batch, lanes = int(arguments[0] or 20000), int(arguments[1] or 64), int(arguments[2] or 1)
    gap_s = 0.0 if arguments[3] is None else arguments[3] / 1000
    with tempfile.TemporaryDirectory(dir=".") as directory:
        task.react(lambda _: defer.Deferred.fromCoroutine(_main(directory, total, batch, lanes, gap_s)))


if __name__ == "__main__":
    main()
