"""What plugins may answer, and what becomes of the rest."""

import pytest

from smsgwd.model.lookups import LookupState
from smsgwd.model.message import State
from smsgwd.providers import (
    Accepted,
    Balance,
    Callback,
    CallbackRequest,
    Contact,
    Halt,
    NumberFacts,
    Park,
    Permanent,
    Report,
    Sent,
    SlowDown,
    Temporary,
)
from smsgwd.providers.testing import group
from smsgwd.southbound.provider.calls import (
    AskBalance,
    AskFacts,
    AskStates,
    Done,
    LookUp,
    PushContacts,
    Receive,
    Send,
)
from smsgwd.southbound.provider.results import BadResult, done_of, from_afar, halted, oddities, usable

SEND = Send(group(2))
STATES = AskStates([Sent("1", "f", "30690", "", "", 0, 0)])
RECEIVE = Receive(CallbackRequest("GET"))


@pytest.mark.parametrize(
    ("call", "result", "why"),
    [
        (SEND, None, "NoneType"),
        (SEND, [Accepted()], "2 messages with 1 verdicts"),
        (SEND, {Accepted("a"), Accepted("b")}, "set"),
        (SEND, [Accepted("a"), Report(None, "x")], "Report for a verdict"),
        (SEND, [Accepted("a"), Accepted(b"x")], "does not fit"),
        (SEND, [Accepted("a"), Temporary("r", "5")], "does not fit"),
        (SEND, [Accepted("a"), Permanent("c", scope="all")], "does not fit"),
        (SEND, [Accepted("a"), Accepted("\ud800")], "does not fit"),
        (STATES, Report(None, "x"), "Report for a list"),
        (STATES, [Accepted("x")], "Accepted for Report"),
        (STATES, [Report(99, "x")], "does not fit"),
        (RECEIVE, None, "NoneType for Callback"),
        (RECEIVE, Callback(status=99), "status 99"),
        (RECEIVE, Callback(content_type="a\r\nb: c"), "cannot be sent"),
        (RECEIVE, Callback(body=b"x" * 70_000), "cannot be sent"),
        (RECEIVE, Callback((Report(None),)), "names no message"),
        (RECEIVE, Callback((Report(None, message_id="one"),)), "none of ours"),
        (RECEIVE, Callback(("x",)), "does not fit"),
        (AskBalance(), 5.0, "float for Balance"),
        (AskBalance(), Balance(float("nan")), "no number"),
        (AskFacts(), {"a": 5}, "does not fit"),
        (AskFacts(), [("a", "b")], "list for Mapping"),
        (LookUp("30690"), "GR", "does not fit"),
        (PushContacts([Contact("1")]), [], "1 contacts with 0"),
    ],
)
def test_what_it_may_not(call, result, why):
    with pytest.raises(BadResult, match=why):
        done_of(call, result)


def test_reasons_are_one_short_line_and_waits_are_waits():
    done = done_of(SEND, [Temporary("a\nb" + "x" * 500, -1.0), SlowDown("s", float("nan"))])
    assert done.verdicts == [Temporary("a b" + "x" * 197, None), SlowDown("s", None)]
    done = done_of(SEND, (Park("p", 1e12), Permanent("c" * 99, "r", "connector")))
    assert done.verdicts == [Park("p", 604800.0), Permanent("c" * 64, "r", "connector")]


def test_an_id_that_cannot_be_kept_does_not_cost_the_message():
    result = [Accepted("x" * 65), Accepted("ID/30 69")]
    assert done_of(SEND, result).verdicts == [Accepted(), Accepted("ID/30 69")]
    assert oddities(SEND, result) == "1 foreign ids are not up to 64 printable characters"


def test_a_report_that_cannot_be_right_is_left_out():
    result = [Report(State.DELIVERED), Report(State.SENT, "f", at_ms=-5), Report(State.DELIVERED, "g", word="a\tb")]
    assert done_of(STATES, result).reports == [Report(None, "f"), Report(State.DELIVERED, "g", word="a b")]
    assert oddities(STATES, result) == "1 reports: it names no message"
    assert oddities(STATES, result[1:]) == ""


def test_halts():
    assert halted(Halt(Park("p", 0))).halted == Park("p")
    for bad in (Accepted("x"), "stop", Park(5)):
        with pytest.raises(BadResult):
            halted(Halt(bad))


def test_facts_are_bounded():
    found = done_of(AskFacts(), {str(number): "x" * 5000 for number in range(500)}).facts
    assert (len(found), len(found["5"])) == (100, 1000)


def test_what_a_tenant_or_a_metric_may_see_of_a_provider_is_short():
    assert done_of(AskBalance(), Balance(1.0, "E\x1b[31mUR" + "x" * 99)).balance == Balance(1.0, "E [31mUR" + "x" * 8)
    facts = NumberFacts(LookupState.DELIVERED, operator="a\nb" + "x" * 99, ported=True)
    assert done_of(LookUp("30690"), facts).number == NumberFacts(
        LookupState.DELIVERED, operator="a b" + "x" * 61, ported=True
    )


@pytest.mark.parametrize(("name", "good"), [("?7.1", False), ("?7", True), ("?", True), ("7.1", True), ("", True)])
def test_no_provider_calls_a_message_as_we_do(name, good):
    """What has no foreign id is found by `?ID.PART`: a provider that says such a one would speak of another message."""
    assert usable(name) is good
    assert done_of(SEND, [Accepted(name), Accepted("x")]).verdicts == [Accepted(name if good else ""), Accepted("x")]


@pytest.mark.parametrize(
    ("call", "done"),
    [
        (SEND, Done()),
        (SEND, Done(verdicts=[Accepted()])),
        (SEND, Done(reports=[])),
        (SEND, Done(halted=Accepted("x"))),
        (STATES, Done(reports=[Report(None, "x")] * 10_001)),
        (STATES, Done(verdicts=[])),
        (RECEIVE, Done(callback=Callback(status=99))),
        (RECEIVE, Done(callback=Callback(body=b"x" * 70_000))),
        (RECEIVE, Done(callback=Callback((Report(None),)))),
        (RECEIVE, Done(refused=True, trouble="x")),
        (AskBalance(), Done(balance=Balance(float("inf")))),
        (AskFacts(), Done(balance=Balance(1.0))),
        (PushContacts([Contact("1")]), Done(contacts=[])),
    ],
)
def test_what_a_process_may_not_say(call, done):
    """The checks in it are the plugin's to change."""
    with pytest.raises(BadResult):
        from_afar(call, done)


@pytest.mark.parametrize(
    ("call", "done", "made"),
    [
        (SEND, Done(trouble="a\x1b[2J" + "b" * 999), Done(trouble="a [2J" + "b" * 195)),
        (SEND, Done(halted=Park("p\n", 1e300), written=True), Done(halted=Park("p", 604800.0), written=True)),
        (
            SEND,
            Done(verdicts=[Accepted("a\nb"), Temporary("x" * 999, -1.0)]),
            Done(verdicts=[Accepted(), Temporary("x" * 200)]),
        ),
        (STATES, Done(reports=[Report(State.SENT, "f", word="a\tb"), Report(None, "?7.1")]),
         Done(reports=[Report(None, "f", word="a b")])),
        (RECEIVE, Done(refused=True, callback=Callback(status=404)), Done(refused=True, callback=Callback([], 404))),
        (AskBalance(), Done(balance=Balance(1.0, "E\nR")), Done(balance=Balance(1.0, "E R"))),
        (AskFacts(), Done(facts={"a\n": "b\x9b"}), Done(facts={"a": "b"})),
        (LookUp("30690"), Done(), Done()),
        (PushContacts([Contact("1")]), Done(contacts=["a\nb"]), Done(contacts=["a b"])),
    ],
)  # fmt: skip
def test_what_a_process_says_is_cut_to_size(call, done, made):
    assert from_afar(call, done) == made
