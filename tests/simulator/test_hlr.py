"""The simulated HLR: the same for the same number, and understood by the gateway's source."""

import json

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from smsgwd.model.lookups import LookupState
from smsgwd.net.http_message import HttpRequest
from smsgwd.ports.push import HttpAnswer
from smsgwd.simulator.hlr import Hlr, HlrOptions, parse_network
from smsgwd.southbound.http_lookup import HttpLookupSource


def ask(hlr, path, method="GET"):
    return hlr(HttpRequest(method, path, [], {}, b"", "127.0.0.1"))


def facts(number, **options):
    answer = ask(Hlr(HlrOptions(**options), None), f"/hlr/{number}")
    assert answer.status == 200
    return json.loads(answer.body)


@pytest.mark.parametrize(
    ("number", "state", "error"),
    [
        ("306971234510", "delivered", None),
        ("306971234500", "failed", "1"),
        ("306971234501", "undelivered", "27"),
        ("306971234502", "unknown", None),
        ("999712345610", "unknown", None),
    ],
)
def test_states_by_the_last_digits(number, state, error):
    found = facts(number)
    assert (found["state"], found.get("error")) == (state, error)


def test_networks_by_prefix_and_ported_ones():
    home = facts("306971234510")
    assert (home["mcc"], home["mnc"], home["operator"], home["ported"]) == ("202", "01", "Cosmote", False)
    assert home["imsi"].startswith("20201") and len(home["imsi"]) == 15
    moved = facts("306971234910")
    assert moved["ported"] and moved["mcc"] == "202" and moved["mnc"] != "01"
    assert moved["imsi"].startswith(moved["mcc"] + moved["mnc"])


def test_the_same_number_has_the_same_facts():
    assert facts("306971234510") == facts("306971234510", seed=7) != facts("306971234511")


def test_trouble_and_silence():
    hlr = Hlr(HlrOptions(), None)
    assert [ask(hlr, f"/hlr/3069712345{ending}").status for ending in ("03", "04")] == [503, 404]
    silent = ask(hlr, "/hlr/306971234505")
    assert isinstance(silent, Deferred) and not silent.called
    assert hlr.summary() == {"not_told": 1, "silent": 1, "trouble": 1}


def test_a_share_fails():
    hlr = Hlr(HlrOptions(fail_pct=100.0), None)
    assert ask(hlr, "/hlr/306971234510").status == 503


def test_it_takes_its_time():
    clock = Clock()
    answer = ask(Hlr(HlrOptions(delay_ms=500), clock.callLater), "/hlr/306971234510")
    clock.advance(0.4)
    assert not answer.called
    clock.advance(0.2)
    assert answer.result.status == 200


@pytest.mark.parametrize(("method", "path"), [("POST", "/hlr/306971234510"), ("GET", "/hlr/12"), ("GET", "/x")])
def test_what_is_no_lookup(method, path):
    assert ask(Hlr(HlrOptions(), None), path, method).status == 404


def test_its_counts():
    hlr = Hlr(HlrOptions(), None)
    ask(hlr, "/hlr/306971234510")
    assert json.loads(ask(hlr, "/stats").body) == {"delivered": 1}


def test_networks_of_the_command_line():
    assert parse_network("4479:GB:234:10:O2 UK") == ("4479", ("GB", "234", "10", "O2 UK"))
    for bad in ("", "4479", "4479:gb:234:10:O2", "x:GB:234:10:O2", "4479:GB:23:10:O2"):
        with pytest.raises(ValueError, match="PREFIX:COUNTRY"):
            parse_network(bad)


@pytest.mark.parametrize("ending", ["10", "00", "01", "02", "910"])
def test_the_gateway_understands_it(ending):
    number = "306971234567"[: -len(ending)] + ending
    answer = ask(Hlr(HlrOptions(), None), f"/hlr/{number}")
    source = HttpLookupSource("hlr", None, "http://h/{msisdn}", {}, 1.0)
    found = source._facts(HttpAnswer(answer.status, {}, answer.body))
    assert found is not None and found.state.final and found.country == "GR"
    assert (found.state is LookupState.DELIVERED) == (ending in ("10", "910"))
