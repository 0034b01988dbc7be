"""Statistics: what is asked for, plots, bars, and the file."""

from __future__ import annotations

import json
import re
from typing import Any

from smsgwd.console.tenants.figures import bar, share_of, sum_of
from smsgwd.model.refusals import Refusal
from tests.console.stand import Tenants, text_of
from tests.console.tenants.answers import row, statistics
from tests.console.tenants.real import EVIL


def stand(*rows: dict[str, Any], **options: Any) -> Tenants:
    return Tenants({"GET /statistics": statistics(*rows, **options)})


def test_days_have_plots_and_a_table_that_leads_to_their_messages() -> None:
    made = stand(row("2026-11-17", "1.0000", delivered=3, expired=1), row("2026-11-18", "0.2000", delivered=1))
    page = made.get("/statistics")
    plots = [json.loads(found) for found in re.findall(r'<script type="application/json">(.*?)</script>', page)]
    assert [plot["labels"] for plot in plots] == [["11-17", "11-18"]] * 3
    assert [series["values"] for series in plots[0]["series"]] == [[3, 1], [1, 0]]
    assert plots[2]["series"][0]["values"] == [1.0, 0.2] and plots[2]["unit"] == " EUR"
    text = text_of(page)
    assert "5 messages 5 parts 4 80 % delivered 1.2000 EUR cost" in text
    assert "delivered, %" in text and "2026-11-17 4 3 1 75 4 1.0000" in text
    assert 'href="/ui/messages?first=2026-11-17&amp;last=2026-11-17"' in page
    assert page.index(">2026-11-18<") < page.index(">2026-11-17<")
    assert made.asked[0][1] == {"by": ["day"], "from_date": ["2026-10-19T21:00:00.000Z"]}


def test_a_span_that_is_over_has_an_end() -> None:
    made = stand()
    page = made.get("/statistics?first=2026-11-01&last=2026-11-02&by=hour")
    query = {"by": ["hour"], "from_date": ["2026-10-31T22:00:00.000Z"], "to_date": ["2026-11-02T22:00:00.000Z"]}
    assert made.asked[0][1] == query and "There were no messages in these days." in page


def test_senders_have_bars_and_hostile_ones_are_text() -> None:
    page = stand(row(EVIL, delivered=3, rejected=1), row("", sent=1), row(None, sent=1), by="sender").get(
        "/statistics?by=sender"
    )
    assert EVIL not in page and "&lt;script&gt;" in page and "data-plot" not in page
    assert '<rect class="delivered" x="0.0" y="0" width="75.0"' in page
    assert '<rect class="rejected" x="75.0" y="0" width="25.0"' in page
    assert "all others" in page and "none" in page


def test_states_lead_to_their_messages() -> None:
    page = stand(row("delivered", delivered=3), by="state").get("/statistics?by=state")
    assert 'href="/ui/messages?state=delivered"' in page


def test_the_file_is_harmless_to_spreadsheets() -> None:
    made = stand(row("=1+1", "0.1000", delivered=1), row(None, sent=2), by="sender")
    answer = made.ask("GET", "/statistics/export?by=sender")
    headers = dict(answer.headers)
    lines = answer.body.decode().split("\r\n")
    assert headers["Content-Disposition"] == 'attachment; filename="statistics.csv"'
    assert lines[0].startswith("sender,messages,parts,cost,currency,delivered,sent,")
    assert lines[1].startswith("'=1+1,1,1,0.1000,EUR,1,0,") and lines[2].startswith(",2,2,0.0000,EUR,0,2,")


def test_counting_that_goes_on_is_told_and_nonsense_refused() -> None:
    assert "the oldest days are missing" in stand(complete=False).get("/statistics")
    assert stand().ask("GET", "/statistics?first=yesterday").status == 422
    assert Tenants({"GET /statistics": Refusal.OVER_RATE}).ask("GET", "/statistics").status == 429
    assert Tenants(scopes=("send",)).ask("GET", "/statistics").status == 403


def test_figures() -> None:
    total = sum_of([row("a", "0.1000", delivered=1, queued=2), row("b", "0.2000", delivered=1, unknown=1)])
    assert (total.messages, total.waiting, total.failed, str(total.cost), total.share) == (5, 2, 1, "0.3000", 67)
    assert share_of({"queued": 3}) is None and bar({}, 0) == []


def test_what_is_refused_leaves_the_form() -> None:
    """Thirty days are shown at first; whoever then wants them by the hour wants too many."""
    made = Tenants({"GET /statistics": Refusal.INVALID})
    answer = made.ask("GET", "/statistics?first=2026-10-20&last=2026-11-18&by=hour")
    page = answer.body.decode()
    assert answer.status == 422 and 'role="alert"' in page
    assert 'value="2026-10-20"' in page and '<option value="hour" selected>' in page and "by=hour" in page
    assert "no messages in these days" not in page
