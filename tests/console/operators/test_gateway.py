"""The gateway as a whole."""

from __future__ import annotations

from typing import Any

import pytest

from smsgwd.console.given import Told
from tests.console.operators.traffic_answers import CHECKED, DRAIN, LOOKS, STORE
from tests.console.stand import Operators, text_of


def told(made: Operators, path: str, fields: Any = None) -> str:
    """What the next page says of a form that was sent."""
    answer = made.post(path, fields)
    assert answer.status == 303
    cookie = next(value for name, value in answer.headers if value.startswith("smsgwd-notice="))
    made.cookies["smsgwd-notice"] = cookie.partition("=")[2].partition(";")[0]
    return text_of(made.get("/gateway"))


def test_it_shows_node_drain_and_store() -> None:
    words = text_of(Operators(LOOKS).get("/gateway"))
    assert "dev1" in words and "new messages are refused and /ready answers 503" in words
    assert "30.8 MB" in words


def test_a_drain_begins_and_ends() -> None:
    made = Operators({**LOOKS, "drain begin": DRAIN, "drain end": DRAIN})
    assert "New messages are refused until" in told(made, "/gateway/drain")
    assert "Messages are taken again." in told(made, "/gateway/undrain")
    draining = Operators({**LOOKS, "drain show": {**DRAIN, "draining": True, "seconds": 75.0}}).get("/gateway")
    assert "refused for 75 s" in draining and "Take messages again" in draining


def test_certificates_are_read_again() -> None:
    made = Operators({**LOOKS, "tls reload": {"http": "read again"}})
    assert "http: read again" in told(made, "/gateway/certificates")
    assert "No listener has a certificate." in told(Operators({**LOOKS, "tls reload": {}}), "/gateway/certificates")


def test_the_store_is_cared_for() -> None:
    made = Operators(
        {
            **LOOKS,
            "store check": CHECKED,
            "store backup": {"file": "/b/x.db", "bytes": 1},
            "store vacuum": {"given_back": 4096, **STORE},
        }
    )
    assert "No damage was found" in made.post("/gateway/store-check", {"deep": "yes"}).body.decode()
    assert made.asked[0] == ("store check", {"deep": "yes"})
    assert "A copy of the store is in /b/x.db." in told(made, "/gateway/backup", {"file": "/b/x.db"})
    assert "4096" in told(made, "/gateway/vacuum")


def test_damage_is_told() -> None:
    made = Operators({**LOOKS, "store check": {**CHECKED, "ok": False, "problems": ["row <7> is gone"]}})
    assert "row &lt;7&gt; is gone" in made.post("/gateway/store-check").body.decode()


def test_a_backup_that_failed_comes_back_with_its_file() -> None:
    made = Operators({**LOOKS, "store backup": Told("file must be an absolute path")})
    answer = made.post("/gateway/backup", {"file": "x.db"})
    assert answer.status == 422 and 'value="x.db"' in answer.body.decode()


def test_long_work_shows_how_far_it_is() -> None:
    page = Operators({**LOOKS, "store show": {**STORE, "upkeep": {"vacuum": {"done": 5, "total": 10}}}}).get("/gateway")
    assert "vacuum 5 / 10" in text_of(page)


def test_one_thing_that_is_away_does_not_take_the_page_away() -> None:
    away = Told("the store cannot be read: away", 503)
    page = Operators({**LOOKS, "store show": away, "drain show": away}).get("/gateway")
    assert page.count("the store cannot be read: away") == 2 and "dev1" in page


@pytest.mark.parametrize("path", ["drain", "undrain", "certificates", "store-check", "backup", "vacuum"])
def test_who_may_only_read_changes_nothing(path: str) -> None:
    made = Operators(LOOKS, role="read")
    assert made.post(f"/gateway/{path}").status == 403 and made.asked == []


def test_who_may_only_read_has_no_buttons() -> None:
    page = Operators(LOOKS, role="read").get("/gateway")
    assert "/ui/gateway/" not in page
