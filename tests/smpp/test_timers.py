from hypothesis import given
from hypothesis import strategies as st

from smsgwd.smpp.config import SessionConfig
from smsgwd.smpp.timers import Due, Timers


def bound(**times):
    timers = Timers(SessionConfig(**times), 0.0)
    timers.set_bound(0.0)
    return timers


def test_session_init_runs_until_bound():
    timers = Timers(SessionConfig(), 0.0)
    assert timers.wake_at() == 10.0
    assert timers.due(9.9) == []
    assert timers.due(10.0) == [Due.SESSION_INIT]
    timers.set_bound(9.0)
    assert Due.SESSION_INIT not in timers.due(11.0)
    assert timers.wake_at() == 39.0


def test_two_misses_are_death():
    timers = bound()
    assert timers.due(30.0) == [Due.ENQUIRE_LINK]
    timers.enquired(30.0)
    assert timers.wake_at() == 40.0
    assert timers.due(40.0) == [Due.ENQUIRE_LINK]
    timers.enquired(40.0)
    assert timers.due(49.9) == []
    assert timers.due(50.0) == [Due.DEAD]


def test_any_octet_proves_life():
    timers = bound()
    timers.enquired(30.0)
    timers.enquired(40.0)
    timers.heard(45.0)
    assert timers.due(50.0) == []
    assert timers.wake_at() == 75.0


def test_zero_switches_timers_off():
    timers = bound(enquire_link=0, session_init=0, pdu_read=0)
    timers.partial_since = 0.0
    assert timers.wake_at() is None
    assert Timers(SessionConfig(session_init=0), 0.0).wake_at() is None


def test_a_pdu_that_does_not_end():
    timers = bound()
    timers.partial_since = 3.0
    assert timers.due(13.0) == [Due.PDU_READ]


def test_inactivity_stops_while_unbinding():
    timers = bound(inactivity=5.0)
    assert timers.due(5.0) == [Due.INACTIVE]
    timers.drain_until = 7.0
    assert timers.due(7.0) == [Due.DRAIN]
    timers.unbind_until = 8.0
    assert timers.due(8.0) == [Due.UNBIND]


times = st.one_of(st.none(), st.floats(0, 100))


@given(
    st.builds(
        SessionConfig,
        session_init=st.sampled_from((0.0, 10.0)),
        enquire_link=st.sampled_from((0.0, 30.0)),
        inactivity=st.sampled_from((0.0, 50.0)),
        pdu_read=st.sampled_from((0.0, 10.0)),
    ),
    st.booleans(),
    st.fixed_dictionaries(
        dict.fromkeys(("enquired_at", "partial_since", "drain_until", "unbind_until"), times)
        | {name: st.floats(0, 100) for name in ("last_heard", "last_transaction")}
    ),
)
def test_the_next_deadline_is_the_first_of_all(config, bound, fields):
    timers = Timers(config, 0.0)
    if bound:
        timers.set_bound(1.0)
    for name, value in fields.items():
        setattr(timers, name, value)
    assert timers.wake_at() == min((at for at, _ in timers._deadlines()), default=None)
