"""Whatever iSMS, or who is in its place, answers: there is a verdict, or one of the troubles that a plugin may have."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from smsgwd_isms import plugin

from smsgwd.providers import CallbackRefused, CallbackRequest, Contact, Halt, NoAnswer, NotSent, Reply, Report, Sent
from smsgwd.providers.testing import TestHost, group, provider, run

OPTIONS = {"username": "user", "password": "secret"}
TROUBLES = (Halt, NoAnswer, NotSent)

#: Answers that are nearly right come far more often than among any octets.
said = st.one_of(
    st.binary(max_size=200),
    st.builds(
        lambda start, rest: start.encode() + rest,
        st.sampled_from(["ID:", "Error: ", "Status: ", "Credits:", "Delivered;", "Queued", "\ufeff", "OK"]),
        st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)),
    ),
)
answers = st.builds(
    Reply,
    st.one_of(st.just(200), st.integers(min_value=100, max_value=599)),
    st.dictionaries(st.just("retry-after"), st.text(max_size=8)),
    said,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(answers, min_size=1, max_size=6))
def test_any_answer_is_a_verdict_or_a_known_trouble(given: list[Reply]) -> None:
    def answer(request: object) -> Reply:
        return given[len(host.requests) % len(given)]

    host = TestHost(answer, now_ms=100_000)
    isms = provider(plugin, host, OPTIONS)
    messages = [*group(3), *group(2)]
    messages = [type(each)(f"{at}", each.to, each.sender, each.text) for at, each in enumerate(messages)]
    verdicts = run(isms.send(messages))
    assert len(verdicts) == len(messages)
    for verdict in verdicts:
        foreign_id = getattr(verdict, "foreign_id", "A")
        assert re.fullmatch(r"[!-~]{1,64}", foreign_id)
        reason = getattr(verdict, "reason", "") + " " + getattr(verdict, "code", "")
        assert reason.isprintable() and not re.search(r"[0-9]{5}", reason)
    sent = [Sent("1", "A/306912345678", "306912345678", "iSMS", "", 0, 0)]
    contacts = [Contact("306912345678")] * 2
    for call in (isms.states(sent), isms.balance(), isms.lookup("306912345678"), isms.push_contacts(contacts)):
        try:
            run(call)
        except TROUBLES:
            continue


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["mid", "mobile", "other", "dlr", "status", "said", "err", "x"]),
            st.one_of(st.sampled_from(["1", "16", "Failed", "A1", "306912345678", "%d"]), st.text(max_size=40)),
        ),
        max_size=8,
    ),
    st.sampled_from(["", "7"]),
    st.binary(max_size=40),
)
def test_any_callback_is_read_or_refused(query: list[tuple[str, str]], message_id: str, body: bytes) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"} if body else {}
    isms = provider(plugin, TestHost(lambda request: Reply(200)), OPTIONS)
    try:
        callback = run(isms.received(CallbackRequest("POST", tuple(query), headers, body, message_id)))
    except CallbackRefused:
        return
    for event in callback.events:
        assert isinstance(event, Report)
        assert event.message_id or re.fullmatch(r"[0-9A-Za-z]{1,40}/[0-9]{7,15}", event.foreign_id)
