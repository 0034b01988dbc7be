"""The line of `systemctl status`."""

from types import SimpleNamespace

from prometheus_client import CollectorRegistry

from smsgwd.app.status_line import StatusLine, total_of
from smsgwd.telemetry.plain import Tally


def connector(sent, *states):
    binds = tuple(SimpleNamespace(state=state) for state in states)
    return SimpleNamespace(sent=sent, ready=3, in_flight=2, binds=binds)


def test_it_tells_rates_since_it_was_asked_last():
    clock, accepted, status = SimpleNamespace(monotonic=lambda: clock.now, now=0.0), [0], []
    line = StatusLine(SimpleNamespace(status=lambda: status), clock, lambda: accepted[0])
    clock.now, accepted[0] = 10.0, 200
    status[:] = [connector(100, "bound", "waiting"), connector(50, "bound")]
    assert line() == "running: 20 parts/s in, 15 parts/s out, 10 under way, 2 of 3 binds"
    clock.now = 20.0
    status[:] = [connector(0, "bound")]  # another one after a reload: no negative rate
    assert line() == "running: 0 parts/s in, 0 parts/s out, 5 under way, 1 of 1 binds"


def test_a_counter_is_read():
    counter = Tally("messages", "Some.", registry=CollectorRegistry())
    assert total_of(counter) == 0
    counter.inc(5)
    assert total_of(counter) == 5
