"""Templates and sender names, over the real API."""

from __future__ import annotations

from typing import Any

import pytest

from smsgwd.model.records import SENDER
from smsgwd.model.refusals import Refusal
from smsgwd.net.http_message import HttpRequest
from tests.console.stand import text_of
from tests.console.tenants.real import EVIL, RealTenants, shown

#: What POST /v1/preview says of a text (northbound.preview).
PREVIEW: dict[str, Any] = {
    "text": {
        "text": "Hello Maria, your code is {code}",
        "encoding": "ucs2",
        "parts": 1,
        "characters": 32,
        "units": 32,
        "last_part": 32,
        "left": 38,
        "part_size": 70,
        "outside_gsm": [{"character": "ł", "count": 1}],
    },
    "messages": [],
    "accepted": 0,
    "parts": 0,
    "price": "0.0000",
    "currency": "EUR",
    "available": None,
    "available_after": None,
}


def stand(preview: Any = PREVIEW, scopes: tuple[str, ...] = ()) -> RealTenants:
    return RealTenants(answers={"POST /preview": preview}, scopes=scopes)


def test_a_template_lives() -> None:
    made = stand()
    assert "No templates yet." in made.get("/templates")
    text = "\nHello {first_name},\r\nyour code is {code}"
    assert made.done("/templates/new", {"name": "new", "text": text}) == "/ui/templates/named/new"
    assert made.client.ask("GET", "/v1/templates/new").json["text"] == "\nHello {first_name},\nyour code is {code}"
    page = made.get("/templates")
    assert 'href="/ui/templates/named/new"' in page and "<code>first_name</code>, <code>code</code>" in page
    made.done("/templates/named/new", {"text": "Bye {name}", "comments": "x"})
    assert "Bye {name}</textarea>" in made.get("/templates/named/new")
    assert made.done("/templates/named/new/remove") == "/ui/templates"
    assert made.ask("GET", "/templates/named/new").status == 404


@pytest.mark.parametrize(
    ("name", "text", "status"),
    [("a/b", "x", 422), ("code", "x", 409), ("one", "Hello {first name", 422), ("one", "", 422)],
)
def test_what_is_refused_comes_back(name: str, text: str, status: int) -> None:
    made = stand()
    made.client.ask("POST", "/v1/templates", {"name": "code", "text": "x"})
    page = shown(made.post("/templates/new", {"name": name, "text": text, "comments": "typed"}), status)
    assert f'value="{name}"' in page and f"{text}</textarea>" in page and 'value="typed"' in page
    page = shown(made.post("/templates/named/code", {"text": "Hello {"}), 422)
    assert "Hello {</textarea>" in page


def test_the_preview_has_the_values_and_shows_what_has_none() -> None:
    made = stand()
    made.client.ask("POST", "/v1/templates", {"name": "code", "text": "Hello {first_name}, your code is {code}"})
    page = made.get("/templates/named/code?value.first_name=Maria")
    _, _, asked = next(each for each in made.asked if each[0] == "POST /preview")
    assert asked == {"template": "code", "values": {"first_name": "Maria", "code": "{code}"}}
    assert 'class="bubble">Hello Maria, your code is {code}</p>' in page and 'name="value.code"' in page
    assert (
        "70 characters a part" in page
        and "<code>ł</code>" in page
        and text_of(page).count("else from the contact") == 1
    )


def test_a_template_without_preview() -> None:
    made = stand(Refusal.INVALID_TEXT)
    made.client.ask("POST", "/v1/templates", {"name": "code", "text": "x"})
    assert Refusal.INVALID_TEXT.title in text_of(made.get("/templates/named/code"))
    made = stand(scopes=("templates",))
    made.client.ask("POST", "/v1/templates", {"name": "code", "text": "x"})
    assert "Preview" not in made.get("/templates/named/code") and "POST /preview" not in made.names()


def test_hostile_texts_are_text() -> None:
    made = stand({**PREVIEW, "text": {**PREVIEW["text"], "text": EVIL}})
    made.client.ask("POST", "/v1/templates", {"name": "<b>", "text": f"</textarea>{EVIL}", "comments": EVIL})
    for page in (made.get("/templates"), made.get("/templates/named/%3Cb%3E")):
        assert "<script>alert" not in page and "<b>" not in page.replace("<b></b>", "") and "&lt;script&gt;" in page


def senders(made: RealTenants) -> list[tuple[str, str]]:
    return [(each["name"], each["status"]) for each in made.client.ask("GET", "/v1/senders").json["senders"]]


def test_a_sender_is_asked_for_and_taken_back() -> None:
    made = stand()
    assert "You have asked for no sender yet." in made.get("/senders") and "any sender" in made.get("/senders")
    assert made.done("/senders/ask", {"name": "MyShop", "company": "My Shop Ltd", "purpose": EVIL}) == "/ui/senders"
    assert senders(made) == [("MyShop", "requested")]
    page = made.get("/senders")
    assert "2 things" in text_of(page) and "My Shop Ltd" in page and "<script>alert" not in page
    made.done("/senders/take-back", {"name": "MyShop"})
    assert senders(made) == []


@pytest.mark.parametrize(("name", "status"), [("TwelveLetter", 422), ("Taken", 409)])
def test_a_sender_that_cannot_be_comes_back(name: str, status: int) -> None:
    made = stand()
    made.client.ask("POST", "/v1/senders", {"name": "Taken"})
    page = shown(made.post("/senders/ask", {"name": name, "company": "typed"}), status)
    assert f'value="{name}"' in page and 'value="typed"' in page and 'role="alert"' in page


def test_how_requests_stand() -> None:
    made = stand()
    for name, status in (("Good", "approved"), ("Bad", "refused")):
        made.client.ask("POST", "/v1/senders", {"name": name})
        value = f'{{"name":"{name}","status":"{status}","reason":"{EVIL}","requested_at":1,"decided_at":1800000000000}}'
        made.client.records.put(SENDER, "demo", name, value.encode())
    page = made.get("/senders")
    assert 'class="state approved">approved' in page and 'class="state refused">refused' in page
    assert "2027-01-15" in page and "<script>alert" not in page
    assert 'name="name" value="Bad"' in page and 'name="name" value="Good"' not in page
    assert "ask the operator" in text_of(shown(made.post("/senders/take-back", {"name": "Good"}), 409))


def test_what_may_be_used() -> None:
    def answer(_: HttpRequest) -> dict[str, Any]:
        return {"allowed": ["MyShop", "Shop*"], "default": None, "senders": [], "next_cursor": None}

    text = text_of(RealTenants(answers={"GET /senders": answer}).get("/senders"))
    assert "MyShop all that begin with Shop" in text and "no default sender" in text and "any sender" not in text
