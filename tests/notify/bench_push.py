"""CPU a receipt, all in: lane, JSON, signature, HTTP client, counting, commit of results (the store is in memory).

Run from the repository: python tests/notify/bench_push.py [receipts] [--batch N] [--one-url] [--profile]. The sink is
a process of its own. The least of some runs is what the code costs; the rest is the machine's.
"""

import argparse
import gc
import json
import multiprocessing
import os
import socket
import sys
import time
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))


def sink(ready):
    """Answers every request with 200: an epoll loop without a framework."""
    import selectors

    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Sat, 21 Nov 2026 12:00:00 GMT\r\n"
    answer += b"Content-Length: 2\r\n\r\nok"
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    ready.send(listener.getsockname()[1])
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                peer, _ = listener.accept()
                selector.register(peer, selectors.EVENT_READ)
                continue
            data = key.fileobj.recv(1 << 20)
            if data:
                if data.endswith(b"}"):  # the end of a body, which an item of the bench has nowhere else
                    key.fileobj.send(answer)
            else:
                selector.unregister(key.fileobj)
                key.fileobj.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("receipts", nargs="?", type=int, default=30_000)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--one-url", action="store_true")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    count = options.receipts
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=sink, args=(theirs,), daemon=True)
    process.start()
    port = ours.recv()

    from smsgwd.net.reactor import install

    install()
    from prometheus_client import CollectorRegistry
    from twisted.internet import reactor

    from smsgwd.config.model.runtime import Notify
    from smsgwd.net.http_client import LeanHttpClient
    from smsgwd.notify.notifier import Notifier
    from smsgwd.telemetry import Metrics
    from tests.notify.fakes import SECRET, FakeStore, ReactorClock, item

    class Light(FakeStore):
        """Counts what is done and keeps nothing, so that the bench measures the pushing side."""

        def commit(self, changes):
            self.commits.append(len(changes))
            return self._later(lambda: [None] * len(changes))

    settings = Notify(allow_private_targets=True, max_connections_per_host=32)
    store = Light(reactor)
    http = LeanHttpClient(reactor, allow_private_targets=True)
    notifier = Notifier(
        reactor, ReactorClock(reactor), store, http, lambda tenant: (SECRET,), settings,
        batch_of=lambda tenant: options.batch, metrics=Metrics(CollectorRegistry()),
    )  # fmt: skip
    figures = {}

    def begin(_):
        query = "" if options.one_url or options.batch > 1 else "?ref={}"
        items = [item(n, f"http://127.0.0.1:{port}/dlr{query.format(n)}") for n in range(1, count + 1)]
        gc.collect()
        gc.freeze()  # as the daemon does
        figures["cpu"], figures["wall"] = os.times(), time.monotonic()
        store.put(items[:64])  # a new lane reads what it is owed; later offers go straight to it
        feed(iter(items))

    def feed(items):
        """In portions, as commits bring them."""
        if notifier.pending < 256:
            portion = list(islice(items, 64))
            notifier.offer(portion)
            if not portion and not notifier.pending:
                end = os.times()
                figures["user"], figures["system"] = (end[n] - figures["cpu"][n] for n in (0, 1))
                figures["wall"] = time.monotonic() - figures["wall"]
                reactor.stop()
                return
        reactor.callLater(0, feed, items)

    notifier.start().addCallback(begin)
    if options.profile:
        import cProfile

        cProfile.runctx("reactor.run()", globals(), {"reactor": reactor}, sort="tottime")
    else:
        reactor.run()
    process.terminate()
    print(
        json.dumps(
            {
                "pushed": notifier.tally.pushed,
                "per_s": round(count / figures["wall"]),
                "user_us": round(1e6 * figures["user"] / count, 1),
                "system_us": round(1e6 * figures["system"] / count, 1),
                "results_a_commit": round(sum(store.commits) / max(1, len(store.commits)), 1),
                "connections": http.connections,
            }
        )
    )


if __name__ == "__main__":
    main()
