"""Whatever happens to the binds, the store and the process: nothing is lost, and nothing answered is sent again."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from smsgwd.northbound.esme.outbox import LOOK_S
from smsgwd.smpp import status as s
from tests.northbound.esme.outbox_fakes import Stand, owed

LATER = s.ESME_RX_T_APPN
NEVER = s.ESME_RX_P_APPN
NAMES = ("demo", "other")


class Deliveries(RuleBasedStateMachine):
    binds = Bundle("binds")

    def __init__(self):
        super().__init__()
        self.stand = Stand()
        self.number = 0
        self.owed = set()
        self.ended = {}  # what was answered for good: status
        self.alive = []

    @rule(count=st.integers(1, 30), name=st.sampled_from(NAMES), offered=st.booleans(), later=st.integers(0, 3))
    def owe(self, count, name, offered, later):
        now = self.stand.clock.now_ms()
        items = []
        for _ in range(count):
            self.number += 1
            self.owed.add(self.number)
            items.append(owed(self.number, name, created_at=now, due_at=now + later * 1000, attempts=later))
        self.stand.store.put(items)
        if offered:
            self.stand.outbox.offer(items)

    @rule(target=binds, name=st.sampled_from(NAMES), window=st.integers(1, 12))
    def bind(self, name, window):
        bind = self.stand.bind(name, window)
        self.alive.append(bind)
        return bind

    @rule(bind=consumes(binds), unsent=st.integers(0, 3))
    def unbind(self, bind, unsent):
        if bind in self.alive:
            self.alive.remove(bind)
            self.stand.unbind(bind, min(unsent, len(bind.connection.pending)))

    @rule(bind=binds, statuses=st.lists(st.sampled_from((0, 0, 0, LATER, s.ESME_RTHROTTLED, NEVER)), max_size=12))
    def answer(self, bind, statuses):
        if bind in self.alive:
            for number, status in zip(bind.connection.waiting, statuses, strict=False):
                if status in (0, NEVER):
                    self.ended[number] = status
            self.stand.answer(bind, *statuses) if statuses else None

    @rule(bind=binds, count=st.integers(1, 5))
    def time_out(self, bind, count):
        if bind in self.alive and bind.connection.pending:
            self.stand.time_out(bind, count)

    @rule(bind=binds, writable=st.booleans())
    def block(self, bind, writable):
        if bind in self.alive:
            bind.connection.writable = writable
            if writable:
                self.stand.outbox.writable(bind)

    @rule(writable=st.booleans(), readable=st.booleans())
    def store(self, writable, readable):
        self.stand.store.failing = not writable
        self.stand.store.unreadable = not readable

    @rule(seconds=st.sampled_from((0, 0, 0.5, 1, 5, 31)))
    def pass_time(self, seconds):
        self.stand.reactor.advance(seconds)

    @rule(hours=st.sampled_from((-72, -5, -0.2, -0.001, 0.2, 1)))
    def set_the_wall_clock(self, hours):
        self.stand.clock.offset_ms += int(hours * 3_600_000)

    @rule(name=st.sampled_from(NAMES))
    def look(self, name):
        self.stand.outbox.look("@" + name)

    @precondition(lambda self: self.number)
    @rule()
    def die(self):
        """What was answered, but is not durable, may come again: only then."""
        self.stand.kill()
        self.alive = []
        store = self.stand.store
        store.failing = store.unreadable = False
        self.ended = {n: status for n, status in self.ended.items() if n in store.done or n in store.dead}
        self.stand = Stand(store=store, reactor=self.stand.reactor)

    @invariant()
    def nothing_is_out_twice_or_after_its_end(self):
        out = [number for bind in self.alive for number in bind.connection.waiting]
        assert len(out) == len(set(out))
        assert not set(out) & set(self.ended)
        assert all(len(bind.connection.pending) <= max(12, bind.account.window) for bind in self.alive)

    @invariant()
    def memory_knows_what_is_out(self):
        out = sum(len(bind.connection.pending) for bind in self.alive)
        assert self.stand.outbox.in_flight == out

    def teardown(self):
        """In the end, with a store that works and an ESME that answers, all of it is done."""
        stand = self.stand
        stand.store.failing = stand.store.unreadable = False
        for bind in self.alive:
            stand.unbind(bind)
        binds = [stand.bind(name, 10) for name in NAMES]
        for _ in range(200):
            if not stand.store.items:
                break
            for bind in binds:
                self.ended.update(dict.fromkeys(bind.connection.waiting, 0))
                stand.answer(bind)
            stand.advance(LOOK_S / 2 if not any(bind.connection.pending for bind in binds) else 0)
        stand.settle()
        assert sorted([*stand.store.done, *stand.store.dead]) == sorted(self.owed)
        assert {n: status for n, status in self.ended.items() if status} == dict.fromkeys(stand.store.dead, NEVER)


TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
