"""The search for messages."""

from __future__ import annotations

from typing import Any

from smsgwd.console.given import Told
from smsgwd.model.operators import Role
from tests.console.operators.message_answers import BAD, ID, SHOWN, found, no_such, shown
from tests.console.stand import Operators, text_of


def stand(role: Role = "admin", **more: Any) -> Operators:
    answers = {
        "message find": {"before": None, "messages": [found()]},
        "connector list": [{"id": "sim"}, {"id": "isms1"}],
        "message show": no_such,
        **{name.replace("_", " "): answer for name, answer in more.items()},
    }
    return Operators(answers, role)


def asked(made: Operators, name: str) -> list[dict[str, str]]:
    return [params for each, params in made.asked if each == name]


def test_the_newest_are_shown_where_nothing_is_asked() -> None:
    made = stand()
    page = text_of(made.get("/messages"))
    assert asked(made, "message find") == [{"limit": "50"}]
    assert ID in page and "30691***" in page and "2026-11-23 05:23:34" in page and "Times are those of UTC." in page


def test_filters_go_to_the_command_and_stay_in_the_form() -> None:
    made = stand()
    page = made.get(
        "/messages?tenant=demo&connector=gone&states=sent&from=iSMS&ref=r1&smsc_id=x&submission=5&number=%2B306912345678"
        "&since=2026-11-23T05:00&until=2026-11-24&numbers=yes"
    )
    assert asked(made, "message find") == [
        {
            "tenant": "demo",
            "connector": "gone",
            "states": "sent",
            "from": "iSMS",
            "ref": "r1",
            "smsc_id": "x",
            "submission": "5",
            "number": "+306912345678",
            "since": "2026-11-23T05:00:00Z",
            "until": "2026-11-24",
            "limit": "50",
            "numbers": "yes",
        }
    ]
    assert 'value="2026-11-23T05:00:00"' in page and "<option selected>gone</option>" in page
    assert '<option value="sent" selected>' in page and f"/ui/messages/{ID}?numbers=yes" in page


def test_a_number_in_the_box_is_looked_for_as_one() -> None:
    made = stand()
    made.get("/messages?q=%2B30+691+234+5678")
    assert asked(made, "message find") == [{"number": "+306912345678", "limit": "50"}]


def test_digits_that_are_no_number_of_anybody_may_be_an_id_or_a_reference() -> None:
    made = stand(message_find=lambda params: {"before": None, "messages": [found()] if "ref" in params else []})
    assert ID in made.get("/messages?q=1000017")
    assert [set(params) - {"limit"} for params in asked(made, "message find")] == [{"number"}, {"smsc_id"}, {"ref"}]


def test_the_id_of_a_message_leads_to_it() -> None:
    made = stand(message_show=shown())
    answer = made.ask("GET", f"/messages?q={ID}")
    assert answer.status == 303 and dict(answer.headers)["Location"] == f"/ui/messages/{ID}"


def test_long_digits_may_be_a_submission_or_the_smscs_id() -> None:
    made = stand(message_find={"before": None, "messages": []})
    page = text_of(made.get(f"/messages?q={ID}"))
    assert "No message is like that." in page
    assert [set(params) - {"limit"} for params in asked(made, "message find")] == [{"submission"}, {"smsc_id"}, {"ref"}]


def test_what_is_refused_is_told_beside_the_form() -> None:
    made = stand(message_find=Told("number: is none"))
    page = made.get("/messages?number=12")
    assert "number: is none" in page and 'value="12"' in page


def test_names_are_shown_as_text() -> None:
    row = found(client_ref=BAD, **{"from": BAD})
    page = stand(message_find={"before": None, "messages": [row]}).get("/messages?tenant=" + BAD.replace(" ", "+"))
    assert BAD not in page and SHOWN in page


def test_more_goes_on_below_the_last_one() -> None:
    made = stand(message_find={"before": "17", "messages": [found()]})
    page = made.get("/messages?tenant=demo&before=20")
    assert "/ui/messages?tenant=demo&amp;before=17" in page and 'href="/ui/messages?tenant=demo" rel="prev"' in page


def test_who_may_only_read_sees_no_numbers_and_erases_nobody() -> None:
    made = stand("read")
    page = made.get("/messages?numbers=yes")
    assert asked(made, "message find") == [{"limit": "50"}]
    assert "Show numbers in full" not in page and "/messages/erase" not in page
