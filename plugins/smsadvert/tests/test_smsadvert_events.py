"""The callback, and any answer or callback at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smsgwd_smsadvert import plugin

from smsgwd.model.message import State
from smsgwd.providers import CallbackRefused, CallbackRequest, Event, Reply, Report
from smsgwd.providers.testing import TestHost, group, provider, replies, run

OPTIONS = {"token": "API_AUTH_TOKEN"}


def received(body: bytes, message_id: str = "", **fields: str) -> tuple[TestHost, Sequence[Event]]:
    host = TestHost(replies())
    request = CallbackRequest(
        "POST", tuple(fields.items()), {"content-type": "application/json"}, body, message_id=message_id
    )
    found = run(provider(plugin, host, OPTIONS).received(request))
    assert found.status == 200
    return host, found.events


@pytest.mark.parametrize(
    ("word", "state"), [("delivered", State.DELIVERED), ("failed", State.UNDELIVERED), ("waiting", None)]
)
def test_of_a_message_alone(word: str, state: State | None) -> None:
    _, events = received(json.dumps({"status": word, "msgId": "xxxxxx"}).encode(), "4711")
    assert events == [Report(state, "xxxxxx", "4711", word)]


def test_the_address_alone_says_whose_it_is() -> None:
    _, events = received(b'{"status": "failed"}', "4711")
    assert events == [Report(State.UNDELIVERED, "", "4711", "failed")]


def test_of_one_among_several() -> None:
    _, events = received(b'{"status": "delivered", "msgId": 12, "phone": "+40740123456"}')
    assert events == [Report(State.DELIVERED, "12/40740123456", word="delivered", to="40740123456")]


def test_of_several_without_a_number_nothing_is_known() -> None:
    host, events = received(b'{"status": "delivered", "msgId": "m"}')
    assert events == ()
    assert host.logged == [("callback_without_phone", {"msg_id": "m"})]


def test_as_fields() -> None:
    _, events = received(b"", "4711", status="delivered", msgId="m")
    assert events == [Report(State.DELIVERED, "m", "4711", "delivered")]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{}", b'{"msgId": "m"}', b'{"status": "delivered"}', b'{"status": "x", "msgId": "%s"}' % (b"m" * 65)],
)
def test_what_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(CallbackRefused):
        received(body)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["errors", "errorMessage", "msgId", "phone", "status"]), inner, max_size=4)
    ),
    max_leaves=12,
)
octets = st.binary(max_size=100) | values.map(lambda value: json.dumps(value).encode())


@settings(max_examples=200, deadline=None)
@given(st.just(200) | st.integers(100, 599), octets, st.booleans())
def test_any_answer(status: int, body: bytes, several: bool) -> None:
    host = TestHost(lambda _: Reply(status, {}, body))
    verdicts = run(provider(plugin, host, {**OPTIONS, "group": several}).send(group(5 if several else 1)))
    assert len(verdicts) == (5 if several else 1)


@settings(max_examples=200, deadline=None)
@given(octets, st.sampled_from(["", "7"]))
def test_any_callback(body: bytes, message_id: str) -> None:
    with suppress(CallbackRefused):
        received(body, message_id)
