import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsgwd.model.submission import Item
from smsgwd.model.wire import Wire
from smsgwd.northbound.pace import REFUSED, Pace, parts_of
from smsgwd.smpp.fields import SmeDestination
from smsgwd.smpp.pdu import DataSm, SubmitMulti
from tests.net.fake_wire import FakeClock
from tests.northbound.esme.requests_world import World, submit


def advance(world, seconds, step=0.01):
    for _ in range(round(seconds / step)):
        world.reactor.advance(step)


def timers(world):
    """What is set for later; the turn's own end is not."""
    world.reactor.advance(0)
    return world.reactor.getDelayedCalls()


def test_within_the_burst_nothing_waits():
    world = World()
    bind = world.bind(world.account(throughput=20))
    assert len(world.take(bind, *(submit(n) for n in range(1, 21)))) == 20
    assert timers(world) == []


def test_a_little_over_the_rate_is_answered_later_and_far_over_it_refused():
    world = World(most_wait_s=1.0)
    bind = world.bind(world.account(throughput=20))
    answers = world.take(bind, *(submit(n) for n in range(1, 61)))
    assert [sequence for sequence, status in answers if status == 0] == list(range(1, 21))
    assert [sequence for sequence, status in answers if status == 0x58] == list(range(41, 61))
    assert len(timers(world)) == 1
    advance(world, 0.5)
    assert 28 <= bind.connection.statuses[-1][0] <= 30
    advance(world, 0.6)
    assert sorted(sequence for sequence, status in bind.connection.statuses if status == 0) == list(range(1, 41))
    assert world.metric("esme_throttled_total", account="ann", how="delayed") == 20
    assert world.metric("esme_throttled_total", account="ann", how="refused") == 20
    assert world.requests._lines["ann"].clear() == []


def test_what_was_refused_took_nothing():
    world = World(most_wait_s=1.0)
    bind = world.bind(world.account(throughput=20))
    for start in range(1, 1001, 100):
        world.take(bind, *(submit(n) for n in range(start, start + 100)))
    advance(world, 3.0)
    assert len(world.take(bind, *(submit(n) for n in range(2000, 2020)))) == 20


def test_parts_count_not_messages():
    world = World(most_wait_s=0)
    bind = world.bind(world.account(throughput=10))
    long_text = submit(1, b"", tlvs=((0x0424, b"x" * 459),))
    assert [status for _, status in world.take(bind, long_text, long_text, long_text, long_text)].count(0x58) == 1


def test_the_tenants_rate_is_shared_by_its_accounts_and_by_http():
    world = World(most_wait_s=0)
    ann = world.bind(world.account("ann", throughput=20))
    bob = world.bind(world.account("bob", throughput=20))
    tenant = ann.account.owner.tenant
    assert world.pace.take(tenant, 8) == 0
    assert all(status == 0 for _, status in world.take(ann, *(submit(n) for n in range(6))))
    assert [status for _, status in world.take(bob, *(submit(n) for n in range(7)))].count(0) == 6
    assert world.pace.take(tenant, 2) == pytest.approx(0.1)
    other = world.bind(world.account("eve", tenant="other", throughput=20))
    assert all(status == 0 for _, status in world.take(other, *(submit(n) for n in range(20))))


def test_an_account_has_a_rate_of_its_own():
    world = World(most_wait_s=0)
    ann = world.bind(world.account("ann", throughput=10.0))
    ann2 = world.bind(ann.account)
    answers = world.take(ann, *(submit(n) for n in range(8))) + world.take(ann2, *(submit(n) for n in range(8)))
    assert [status for _, status in answers].count(0) == 10
    free = world.bind(world.account("bob"))
    assert all(status == 0 for _, status in world.take(free, *(submit(n) for n in range(500))))


def test_unbinding_gives_no_new_burst():
    world = World(most_wait_s=0)
    account = world.account(throughput=10)
    first = world.bind(account)
    world.take(first, *(submit(n) for n in range(10)))
    world.requests.unbound(first)
    assert world.take(world.bind(account), submit(1)) == [(1, 0x58)]


def test_what_is_held_back_keeps_its_order_also_among_what_comes_later():
    world = World(most_wait_s=5)
    bind = world.bind(world.account(throughput=10))
    world.take(bind, *(submit(n, b"%d" % n) for n in range(1, 13)))
    world.reactor.pump([0.05])
    world.take(bind, submit(13, b"13"), DataSm(sequence=14, tlvs=((0x0424, b"14"),), destination_addr=b"306912345678"))
    world.take(bind, submit(15, b"15"))
    advance(world, 2)
    texts = [text for texts in world.submitter.texts for text in texts]
    assert texts == [str(n) for n in range(1, 16)]
    assert [sequence for sequence, _ in bind.connection.statuses] == list(range(1, 16))


def test_what_was_held_goes_with_its_bind_and_gives_its_reservation_back():
    world = World(most_wait_s=1)
    account = world.account(throughput=10)
    bind, other = world.bind(account), world.bind(account)
    world.take(bind, *(submit(n) for n in range(1, 21)))
    world.requests.unbound(bind)
    world.take(other, submit(1))
    advance(world, 0.3)
    assert other.connection.statuses == [(1, 0)]
    advance(world, 2)
    assert sum(map(len, world.submitter.texts)) == 11


def test_what_was_held_is_answered_when_the_gateway_shuts_down():
    world = World(most_wait_s=1)
    bind = world.bind(world.account(throughput=10))
    world.take(bind, *(submit(n) for n in range(1, 16)))
    world.requests.close()
    assert bind.connection.statuses[10:] == [(n, 0x08) for n in range(11, 16)]
    assert timers(world) == []


def test_submit_multi_is_paid_by_the_address():
    world = World(most_wait_s=1)
    bind = world.bind(world.account(throughput=10))
    dests = tuple(SmeDestination(1, 1, b"3069%08d" % n) for n in range(15))
    assert world.take(bind, SubmitMulti(sequence=1, source_addr=b"1", short_message=b"x", dest_addresses=dests)) == []
    assert world.take(bind, SubmitMulti(sequence=2, source_addr=b"1", short_message=b"x", dest_addresses=dests)) == [
        (2, 0x58)
    ]
    advance(world, 0.6)
    assert bind.connection.statuses[-1] == (1, 0)


def test_a_rate_that_changes_holds_from_then_on():
    clock = FakeClock()
    pace = Pace(clock, 0)
    slow = World().account(throughput=10).owner
    fast = World().account(throughput=100).owner
    assert pace.reserve(slow, 10) == 0 and pace.reserve(slow, 1) == REFUSED
    assert pace.reserve(fast, 100) == 0 and pace.reserve(fast, 1) == REFUSED


def test_parts_are_counted_as_admission_does():
    assert parts_of(Item("s", "d", "x" * 160, coding="gsm")) == 1
    assert parts_of(Item("s", "d", "x" * 161, coding="gsm")) == 2
    assert parts_of(Item("s", "d", "Γ" * 71, coding="ucs2")) == 2
    assert parts_of(Item("s", "d", data=bytes(141), coding="binary")) == 2
    assert parts_of(Item("s", "d", data=bytes(160), coding="binary", wire=Wire(raw=True))) == 1
    assert parts_of(Item("s", "d", "Γ", coding="gsm")) == 1  # refused later


@settings(max_examples=60)
@given(
    rate=st.floats(1, 200),
    most_wait_s=st.floats(0, 3),
    reads=st.lists(st.tuples(st.integers(1, 40), st.floats(0.001, 0.5), st.booleans()), min_size=1, max_size=25),
)
def test_never_more_than_burst_and_rate_and_every_request_has_one_answer(rate, most_wait_s, reads):
    world = World(most_wait_s=most_wait_s, inbound_window=100_000)
    account = world.account(throughput=rate)
    binds = [world.bind(account), world.bind(account)]
    sequence = 0
    asked = {0: [], 1: []}
    for count, pause, which in reads:
        pdus = []
        for _ in range(count):
            sequence += 1
            pdus.append(submit(sequence, b"%d" % sequence))
            asked[which].append(sequence)
        world.take(binds[which], *pdus)
        world.reactor.advance(pause)
        taken = sum(map(len, world.submitter.texts))
        assert taken <= max(10, rate) + rate * world.reactor.seconds() + 1e-6
    advance(world, most_wait_s + 0.2, 0.05)
    for which, bind in enumerate(binds):
        assert sorted(number for number, _ in bind.connection.statuses) == asked[which]
        assert {status for _, status in bind.connection.statuses} <= {0, 0x58}
        taken = [number for number, status in bind.connection.statuses if status == 0]
        assert taken == sorted(taken)
