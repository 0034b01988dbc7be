"""Which submissions wait on the disk, and how they come to the store from there."""

import pytest
from msgspec.structs import replace
from twisted.internet.defer import fail, maybeDeferred, succeed
from twisted.internet.task import Clock

from smsgwd.app.spool_drain import SpoolDrain, SpooledMessages
from smsgwd.app.spooling import Mixed, Spooling
from smsgwd.config.model.store import Spool as Section
from smsgwd.model.business import PutRecord
from smsgwd.model.changes import Cancel, Moved, Note, Replayed, Submit, Submitted
from smsgwd.model.message import MessageView, State
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.spooled import Drained, Spooled, SubmitSpooled
from smsgwd.model.submission import Idempotency
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.spool import Spool
from smsgwd.store.spool_file import FILE, SpoolFile
from tests.app.fakes import FakeClock, FakeDispatcher, now
from tests.store.samples import begin_anew, message, submission, submit


class Store:
    """Takes everything; `refuses` codes by message id, `breaks` at ids of messages; keeps records."""

    def __init__(self):
        self.healthy = True
        self.log = []
        self.records = {}
        self.refuses = {}
        self.breaks = set()
        self.views = {}
        self.fails = None  # once

    def commit(self, changes):
        if not self.healthy:
            return fail(StoreUnavailable("away"))
        if self.fails is not None:
            error, self.fails = self.fails, None
            return fail(error)
        if self.breaks & {m.id for each in changes if isinstance(each, Submit) for m in each.messages}:
            return fail(ValueError("broken"))
        self.log.append(list(changes))
        return succeed([self._one(change) for change in changes])

    def _one(self, change):
        if isinstance(change, PutRecord):
            self.records[change.record.key] = change.record
            return True
        if isinstance(change, SubmitSpooled):
            refused = {at: self.refuses[m.id] for at, m in enumerate(change.messages) if m.id in self.refuses}
            return Drained(refused, tuple(f"owed {at}" for at in refused))
        if isinstance(change, Cancel):
            return Moved(change.message_id, State.CANCELLED, ("owed",))
        return Submitted({}) if isinstance(change, Submit) else None

    def record(self, kind, tenant, key):
        return succeed(self.records.get(key))

    def message(self, tenant, message_id):
        return succeed(self.views.get(message_id)) if self.healthy else fail(StoreUnavailable("away"))

    def submission(self, tenant, submission_id):
        return succeed([])

    @property
    def taken(self):
        return [m.id for batch in self.log for each in batch if isinstance(each, Submit) for m in each.messages]


class Lease:
    held = True


class World:
    def __init__(self, directory, **section):
        begin_anew()
        self.directory = directory
        self.store = Store()
        self.lease = Lease()
        self.used = 0
        self.handed_on, self.owed = [], []
        self.section = Section(**section)
        self.begin()

    def begin(self):
        """A process."""
        self.reactor, self.clock = Clock(), FakeClock()
        self.file = SpoolFile(self.directory / FILE, "p", self.section.most)
        spool = Spool(self.file, maybeDeferred, self.clock.monotonic, lambda: None)
        self.spooling = Spooling(self.store, spool, self.section, self.clock, self.reactor, lambda: succeed(self.used))
        self.drain = SpoolDrain(
            self.spooling, self.store, self.clock, self.reactor, self.lease, self.handed_on.extend, self.owed.extend
        )
        self.spooling.start()
        self.drain.start()

    def die(self):
        """kill -9, and another one."""
        self.file.close()
        self.begin()

    def commit(self, *changes):
        return now(self.spooling.commit(changes))

    def pass_time(self, seconds=2.0):
        self.reactor.pump([0.05] * int(seconds / 0.05))


@pytest.fixture
def world(tmp_path):
    return World(tmp_path, away=True)


def test_a_server_that_is_there_is_asked(world):
    assert world.commit(submit(message())) == [Submitted({})]
    assert (world.spooling.healthy, world.file.messages) == (True, 0)


def test_without_the_option_nothing_is_kept(tmp_path):
    world = World(tmp_path)
    world.store.healthy = False
    assert not world.spooling.healthy
    with pytest.raises(StoreUnavailable):
        world.commit(submit(message()))


def test_what_comes_while_the_server_is_away_goes_to_it_afterwards(world):
    world.store.healthy = False
    one, held, late = message(), message(), message()
    assert world.spooling.healthy
    assert world.commit(submit(one), submit(held), Note(held.id, 1, "held")) == [Spooled({}), Spooled({}), None]
    world.commit(submit(late))
    world.pass_time()
    assert (world.handed_on, world.file.messages, world.spooling.spooled) == ([], 3, 3)
    world.store.healthy = True
    world.lease.held = False
    world.pass_time()
    assert world.store.log == []
    world.lease.held = True
    world.clock.wall = 77_000
    world.pass_time()
    first, second = world.store.log
    assert [type(change) for change in first] == [SubmitSpooled, SubmitSpooled, Note, PutRecord]
    assert {change.at for change in first if isinstance(change, SubmitSpooled)} == {77_000}
    assert len(second) == 2
    assert world.handed_on == [one, held, late]
    assert world.file.messages == 0


def test_what_only_asks_is_not_kept(world):
    world.store.healthy = False
    rehearsed = replace(submit(message()), rehearsed=True)
    for change in (rehearsed, submit(idempotency=Idempotency("k", b"d"))):
        with pytest.raises(StoreUnavailable):
            world.commit(change)
        with pytest.raises(Mixed):
            world.commit(change, submit(message()))
    with pytest.raises(StoreUnavailable):
        world.commit(Cancel("demo", 1, 1))
    assert world.file.messages == 0


def test_a_full_spool_refuses(tmp_path):
    world = World(tmp_path, away=True, most=1)
    world.store.healthy = False
    world.commit(submit(message()))
    assert not world.spooling.healthy
    with pytest.raises(StoreUnavailable):
        world.commit(submit(message()))


def test_a_key_that_waits_is_answered_without_the_store(world):
    key = Idempotency("k", b"d")
    world.store.healthy = False
    world.commit(submit(message(), idempotency=key, answer=b"a"))
    world.store.healthy = True
    world.lease.held = False
    again, other = message(), message()
    results = world.commit(
        submit(again, idempotency=key, answer=b"b"), submit(other), Note(again.id, 1, "held"), Note(other.id, 1, "held")
    )
    assert results == [Replayed(b"a", {}), Submitted({}), None, None]
    assert world.store.log == [[submit(other), Note(other.id, 1, "held")]]


def test_what_the_store_rejects_is_owed_and_not_sent(world):
    poor, rich = submission(2)
    world.store.healthy = False
    world.commit(submit(poor, rich))
    world.store.refuses[poor.id] = "no_credit"
    world.store.healthy = True
    world.pass_time()
    assert (world.handed_on, world.owed) == ([rich], ["owed 0"])


def test_a_commit_whose_process_died_is_not_made_again(world):
    world.store.healthy = False
    first, second = message(), message()
    world.commit(submit(first))
    world.commit(submit(second))
    world.store.healthy = True
    settle, world.file.settle = world.file.settle, lambda seq: None  # it died before
    world.reactor.advance(0.3)
    assert world.store.taken == [first.id]
    del settle
    world.die()
    world.pass_time()
    assert (world.store.taken, world.file.messages) == ([first.id, second.id], 0)


def test_a_commit_that_failed_is_made_again(world):
    world.store.healthy = False
    one = message()
    world.commit(submit(one))
    world.store.healthy = True
    world.store.fails = StoreUnavailable("fenced")
    world.pass_time(5)
    assert (world.store.taken, world.handed_on) == ([one.id], [one])


def test_large_batches_go_in_pieces_and_what_is_broken_harms_no_other(world):
    world.store.healthy = False
    submits = [submit(*submission(60)) for _ in range(8)]
    world.commit(*submits)
    broken = submits[4].messages[7].id
    world.store.breaks.add(broken)
    world.store.healthy = True
    world.pass_time(5)
    assert (
        max(sum(len(each.messages) for each in batch if isinstance(each, Submit)) for batch in world.store.log) <= 200
    )
    assert world.store.taken == [m.id for each in submits if each is not submits[4] for m in each.messages]
    assert (world.file.messages, world.file.aside) == (0, 1)


def test_a_process_that_died_within_a_batch_goes_on_in_it(world):
    world.store.healthy = False
    submits = [submit(*submission(150)) for _ in range(3)]
    world.commit(*submits)
    world.store.healthy = True
    world.reactor.advance(0.3)
    assert len(world.store.taken) == 150
    world.die()
    world.pass_time()
    assert world.store.taken == [m.id for each in submits for m in each.messages]
    assert world.file.messages == 0


def test_a_server_that_holds_too_much_is_given_what_cannot_wait(tmp_path):
    world = World(tmp_path, memory=1000)
    urgent, scheduled = message(priority=2), message(state=State.SCHEDULED, due_at=5)
    direct = (
        submit(message(), idempotency=Idempotency("k", b"d"), answer=b"a"), submit(message(), unique=(0,)),
        submit(message(), texts=((b"d", 1),)), submit(message(), refused=()), submit(urgent), submit(scheduled),
    )  # fmt: skip
    world.used = 1000
    world.pass_time()
    assert world.commit(submit(message())) == [Spooled({})]
    for each in direct:
        assert world.commit(each) == [Submitted({})]
    world.used = 950  # not enough less
    world.pass_time()
    assert world.commit(submit(message())) == [Spooled({})]
    assert world.file.messages == 2
    world.used = 800
    world.pass_time()
    assert world.commit(submit(message())) == [Submitted({})]
    assert world.file.messages == 0


def messages_of(world):
    return SpooledMessages(world.store, FakeDispatcher(), None, world.clock, world.spooling.spool)


def test_what_waits_is_seen_and_cancelled_while_the_store_is_there(world):
    one, other = message(), message()
    world.store.healthy = False
    world.commit(submit(one), submit(other))
    service = messages_of(world)
    with pytest.raises(StoreUnavailable):
        now(service.get("demo", one.id))
    with pytest.raises(StoreUnavailable):
        now(service.cancel("demo", one.id))
    world.store.healthy, world.lease.held = True, False
    assert now(service.get("demo", one.id)).message == one
    assert now(service.get("demo", one.submission))[0].message == one
    assert now(service.get("demo", 1)) is None
    assert now(service.cancel("demo", one.id)).message.state is State.CANCELLED
    with pytest.raises(Refused) as caught:
        now(service.cancel("demo", one.id))
    assert caught.value.refusal is Refusal.TOO_LATE
    with pytest.raises(Refused) as caught:
        now(service.cancel("demo", 1))
    assert caught.value.refusal is Refusal.NOT_FOUND
    world.store.views[one.id] = view = MessageView(one, None, None, None, None)
    assert now(service.get("demo", one.id)) is view
    world.lease.held = True
    world.pass_time()
    assert [type(change) for change in world.store.log[0]] == [SubmitSpooled, Cancel, SubmitSpooled, PutRecord]
    assert (world.handed_on, world.owed) == ([other], ["owed"])


def test_it_stops_behind_what_is_under_way(world):
    world.store.healthy = False
    world.commit(submit(message()))
    now(world.drain.stop())
    world.spooling.stop()
    world.store.healthy = True
    world.pass_time()
    assert world.store.log == []
