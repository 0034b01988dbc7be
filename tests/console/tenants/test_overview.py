"""The overview: figures, the latest messages, what needs attention."""

from __future__ import annotations

import json
from typing import Any

from smsgwd.model.refusals import Refusal
from tests.console.stand import Tenants, text_of
from tests.console.tenants.answers import row, statistics
from tests.console.tenants.moving import events_of
from tests.console.tenants.real import EVIL

_YESTERDAY = row("2026-11-17T14:00:00+02:00", "6.0000", delivered=9)
_TODAY = row("2026-11-18T13:00:00+02:00", "0.0800", delivered=1, undelivered=1, queued=2)
_MESSAGE = {"id": "7", "to": "+306912345678", "from": EVIL, "state": "queued", "submitted_at": "2026-11-18T11:00:00Z"}
_BALANCE = {"balance": "5.0000", "available": "5.0000", "currency": "EUR", "reserved": "0.0800"}
_PUSH = {"done_at": "2026-11-18T10:00:00Z", "attempts": 9, "error": EVIL, "target": "shop.example"}


def stand(scopes: tuple[str, ...] = (), **other: Any) -> Tenants:
    """Answers by the last word of the path, such as `balance`."""
    answers: dict[str, Any] = {
        "balance": _BALANCE,
        "messages": {"messages": [_MESSAGE]},
        "statistics": statistics(_YESTERDAY, _TODAY, by="hour"),
        "pushes": {"pushes": []},
        "senders": {"senders": []},
        **other,
    }
    return Tenants({f"GET /{name}": answer for name, answer in answers.items()}, scopes)


def test_the_figures_are_of_today() -> None:
    made = stand()
    page = made.get("/")
    text = text_of(page)
    assert "5.0000 EUR can be spent 0.0800 more is set aside" in text
    assert "4 messages today 4 parts, 0.0800 EUR 1 50 % delivered" in text
    assert "2 on their way 1 not delivered" in text and "Times are those of Europe/Athens." in text
    assert EVIL not in page and "&lt;script&gt;" in page and 'href="/ui/messages/7"' in page
    asked = {name: query for name, query, _ in made.asked}
    assert asked["GET /statistics"] == {"by": ["hour"], "from_date": ["2026-11-16T22:00:00.000Z"]}


def test_what_is_scheduled_is_not_on_its_way_and_not_forgotten() -> None:
    today = row("2026-11-18T13:00:00+02:00", "0.1200", delivered=1, scheduled=36)
    text = text_of(stand(statistics=statistics(_YESTERDAY, today, by="hour")).get("/"))
    assert "0 on their way 36 more are scheduled 0 not delivered" in text


def test_what_needs_attention_is_told_with_where_to_go() -> None:
    refused = {"name": "Evil", "status": "refused", "reason": EVIL, "decided_at": "2026-11-17T00:00:00Z"}
    page = stand(pushes={"pushes": [_PUSH]}, senders={"senders": [refused]}).get("/")
    text = text_of(page)
    assert "less than what yesterday's messages cost" in text.replace("&#39;", "'")
    assert "pushes to it were given up" in text and "Pushes to your server fail" in text
    assert "The sender Evil was refused" in text and EVIL not in page
    for path in ("/ui/money", "/ui/pushes?state=failed", "/ui/senders"):
        assert f'href="{path}"' in page


def test_what_is_long_ago_needs_no_attention() -> None:
    refused = {"name": "Old", "status": "refused", "reason": "", "decided_at": "2026-10-01T00:00:00Z"}
    old = {**_PUSH, "done_at": "2026-11-01T00:00:00Z", "attempts": 0}
    rich = {**_BALANCE, "available": "900.0000"}
    page = stand(pushes={"pushes": [old]}, senders={"senders": [refused]}, balance=rich).get("/")
    assert 'class="notice' not in page


def test_without_credit_that_is_said_and_without_a_limit_nothing() -> None:
    assert "There is no credit left" in stand(balance={**_BALANCE, "available": "0.0000"}).get("/")
    page = stand(balance={**_BALANCE, "available": None}).get("/")
    assert "no limit can be spent" in text_of(page) and 'class="notice' not in page


def test_one_refusal_does_not_take_the_page_away() -> None:
    page = stand(statistics=Refusal.OVER_RATE, pushes=Refusal.NOT_FOUND, senders=Refusal.NOT_FOUND).get("/")
    assert "5.0000" in page and "+306912345678" in page and "data-plot" not in page


def test_a_credential_asks_for_what_its_scopes_allow() -> None:
    made = stand(scopes=("send",))
    page = made.get("/")
    assert made.asked == [] and "Write a message" in page


def test_what_moves_is_sent() -> None:
    made = stand()
    events = events_of(made, "/live/overview")
    assert "event: figures" in events and "event: latest" in events and EVIL not in events
    plots = json.loads(events.partition("event: plots\ndata: ")[2].partition("\n")[0])
    # The whole plot: which states there are, and which hours, changes while somebody looks.
    assert plots["hours"]["title"] == "Messages by state" and plots["hours"]["labels"] == ["14:00", "13:00"]
    assert [each["label"] for each in plots["hours"]["series"]] == ["delivered", "queued", "undelivered"]
    assert plots["hours"]["series"][0]["values"] == [9, 1]
