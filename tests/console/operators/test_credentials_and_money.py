"""How a tenant logs in, and its money."""

from __future__ import annotations

from typing import Any

import pytest

from smsgwd.console.given import Told
from smsgwd.model.operators import Role
from tests.console.operators.answers import AT, BOOKED, CREDIT, EVIL, STATEMENT, credential
from tests.console.stand import Operators, text_of

ROWS = [
    credential(),
    credential(serial=1, expires=AT, live=False),
    credential(kind="token", name="bcc766f4", label=EVIL),
]


def stand(role: Role = "admin", **more: Any) -> Operators:
    answers = {"credential list": ROWS, "ledger statement": STATEMENT, "credit show": CREDIT}
    return Operators({**answers, **{name.replace("_", " ", 1): answer for name, answer in more.items()}}, role)


# ---------------------------------------------------------------------- credentials
def test_credentials_are_listed_without_secrets() -> None:
    made = stand()
    page = made.get("/tenants/demo/credentials")
    assert made.asked == [("credential list", {"tenant": "demo"})]
    assert EVIL not in page and "bcc766f4" in page and "8 binds" in text_of(page)
    assert "good" in text_of(page) and "ended" in text_of(page)
    assert "Nobody can log in" in stand(credential_list=[]).get("/tenants/demo/credentials")


def test_who_only_looks_changes_no_credential() -> None:
    page = stand("read").get("/tenants/demo/credentials")
    assert "Add a credential" not in page and "/credentials/smpp/demo" not in page
    assert stand("read").ask("GET", "/tenants/demo/credentials/smpp/demo").status == 403


def test_a_credential_is_added_and_its_secret_shown_once() -> None:
    made = stand(credential_add={**credential(), "secret": "made-secret"})
    answer = made.post(
        "/tenants/demo/credentials",
        {"kind": "smpp", "name": "demo2", "scopes": "send", "max_binds": "4", "secret": "", "label": ""},
    )
    assert answer.status == 200 and "made-secret" in answer.body.decode()
    assert "no-store" in dict(answer.headers)["Cache-Control"]
    assert made.asked == [
        (
            "credential add",
            {"tenant": "demo", "kind": "smpp", "name": "demo2", "scopes": "send", "json": '{"max_binds":4}'},
        )
    ]


def test_binds_that_are_no_number_are_refused_in_words() -> None:
    made = stand(credential_add=Told("max_binds: must be a number"))
    answer = made.post("/tenants/demo/credentials", {"kind": "smpp", "name": "demo2", "max_binds": "many"})
    assert made.asked[0][1]["json"] == '{"max_binds":"many"}' and answer.status == 422


def test_a_secret_that_was_given_is_not_shown_again() -> None:
    made = stand(credential_add=credential())
    fields = {"kind": "password", "name": "clerk", "secret": " given secret "}
    assert made.done("/tenants/demo/credentials", fields) == "/ui/tenants/demo/credentials"
    assert made.asked[0][1]["secret"] == " given secret "
    made.answers["credential add"] = Told("there is one of that name", 422)
    answer = made.post("/tenants/demo/credentials", fields)
    page = answer.body.decode()
    assert answer.status == 422 and "given secret" not in page and 'value="clerk"' in page


def test_what_can_be_done_about_a_credential() -> None:
    made = stand(
        credential_rotate={**credential(serial=2), "secret": "new-secret"}, credential_expire=[], credential_remove=[]
    )
    page = made.get("/tenants/demo/credentials/smpp/demo")
    assert "2 secrets of this name" in text_of(page) and "Let it never end" in page
    name = {"kind": "smpp", "name": "demo"}
    assert "new-secret" in made.post("/tenants/demo/credentials/rotate", {**name, "grace_s": "3600"}).body.decode()
    made.done("/tenants/demo/credentials/expire", {**name, "serial": "0", "at": "now"})
    made.done("/tenants/demo/credentials/remove", {**name, "serial": "1"})
    assert made.asked[1:] == [
        ("credential rotate", {"tenant": "demo", **name, "grace_s": "3600"}),
        ("credential expire", {"tenant": "demo", **name, "serial": "0", "at": "now"}),
        ("credential remove", {"tenant": "demo", **name, "serial": "1"}),
    ]
    made.answers["credential totp-off"] = {"tenant": "demo", "name": "clerk", "totp": "off"}
    made.done("/tenants/demo/credentials/totp-off", {"name": "clerk"})
    assert made.asked[-1] == ("credential totp-off", {"tenant": "demo", "name": "clerk"})
    assert "no such credential" in made.get("/tenants/demo/credentials/smpp/nobody")


# ---------------------------------------------------------------------- money
def test_a_statement() -> None:
    made = stand()
    page = made.get("/tenants/demo/money")
    assert made.asked[0] == ("ledger statement", {"tenant": "demo", "limit": "50"})
    assert EVIL not in page and "/ui/messages/250485159442026497" in page
    for text in ("1009.8800", "INV-17", "top-up", "-0.0400", "May owe nothing"):
        assert text in text_of(page)


def test_how_much_somebody_may_owe_is_told_or_left_open() -> None:
    made = stand(ledger_statement={**STATEMENT, "available": "without limit"})
    assert "May owe no limit" in text_of(made.get("/tenants/demo/money"))
    made = stand(credit_show={**CREDIT, "limit": "25.0000"})
    assert "May owe 25.0000" in text_of(made.get("/tenants/demo/money"))
    made = stand(credit_show=Told("the store is away", 503))
    assert "May owe –" in text_of(made.get("/tenants/demo/money"))


def test_a_statement_of_a_time_and_of_some_kinds() -> None:
    made = stand(ledger_export="id,at\n1,2")
    query = "from=2026-11-01&to=2026-12-01&kinds=topup&kinds=refund&kinds=evil"
    page = made.get(f"/tenants/demo/money?{query}&limit=99999")
    where = {"tenant": "demo", "from": "2026-11-01", "to": "2026-12-01", "kinds": "topup,refund"}
    assert made.asked[0] == ("ledger statement", {**where, "limit": "1000"})
    assert "/ui/tenants/demo/ledger.csv?from=2026-11-01&amp;to=2026-12-01&amp;kinds=topup&amp;kinds=refund" in page
    answer = made.ask("GET", f"/tenants/demo/ledger.csv?{query}")
    assert made.asked[-1] == ("ledger export", where) and answer.body == b"id,at\n1,2\n"
    assert dict(answer.headers)["Content-Disposition"] == 'attachment; filename="ledger-demo.csv"'


def test_a_payment_a_correction_and_a_limit() -> None:
    made = stand(ledger_topup=BOOKED, ledger_correct=BOOKED, credit_set=CREDIT)
    made.done("/tenants/demo/topup", {"amount": "10", "reference": "INV-17", "note": ""})
    made.done("/tenants/demo/correct", {"amount": "-1", "note": "twice", "below_limit": "yes"})
    made.done("/tenants/demo/limit", {"limit": ""})
    assert made.done("/tenants/demo/limit", {"limit": "50"}) == "/ui/tenants/demo/money"
    assert made.asked == [
        ("ledger topup", {"tenant": "demo", "amount": "10", "reference": "INV-17"}),
        ("ledger correct", {"tenant": "demo", "amount": "-1", "note": "twice", "below_limit": "yes"}),
        ("credit set", {"tenant": "demo", "limit": "none"}),
        ("credit set", {"tenant": "demo", "limit": "50"}),
    ]


@pytest.mark.parametrize("what", ["topup", "correct"])
def test_money_that_is_refused_is_told(what: str) -> None:
    made = stand(**{f"ledger_{what}": Told("amount: a <b>number</b> is wanted", 422)})
    answer = made.post(f"/tenants/demo/{what}", {"amount": "much"})
    assert answer.status == 422 and "a &lt;b&gt;number" in answer.body.decode()


def test_who_only_looks_books_nothing() -> None:
    page = stand("read").get("/tenants/demo/money")
    assert "Book" not in text_of(page) and stand("read").post("/tenants/demo/topup", {"amount": "1"}).status == 403
