"""A scheduled message leaves at its time and not before; cancelled in time it never leaves and is paid back."""

from __future__ import annotations

import datetime
import time

import pytest

from tests.scenario.harness import Catcher, Gateway, Scene, Smsc


@pytest.fixture(scope="module")
def stand(shared: Scene) -> tuple[Gateway, Smsc, Catcher]:
    """One gateway between its peers."""
    smsc, catcher = shared.smsc(), shared.catcher()
    return shared.gateway(smsc, catcher=catcher), smsc, catcher


def _in(seconds: float) -> tuple[float, str]:
    """That time as seconds since 1970 and as RFC 3339."""
    at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    return at.timestamp(), at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_scheduled_message_leaves_at_its_time(shared: Scene, stand: tuple[Gateway, Smsc, Catcher]) -> None:
    """State `scheduled` until then; the SMSC gets it after the time, by less than the machine's hiccups."""
    gateway, smsc, catcher = stand
    at, text = _in(2)
    answer = gateway.tenant.post("+306900000001", "later", schedule_at=text)
    [entry] = answer.body["messages"]
    assert (answer.status, entry["state"]) == (202, "scheduled")
    assert gateway.tenant.message(entry["id"])["state"] == "scheduled" or time.time() >= at
    catcher.wait_push(entry["id"])
    [got] = [found for found in smsc.texts() if found.dest == "+306900000001"]
    assert at <= got.at + 0.002  # milliseconds are cut off
    assert got.at < at + 10


def test_cancelled_message_never_leaves(shared: Scene, stand: tuple[Gateway, Smsc, Catcher]) -> None:
    """DELETE gives the cancelled message, a push says so, the money comes back, nothing is sent at its time."""
    gateway, smsc, catcher = stand
    tenant = gateway.tenant
    before = tenant.balance()
    at, text = _in(2)
    entry = tenant.post("+306900000002", "never", schedule_at=text).body["messages"][0]
    assert tenant.balance() != before
    answer = tenant.ask("DELETE", f"/v1/messages/{entry['id']}")
    assert (answer.status, answer.body["state"]) == (200, "cancelled")
    assert tenant.balance() == before
    push = catcher.wait_push(entry["id"])
    assert push["type"] == "message.cancelled"
    again = tenant.ask("DELETE", f"/v1/messages/{entry['id']}")
    assert (again.status, again.body["code"]) == (409, "too_late")
    _, later = _in(max(0.0, at - time.time()) + 0.3)
    witness = tenant.post("+306900000003", "witness", schedule_at=later).body["messages"][0]
    catcher.wait_push(witness["id"])
    assert "+306900000002" not in {found.dest for found in smsc.texts()}
    assert tenant.message(entry["id"])["state"] == "cancelled"


def test_a_sent_message_cannot_be_cancelled(shared: Scene, stand: tuple[Gateway, Smsc, Catcher]) -> None:
    """409 too_late."""
    gateway, _, catcher = stand
    message = gateway.tenant.send("+306900000004")
    catcher.wait_push(message)
    answer = gateway.tenant.ask("DELETE", f"/v1/messages/{message}")
    assert (answer.status, answer.body["code"]) == (409, "too_late")
