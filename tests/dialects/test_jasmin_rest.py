"""Jasmin's batches (`/secure/sendbatch`), as values."""

import json
from urllib.parse import parse_qsl

import msgspec
import pytest

from smsgwd.dialects.commands import Send
from smsgwd.dialects.http import Answered
from smsgwd.dialects.jasmin_answers import uuid_of
from smsgwd.dialects.jasmin_rest import BATCH_EVENT
from smsgwd.model.callbacks import TELL_FINAL, Callback, unpack_event
from smsgwd.model.message import Failure, State
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Entry, Outcome
from tests.dialects.test_jasmin import BASIC, DIALECT, NOW, TENANT, request


def batch(**said):
    """A batch, read."""
    asked_for = request("/secure/sendbatch", body=json.dumps(said).encode(), headers=BASIC)
    return DIALECT.read(asked_for)


def test_a_batch():
    """Globals, lists of numbers, what is no message, and who is told."""
    asked = batch(
        globals={"from": "All", "dlr_level": 2},
        messages=[{"to": [306912345678, "x"], "content": "a", "from": "One"}, {"to": "306912345679"}, {"content": "b"}],
        batch_config={"callback_url": "http://h/well", "errback_url": "http://h/bad"},
    )
    command = DIALECT.command(asked, TENANT, NOW)
    assert isinstance(command, Send) and command.pushes is not None
    assert [(each.source, each.dest, each.text, each.asks) for each in command.items] == [
        ("One", "306912345678", "a", TELL_FINAL)
    ]
    for entry, well in ((Entry("306912345678", 5, State.QUEUED, 1), 1), (Entry("1", error=Failure("no_route")), 0)):
        result = Outcome(4, [entry])
        data = json.loads(DIALECT.answer(asked, command, result, TENANT).body)["data"]
        assert (data["batchId"], data["messageCount"]) == (uuid_of(4), well)
        assert data["refused"][-1] == {
            "to": "x",
            "statusText": 'HTTPAPI error: Error "Argument [to] has an invalid value: [x].',
        }
        pushes = command.pushes(result)
        assert [push.url for push in pushes] == ["http://h/well" if well else "http://h/bad", "http://h/bad"]
        style, payload = unpack_event(pushes[0].payload)
        assert style is not None
        told = DIALECT.event(BATCH_EVENT, payload, style, pushes[0].url, NOW)
        assert told is not None and told.method == "GET"
        said = dict(parse_qsl(told.url.partition("?")[2]))
        assert (said["batchId"], said["to"], said["status"]) == (uuid_of(4), entry.dest, str(well))
        assert said["statusText"] == (f'Success "{uuid_of(5)}"' if well else 'HTTPAPI error: Error "No route found')


def test_events_of_others():
    """Nothing is said of them; data that are none are an error."""
    assert DIALECT.event("call", b"{}", Callback("jasmin"), "http://h/", NOW) is None
    with pytest.raises(msgspec.DecodeError):
        DIALECT.event(BATCH_EVENT, b"{", Callback("jasmin"), "http://h/", NOW)


@pytest.mark.parametrize(
    ("written", "at"), [("60s", NOW + 60_000), ("2026-11-22 09:26:13", NOW + 60_000), (None, None)]
)
def test_a_batch_later(written, at):
    """Seconds, or a date of the tenant's zone."""
    asked = batch(messages=[{"to": "306912345678", "content": "x"}], batch_config={"schedule_at": written})
    command = DIALECT.command(asked, TENANT, NOW)
    assert isinstance(command, Send)
    assert [each.schedule_at for each in command.items] == [at]
    data = json.loads(DIALECT.answer(asked, command, Outcome(4, [Entry("1", 5)]), TENANT).body)["data"]
    assert data.get("scheduled") == (None if at is None else "60s")


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"messages": [1]},
        {"messages": [], "globals": [1]},
        {"messages": [], "batch_config": 1},
        {"messages": [], "batch_config": {"callback_url": 1}},
        {"messages": [], "batch_config": {"errback_url": "ftp://x"}},
        {"messages": [], "batch_config": {"schedule_at": 5}},
        {"messages": [], "batch_config": {"schedule_at": "9999999999s"}},
        {"messages": [], "batch_config": {"schedule_at": "0001-01-01 00:00:00"}},
    ],
)
def test_what_is_no_batch(said):
    """412, and no traceback."""
    with pytest.raises(Answered) as answered:
        DIALECT.command(batch(**said), TENANT, NOW)
    assert answered.value.answer.status == 412


def test_too_large_a_batch():
    """Refused whole."""
    with pytest.raises(Refused) as refused:
        DIALECT.command(batch(messages=[{"to": ["306912345678"] * 4096, "content": "x"}]), TENANT, NOW)
    assert refused.value.refusal is Refusal.TOO_LARGE
