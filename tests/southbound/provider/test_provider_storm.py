"""Whatever a provider, a plugin, operators and a store do: nothing is lost, stuck, or sent twice without a reason."""

import random
from collections import Counter
from dataclasses import replace

import pytest
from twisted.internet.defer import Deferred

from smsgwd.model.changes import Cancel, Moved, Note, PartSent, Requeue
from smsgwd.model.message import Failure, State
from smsgwd.providers import Accepted, Options, Park, Permanent, Plugin, SlowDown, Stop, Temporary, Unknown
from smsgwd.southbound.life import Wanted
from smsgwd.southbound.provider.calls import Done
from tests.southbound.fakes import settings as smpp_settings
from tests.southbound.provider.stand import Nothing, Stand, message, settings

ODD_IDS = ("", " ", "same", "same", "\N{GREEK SMALL LETTER OMEGA}" * 64, "?1.1", "0", "x" * 64)
OVER = {State.SENT, State.REJECTED, State.UNDELIVERED, State.UNKNOWN, State.CANCELLED, State.EXPIRED}


class Ways:
    """`prov` and `other` are two ways of all messages."""

    def next_way(self, message, left):
        gone = {left, *(message.tried or "").split(",")}
        return next((each for each in ("prov", "other") if each not in gone), None)

    def beyond(self, message, left):
        return None


class Storm:
    """A run with a seed; the provider remembers what it took."""

    def __init__(self, seed):
        self.rng = rng = random.Random(seed)
        self.taken = Counter()  # by message id
        self.doubtful = set()  # it went out, and no answer came
        self.cancelled = set()
        self.moved = set()
        self.fair = self.smsc_seen = False
        self.keep_order = rng.random() < 0.5
        self.base = {
            "plugin": Plugin("nothing", "Does nothing", Nothing, Options, group=10, together=("flash",)),
            "window": rng.choice([1, 2, 5]),
            "together": rng.choice([1, 3, 10]),
            "throughput": rng.choice([0.0, 0.0, 12.0]),
            "unknown_outcome": rng.choice(["resend", "resend", "wait", "fail"]),
            "keep_order": self.keep_order,
            "queue_capacity": rng.choice(
                [20, 200] if self.keep_order else [4, 20, 200]
            ),  # more held than ten times it: hurried
            "suspend_s": 5.0,
            "retry_waits_s": (1.0, 3.0),
        }
        self.of = {name: {**self.base, "id": name, "group": f"provider:{name}"} for name in ("prov", "other")}
        self.kinds = {"prov": "provider", "other": "provider"}
        self.sent_at = []  # (when, parts) of `prov`, since its rate is what it is
        self.out = Counter()  # by pair
        two = rng.random() < 0.5
        self.names = ["prov", "other"] if two else ["prov"]
        more = [settings(**self.of["other"])] if two else []
        self.stand = Stand(*more, ways=Ways() if two else None, **self.of["prov"])
        made, self.stand.dispatcher._providers = self.stand.dispatcher._providers, self.make
        self.made = made
        for connector, runner in zip(self.stand.dispatcher.providers(), self.stand.runners, strict=True):
            self.join(connector, runner)
        self.stand.network.smsc.script = self.smsc

    # -- the provider
    def make(self, *given):
        connector = self.made(*given)
        self.join(connector, self.stand.runner)
        return connector

    def join(self, connector, runner):
        self.adopt(runner)
        make = connector._tools.runner

        def again(of, permits):
            runner = make(of, permits)
            self.adopt(runner)
            return runner

        connector._tools = replace(connector._tools, runner=again)

    def adopt(self, runner):
        runner.call = lambda call, limit_s, record=False: self.call(runner, call.group)
        stop = runner.stop

        def stopped():
            self.doubtful |= {int(each.id) for _, group in runner.waiting for each in group}
            return stop()

        runner.stop = stopped

    def call(self, runner, group):
        connector = self.stand.dispatcher.provider(runner.settings.id)
        if connector is not None and connector._link.runner is runner:
            now = self.stand.clock.monotonic()
            assert connector.life.wanted is Wanted.ON and not connector.life.suspension.left(now)
            assert runner.state == "running" and len(runner.waiting) < connector._settings.window
            assert len(group) <= connector._settings.together
        assert len({each.id for each in group}) == len(group)
        pairs = []
        for each in group:
            found = self.stand.store.messages[int(each.id)]
            assert int(each.id) not in self.cancelled and found.connector == runner.settings.id
            pair = (found.connector, found.priority, found.msisdn)
            pairs.append(pair)
            self.out[pair] += 1
            assert self.out[pair] == 1 or not self.keep_order
        self.paced(runner, group)
        done = Deferred()
        done.addCallback(self.back, pairs)
        said = self.say(group)
        if said is None:
            runner.waiting.append((done, group))
        else:
            done.callback(said)
        return done

    def paced(self, runner, group):
        rate = runner.settings.throughput
        if rate and runner.settings.id == "prov":
            now = self.stand.clock.monotonic()
            self.sent_at.append((now, sum(each.parts for each in group)))
            for begin, _ in self.sent_at[-20:]:  # a message of many parts may overdraw
                parts = sum(count for at, count in self.sent_at if begin <= at <= now)
                assert parts <= rate * (now - begin) + rate + 3 + 1e-6

    def back(self, done, pairs):
        self.out.subtract(pairs)
        return done

    def say(self, group):
        """What the provider does with a group, or None: it hangs."""
        rng = self.rng
        numbers = [int(each.id) for each in group]
        what = 0.5 if self.fair else rng.random()
        if what < 0.08:
            return None
        if what < 0.12:
            self.doubtful |= set(numbers)
            self.taken.update(number for number in numbers if rng.random() < 0.5)
            return Done(trouble="no answer", written=True)
        if what < 0.15:
            return Done(trouble="no connection")
        if what < 0.17:
            return Done(trouble="it raised", fault=True)
        if what < 0.19:
            self.doubtful |= set(numbers)
            self.taken.update(numbers)
            return Done(verdicts=[Accepted("odd")] * (len(group) + 1))
        if what < 0.23:
            return Done(halted=rng.choice([SlowDown("429", 0.5), Park("no credit", 3), Stop("401"), Temporary("5xx")]))
        return Done(verdicts=[self.verdict(number) for number in numbers])

    def verdict(self, number):
        rng = self.rng
        what = 0.5 if self.fair else rng.random()
        if what < 0.6:
            self.taken[number] += 1
            return Accepted(rng.choice(ODD_IDS) if rng.random() < 0.3 else f"f{number}")
        if what < 0.7:
            return Temporary("busy", rng.choice([None, 2, 86_400 * 40]) if rng.random() < 0.2 else None)
        if what < 0.77:
            return Permanent("E1", "", rng.choice(["message", "connector"]))
        if what < 0.87:
            self.doubtful.add(number)
            self.taken[number] += rng.random() < 0.5
            return Unknown("lost")
        return SlowDown("429", rng.choice([None, 0.3])) if what < 0.98 else Park("no credit")

    def smsc(self, pdu):
        self.smsc_seen = True
        self.taken[int(pdu.short_message.split()[1])] += 1
        return 0

    def runners(self):
        """Those that work now."""
        found = [self.stand.dispatcher.provider(name) for name in self.names]
        return [each._link.runner for each in found if each is not None and each._link.state == "running"]

    # -- everybody else
    def step(self):
        self.rng.choice(
            [
                self.answer,
                self.answer,
                self.die,
                *(2 * [self.operate]),
                self.reload,
                self.take_back,
                self.store,
                self.tell,
            ]
        )()
        self.sweep()
        self.stand.advance(self.rng.choice([0.0, 0.05, 0.3, 1.0, 3.0]), step=0.1)

    def answer(self):
        for runner in self.stand.runners:
            while runner.waiting and self.rng.random() < 0.7:
                done, group = runner.waiting.pop(0)
                done.callback(Done(verdicts=[self.verdict(int(each.id)) for each in group]))
        self.stand.pump()

    def die(self):
        for runner in self.runners():
            waiting, runner.waiting = runner.waiting, []
            runner.become("failed")
            for done, group in waiting:
                written = self.rng.random() < 0.5
                if written:
                    self.doubtful |= {int(each.id) for each in group}
                done.callback(Done(trouble="it died", fault=True, written=written))
            self.stand.pump()
            if self.rng.random() < 0.8 and runner.state == "failed":
                runner.become("running")

    def operate(self):
        name = self.rng.choice(self.names)
        if name in self.stand.dispatcher._connectors:
            what = self.rng.choice(["pause", "resume", "stop", "start_one", "start_one", "rebind", "set_limits"])
            if what == "set_limits":
                self.of[name]["window"] = self.rng.choice([1, 3, 8])
                self.stand.dispatcher.set_limits(name, window=self.of[name]["window"])
            else:
                getattr(self.stand.dispatcher, what)(name)

    def reload(self):
        rng, of = self.rng, self.of["prov"]
        what = rng.random()
        if what < 0.3:
            of.update(together=rng.choice([1, 3, 10]), window=rng.choice([1, 2, 5]))
        elif what < 0.5:
            of.update(options={"password": str(rng.random())}, unknown_outcome=rng.choice(["resend", "wait", "fail"]))
        elif what < 0.75:
            self.kinds["prov"] = rng.choice(["provider", "smpp", "none"])
        self.configure()

    def configure(self):
        made = []
        for name in self.names:
            if self.kinds[name] == "provider":
                made.append(settings(**self.of[name]))
            elif self.kinds[name] == "smpp":
                made.append(smpp_settings(id=name, keep_order=self.keep_order))
        self.stand.dispatcher.reconfigure(made)

    def take_back(self):
        """Cancel, restore, send another way."""
        stand, rng = self.stand, self.rng
        dispatcher = stand.dispatcher
        queued = [each for each in stand.store.messages.values() if each.state is State.QUEUED]
        for each in rng.sample(queued, min(3, len(queued))):
            name, what = each.connector, rng.random()
            if what < 0.6:
                if dispatcher.withdraw(each.id, name):
                    if rng.random() < 0.5 and not stand.store.broken and not stand.store.hold:
                        stand.store._apply(Cancel("demo", each.id, stand.clock.now_ms()))
                        self.cancelled.add(each.id)
                        dispatcher.ended([each.id])
                    else:
                        dispatcher.restore(each)
            elif dispatcher.give_up(each.id, name):
                to = next((other for other in self.names if other != name), None)
                if to is None:
                    dispatcher.restore(each)
                    continue
                change = Requeue(each.id, 0, to, stand.clock.now_ms(), Failure("down"), counts=False, left=name)
                if isinstance(stand.store._apply(change), Moved):
                    each.tried = None
                    dispatcher.gone([each.id], name)
                    dispatcher.offer([each])
                else:
                    dispatcher.restore(each)

    def tell(self):
        """The provider reports on messages that it took, whose answers were lost or are not there yet."""
        stand = self.stand
        if stand.store.broken or stand.store.hold:
            return
        taken = [number for number, count in self.taken.items() if count]
        for number in self.rng.sample(taken, min(3, len(taken))):
            found = stand.store.messages[number]
            connector = stand.dispatcher.provider(found.connector)
            if connector is None or found.state not in (State.QUEUED, State.WAITING):
                continue
            connector.reported(number, f"r{number}")
            for part in range(1, found.parts + 1):
                change = PartSent(number, part, f"r{number}", connector.settings.group, connector.id, 0, "exact")
                stand.store._apply(change)
                stand.store.batches.append([change])
            connector.reported(number, f"r{number}")

    def store(self):
        store, what = self.stand.store, self.rng.random()
        if what < 0.5:
            store.hold = not store.hold
            if not store.hold:
                store.release()
        elif what < 0.8:
            store.broken = not store.broken
            store.healthy = not store.broken
        else:
            store.read_fails += 1

    def sweep(self):
        """Messages that wait are due at some time; what is too late expires."""
        store, now = self.stand.store, self.stand.clock.now_ms()
        for each in store.messages.values():
            if each.state is State.WAITING and each.due_at >= each.deadline:
                each.state = State.EXPIRED
        late = [each for each in store.messages.values() if each.state is State.QUEUED and each.deadline <= now]
        for each in late:
            if each.id not in self.stand.dispatcher.in_flight():
                each.state = State.EXPIRED
        self.stand.dispatcher.ended([each.id for each in late if each.state is State.EXPIRED])
        due = [each for each in store.messages.values() if each.state is State.WAITING and self.rng.random() < 0.5]
        for each in due:
            each.state = State.QUEUED
        if due:
            self.stand.dispatcher.offer(due)

    def calm(self):
        stand = self.stand
        self.fair = True
        stand.store.broken = stand.store.hold = False
        stand.store.read_fails, stand.store.healthy = 0, True
        stand.store.release()
        stand.advance(2)
        if self.kinds["prov"] == "none":
            self.kinds["prov"] = "provider"
        self.configure()
        for name in self.names:
            stand.dispatcher.start_one(name)
        for _ in range(200):
            for runner in stand.runners:
                if runner.state == "failed":
                    runner.become("running")
            self.answer()
            self.sweep()
            stand.advance(5, step=0.5)
            if all(each.state in OVER for each in stand.store.messages.values()):
                return


@pytest.mark.parametrize("seed", range(60))
def test_storm(seed):
    storm = Storm(seed)
    stand, rng = storm.stand, storm.rng
    stand.start()
    number = 0
    for _ in range(40):
        batch = []
        for _ in range(rng.randrange(0, 6)):
            number += 1
            now = stand.clock.now_ms()
            batch.append(
                message(
                    number,
                    body=b"text %d" % number,
                    parts=rng.choice([1, 1, 1, 3]),
                    msisdn=f"3069{rng.randrange(12):08d}",
                    priority=rng.choice([1, 1, 3]),
                    deadline=now + rng.choice([4_000, 3_600_000, 3_600_000, 3_600_000]),
                )
            )
        if batch:
            stand.send(*batch)
        storm.step()
    storm.calm()

    states = Counter(each.state.name for each in stand.store.messages.values())
    assert {each.state for each in stand.store.messages.values()} <= OVER, states
    stand.advance(2)
    assert not stand.dispatcher.in_flight() and not stand.dispatcher._leaving
    for connector in stand.dispatcher._connectors.values():
        withdrawn = connector._queue._withdrawn  # notices of what was cancelled, for two minutes
        assert not connector.ready and not {key for key in connector._queue._pages._held if key[1] not in withdrawn}
    assert not any(storm.out.values())

    if storm.smsc_seen:  # links are cut, too
        storm.doubtful |= {change.message_id for change in stand.store.changes(Note)}
    sent = {change.message_id for change in stand.store.changes(PartSent)}
    for each in stand.store.messages.values():
        took = storm.taken[each.id]
        assert took <= 1 or each.id in storm.doubtful, each.id
        if each.state is State.SENT:
            assert each.id in sent and (took or each.id in storm.doubtful)

    done = stand.dispatcher.drain(5)
    stand.advance(6)
    assert done.called and not done.paused
    assert not [call for call in stand.reactor.getDelayedCalls() if call.active()]
