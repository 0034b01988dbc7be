"""Writing a message: over the real API, which stands over fakes."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from smsgwd.model.refusals import Refusal
from smsgwd.net.http_message import HttpRequest, HttpResponse, problem
from tests.console.stand import text_of
from tests.console.tenants.answers import ACCOUNT
from tests.console.tenants.real import EVIL, RealTenants

_FORM = {"to": "+306912345678", "text": "hello", "key": "the-key"}


def stand(scopes: tuple[str, ...] = (), **account: Any) -> RealTenants:
    return RealTenants(answers={"GET /account": {**ACCOUNT, **account}}, scopes=scopes)


def sent(made: RealTenants) -> list[Any]:
    """The bodies of what was sent."""
    return [msgspec.json.decode(body) for name, _, body in made.asked if name == "POST /messages"]


def key_of(page: str) -> str:
    found = re.search(r'name="key" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_an_empty_form_has_a_key_of_its_own_and_asks_for_no_preview() -> None:
    made = stand()
    first, second = made.get("/send"), made.get("/send")
    assert key_of(first) != key_of(second) and len(key_of(first)) == 32
    assert "POST /preview" not in made.names() and "Write a text" in first
    assert '<option value="Kiosk">' in first and 'name="from" type' not in first


def test_where_any_sender_is_allowed_it_is_written() -> None:
    assert 'name="from" type="text"' in stand(any_sender=True).get("/send")
    assert 'name="from" type="text"' in stand(senders=["Shop*"]).get("/send")


@pytest.mark.parametrize(
    ("empty", "said"),
    [({"to": " ,"}, "Say who gets it"), ({"text": ""}, "Write a text, or"), ({"kind": "template"}, "Write a text, or")],
)
def test_what_is_missing_is_called_as_on_the_page(empty: dict[str, str], said: str) -> None:
    made = stand()
    answer = made.post("/send", {**_FORM, "ref": "kept-as-it-was", **empty})
    page = answer.body.decode()
    assert answer.status == 422 and 'role="alert">' + said in page
    assert "kept-as-it-was" in page and sent(made) == []


def test_the_address_of_the_page_fills_it() -> None:
    page = stand().get("/send?to=%2B30691&when=time")
    assert ">+30691</textarea>" in page and '<option value="time" selected>' in page


def test_the_preview_is_a_piece_while_somebody_types() -> None:
    made = stand()
    piece = made.post("/send/preview", {**_FORM, "text": "It’s"}, hx_request="true").body.decode()
    text = text_of(piece)
    assert "<html" not in piece and "<kbd>’</kbd>" in piece and "Unicode" in text
    assert "Recipients 1" in text and "+306912345678" in text and "66 left" in text
    assert sent(made) == []


def test_without_javascript_the_button_shows_the_same_on_the_page() -> None:
    made = stand()
    page = made.post("/send/preview", {**_FORM, "to": "12, +306912345678", "text": EVIL}).body.decode()
    assert "<html" in page and EVIL not in page and ">12, +306912345678</textarea>" in page
    assert "Refused recipients" in page and "digits" in text_of(page)


def test_what_is_wrong_as_a_whole_is_said_in_the_preview() -> None:
    piece = stand().post("/send/preview", {**_FORM, "link": "ftp://x"}, hx_request="true")
    assert piece.status == 200 and "link" in text_of(piece.body.decode())
    unsaid = stand().post("/send/preview", {**_FORM, "when": "time", "time": "soon"}, hx_request="true")
    assert "Choose a day and a time." in unsaid.body.decode()


def test_sent_once_however_often_the_form_comes() -> None:
    made = stand()
    first = made.post("/send", _FORM).body.decode()
    second = made.post("/send", _FORM).body.decode()
    assert "1 message is accepted." in first
    ids = [re.findall(r"/ui/messages/(\d+)", page) for page in (first, second)]
    assert ids[0] == ids[1] != []
    assert [submission.idempotency.key for submission in made.client.gateway.submissions] == ["the-key"] * 2


def test_everything_that_a_form_says() -> None:
    made = stand()
    fields = {
        **_FORM,
        "to": "+30 691 234 5678;+306912345678\r\n+306912345679,,+306912345678",
        "contact": ["+306912345679", "+306912345670"],
        "from": "Kiosk",
        "when": "time",
        "time": "2026-12-24T18:00",
        "flash": "1",
        "validity": "3600",
        "priority": "0",
        "ref": "order 7",
        "link": "https://shop.example/",
        "kind": "text",
    }
    made.post("/send", fields)
    assert sent(made) == [
        {
            "from": "Kiosk",
            "to": ["+30 691 234 5678", "+306912345678", "+306912345679", "+306912345670"],
            "text": "hello",
            "link": "https://shop.example/",
            "client_ref": "order 7",
            "schedule_at": "2026-12-24T18:00:00+02:00",
            "flash": True,
            "validity_s": 3600,
            "priority": 0,
        }
    ]


def test_some_recipients_are_refused_each_for_its_reason() -> None:
    page = stand().post("/send", {**_FORM, "to": "+306912345678\n12\n+306910000"}).body.decode()
    text = text_of(page)
    assert "1 message is accepted." in text and "2 recipients were refused." in text and "No route" in text


def test_what_is_refused_comes_back_filled_with_another_key() -> None:
    made = stand()
    answer = made.post("/send", {**_FORM, "to": "12", "text": EVIL, "from": "Kiosk", "when": "phrase"})
    page = answer.body.decode()
    assert answer.status == 422 and EVIL not in page and "&lt;script&gt;" in page
    assert '<option value="Kiosk" selected>' in page and "Say when" in page and key_of(page) != "the-key"
    assert made.client.gateway.submissions == []


def test_where_it_may_have_been_taken_the_key_stays() -> None:
    made = stand()

    def away(request: HttpRequest) -> HttpResponse:
        assert request.headers["idempotency-key"] == "the-key"
        return problem(Refusal.OVERLOADED)

    made.answers["POST /messages"] = away
    answer = made.post("/send", _FORM)
    assert answer.status == 503 and key_of(answer.body.decode()) == "the-key"


def test_a_template_with_its_placeholders() -> None:
    made = stand()
    text = f"Hello {{first_name}}, your {EVIL} is {{code}}"
    made.client.ask("POST", "/v1/templates", {"name": "a b", "text": text})
    page = made.get("/send?template=a%20b")
    assert '<option value="a b" selected>' in page and 'name="value.code"' in page and EVIL not in page
    piece = made.post("/send/values", {"template": "a b", "value.code": "12"}, hx_request="true").body.decode()
    assert 'name="value.code" value="12"' in piece and "<html" not in piece
    fields = {"to": "+306912345678", "kind": "template", "template": "a b", "text": "left over", "key": "k"}
    made.post("/send", {**fields, "value.code": "1234", "value.first_name": "Bob"})
    assert sent(made) == [{"to": ["+306912345678"], "template": "a b", "values": {"code": "1234", "first_name": "Bob"}}]


def test_contacts_are_looked_for_and_chosen_ones_stay() -> None:
    made = stand()
    made.client.ask("POST", "/v1/contacts", {"number": "+306912345678", "first_name": EVIL})
    made.client.ask("POST", "/v1/contacts", {"number": "+447700900123", "first_name": "Bob"})
    piece = made.get("/send/contacts?q=%2B44&contact=%2B306912345678", hx_request="true")
    assert EVIL not in piece and re.findall(r'value="([^"]+)" checked', piece) == ["+306912345678"]
    assert 'value="+447700900123">' in piece
    page = made.get("/send")
    assert EVIL not in page and "&lt;script&gt;" in page


@pytest.mark.parametrize("scopes", [("read",), ("money", "contacts")])
def test_who_may_not_send_is_shown_no_form(scopes: tuple[str, ...]) -> None:
    made = stand(scopes)
    for method, path in (("GET", "/send"), ("POST", "/send"), ("POST", "/send/preview"), ("POST", "/send/values")):
        answer = made.post(path, _FORM) if method == "POST" else made.ask(method, path)
        assert answer.status == 403
    assert made.asked == []


def test_a_credential_for_sending_alone_asks_for_no_book() -> None:
    made = stand(("send",))
    page = made.get("/send")
    assert made.names() == ["GET /account"] and "A group" not in page and "From your contacts" not in page
