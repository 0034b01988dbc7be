"""What GET /v1/statistics costs: of many messages of one tenant over 90 days, counted for the first time and again.

Run: python -m tests.store.bench_statistics --messages 1000000 (written in bulk), or with --redis --messages 50000.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from twisted.internet import defer, reactor, task

from smsgwd.model.business import PutTenant
from smsgwd.model.ids import IdGenerator, first_id_at
from smsgwd.model.message import State
from smsgwd.model.tenant import Tenant
from smsgwd.northbound.statistics import BUDGET_S, StatisticsDesk
from smsgwd.simulator.bulk_rows import Bulk, fill, loading, pattern_in
from smsgwd.store.embedded.store import EmbeddedStore
from smsgwd.store.redis.address import parse
from smsgwd.store.redis.store import RedisStore
from tests.store.redis_server import Server
from tests.store.samples import message, receipt, sent, submit

DAY = 86_400_000
NOW = 1_790_000_000_000
BEGIN = NOW - 90 * DAY
DEMO = Tenant("demo")


class _Clock:
    def now_ms(self):
        return NOW

    def monotonic(self):
        return time.monotonic()


async def _asked(store, by):
    """Asked until it is complete, and once more: what each took, and how long the reactor was held meanwhile."""
    desk = StatisticsDesk(store, _Clock())
    last, longest = time.perf_counter(), 0.0

    def tick():
        nonlocal last, longest
        longest = max(longest, time.perf_counter() - last)
        last = time.perf_counter()

    ticking = task.LoopingCall(tick)
    ticking.start(0.001)
    query = {"by": [by], "from_date": ["2026-06-24T00:00:00Z"]}
    took, cpu = [], time.process_time()
    while True:
        begun = time.perf_counter()
        answer = json.loads((await desk.statistics(DEMO, query)).body)
        took.append(round(time.perf_counter() - begun, 3))
        if answer["complete"]:
            break
    cpu = time.process_time() - cpu
    begun = time.perf_counter()
    await desk.statistics(DEMO, query)
    again = round((time.perf_counter() - begun) * 1000, 1)
    ticking.stop()
    return {
        "messages": answer["total"]["messages"],
        "s": took,
        "cpu_s": round(cpu, 2),
        "again_ms": again,
        "reactor_held_ms": round(longest * 1000, 1),
    }


async def _filled(directory, count):
    """An embedded store with so many delivered messages."""
    store = EmbeddedStore(reactor, directory)
    await store.open()
    one = message(id=IdGenerator(1).block(2, NOW) + 1)
    await store.commit([PutTenant(DEMO), submit(one), sent(one.id, "A1"), receipt("A1")])
    await store.close()
    file = Path(directory) / "store.db"
    with loading(file) as connection:
        pattern = pattern_in(file, "demo", State.DELIVERED)
        fill(connection, [pattern], Bulk(numbers=range(count), ages_ms=range(BEGIN, NOW - 1000)))
    store = EmbeddedStore(reactor, directory)
    await store.open()
    return store


async def _on_redis(server, count):
    """A Redis store with so many messages; they are never sent."""
    store = RedisStore(reactor, parse(server.url), strict=False)
    await store.open()
    await store.commit([PutTenant(DEMO)])
    step = (NOW - BEGIN) // count
    for start in range(0, count, 1000):
        times = [BEGIN + number * step for number in range(start, min(start + 1000, count))]
        await store.commit([submit(message(id=first_id_at(at), submitted_at=at)) for at in times])
    return store


async def _main(directory, options):
    server = Server() if options.redis else None
    store = await (_filled(directory, options.messages) if server is None else _on_redis(server, options.messages))
    figures = {"budget_s": BUDGET_S}
    for by in ("day", "country", "sender"):
        figures[by] = await _asked(store, by)
    await store.close()
    print(json.dumps(figures))


def main():
    """Run and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--redis", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        task.react(lambda _: defer.Deferred.fromCoroutine(_main(directory, options)))


if __name__ == "__main__":
    main()
