"""Filters that are refused: the page says so, with what was filled in."""

from __future__ import annotations

import pytest

from smsgwd.model.refusals import Refusal
from tests.console.stand import text_of
from tests.console.tenants.real import RealTenants


@pytest.mark.parametrize(
    ("path", "kept", "not_said"),
    [
        ("/messages?to=nobody&first=2026-11-01", "nobody", "No message is found"),
        ("/messages?first=2026-11-02&last=2026-11-01", "2026-11-02", "No message is found"),
        ("/contacts?q=nobody", "nobody", "Nobody is found"),
    ],
)
def test_they_stay(path: str, kept: str, not_said: str) -> None:
    answer = RealTenants().ask("GET", path)
    page = answer.body.decode()
    assert answer.status == 422 and 'role="alert"' in page
    assert f'value="{kept}"' in page and not_said not in text_of(page)


@pytest.mark.parametrize(
    ("path", "asked", "kept"),
    [
        ("/money?from=2026-11-02&to=2026-11-01&kind=charge", "GET /statements", "2026-11-02"),
        ("/links?message=x", "GET /links", "x"),
    ],
)
def test_where_the_api_refuses_too(path: str, asked: str, kept: str) -> None:
    made = RealTenants(answers={asked: Refusal.INVALID, "GET /balance": Refusal.NO_SUCH})
    answer = made.ask("GET", path)
    page = answer.body.decode()
    assert answer.status == 422 and 'role="alert"' in page and f'value="{kept}"' in page
