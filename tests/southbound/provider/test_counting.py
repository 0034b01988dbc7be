"""What is counted of a plugin's requests, wherever it runs."""

import pytest
from prometheus_client import CollectorRegistry
from twisted.internet.task import Clock

from smsgwd.providers import Options, Plugin
from smsgwd.southbound.provider.calls import AskBalance, Done
from smsgwd.southbound.provider.local import LocalGate, LocalRunner
from smsgwd.southbound.provider.permits import Permits
from smsgwd.southbound.provider.worker_calls import WorkerCalls
from smsgwd.telemetry import Metrics
from tests.southbound.provider.stand import Nothing, settings


class Counted:
    def __init__(self, rate=1.0):
        self.metrics = Metrics(CollectorRegistry())
        self.of = self.metrics.provider("prov")
        self.clock = Clock()
        self.permits = Permits(self.clock, rate)

    def value(self, name, **labels):
        return self.metrics.registry.get_sample_value(f"smsgwd_provider_{name}", {"connector": "prov", **labels})


def test_requests_are_counted_by_their_end_and_their_wait_is_timed():
    counted = Counted()
    gate = LocalGate(counted.permits, counted.of)
    tickets = [gate.ask(1, lambda: None) for _ in range(3)]
    tickets[0].over(200, True)
    counted.clock.advance(1)
    tickets[1].over(0, True)
    tickets[2].over()  # not wanted any more, and never granted
    assert counted.value("requests_total", outcome="2xx") == 1
    assert counted.value("requests_total", outcome="no_answer") == 1
    assert counted.value("requests_total", outcome="not_sent") is None
    assert counted.value("permit_seconds_count") == 2
    assert counted.value("permit_seconds_sum") == pytest.approx(1.0)


def test_those_of_a_process_are_counted_by_what_it_says_and_by_its_end():
    counted = Counted(rate=0.0)
    calls = WorkerCalls(counted.clock, counted.permits, lambda message: None, 5.0, counted.of)
    first, _ = calls.add(AskBalance(), 10.0)
    second, done = calls.add(AskBalance(), 10.0)
    assert calls.ask(1, first) and calls.ask(2, first) and calls.ask(3, second)
    calls.over(1, 503, True)
    calls.over(2, 0, False)
    calls.end(first, Done(trouble="answered 503"))
    assert counted.value("faults_total") == 0
    calls.end_all("it died", fault=True)
    assert counted.value("requests_total", outcome="5xx") == 1
    assert counted.value("requests_total", outcome="not_sent") == 1
    assert counted.value("requests_total", outcome="no_answer") == 1  # nobody knows what became of it
    assert counted.value("faults_total") == 1
    assert done.result.fault


def test_what_a_process_invents_for_a_status_makes_no_series():
    counted = Counted(rate=0.0)
    calls = WorkerCalls(counted.clock, counted.permits, lambda message: None, 5.0, counted.of)
    number, _ = calls.add(AskBalance(), 10.0)
    for request, status in enumerate((-5, 1, 99_999, 10**12), 1):
        calls.ask(request, number)
        calls.over(request, status, True)
    assert counted.value("requests_total", outcome="other") == 4


def test_a_plugin_that_cannot_be_made_is_tried_again_and_that_is_counted():
    class Broken(Nothing):
        def __init__(self, options, host):
            raise RuntimeError("no")

    counted = Counted()
    clock = counted.clock
    clock.now_ms = lambda: 0
    broken = settings(plugin=Plugin("broken", "Breaks", Broken, Options), isolated=False)
    runner = LocalRunner(broken, clock, clock, counted.permits, metrics=counted.of)
    runner.start(lambda: None)
    assert (runner.state, counted.value("worker_restarts_total")) == ("failed", 0)
    for _ in range(3):
        clock.advance(60)
    assert counted.value("worker_restarts_total") == runner.restarts >= 2
    runner.stop()
