"""Running a command of a family as the registry does, with a store that answers at once."""

from twisted.internet.defer import fail, succeed

from smsgwd.ops.registry import Registry

NOW_MS = 1_780_000_000_000


class Clock:
    def now_ms(self):
        return NOW_MS

    def monotonic(self):
        return 0.0


class Store:
    """`answers` are given to commits in turn; what reads give is set by the test. An exception fails."""

    healthy = True

    def __init__(self, *answers, **reads):
        self.answers = list(answers)
        self.asked = []
        self.reads = reads
        self.read = []

    def commit(self, changes):
        self.asked += changes
        return _given(self.answers.pop(0), wrap=True)

    def __getattr__(self, name):
        def read(*args, **options):
            self.read.append((name, *args, *options.values()))
            return _given(self.reads[name])

        if name not in self.reads:
            raise AttributeError(name)
        return read


def _given(answer, wrap=False):
    if isinstance(answer, Exception):
        return fail(answer)
    return succeed([answer] if wrap else answer)


def run(family, noun, verb, **params):
    """What the command gives; raises its error."""
    results = []
    done = Registry(family.commands()).run(noun, verb, params)
    if not hasattr(done, "addBoth"):
        return done
    done.addBoth(results.append)
    if hasattr(results[0], "raiseException"):
        results[0].raiseException()
    return results[0]
