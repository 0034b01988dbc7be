"""A scheduled message is given another time, sent now or cancelled; phrases are read in the tenant's zone."""

from __future__ import annotations

import datetime
import threading
import time
from zoneinfo import ZoneInfo

import pytest

from tests.scenario.harness import Answer, Gateway, Scene, Smsc, Tenant
from tests.scenario.ways import done

ZONE = "Asia/Kathmandu"
OTHER: dict[str, object] = {"id": "other", "credentials": [{"kind": "token", "secret": "other-token"}]}
Stand = tuple[Gateway, Smsc]


@pytest.fixture(scope="module")
def stand(shared: Scene) -> Stand:
    """A tenant in Nepal, and another one."""
    smsc = shared.smsc()
    return shared.gateway(smsc, tenant={"time_zone": ZONE}, tenants=[OTHER]), smsc


def _scheduled(tenant: Tenant, to: str, at: str = "+30 days") -> str:
    answer = tenant.post(to, "later", schedule_at=at)
    assert (answer.status, answer.body["messages"][0]["state"]) == (202, "scheduled"), answer
    return str(answer.body["messages"][0]["id"])


def _patch(tenant: Tenant, any_id: str, at: object, **more: object) -> Answer:
    return tenant.ask("PATCH", f"/v1/messages/{any_id}", {"schedule_at": at, **more})


def _times(tenant: Tenant) -> dict[str, str]:
    """When what waits is sent, by id."""
    listed = tenant.ask("GET", "/v1/scheduled?limit=200").body["messages"]
    return {one["id"]: one["schedule_at"] for one in listed}


def _moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def test_phrases(shared: Scene, stand: Stand) -> None:
    """By the tenant's clock on the wall; what is no phrase is refused by name."""
    tenant = stand[0].tenant
    now = datetime.datetime.now(ZoneInfo(ZONE))
    noon = _scheduled(tenant, "+306900000001", "+2 days noon")
    week = _scheduled(tenant, "+306900000001", " 1 week")
    iso = _scheduled(tenant, "+306900000001", (now + datetime.timedelta(days=3)).isoformat())
    times = _times(tenant)
    expected = (now + datetime.timedelta(days=2)).replace(hour=12, minute=0, second=0, microsecond=0)
    assert abs(_moment(times[noon]) - expected) <= datetime.timedelta(days=1)  # midnight may be just now
    assert _moment(times[noon]).astimezone(ZoneInfo(ZONE)).time() == datetime.time(12)
    assert abs(_moment(times[week]) - now - datetime.timedelta(days=7)) < datetime.timedelta(minutes=1)
    assert abs(_moment(times[iso]) - now - datetime.timedelta(days=3)) < datetime.timedelta(seconds=1)
    for wrong, part in (("tomorow", "tomorow"), ("10:00 11:00", "11:00"), ("+1 dya", "dya"), ("αύριο", "αύριο")):
        answer = tenant.post("+306900000001", schedule_at=wrong)
        assert (answer.status, answer.body["code"]) == (422, "invalid_schedule")
        assert part in answer.body["detail"]


def test_to_another_time_and_to_now(shared: Scene, stand: Stand) -> None:
    """Another time is in the list at once; null sends it; what was sent cannot be moved."""
    gateway, smsc = stand
    tenant = gateway.tenant
    message = _scheduled(tenant, "+306900000002")
    before = _times(tenant)[message]
    answer = _patch(tenant, message, "+10 days")
    assert (answer.status, answer.body["state"]) == (200, "scheduled")
    after = _times(tenant)[message]
    assert _moment(before) - _moment(after) > datetime.timedelta(days=19)
    assert _patch(tenant, message, None).status == 200
    tenant.wait_state(message, "delivered")
    assert message not in _times(tenant)
    assert [text.text for text in smsc.texts() if text.dest == "+306900000002"] == ["later"]
    late = _patch(tenant, message, "+1 day")
    assert (late.status, late.body["code"]) == (409, "too_late")


def test_to_a_time_that_comes_soon(shared: Scene, stand: Stand) -> None:
    """A message moved nearer is woken in time, with nothing else to wake for."""
    tenant = stand[0].tenant
    message = _scheduled(tenant, "+306900000003")
    at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=1.5)
    assert _patch(tenant, message, at.isoformat()).status == 200
    tenant.wait_state(message, "delivered", patience_s=15)
    assert time.time() >= at.timestamp() - 0.002


def test_a_whole_submission(shared: Scene, stand: Stand) -> None:
    """Moved and cancelled by its id; the money comes back."""
    tenant = stand[0].tenant
    before = tenant.balance()
    answer = tenant.post(["+306900000004", "+306900000005"], "later", schedule_at="+30 days")
    submission = answer.body["id"]
    assert tenant.balance() != before
    moved = _patch(tenant, submission, "+3 days")
    assert [one["state"] for one in moved.body["messages"]] == ["scheduled", "scheduled"]
    gone = tenant.ask("DELETE", f"/v1/messages/{submission}")
    assert {one["state"] for one in gone.body["messages"]} == {"cancelled"}
    assert tenant.balance() == before
    assert _patch(tenant, submission, None).body["code"] == "too_late"


def test_what_is_no_time(shared: Scene, stand: Stand) -> None:
    """Refused, and the message waits for the time it had."""
    tenant = stand[0].tenant
    message = _scheduled(tenant, "+306900000006")
    before = _times(tenant)[message]
    for at, more in (
        ("", {}),
        ("never", {}),
        ("+2 years", {}),
        ("2020-01-01T00:00:00Z", {}),
        ("9999-12-31T23:59:59Z", {}),
        ("@99999999999999999999", {}),
        (7, {}),
        ("+" * 100, {}),
        ("1" * 100, {}),
        ("+1 day", {"validity_s": 59}),
        ("+1 day", {"validity_s": 1e300}),
        ("+1 day", {"more": 1}),
    ):
        answer = _patch(tenant, message, at, **more)
        assert answer.status == 422, (at, answer)
    assert tenant.ask("PATCH", f"/v1/messages/{message}", {}).status == 422
    assert tenant.ask("PATCH", f"/v1/messages/{message}", b"[" * 100_000).status in (400, 413, 422)
    assert _times(tenant)[message] == before
    tenant.ask("DELETE", f"/v1/messages/{message}")


def test_another_tenants(shared: Scene, stand: Stand) -> None:
    """Neither seen, moved nor cancelled."""
    gateway, _ = stand
    other = Tenant(gateway.http_port, "other-token")
    message = _scheduled(gateway.tenant, "+306900000007")
    before = _times(gateway.tenant)[message]
    assert _patch(other, message, None).status == 404
    assert other.ask("DELETE", f"/v1/messages/{message}").status == 404
    assert other.ask("GET", f"/v1/messages/{message}").status == 404
    assert _times(other) == {}
    assert _times(gateway.tenant)[message] == before
    gateway.tenant.ask("DELETE", f"/v1/messages/{message}")


def test_everybody_at_once(shared: Scene, stand: Stand) -> None:
    """Moves to now, moves away and cancels in parallel: each message ends once, is sent once at most, and is paid for
    just when it was sent."""
    gateway, smsc = stand
    tenant = gateway.tenant
    before = float(tenant.balance())
    ids = [_scheduled(tenant, f"+3069100000{n:02d}") for n in range(12)]
    answers: list[int] = []

    def race(act: str) -> None:
        mine = Tenant(gateway.http_port)
        for message in ids:
            if act == "cancel":
                answers.append(mine.ask("DELETE", f"/v1/messages/{message}").status)
            else:
                answers.append(_patch(mine, message, None if act == "now" else "+5 days").status)

    threads = [threading.Thread(target=race, args=(act,)) for act in ("now", "away", "now", "cancel", "away")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 5 * len(ids)
    assert set(answers) <= {200, 409}
    states = [tenant.wait_state(message, "delivered", "cancelled")["state"] for message in ids]
    sent = [text.dest for text in smsc.texts() if text.dest.startswith("+30691")]
    assert len(sent) == len(set(sent)) == states.count("delivered")
    assert abs(before - float(tenant.balance()) - 0.04 * len(sent)) < 1e-6
    assert done(gateway, "ledger", "check")["problems"] == []


def test_moved_when_it_is_due(shared: Scene, stand: Stand) -> None:
    """Moved in the moment in which it is due: either it was moved and is not sent, or it is too late and it is."""
    gateway, smsc = stand
    tenant = gateway.tenant
    due = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=2)
    ids = {}
    for n in range(60):
        to = f"+3069200000{n:02d}"
        moment = due + datetime.timedelta(milliseconds=5 * n)
        ids[to] = _scheduled(tenant, to, moment.isoformat(timespec="milliseconds"))
    witness = _scheduled(tenant, "+306930000000", (due - datetime.timedelta(milliseconds=100)).isoformat())
    tenant.wait_state(witness, "delivered")
    moved = {to: _patch(tenant, message, "+5 days").status for to, message in ids.items()}
    assert set(moved.values()) <= {200, 409}
    for to, message in ids.items():
        if moved[to] == 409:
            tenant.wait_state(message, "delivered")
        else:
            assert tenant.message(message)["state"] == "scheduled"
    last = (due + datetime.timedelta(seconds=1)).isoformat()
    tenant.wait_state(tenant.send("+306930000001", schedule_at=last), "delivered")
    sent = sorted(text.dest for text in smsc.texts() if text.dest.startswith("+30692"))
    assert sent == sorted(to for to, status in moved.items() if status == 409)
    assert done(gateway, "ledger", "check")["problems"] == []
