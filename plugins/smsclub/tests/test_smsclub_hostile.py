"""Whatever SMS Club, or who is in its place, answers: there is a verdict, or one of the troubles that a plugin may
have."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from smsgwd_smsclub import plugin

from smsgwd.providers import Halt, NoAnswer, NotSent, Reply, Sent
from smsgwd.providers.testing import TestHost, group, outbound, provider, run

OPTIONS = {"token": "tok-1"}
TROUBLES = (Halt, NoAnswer, NotSent)

values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        st.text(max_size=20),
        st.sampled_from(["306900000001", "306900000002", "DELIVRD", "453", "phone 306900000001 invalid"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(
                st.sampled_from(["success_request", "info", "add_info", "message", "name", "money", "306900000003"]),
                st.text(max_size=70),
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=8,
)
#: Nearly right answers.
successes = st.builds(
    lambda info, more: {"success_request": {"info": info, "add_info": more}},
    st.one_of(values, st.dictionaries(st.text(max_size=70), st.sampled_from(["306900000001", 306900000002]))),
    values,
)
bodies = st.one_of(
    st.binary(max_size=100),
    st.one_of(values, successes).map(lambda value: json.dumps(value).encode("utf-8", "replace")),
)
answers = st.builds(
    Reply,
    st.one_of(st.sampled_from([200, 400, 453]), st.integers(min_value=100, max_value=599)),
    st.dictionaries(st.just("retry-after"), st.text(max_size=8)),
    bodies,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(answers, min_size=1, max_size=6))
def test_any_answer_is_a_verdict_or_a_known_trouble(given: list[Reply]) -> None:
    host = TestHost(lambda request: given[len(host.requests) % len(given)])
    club = provider(plugin, host, OPTIONS)
    messages = [*group(12), outbound(13, to="306900000001"), outbound(14, deadline_ms=9)]
    verdicts = run(club.send(messages))
    assert len(verdicts) == len(messages)
    for verdict in verdicts:
        assert re.fullmatch(r"[!-~]{0,64}", getattr(verdict, "foreign_id", ""))
        reason = getattr(verdict, "reason", "") + " " + getattr(verdict, "code", "")
        assert reason.isprintable() and not re.search(r"[0-9]{5}", reason)
    sent = [Sent("1", "7", "306900000001", "VashZakaz", "", 0, 0)]
    for call in (club.states(sent), club.balance(), club.facts()):
        try:
            run(call)
        except TROUBLES:
            continue
