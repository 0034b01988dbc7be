"""States by the history: which row is whose, in pages, over days, clocks that change, and restarts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
from smsgwd_smspresto import plugin

from smsgwd.model.message import State
from smsgwd.providers import Halt, Reply, Report, Request, Sent, Stop
from smsgwd.providers.testing import TestHost, provider, run

OPTIONS = {"api_key": "KEY", "api_pass": "PASS"}

#: As the page has it.
PAGE = """[{"IDHISTORIQUE": "1", "HIS_DESTINATAIRE": "+22508081488", "HIS_MESSAGE": "test", "HIS_STATUT": "1",
"HIS_NOMBRESMS": "1", "HIS_DATEHEURECREA": "2017-04-27 15:46:23", "HIS_DATEHEUREENVOI": "2017-04-27 15:46:26",
"IDDATEHEURE": "2017-04-27 15:46:23", "CPT_REF": "SP22558371758", "IDSMSFILATTENTE": "1", "HIS_EXPEDITEUR": "oniris",
"NOMCONTACT": "Diarrassouba Rémi"},
{"IDHISTORIQUE": "2", "HIS_DESTINATAIRE": "+22558371758", "HIS_MESSAGE": "test", "HIS_STATUT": "1",
"HIS_NOMBRESMS": "1", "HIS_DATEHEURECREA": "2017-04-27 15:46:23", "HIS_DATEHEUREENVOI": "2017-04-27 15:46:25",
"IDDATEHEURE": "2017-04-27 15:46:23", "CPT_REF": "SP22558371758", "IDSMSFILATTENTE": "2", "HIS_EXPEDITEUR": "oniris",
"NOMCONTACT": "Adrian Leman"}]"""


def ms(written: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


NOON = ms("2026-11-21 12:00:00")


class History:
    """A provider's history, which gives `cap` rows at most."""

    def __init__(self, zone: str = "UTC", cap: int = 1000) -> None:
        self.zone = ZoneInfo(zone)
        self.cap = cap
        self.rows: list[dict[str, Any]] = []
        self.asked: list[tuple[str, int]] = []

    def add(self, to: str, text: str, at: int, status: str = "0") -> dict[str, Any]:
        made = datetime.fromtimestamp(at / 1000, self.zone).isoformat(" ")[:19]
        row = {
            "IDHISTORIQUE": str(len(self.rows) + 1),
            "HIS_DESTINATAIRE": f"+{to}",
            "HIS_MESSAGE": text,
            "HIS_STATUT": status,
            "HIS_DATEHEURECREA": made,
            "HIS_DATEHEUREENVOI": made if status != "0" else "",
        }
        self.rows.append(row)
        return row

    def __call__(self, request: Request) -> Reply:
        fields = dict(parse_qsl(request.body.decode()))
        assert fields["action"] == "list-archive"
        assert (fields["user"], fields["pass"]) == ("KEY", "PASS")
        first, last = fields["dateFrom"], fields["dateTo"]
        begin, end = int(fields["from"]), int(fields["to"])
        self.asked.append((first, begin))
        days = [row for row in self.rows if first <= row["HIS_DATEHEURECREA"][:10] <= last]
        return Reply(200, {}, json.dumps(days[begin : min(end, begin + self.cap)]).encode())


class Desk:
    """A provider over a history; `again` is a restart of its process."""

    def __init__(self, history: History, **options: Any) -> None:
        self.history = history
        self.options = {**OPTIONS, **options}
        self.again()

    def again(self) -> None:
        self.provider = provider(plugin, TestHost(self.history), self.options)

    def ask(self, *sent: Sent) -> Sequence[Report]:
        return run(self.provider.states(sent))

    def states(self, *sent: Sent) -> dict[str, State | None]:
        return {report.message_id: report.state for report in self.ask(*sent)}


def message(number: int, at: int = NOON, to: str = "306900000001", text: str = "Hello", foreign_id: str = "") -> Sent:
    return Sent(str(number), foreign_id, to, "iSMS", text, at, at + 86_400_000)


def test_the_pages_history() -> None:
    host = TestHost(lambda _: Reply(200, {}, PAGE.encode()))
    at = ms("2017-04-27 15:46:24")
    sent = [message(7, at, "22558371758", "test"), message(8, at, "22508081488", "test"), message(9, at, "225", "test")]
    reports = run(provider(plugin, host, OPTIONS).states(sent))
    assert reports == [
        Report(State.DELIVERED, "2", "7", "sent", at_ms=ms("2017-04-27 15:46:25")),
        Report(State.DELIVERED, "1", "8", "sent", at_ms=ms("2017-04-27 15:46:26")),
    ]
    [request] = host.requests
    fields = dict(parse_qsl(request.body.decode()))
    assert (fields["dateFrom"], fields["dateTo"], fields["from"], fields["to"]) == (
        "2017-04-27",
        "2017-04-27",
        "0",
        "1000",
    )


def test_states_and_what_is_told_once() -> None:
    desk = Desk(History())
    waiting, failed = (desk.history.add(f"30690000000{n}", "Hello", NOON, s) for n, s in ((1, "0"), (2, "2")))
    one, two = message(1), message(2, to="306900000002")
    assert desk.ask(one, two) == [
        Report(None, "1", "1", "waiting"),
        Report(State.UNDELIVERED, "2", "2", "failed", at_ms=NOON),
    ]
    assert desk.ask(message(1, foreign_id="1")) == []  # nothing new
    waiting["HIS_STATUT"] = "1"
    assert desk.states(message(1, foreign_id="1")) == {"1": State.DELIVERED}
    assert failed["HIS_STATUT"] == "2"


def test_sent_need_not_be_delivered() -> None:
    desk = Desk(History(), sent_is_delivered=False)
    desk.history.add("306900000001", "Hello", NOON, "1")
    assert desk.states(message(1)) == {"1": None}


@pytest.mark.parametrize(
    ("written", "sent"),
    [("L&#039;été &amp; l'hiver", "L'été & l'hiver"), ("a\r\nb", "a\nb"), ("  Hello ", "Hello"), ("Γειά", "Γειά")],
)
def test_texts_as_histories_write_them(written: str, sent: str) -> None:
    desk = Desk(History())
    desk.history.add("306900000001", written, NOON, "1")
    assert desk.states(message(1, text=sent)) == {"1": State.DELIVERED}


@pytest.mark.parametrize(("seconds", "found"), [(-599, True), (599, True), (-601, False), (3600, False)])
def test_rows_of_another_time_are_another_messages(seconds: int, found: bool) -> None:
    desk = Desk(History())
    desk.history.add("306900000001", "Hello", NOON + seconds * 1000, "1")
    assert bool(desk.ask(message(1))) is found


def test_equal_ones_in_their_order() -> None:
    desk = Desk(History())
    for n, status in enumerate("120"):
        desk.history.add("306900000001", "Hello", NOON + n * 1000, status)
    messages = [message(n, NOON + n * 1000) for n in (1, 2, 3)]  # 1 s later than the rows: its clock is behind
    expected = {"1": State.DELIVERED, "2": State.UNDELIVERED, "3": None}
    assert desk.states(*reversed(messages)) == expected


def test_an_equal_one_keeps_its_row_when_the_other_is_final() -> None:
    desk = Desk(History())
    for status in "10":
        desk.history.add("306900000001", "Hello", NOON, status)
    first, second = message(1), message(2)
    assert desk.states(first, second) == {"1": State.DELIVERED, "2": None}
    desk.history.rows[1]["HIS_STATUT"] = "2"
    assert desk.states(second) == {"2": State.UNDELIVERED}
    desk.again()  # the host has kept which row it is
    assert desk.states(message(2, foreign_id="2")) == {"2": State.UNDELIVERED}


def test_after_a_restart_rows_that_are_final_already_are_the_others() -> None:
    desk = Desk(History())
    for status in "10":
        desk.history.add("306900000001", "Hello", NOON, status)
    assert desk.ask(message(2)) == [Report(None, "2", "2", "waiting")]


def test_one_row_is_one_message() -> None:
    desk = Desk(History())
    desk.history.add("306900000001", "Hello", NOON, "1")
    assert desk.states(message(1), message(2, NOON + 1000)) == {"1": State.DELIVERED}
    assert desk.states(message(2, NOON + 1000)) == {}
    desk.history.add("306900000001", "Hello", NOON + 5000, "2")
    assert desk.states(message(2, NOON + 1000)) == {"2": State.UNDELIVERED}


def test_hundreds_of_equal_ones() -> None:
    desk = Desk(History())
    for n in range(600):
        desk.history.add("306900000001", "Hello", NOON + n * 100, "12"[n % 2])
    found = desk.states(*(message(n + 1, NOON + n * 100) for n in range(500)))
    assert len(found) == 500
    assert [found[str(n + 1)] for n in range(500)] == [State.DELIVERED, State.UNDELIVERED] * 250


# -- pages and days


@pytest.mark.parametrize("cap", [1000, 50])
def test_pages_whatever_the_provider_gives_at_a_time(cap: int) -> None:
    desk = Desk(History(cap=cap), page_rows=100)
    for n in range(330):
        desk.history.add(f"3069{n:08d}", "Hello", NOON + n * 100, "1")
    sent = [message(n, NOON + n * 100, f"3069{n:08d}") for n in range(330)]
    assert len(desk.ask(*sent)) == 330
    assert len(desk.history.asked) == (4 if cap == 1000 else 7)


@pytest.mark.parametrize(("most", "expected"), [(3, 4), (1, 10), (10, 1)])
def test_pages_are_bounded_and_the_next_question_goes_on(most: int, expected: int) -> None:
    desk = Desk(History(), page_rows=10, most_pages=most)
    for n in range(100):
        desk.history.add(f"3069{n:08d}", "Hello", NOON + n * 1000, "1")
    wanted = message(99, NOON + 99_000, "306900000099")
    unmatched = message(100, NOON, "30777")  # which is never found
    found: list[Report] = []
    calls = 0
    while not found:
        found = list(desk.ask(unmatched, wanted))
        calls += 1
        assert calls <= expected
    assert found[0].message_id == "99"
    assert calls == expected
    assert any(desk.ask(wanted) for _ in range(expected + 2))  # it begins again


def test_old_rows_of_the_day_are_passed_over_next_time() -> None:
    desk = Desk(History(), page_rows=100)
    for n in range(1000):
        desk.history.add(f"3069{n:08d}", "Old", NOON - 7_200_000 + n, "1")
    desk.history.add("306900000001", "Hello", NOON, "0")
    assert desk.states(message(1)) == {"1": None}
    before = len(desk.history.asked)
    desk.history.rows[-1]["HIS_STATUT"] = "1"
    assert desk.states(message(1, foreign_id="1001")) == {"1": State.DELIVERED}
    assert desk.history.asked[before:] == [("2026-11-21", 900), ("2026-11-21", 1000)]


def test_days_are_the_providers() -> None:
    zone = "Africa/Nairobi"  # UTC+3
    desk = Desk(History(zone), time_zone=zone)
    at = ms("2026-11-21 21:05:00")  # five past midnight there
    desk.history.add("306900000001", "Hello", at, "1")
    assert desk.states(message(1, at)) == {"1": State.DELIVERED}
    assert [day for day, _ in desk.history.asked] == ["2026-11-21", "2026-11-22"]


def test_days_far_apart_are_not_read_in_between() -> None:
    desk = Desk(History())
    old = NOON - 5 * 86_400_000
    desk.history.add("306900000001", "Hello", old, "2")
    desk.history.add("306900000001", "Hello", NOON, "1")
    assert desk.states(message(1, old), message(2)) == {"1": State.UNDELIVERED, "2": State.DELIVERED}
    assert [day for day, _ in desk.history.asked] == ["2026-11-16", "2026-11-21"]


def test_the_hour_that_comes_twice() -> None:
    zone = "Europe/Paris"
    desk = Desk(History(zone), time_zone=zone)
    for n, at in enumerate((ms("2026-10-25 00:30:00"), ms("2026-10-25 01:30:00")), 1):  # both 02:30 there
        desk.history.add(f"30690000000{n}", "Hello", at, "1")
        assert desk.states(message(n, at, f"30690000000{n}")) == {str(n): State.DELIVERED}
    first, second = (datetime.fromisoformat(row["HIS_DATEHEURECREA"]) for row in desk.history.rows)
    assert first == second


# -- troubles


def test_a_refusal_is_told() -> None:
    host = TestHost(lambda _: Reply(200, {}, b'{"status": 11, "message": "Invalid password"}'))
    with pytest.raises(Halt) as caught:
        run(provider(plugin, host, OPTIONS).states([message(1)]))
    assert caught.value.verdict == Stop("11 Invalid password")


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"[1, null, {}]", b'[{"IDHISTORIQUE": "x"}]'])
def test_a_history_with_nothing_in_it(body: bytes) -> None:
    host = TestHost(lambda _: Reply(200, {}, body))
    assert run(provider(plugin, host, OPTIONS).states([message(1)])) == []


def test_a_provider_that_goes_round_in_circles_is_left() -> None:
    row = History().add("1", "x", NOON)
    host = TestHost(lambda _: Reply(200, {}, json.dumps([row] * 1000).encode()))
    assert run(provider(plugin, host, {**OPTIONS, "most_pages": 5}).states([message(1)])) == []
    assert len(host.requests) == 5
