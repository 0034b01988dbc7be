"""Memory of a Redis or Valkey server for each message, stage by stage, by its own account (INFO memory).

A server of its own is started. Run: python -m tests.store.bench_memory --help. The table in docs/redis.md is of this.
"""

import argparse
import itertools

from twisted.internet import defer, reactor, task

from smsgwd.model.changes import OutboxDone, PartSent, Submit, TakeReceipt
from smsgwd.model.ids import IdGenerator
from smsgwd.model.message import State
from smsgwd.model.receipts import Receipt
from smsgwd.store.redis.address import parse
from smsgwd.store.redis.store import RedisStore
from tests.store.bench_store import NOW, _messages
from tests.store.redis_server import Server

_AT_ONCE = 500


def _used(server):
    lines = server.client.call("INFO", "memory").decode().splitlines()
    facts = dict(line.split(":", 1) for line in lines if ":" in line)
    return int(facts["used_memory"])


async def _measured(server, store, count, text):
    await store.open()
    before = _used(server)

    def told(stage, extra=""):
        print(f"{stage:44} {(_used(server) - before) / count:7.0f} bytes a message{extra}")

    ids = IdGenerator(1, 0)
    kept = []
    for _ in range(count // _AT_ONCE):
        messages = _messages(ids, _AT_ONCE, esme=False)
        for message in messages:
            message.body = text
        await store.commit([Submit("demo", [message], NOW) for message in messages])
        kept += [(message.id, message.msisdn) for message in messages]
    told("queued")
    for some in _pages(kept):
        await store.commit([PartSent(each, 1, f"{each:x}", "sim", "sim", NOW + 5) for each, _ in some])
    told("sent, its receipt awaited")
    owed = []
    for some in _pages(kept):
        receipts = [
            Receipt("sim", f"{each:x}", State.DELIVERED, NOW + 900, "DELIVRD", "000", msisdn=to, connector="sim")
            for each, to in some
        ]
        moved = await store.commit([TakeReceipt(receipt) for receipt in receipts])
        owed += [result.outbox[0].id for result in moved]
    told("delivered, its push pending")
    for some in _pages(owed):
        await store.commit([OutboxDone(each, NOW + 950) for each in some])
    told("delivered and pushed, kept for retention")
    await store.close()


def _pages(things):
    iterator = iter(things)
    return iter(lambda: list(itertools.islice(iterator, _AT_ONCE)), [])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--text", type=int, default=80, help="bytes of text a message")
    options = parser.parse_args()
    with Server(appendfsync="no") as server:
        store = RedisStore(reactor, parse(server.url), prefix="m", strict=False)
        task.react(lambda _: defer.ensureDeferred(_measured(server, store, options.messages, b"x" * options.text)))


if __name__ == "__main__":
    main()
