"""Stand-ins for the ports the pipeline talks to, with commits that finish when the test says so."""

from twisted.internet.defer import Deferred

from smsgwd.model.changes import Submit, Submitted


class FakeClock:
    def __init__(self, now_ms=1_800_000_000_000):
        self.wall = now_ms
        self.steady = 1000.0

    def now_ms(self):
        return self.wall

    def monotonic(self):
        return self.steady

    def advance(self, seconds):
        self.wall += int(seconds * 1000)
        self.steady += seconds


class FakeStore:
    """Keeps what was asked for; `finish` fires the oldest commit. `answers` maps a change type to its result."""

    def __init__(self):
        self.healthy = True
        self.waiting = []
        self.log = []
        self.answers = {Submit: Submitted({})}
        self.due = None
        self.views = {}

    def commit(self, changes):
        done = Deferred()
        self.log.append(list(changes))
        self.waiting.append((list(changes), done))
        return done

    def finish(self, results=None):
        changes, done = self.waiting.pop(0)
        done.callback(results if results is not None else [self.answers.get(type(change)) for change in changes])

    def fail(self, error):
        self.waiting.pop(0)[1].errback(error)

    def next_due(self):
        done = Deferred()
        if isinstance(self.due, Exception):
            done.errback(self.due)
        else:
            done.callback(self.due)
        return done

    def message(self, tenant, message_id):
        done = Deferred()
        done.callback(self.views.get((tenant, message_id)))
        return done

    def submission(self, tenant, submission_id):
        done = Deferred()
        done.callback(
            [v for (t, _), v in sorted(self.views.items()) if t == tenant and v.message.submission == submission_id]
        )
        return done


class AtOnce:
    """A `net.turn.Turn` that is over at once: what is taken is committed alone."""

    def add(self, flush):
        flush()


class FakeDispatcher:
    def __init__(self):
        self.offered = []
        self.withdrawn = []
        self.restored = []
        self.restored_as = []
        self.sent_parts = {}
        self.flying = set()
        self.gone = []
        self.connectors_up = {"sim"}

    def offer(self, messages, sent_parts=None):
        self.offered.extend(messages)
        self.sent_parts.update(sent_parts or {})

    def withdraw(self, message_id, connector):
        if message_id in self.flying:
            return False
        self.withdrawn.append(message_id)
        return True

    def restore(self, message):
        self.restored.append(message.id)
        self.restored_as.append(message.state)

    def ended(self, messages):
        self.gone += messages

    def in_flight(self):
        return frozenset(self.flying)

    def up(self, connector):
        return connector in self.connectors_up

    def status(self):
        return []


class FakeOutbox:
    def __init__(self):
        self.items = []

    def offer(self, items):
        self.items.extend(items)


def now(deferred):
    """The result of a Deferred that has fired; raises its failure."""
    results = []
    deferred.addBoth(results.append)
    assert results, "the Deferred has not fired"
    if hasattr(results[0], "raiseException"):
        results[0].raiseException()
    return results[0]


def pending(deferred):
    return not deferred.called
