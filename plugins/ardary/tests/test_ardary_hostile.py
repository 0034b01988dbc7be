"""Whatever a provider answers or calls back with: a verdict or a trouble that the host knows, and nothing else."""

from __future__ import annotations

import json
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st
from smsgwd_ardary import plugin

from smsgwd.providers import CallbackRefused, CallbackRequest, Contact, Halt, NoAnswer, Reply
from smsgwd.providers.testing import TestHost, group, provider, run

OPTIONS = {"login": "user", "access_key": "key", "password": "secret"}

scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(["failed", "success", "1"])
names = st.sampled_from(
    ["data", "sms", "contact", "errors", "error", "result", "id_sms_api", "title", "status", "from"]
)
values = st.recursive(
    scalars | st.sampled_from(["#001", "#006", "#100", "incoming sms", "MISSED", "2020-01-21 10:01:38"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=15,
)
bodies = st.binary(max_size=100) | values.map(lambda value: json.dumps(value).encode())
answers = st.builds(Reply, st.just(200) | st.integers(100, 599), st.just({}), bodies)


@settings(max_examples=200, deadline=None)
@given(answers)
def test_any_answer_to_a_group(answer: Reply) -> None:
    verdicts = run(provider(plugin, TestHost(lambda _: answer), OPTIONS).send(group(2)))
    assert len(verdicts) == 2


@settings(max_examples=200, deadline=None)
@given(answers)
def test_any_answer_about_contacts(answer: Reply) -> None:
    try:
        results = run(provider(plugin, TestHost(lambda _: answer), OPTIONS).push_contacts([Contact("306912345678")]))
    except (Halt, NoAnswer):
        return
    assert [isinstance(one, str) for one in results] == [True]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=10), values.map(json.dumps) | st.text(max_size=30)), max_size=3), bodies)
def test_any_callback(query: list[tuple[str, str]], body: bytes) -> None:
    request = CallbackRequest("GET", tuple(query), {"content-type": "application/x-www-form-urlencoded"}, body)
    with suppress(CallbackRefused):
        run(provider(plugin, TestHost(lambda _: Reply(200)), OPTIONS).received(request))
