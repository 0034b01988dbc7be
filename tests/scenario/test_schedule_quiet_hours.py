"""Quiet hours hold or refuse what is for people where it is night now, and let the rest go."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.scenario.harness import Gateway, Scene, Tenant

#: Numbers of countries with one time zone, or of one city.
PLACES = {
    "+64211234567": "Pacific/Auckland",
    "+819012345678": "Asia/Tokyo",
    "+919812345678": "Asia/Kolkata",
    "+306912345678": "Europe/Athens",
    "+447700900123": "Europe/London",
    "+5491123456789": "America/Argentina/Buenos_Aires",
    "+13105550123": "America/Los_Angeles",
    "+18085550123": "Pacific/Honolulu",
}
QUIET = "21:00-08:00"


def _where(low: int, high: int) -> tuple[str, ZoneInfo]:
    """A number in whose place the hour is now one of those, an hour from either end; its zone."""
    for number, name in PLACES.items():
        zone = ZoneInfo(name)
        hour = datetime.datetime.now(zone).hour
        if (hour - low) % 24 < (high - low) % 24:
            return number, zone
    raise AssertionError("the earth stands still")


@pytest.fixture(scope="module")
def gateway(shared: Scene) -> Gateway:
    """A tenant that holds, one that refuses."""
    refusing: dict[str, object] = {
        "id": "refusing",
        "credit": "10.0000",
        "price": "0.0400",
        "quiet": {"hours": QUIET, "action": "refuse"},
        "credentials": [{"kind": "token", "secret": "refusing-token"}],
    }
    return shared.gateway(shared.smsc(), tenant={"quiet": {"hours": QUIET}}, tenants=[refusing])


def test_held_until_morning(shared: Scene, gateway: Gateway) -> None:
    """At night it waits for 8 o'clock of the recipient's; by day it leaves. PATCH to now sends it all the same."""
    tenant = gateway.tenant
    night, zone = _where(22, 7)
    answer = tenant.post(night)
    [entry] = answer.body["messages"]
    assert (answer.status, entry["state"]) == (202, "scheduled")
    [waiting] = tenant.ask("GET", "/v1/scheduled").body["messages"]
    at = datetime.datetime.fromisoformat(waiting["schedule_at"]).astimezone(zone)
    assert (at.hour, at.minute, waiting["held"]) == (8, 0, False)
    assert datetime.timedelta() < at - datetime.datetime.now(zone) < datetime.timedelta(hours=12)
    day, _ = _where(9, 20)
    tenant.wait_state(tenant.send(day), "delivered")
    moved = tenant.ask("PATCH", f"/v1/messages/{entry['id']}", {"schedule_at": None})
    assert moved.status == 200
    tenant.wait_state(entry["id"], "delivered")


def test_a_window_that_ends_at_night(shared: Scene, gateway: Gateway) -> None:
    """What could not be sent before its end is refused and not accepted to expire."""
    night, zone = _where(22, 7)
    soon = (datetime.datetime.now(zone) + datetime.timedelta(minutes=10)).isoformat()
    answer = gateway.tenant.post(night, not_after=soon)
    assert (answer.status, answer.body["code"]) == (422, "quiet_hours")


def test_refused_at_night(shared: Scene, gateway: Gateway) -> None:
    """With quiet_hours and for nothing; of several recipients only those where it is night."""
    tenant = Tenant(gateway.http_port, "refusing-token")
    night, zone = _where(22, 7)
    day, _ = _where(9, 20)
    before = tenant.balance()
    answer = tenant.post(night)
    assert (answer.status, answer.body["code"]) == (422, "quiet_hours")
    assert tenant.balance() == before
    both = tenant.post([night, day])
    assert both.status == 202
    assert [(entry["error"] or {}).get("code") for entry in both.body["messages"]] == ["quiet_hours", None]
    noon = datetime.datetime.now(zone).replace(hour=12, minute=0) + datetime.timedelta(days=1)
    assert tenant.post(night, schedule_at=noon.isoformat()).status == 202
    midnight = noon.replace(hour=0) + datetime.timedelta(days=1)
    assert tenant.post(day if night == day else night, schedule_at=midnight.isoformat()).body["code"] == "quiet_hours"
