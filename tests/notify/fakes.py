"""An outbox in memory that behaves as the store's port says, a clock over a reactor, and items."""

import bisect

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.model.changes import OutboxDead, OutboxDone, OutboxRetry
from smsgwd.model.message import State
from smsgwd.model.outbox import OutboxItem, OutboxTarget, target_of
from smsgwd.notify.signing import header_lines, id_of
from smsgwd.ports.store import StoreUnavailable

NOW_MS = 1_780_000_000_000
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class ReactorClock:
    """ports.Clock whose wall clock starts at NOW_MS (or `start_ms`) and follows the reactor."""

    def __init__(self, reactor, start_ms=NOW_MS):
        self.reactor = reactor
        self.offset_ms = start_ms - int(reactor.seconds() * 1000)

    def now_ms(self):
        return self.offset_ms + int(self.reactor.seconds() * 1000)

    def monotonic(self):
        return self.reactor.seconds()


def item(number, url="http://hook.example/dlr", tenant="demo", **changes):
    fields = {
        "id": number,
        "tenant": tenant,
        "target": target_of(tenant, url),
        "url": url,
        "type": "message.delivered",
        "created_at": NOW_MS,
        "due_at": NOW_MS,
        "attempts": 0,
        "message_id": 1 << 60 | number,
        "dest": "+306912345678",
        "source": "iSMS",
        "client_ref": None,
        "state": State.DELIVERED,
        "error": None,
        "submitted_at": NOW_MS - 1500,
        "done_at": NOW_MS - 1,
        "parts": 1,
    }
    return OutboxItem(**{**fields, **changes})


def parsed(fields):
    """Header lines as a mapping."""
    assert fields.endswith(b"\r\n")
    return dict(line.split(": ", 1) for line in fields[:-2].decode("ascii").split("\r\n"))


def headers_of(number, now_s, body, keys):
    """The headers of one push by itself."""
    return parsed(header_lines(id_of(number), now_s, body, keys))


class FakeStore:
    """The outbox part of ports.Store. Answers come a turn later; commits become visible when their Deferred fires.

    `failing` makes commits fail; `unreadable` makes reads fail.
    """

    def __init__(self, reactor, items=()):
        self.reactor = reactor
        self.items = {}
        self.order = {}  # target -> sorted keys
        self.done = []
        self.dead = {}
        self.retries = []
        self.commits = []
        self.reads = []
        self.failing = False
        self.unreadable = False
        self.put(items)

    def put(self, items):
        for one in items:
            self.items[one.id] = one
            bisect.insort(self.order.setdefault(one.target, []), (one.due_at, one.id))

    def _take(self, number):
        one = self.items.pop(number)
        keys = self.order[one.target]
        del keys[bisect.bisect_left(keys, (one.due_at, one.id))]
        return one

    def _later(self, work):
        answer = Deferred()

        def run():
            try:
                result = work()
            except StoreUnavailable as error:
                answer.errback(error)
            else:
                answer.callback(result)

        self.reactor.callLater(0, run)
        return answer

    def commit(self, changes):
        changes = list(changes)

        def work():
            if self.failing:
                raise StoreUnavailable("disk full")
            self.commits.append(changes)
            for change in changes:
                if isinstance(change, OutboxDone):
                    self._take(change.id)
                    self.done.append(change.id)
                elif isinstance(change, OutboxRetry):
                    one = self._take(change.id)
                    self.retries.append((change.id, change.due_at, change.error))
                    self.put([msgspec.structs.replace(one, due_at=change.due_at, attempts=one.attempts + 1)])
                elif isinstance(change, OutboxDead):
                    self._take(change.id)
                    self.dead[change.id] = change.error
                else:
                    raise AssertionError(change)
            return [None] * len(changes)

        return self._later(work)

    def outbox_targets(self, *, esmes=False, mine=None):
        def work():
            if self.unreadable:
                raise StoreUnavailable("closed")
            return [
                OutboxTarget(target, len(keys), keys[0][0])
                for target, keys in self.order.items()
                if keys and target.startswith("@") == esmes and (mine is None or mine(target))
            ]

        return self._later(work)

    def outbox(self, target, after, limit, known=()):
        def work():
            if self.unreadable:
                raise StoreUnavailable("closed")
            keys = self.order.get(target, [])
            start = 0 if after is None else bisect.bisect_right(keys, after)
            self.reads.append((target, limit))
            return [self.items[key[1]] for key in keys[start : start + limit]]

        return self._later(work)


class FakeHttp:
    """ports.HttpClient: `answer(url, headers, body)` gives an HttpAnswer, an exception, or None = the test answers."""

    def __init__(self, answer):
        self.answer = answer
        self.posts = []
        self.gets = []
        self.open = []

    def post(self, url, headers, body, timeout_s):
        deferred = Deferred()
        self.posts.append((url, headers, body))
        return self._answered(deferred, self.answer(url, headers, body))

    def post_to(self, url, fields, body, timeout_s, then, arg):
        answer = self.post(url, parsed(fields), body, timeout_s)
        answer.addCallbacks(then, lambda failure: then(failure.value, arg), callbackArgs=(arg,))

    def get(self, url, query, headers, timeout_s):
        self.gets.append((url, query, headers))
        return self._answered(Deferred(), self.answer(url, headers, b""))

    def _answered(self, deferred, result):
        if result is None:
            self.open.append(deferred)
        elif isinstance(result, Exception):
            deferred.errback(result)
        else:
            deferred.callback(result)
        return deferred
