"""/metrics of a live gateway has what alerts and dashboard ask for, with the values of what was done."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from smsgwd.telemetry import Metrics
from tests.monitoring.promql import OTHERS, used
from tests.scenario.harness import Gateway, Scene, ask, wait
from tests.scenario.verbs import smsgwctl

MONITORING = Path(__file__).resolve().parents[2] / "etc" / "monitoring"
#: What needs something that does not happen here; the series is there once it does.
RARE = {
    "smsgwd_auth_failures_total",
    "smsgwd_esme_binds",
    "smsgwd_esme_deliveries_total",
    "smsgwd_esme_throttled_total",
    "smsgwd_failovers_total",
    "smsgwd_lookup_source_failures_total",
    "smsgwd_mo_total",
    "smsgwd_certificate_expires_timestamp_seconds",
    "smsgwd_config_reloads_total",
    "smsgwd_trace_spans_total",
    "smsgwd_messages_refused_total",
}


def _samples(gateway: Gateway) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    page = ask(gateway.ops_port, "GET", "/metrics").body.decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def _value(gateway: Gateway, name: str, **labels: str) -> float | None:
    return _samples(gateway).get((f"smsgwd_{name}", frozenset(labels.items())))


def test_what_is_asked_for_is_there(scene: Scene) -> None:
    """Every metric of the rules and of the dashboard, after a message and an operator's change."""
    catcher = scene.catcher()
    gateway = scene.gateway(scene.smsc(), catcher=catcher, cdr={"directory": "cdr"})
    ids = gateway.tenant.send_many(10)
    catcher.wait_all(ids)
    smsgwctl(gateway, "connector", "pause", "smsc1", "reason=test")
    asked: set[str] = set()
    for group in yaml.safe_load((MONITORING / "smsgwd.rules.yml").read_text("utf-8"))["groups"]:
        asked |= {each.metric for rule in group["rules"] for each in used(rule["expr"])}
    for panel in json.loads((MONITORING / "dashboard.json").read_text("utf-8"))["panels"]:
        asked |= {each.metric for target in panel.get("targets", ()) for each in used(target["expr"])}
    there = {name for name, _ in _samples(gateway)}
    providers = {name for name in asked if name.startswith("smsgwd_provider_")}
    declared = {spec.name for spec in Metrics(CollectorRegistry()).specs}
    assert {name.removesuffix("_bucket") for name in providers} <= declared, "those there are none of here"
    asked -= providers
    assert asked - OTHERS - RARE - there == set()
    assert OTHERS - {"up"} <= there
    assert asked >= RARE, "what is not asked for any more need not stand there"

    assert _value(gateway, "tenant_messages_accepted_total", tenant="shop") == 10
    wait("they ended", lambda: _value(gateway, "tenant_messages_final_total", tenant="shop", state="delivered") == 10)
    assert _value(gateway, "submit_durable_seconds_count") == 10
    assert _value(gateway, "queue_seconds_count", connector="smsc1") == 10
    assert _value(gateway, "receipt_durable_seconds_count") == 10
    assert _value(gateway, "connector_state", connector="smsc1", state="paused") == 1
    assert _value(gateway, "connector_up", connector="smsc1") == 0
    assert _value(gateway, "operator_commands_total", outcome="done") == 1
    wait("detail records are written", lambda: _value(gateway, "cdr_lines_total") == 10)
    assert _value(gateway, "ready") == 1

    gateway.tenant.send_many(3)
    wait("they wait", lambda: _value(gateway, "queue_messages", connector="smsc1") == 3)
    wait("they grow old", lambda: (_value(gateway, "queue_oldest_seconds", connector="smsc1") or 0) > 0.1)
