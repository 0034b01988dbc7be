"""A message's way is one trace at a collector of OpenTelemetry; a collector that is away changes nothing."""

from __future__ import annotations

from itertools import pairwise

from tests.scenario.collector import Collector, Seen, collecting
from tests.scenario.harness import Gateway, Scene, ask, wait

NAMES = ["submit", "send", "receipt", "push"]


def _trace(collector: Collector, message_id: str, count: int = 4) -> list[Seen]:
    def look() -> list[Seen] | None:
        found = collector.trace(message_id)
        return found if len(found) >= count else None

    return wait(f"{count} spans of message {message_id}", look) or []


def _counter(gateway: Gateway, result: str) -> float:
    """smsgwd_trace_spans_total."""
    page = ask(gateway.ops_port, "GET", "/metrics").body.decode()
    name = f'smsgwd_trace_spans_total{{result="{result}"}} '
    return sum(float(line[len(name) :]) for line in page.splitlines() if line.startswith(name))


def test_one_trace_from_the_submission_to_the_push(scene: Scene) -> None:
    """Four spans, one below the other, in the order of what happened; neither number nor text in them."""
    with collecting() as collector:
        catcher = scene.catcher()
        gateway = scene.gateway(scene.smsc(), catcher=catcher, tracing={"endpoint": collector.url, "ratio": 1.0})
        message_id = gateway.tenant.send("+306912345678", "A secret text")
        catcher.wait_push(message_id)
        found = _trace(collector, message_id)
        assert sorted(each.span.name for each in found) == sorted(NAMES)
        spans = {each.span.name: each for each in found}
        submit = spans["submit"]
        assert not submit.span.parent_span_id
        assert len({each.span.trace_id for each in found}) == 1
        assert len({each.span.span_id for each in found}) == 4
        for name in NAMES[1:]:
            assert spans[name].span.parent_span_id == submit.span.span_id
        for each in found:
            assert each.span.start_time_unix_nano <= each.span.end_time_unix_nano
            assert each.span.status.code == 1  # OK
            assert each.resource["service.name"] == "smsgwd"
            assert each.resource["service.instance.id"] == "test1"
        for before, after in pairwise(NAMES):
            assert spans[before].span.start_time_unix_nano <= spans[after].span.end_time_unix_nano
        assert submit.attributes["smsgwd.tenant"] == "shop"
        assert submit.attributes["smsgwd.parts"] == 1
        assert spans["send"].attributes["smsgwd.connector"] == "smsc1"
        assert spans["send"].attributes["smsgwd.smsc_id"] == spans["receipt"].attributes["smsgwd.smsc_id"]
        assert spans["receipt"].attributes["smsgwd.state"] == "delivered"
        assert spans["push"].attributes["smsgwd.event"] == "message.delivered"
        said = str([(each.span, each.attributes) for each in found])
        assert "306912345678" not in said and "secret" not in said
        wait("they are counted", lambda: _counter(gateway, "exported") >= 4)


def test_a_refused_message_is_a_span_that_failed(scene: Scene) -> None:
    """The status of the SMSC stands in it."""
    with collecting() as collector:
        smsc = scene.smsc("--reject-pct", "100", "--reject-status", "0x0b")
        gateway = scene.gateway(smsc, tracing={"endpoint": collector.url, "ratio": 1.0})
        message_id = gateway.tenant.send()
        gateway.tenant.wait_state(message_id, "rejected")
        send = next(each for each in _trace(collector, message_id, 2) if each.span.name == "send")
        assert send.span.status.code == 2  # error
        assert send.attributes["smsgwd.smpp_status"] == 0x0B


def test_a_collector_that_is_away_changes_nothing(scene: Scene) -> None:
    """Messages go on, spans are counted, and the gateway ends at once when it is told to."""
    with collecting() as collector:
        collector.status = 503
        catcher = scene.catcher()
        gateway = scene.gateway(scene.smsc(), catcher=catcher, tracing={"endpoint": collector.url, "ratio": 1.0})
        ids = gateway.tenant.send_many(50)
        catcher.wait_all(ids)
        wait("it was tried", lambda: collector.requests)
        assert collector.spans() == []
        assert _counter(gateway, "made") >= 200
        gateway.signal(15)
        assert gateway.wait_end() == 0


def test_without_an_endpoint_nothing_is_made(scene: Scene) -> None:
    """The usual case."""
    gateway = scene.gateway(scene.smsc())
    gateway.tenant.wait_state(gateway.tenant.send(), "delivered")
    assert _counter(gateway, "made") == 0
