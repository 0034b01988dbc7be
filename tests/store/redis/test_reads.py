"""Questions about more messages than one page of the server's answers has."""

import pytest

from smsgwd.model.ids import first_id_at
from smsgwd.model.message import HELD, State
from smsgwd.ports.looking import FindFilter
from smsgwd.ports.store import MessageFilter, StoreUnavailable
from smsgwd.store.redis import reads_find, reads_messages, reads_queues, walking
from smsgwd.store.redis.asking import PAGE, Asking
from tests.store.redis.nodes import nodes
from tests.store.redis.test_claims import answering, now
from tests.store.samples import NOW, begin_anew, message

MANY = 2 * PAGE + 100


@pytest.fixture
def node():
    begin_anew()
    (made,) = nodes("a")
    yield made
    made.close()


@pytest.fixture
def ask(node):
    return Asking(node.keys, answering(node))


def _insert(node, messages):
    node.run(lambda work: work.insert(messages))
    return [each.id for each in messages]


def _forget(node, numbers):
    """Only the rows go, as when somebody deletes them between the index and the row."""
    node.ask([("UNLINK", *(node.keys.message(number) for number in numbers))])


def _ids(views):
    return [view.message.id for view in views]


def test_a_tenants_messages_over_pages(node, ask):
    every = _insert(node, [message(msisdn=str(n % 7)) for n in range(MANY)])
    _insert(node, [message(tenant="other") for _ in range(9)])
    newest = every[::-1]
    assert _ids(now(reads_messages.messages(ask, "demo", MessageFilter(), None, MANY + 9))) == newest
    assert _ids(now(reads_messages.messages(ask, "demo", MessageFilter(), every[9], 5))) == newest[-9:-4]
    rare = MessageFilter(msisdn="3")
    assert _ids(now(reads_messages.messages(ask, "demo", rare, None, MANY))) == every[3::7][::-1]
    assert now(reads_messages.messages(ask, "demo", MessageFilter(msisdn="8"), None, 5)) == []
    _forget(node, every[5:])
    assert _ids(now(reads_messages.messages(ask, "demo", MessageFilter(), None, 3))) == every[:5][:1:-1]


def test_a_query_that_takes_too_long_says_so(node, ask, monkeypatch):
    _insert(node, [message() for _ in range(40)])
    monkeypatch.setattr(walking.time, "monotonic", iter(range(0, 1000, 4)).__next__)
    with pytest.raises(StoreUnavailable, match="narrow it"):
        now(reads_messages.messages(ask, "demo", MessageFilter(msisdn="8"), None, 5))


def test_a_large_submission(node, ask):
    first = first_id_at(NOW)
    every = _insert(node, [message(id=first + 1 + n, submission=first, msisdn=str(n)) for n in range(MANY)])
    _insert(node, [message(id=first + MANY + 5, submission=first + MANY + 4)])
    assert _ids(now(reads_messages.submission(ask, "demo", first))) == every
    assert now(reads_messages.recipient(ask, "demo", first, str(MANY - 1))).message.id == every[-1]


@pytest.mark.parametrize("others", [0, 2000])
def test_what_has_not_left_is_found_either_way(node, ask, others):
    """In the tenant's history where that is short, else among all that has not left."""
    state = State.SCHEDULED
    _insert(node, [message(tenant="other", source="A", state=state, due_at=NOW + 1) for _ in range(others)])
    _insert(node, [message(source="A", state=State.DELIVERED) for _ in range(PAGE)])
    every = _insert(node, [message(source="AB"[n % 2], msisdn=str(n % 3)) for n in range(PAGE + 50)])
    assert _ids(now(reads_messages.unsent(ask, "demo", "A", None, PAGE))) == every[::2][::-1]
    assert _ids(now(reads_messages.unsent(ask, "demo", "A", "2", 3))) == every[2::6][:-4:-1]
    assert now(reads_messages.unsent(ask, "demo", "C", None, 3)) == []


def test_history_where_times_do_not_ascend(node, ask):
    """Clocks of nodes differ by a little: neighbours may stand the other way round."""
    times = [NOW + n + (7 if n % 5 == 0 else 0) for n in range(MANY)]
    every = _insert(node, [message(submitted_at=at) for at in times])
    for begin in (0, NOW, NOW + 1, NOW + 300, NOW + 303, NOW + MANY - 3, NOW + MANY):
        expected = [n for n, at in enumerate(times) if at >= begin]
        found = now(reads_messages.history(ask, "demo", begin, 1 << 50, 0, MANY))
        assert [(each.number, each.view.message.id) for each in found] == [(n + 1, every[n]) for n in expected]
    assert now(reads_messages.history(ask, "demo", NOW + MANY + 9, 1 << 50, 0, 9)) == []
    deep = now(reads_messages.history(ask, "demo", NOW + 10, 1 << 50, 700, 3))
    assert [each.number for each in deep] == [706, 707, 708]  # the sixth is the first of the span


def test_held_messages_over_pages(node, ask):
    owners = ("demo", "other")
    messages = [message(state=State.SCHEDULED, due_at=HELD, tenant=owners[n % 9 == 0]) for n in range(MANY)]
    every = _insert(node, messages)
    assert _ids(now(reads_queues.held(ask, None, 0, MANY))) == every
    assert _ids(now(reads_queues.held(ask, "other", every[9], MANY))) == every[18::9]
    assert _ids(now(reads_queues.held(ask, "other", 0, 2))) == [every[0], every[9]]


def test_what_was_sent_is_looked_at_in_pieces(node, ask):
    """One end of validity for most of them: the place in the order is the id then."""
    messages = [message(state=State.SENT, connector="ab"[n % 1500 == 7], deadline=NOW + n // 3000) for n in range(4200)]
    every = _insert(node, messages)
    found, after, calls = [], None, 0
    while True:
        page = now(reads_queues.sent(ask, "b", after, NOW + 9, 2))
        found += [row.id for row in page.rows]
        after, calls = page.after, calls + 1
        if after is None:
            break
    assert found == every[7::1500]
    assert calls <= 5


def test_find_goes_on_where_it_stopped(node, ask, monkeypatch):
    every = _insert(node, [message(source="AB"[n == 3], state=State.DELIVERED) for n in range(MANY)])
    monkeypatch.setattr(reads_find, "_MOST", PAGE)
    where = FindFilter(source="B")
    first = now(reads_find.find(ask, where, None, 9))
    assert (first.views, first.before) == ((), every[-PAGE])
    second = now(reads_find.find(ask, where, first.before, 9))
    assert (second.views, second.before) == ((), every[-2 * PAGE])
    third = now(reads_find.find(ask, where, second.before, 9))
    assert (_ids(third.views), third.before) == ([every[3]], None)


def test_find_among_what_has_not_ended(node, ask, monkeypatch):
    every = _insert(node, [message(deadline=NOW + 9000 - n, source="AB"[n % 100 == 0]) for n in range(MANY)])
    where = FindFilter(states=(State.QUEUED,), source="B")
    for few in (MANY, MANY - 1):  # by the index of the state, or newest first
        monkeypatch.setattr(reads_find, "_FEW", few)
        page = now(reads_find.find(ask, where, every[900], 5))
        assert _ids(page.views) == every[:900:100][:-6:-1]
        rest = now(reads_find.find(ask, where, page.before, 9))
        assert (_ids(rest.views), rest.before) == (every[:400:100][::-1], None)


def test_find_number_page_by_page(node, ask):
    numbers = ("306912345678", "306900000000")
    every = _insert(node, [message(msisdn=numbers[n % 3 > 0], dest="x", source="S") for n in range(MANY)])
    found, after = [], 0
    while after is not None:
        ids, after = now(reads_find.find_number(ask, numbers[0], after, PAGE + 7))
        found += ids
    assert found == every[::3]
    assert now(reads_find.find_number(ask, numbers[0], every[-1], 5)) == ([], None)


def test_what_waits_over_pages(node, ask):
    queued = _insert(node, [message(priority=n % 4, connector="ab"[n % 2]) for n in range(MANY)])
    dated = _insert(node, [message(state=State.SCHEDULED, due_at=NOW + 1, connector="a") for _ in range(PAGE + 9)])
    states = (State.QUEUED, State.SCHEDULED)
    assert _ids(now(reads_queues.waiting(ask, "", states, 0, 1 << 16))) == queued + dated
    assert _ids(now(reads_queues.waiting(ask, "a", states, queued[-4], 3))) == [queued[-2], *dated[:2]]
    assert _ids(now(reads_queues.waiting(ask, "b", states, 0, 1 << 16))) == queued[1::2]
