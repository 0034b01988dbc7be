"""PDUs as they pass."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from smsgwd.console.given import Told
from smsgwd.model.operators import Role
from smsgwd.net.http_message import HttpResponse
from tests.console.operators.message_answers import BAD, SHOWN
from tests.console.stand import Operators, text_of


def row(**more: Any) -> dict[str, Any]:
    """A row of `pdu tap`."""
    return {
        "time": "2026-11-23T05:24:05.816Z",
        "link": "sim/0",
        "way": "received",
        "pdu": "submit_sm_resp",
        "sequence": 340,
        "status": "ESME_ROK",
        "ms": 12.7,
        "detail": "message_id=1795411413030333",
        **more,
    }


class Tap:
    """Answers as `pdu tap` does: the first one begins, each further one has the next rows."""

    def __init__(self, *pages: list[dict[str, Any]]) -> None:
        self.pages = list(pages)

    def __call__(self, params: Mapping[str, str]) -> dict[str, Any]:
        if "after" not in params:
            return {"rows": [], "next": "f00", "ended": False}
        rows = self.pages.pop(0) if self.pages else []
        return {"rows": rows, "next": "f00", "ended": not self.pages}


class Registry(Operators):
    """A stand where the whole of a PDU takes the role admin, as it does."""

    def needs(self, noun: str, verb: str) -> Role:
        return "admin" if verb.endswith("-full") else super().needs(noun, verb)


def stand(role: Role = "admin", **more: Any) -> Registry:
    answers: dict[str, Any] = {"connector list": [{"id": "sim"}], "esme list": [{"system_id": "shop"}], **more}
    return Registry(answers, role)


def asked(made: Operators, name: str) -> list[dict[str, str]]:
    return [params for each, params in made.asked if each == name]


class Browser:
    """The other end of a stream."""

    full = False

    def __init__(self, answer: HttpResponse) -> None:
        assert answer.stream is not None
        self.got = b""
        self.stream = answer.stream
        self.stream.attach(self)

    def more(self, data: bytes) -> None:
        self.got += data

    def finish(self) -> None:
        """Nothing is kept of it."""

    def taken(self) -> str:
        got, self.got = self.got, b""
        return got.decode()


def test_nothing_is_tapped_before_somebody_chooses() -> None:
    made = stand()
    page = made.get("/pdu")
    assert "sse-connect" not in page and asked(made, "pdu tap") == [] and '<option value="shop">' in page


def test_pdus_are_followed_by_one_reader() -> None:
    made = stand(**{"pdu tap": Tap([row(sequence=1)], [row(sequence=2, detail=BAD)], [])})
    page = made.get("/pdu?connector=sim&number=306912345678")
    assert 'sse-connect="/ui/live/pdu?connector=sim&amp;number=306912345678"' in page and 'sse-close="over"' in page
    browser = Browser(made.ask("GET", "/live/pdu?connector=sim&number=306912345678"))
    made.clock.advance(0)
    assert "Nothing has passed yet." in browser.taken()
    made.clock.advance(0.5)
    assert "submit_sm_resp" in browser.taken()
    made.clock.advance(0.5)
    shown = browser.taken()
    assert SHOWN in shown and BAD not in shown and "2 PDUs, newest first" in shown
    made.clock.advance(0.5)
    assert "event: over" in browser.taken()
    made.clock.advance(5)
    begin = {"connector": "sim", "number": "306912345678", "seconds": "240"}
    assert asked(made, "pdu tap") == [begin, *[{"after": "f00"}] * 3]


def test_each_viewer_has_a_tap_of_his_own() -> None:
    made = stand(**{"pdu tap": Tap([], [], [])})
    browsers = [Browser(made.ask("GET", "/live/pdu?connector=sim")) for _ in range(2)]
    made.clock.advance(0)
    assert [params for params in asked(made, "pdu tap") if "after" not in params] == [
        {"connector": "sim", "seconds": "240"}
    ] * 2
    for browser in browsers:
        browser.stream.gone()
    begun = len(made.asked)
    made.clock.advance(10)
    assert len(made.asked) == begun


def test_a_tap_that_is_refused_says_so_and_ends() -> None:
    made = stand(**{"pdu tap": Told("8 look at PDUs already")})
    browser = Browser(made.ask("GET", "/live/pdu?connector=sim"))
    made.clock.advance(0)
    told = browser.taken()
    assert "8 look at PDUs already" in told and "event: over" in told


def test_who_has_no_javascript_looks_for_a_moment() -> None:
    made = stand(**{"pdu tap": Tap([row(detail="first")], [row(detail="second")])})
    page = text_of(made.get("/pdu?account=shop&once=yes"))
    assert asked(made, "pdu tap") == [{"account": "shop", "seconds": "4"}, {"after": "f00"}, {"after": "f00"}]
    assert page.index("second") < page.index("first")


def test_texts_are_for_who_may_see_them() -> None:
    made = stand(**{"pdu tap-full": Tap([row()])})
    assert "stands in the audit" in made.get("/pdu?connector=sim&once=yes&full=yes")
    assert asked(made, "pdu tap-full")[0] == {"connector": "sim", "seconds": "4"}
    made = stand("operate", **{"pdu tap": Tap([row()])})
    assert "stands in the audit" not in made.get("/pdu?connector=sim&once=yes&full=yes")
    assert asked(made, "pdu tap")


def test_who_may_only_read_sees_no_pdus() -> None:
    made = stand("read")
    assert made.ask("GET", "/pdu").status == 403 and made.ask("GET", "/live/pdu?connector=sim").status == 403
    assert made.asked == []


def test_pdus_are_saved_as_a_file() -> None:
    made = stand(**{"pdu pcap": {"packets": 1, "data": base64.b64encode(b"\xd4\xc3").decode()}})
    answer = made.post("/pdu", {"connector": "sim", "account": "", "seconds": "5"})
    headers = dict(answer.headers)
    assert answer.body == b"\xd4\xc3" and headers["Content-Disposition"] == 'attachment; filename="smsgwd.pcap"'
    assert asked(made, "pdu pcap") == [{"connector": "sim", "seconds": "5"}]


def test_a_capture_that_is_refused_comes_back() -> None:
    made = stand(**{"pdu pcap": Told("there is no connector x")})
    answer = made.post("/pdu", {"connector": "sim", "account": "acc", "seconds": "5"})
    assert answer.status == 422 and b"there is no connector x" in answer.body and b'value="acc"' in answer.body
    assert made.post("/pdu", {"connector": "sim", "seconds": "3000"}).status == 422
    assert len(asked(made, "pdu pcap")) == 1
