"""A provider connector between a fake store and a plugin that does as the test says."""

from __future__ import annotations

from typing import ClassVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from smsgwd.providers import Accepted, Options, Plugin, Provider
from smsgwd.southbound.dispatcher import ConnectorDispatcher
from smsgwd.southbound.provider.calls import Done
from smsgwd.southbound.provider.connector import ProviderConnector, Tools
from smsgwd.southbound.provider.permits import Permits
from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.southbound.runtime import Runtime
from tests.southbound.fakes import FakeOutbox, FakeStore, Network
from tests.southbound.fakes import message as smpp_message


class Nothing(Provider):
    async def send(self, group):
        return [Accepted(each.id) for each in group]


PLUGIN = Plugin("nothing", "Does nothing", Nothing, Options, group=10)


class FakeRunner:
    """Answers `Send` by what `script(group)` gives: verdicts, a Done, or None (never, until `answer`)."""

    def __init__(self, settings, permits):
        self.settings = settings
        self.permits = permits
        self.state = "stopped"
        self.trouble = ""
        self.pid = 0
        self.groups = []
        self.waiting = []
        self.script = lambda group: [Accepted(f"f{each.id}") for each in group]
        self.changed = lambda: None

    def start(self, changed):
        self.changed = changed
        self.become("running")

    def become(self, state):
        self.state = state
        self.changed()

    def stop(self):
        waiting, self.waiting = self.waiting, []
        for done, _ in waiting:
            done.callback(Done(trouble="it was stopped", written=True))
        self.state = "stopped"
        return succeed(None)

    def call(self, call, limit_s, *, record=False):
        done = Deferred()
        self.groups.append([each.id for each in call.group])
        said = self.script(call.group)
        if said is None:
            self.waiting.append((done, call.group))
        else:
            done.callback(said if isinstance(said, Done) else Done(verdicts=said))
        return done

    def answer(self, said):
        done, _ = self.waiting.pop(0)
        done.callback(said if isinstance(said, Done) else Done(verdicts=said))


class FakeAsking:
    def __init__(self):
        self.waiting = 0
        self.told = []
        self.running = False

    def start(self):
        self.running = True

    def stop(self):
        self.running = False

    def adopt(self, settings):
        pass

    def accepted(self, message, foreign_id, sent_ms):
        self.told.append((message.id, foreign_id))

    def ended(self, message_ids):
        pass


class FakeFigures:
    balance = None
    facts: ClassVar[dict[str, str]] = {}
    asked_at = None

    def start(self):
        pass

    def stop(self):
        pass

    def adopt(self, settings):
        pass


def settings(**changes):
    values = {"id": "prov", "plugin": PLUGIN, "group": "provider:prov", "together": 3, "keep_order": False}
    return ProviderSettings(**{**values, **changes})


def message(number, **changes):
    return smpp_message(number, **{"connector": "prov", "msisdn": f"3069{number:08d}", "body": b"Hello", **changes})


class Stand:
    """One connector `prov` (or several)."""

    def __init__(self, *more, ways=None, **changes):
        self.network = Network(None)
        self.reactor: Clock = self.network.reactor
        self.clock = self.network.clock
        self.store = FakeStore(self.reactor)
        self.outbox = FakeOutbox()
        self.runners = []
        self.runtime = Runtime(self.reactor, self.clock, self.network.turn, lambda: 0.5, self.network.connect)
        self.ways = ways
        self.dispatcher = ConnectorDispatcher(
            [settings(**changes), *more], self.runtime, self.store, self.outbox, None, None, ways, providers=self._make
        )
        self.pump, self.advance = self.network.pump, self.network.advance

    def _make(self, made, batch, metrics, hand_over):
        def runner(of, permits):
            self.runners.append(FakeRunner(of, permits))
            return self.runners[-1]

        tools = Tools(
            self.runtime,
            self.store,
            batch,
            runner,
            lambda of: Permits(self.reactor, of.requests_s),
            lambda of, number: f"http://gw/{of.id}/{number}",
            lambda connector: FakeAsking(),
            lambda connector: FakeFigures(),
            self.ways,
            metrics,
        )
        return ProviderConnector(made, tools, hand_over)

    @property
    def runner(self):
        return self.runners[-1]

    @property
    def connector(self):
        return self.dispatcher.provider("prov")

    def start(self):
        self.dispatcher.start()
        self.pump()
        return self

    def send(self, *messages):
        self.store.keep(*messages)
        self.dispatcher.offer(messages)
        self.pump()
