"""What a page of a tenant's history costs at offset 0 and far on, and what its counts cost.

Run: python tests/store/bench_history.py --messages 1200000. The messages are written in bulk (simulator.bulk_rows).
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from twisted.internet import defer, reactor, task

from smsgwd.model.business import PutTenant
from smsgwd.model.changes import Cancel, Submit
from smsgwd.model.ids import IdGenerator
from smsgwd.model.message import Coding, Message, State
from smsgwd.model.tenant import Tenant
from smsgwd.simulator.bulk_rows import Bulk, fill, loading, pattern_in
from smsgwd.store.embedded.store import EmbeddedStore

NOW = 1_790_000_000_000


def _message(number):
    return Message(
        id=number,
        submission=number - 1,
        tenant="demo",
        source="iSMS",
        dest="+306912345678",
        msisdn="306912345678",
        body=b"Message 00000000",
        coding=Coding.GSM7,
        parts=1,
        connector="sim",
        submitted_at=NOW,
        deadline=NOW + 86_400_000,
    )


async def _best(ask, rounds):
    """The quickest of some rounds, and the middle one, in milliseconds; what was answered last."""
    took = []
    for _ in range(rounds):
        begun = time.perf_counter()
        answer = await ask()
        took.append((time.perf_counter() - begun) * 1000)
    took.sort()
    return round(took[0], 3), round(took[len(took) // 2], 3), answer


async def _main(directory, options):
    store = EmbeddedStore(reactor, directory)
    await store.open()
    one = _message(IdGenerator(1).block(2, NOW) + 1)
    await store.commit([PutTenant(Tenant("demo")), Submit("demo", [one], NOW), Cancel("demo", one.id, NOW)])
    await store.close()
    file, figures = Path(directory) / "store.db", {"messages": options.messages, "page": options.page}
    begun = time.perf_counter()
    begin = NOW - 2 * options.messages
    with loading(file) as connection:
        ages = range(begin, NOW - 1000)
        fill(
            connection, [pattern_in(file, "demo", State.CANCELLED)], Bulk(numbers=range(options.messages), ages_ms=ages)
        )
    figures["written_s"] = round(time.perf_counter() - begun, 1)
    store = EmbeddedStore(reactor, directory)
    await store.open()
    for offset in (0, options.messages // 2, options.messages - options.page - 10):
        for name, from_ms in (("", 0), ("_from", begin + 1)):
            least, middle, page = await _best(
                lambda o=offset, f=from_ms: store.history("demo", f, NOW + 1, o, options.page), 200
            )
            assert len(page) == options.page, (offset, len(page))
            figures[f"at_{offset}{name}_ms"] = [least, middle]
    figures["tally_ms"] = (await _best(lambda: store.tally("demo"), 200))[:2]
    await store.close()
    print(json.dumps(figures))


def main():
    """Run and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=1_200_000)
    parser.add_argument("--page", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=".") as directory:
        task.react(lambda _: defer.Deferred.fromCoroutine(_main(directory, options)))


if __name__ == "__main__":
    main()
