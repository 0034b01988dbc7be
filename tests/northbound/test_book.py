"""Contacts, groups, templates, senders and opt-outs by HTTP."""

import pytest

from smsgwd.model.records import GROUP, SENDER, TEMPLATE
from smsgwd.model.tenant import Tenant
from smsgwd.northbound.book_records import digits_of
from smsgwd.northbound.book_routes import BOOK_ROUTES
from smsgwd.ports.store import StoreUnavailable
from tests.northbound.fakes import T0
from tests.northbound.harness import Client, is_problem

MARIA = {"number": "+30 691 234 5678", "first_name": "Maria", "last_name": "Pappa", "country": "GR"}
T0_TEXT = "2023-11-14T22:13:20.000Z"


def csv(client, body, query=""):
    return client.ask("POST", f"/v1/contacts/import{query}", body.encode(), {"content-type": "text/csv; charset=utf-8"})


def test_a_contact_lives():
    client = Client()
    made = client.ask("POST", "/v1/contacts", MARIA)
    assert made.status == 201
    assert made.json == {
        "number": "+30 691 234 5678", "name": "Maria Pappa", "first_name": "Maria", "last_name": "Pappa",
        "email": "", "address": "", "country": "GR", "comments": "", "updated_at": T0_TEXT,
    }  # fmt: skip
    assert is_problem(client.ask("POST", "/v1/contacts", MARIA), 409, "exists", "306912345678")
    for written in ("+306912345678", "%2B306912345678", "00306912345678", "306912345678"):
        assert client.ask("GET", f"/v1/contacts/{written}").json == made.json
    assert client.ask("PUT", "/v1/contacts/306912345678", {"comments": "x"}).json["name"] == ""
    assert client.ask("DELETE", "/v1/contacts/306912345678").json == {"removed": 1}
    for method in ("GET", "DELETE"):
        assert is_problem(client.ask(method, "/v1/contacts/306912345678"), 404, "no_such")
    assert is_problem(client.ask("GET", "/v1/contacts/nobody"), 404, "no_such")
    assert client.ask("PUT", "/v1/contacts/306912345678", {}).status == 200


def test_a_tenant_sees_its_own_only():
    client = Client()
    client.ask("POST", "/v1/contacts", MARIA)
    client.token = "post-token"
    assert client.ask("GET", "/v1/contacts").json == {"contacts": [], "next_cursor": None}
    assert client.ask("GET", "/v1/contacts/306912345678").status == 404


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ({}, "invalid", "number"),
        ({"number": "12"}, "invalid_recipient", "digits"),
        ({"number": "+306912345678", "shoe": 1}, "invalid", "shoe"),
        ({"number": "+306912345678", "country": "Gr"}, "invalid", "country"),
        ({"number": "+306912345678", "country": "GR\n"}, "invalid", "$.country"),
        ({"number": "+306912345678", "first_name": "a" * 101}, "invalid", "$.first_name"),
        ({"number": "+306912345678", "comments": "\0"}, "invalid", "U+0000"),
    ],
)
def test_bad_contacts(body, code, said):
    assert is_problem(Client().ask("POST", "/v1/contacts", body), 422, code, said)


def test_pages_and_search():
    client = Client()
    numbers = [f"30691234567{n}" for n in range(5)] + ["447700900123"]
    for number in numbers:
        client.ask("PUT", f"/v1/contacts/{number}", {"first_name": number[-1]})
    seen, query = [], ""
    for _ in range(3):
        page = client.ask("GET", f"/v1/contacts?limit=2{query}").json
        seen += [one["number"] for one in page["contacts"]]
        query = f"&cursor={page['next_cursor']}"
    assert (seen, page["next_cursor"]) == (numbers, None)
    for q in ("447", "+447", "%2B447", "00447", " 447"):
        found = client.ask("GET", f"/v1/contacts?q={q.replace('%2B', '+')}").json["contacts"]
        assert [one["number"] for one in found] == ["447700900123"]
    assert is_problem(client.ask("GET", "/v1/contacts?q=Maria"), 422, "invalid", "q:")
    assert is_problem(client.ask("GET", "/v1/contacts?cursor=AAAAAAAA"), 422, "invalid", "cursor")
    assert is_problem(client.ask("GET", "/v1/contacts?limit=0"), 422, "invalid", "limit")
    assert is_problem(client.ask("GET", "/v1/contacts?group=vip"), 404, "no_such", "vip")


def test_import_by_csv():
    client = Client()
    client.ask("POST", "/v1/groups", {"name": "vip"})
    body = "number,first_name,shoe\n+306912345678,Maria,38\nnobody,X,1\n306912345678,Anna,39\n+447700900123,Bob,40\n"
    reply = csv(client, body, "?group=vip")
    assert reply.status == 200
    assert (reply.json["taken"], reply.json["ignored"]) == (2, ["shoe"])
    [refused] = reply.json["refused"]
    assert (refused["line"], refused["number"], refused["code"]) == (3, "nobody", "invalid_recipient")
    assert client.ask("GET", "/v1/contacts/306912345678").json["name"] == "Anna"
    assert len(client.ask("GET", "/v1/groups/vip/members").json["members"]) == 2
    assert len(client.ask("GET", "/v1/contacts?group=vip&q=44").json["contacts"]) == 1


def test_import_is_bounded_and_held_to_the_same_lengths():
    client = Client()
    body = "number,first_name,country\n" + "".join(f"+3069{n:08d},,\n" for n in range(10_001))
    reply = csv(client, body).json
    assert (reply["taken"], [one["line"] for one in reply["refused"]]) == (10_000, [10_002])
    reply = csv(client, f"number,first_name,country\n+306912345678,{'a' * 101},\n+306912345679,,Greece\n").json
    assert reply["taken"] == 0
    assert "first_name" in reply["refused"][0]["detail"]
    assert "country" in reply["refused"][1]["detail"]


def test_import_of_the_wrong_kind():
    client = Client()
    assert is_problem(client.ask("POST", "/v1/contacts/import", {}), 415, "unsupported_media_type", "text/csv")
    assert is_problem(csv(client, "first_name\nMaria\n"), 422, "invalid", "number")
    assert is_problem(csv(client, "number\n1\n", "?group=vip"), 404, "no_such", "vip")


@pytest.mark.parametrize(("form", "media"), [("csv", "text/csv"), ("vcard", "text/vcard")])
def test_what_is_exported_can_be_imported(form, media):
    client, other = Client(), Client()
    for n in range(1500):  # more than a page
        client.ask("PUT", f"/v1/contacts/+30691234{n:04d}", {"first_name": f"=N{n}", "comments": "a,b\n'c"})
    reply = client.ask("GET", f"/v1/contacts/export?format={form}")
    assert (reply.status, reply.headers["content-type"]) == (200, f"{media}; charset=utf-8")
    assert reply.headers["content-disposition"].startswith("attachment")
    taken = other.ask("POST", "/v1/contacts/import", reply.body, {"content-type": media})
    assert taken.json == {"taken": 1500, "refused": [], "ignored": []}
    assert other.records.rows == client.records.rows
    assert is_problem(client.ask("GET", "/v1/contacts/export?format=xls"), 422, "invalid", "format")


def test_a_group_lives():
    client = Client()
    made = client.ask("POST", "/v1/groups", {"name": "Πελάτες", "comments": "all"})
    assert (made.status, made.json) == (201, {"name": "Πελάτες", "comments": "all", "updated_at": T0_TEXT})
    path = "/v1/groups/%CE%A0%CE%B5%CE%BB%CE%AC%CF%84%CE%B5%CF%82"
    assert client.ask("GET", path).json == made.json
    assert is_problem(client.ask("POST", "/v1/groups", {"name": "Πελάτες"}), 409, "exists")
    client.ask("POST", "/v1/contacts", MARIA)
    added = client.ask("POST", f"{path}/members", {"numbers": ["+306912345678", "+447700900123", "x", "306912345678"]})
    assert (added.status, added.json["taken"]) == (200, 2)
    assert [one["number"] for one in added.json["refused"]] == ["x"]
    assert client.ask("GET", f"{path}/members").json["members"] == [
        {"number": "+306912345678", "name": "Maria Pappa"}, {"number": "+447700900123", "name": ""},
    ]  # fmt: skip
    assert client.ask("PUT", path, {}).json["comments"] == ""
    assert client.ask("DELETE", f"{path}/members/+447700900123").json == {"removed": 1}
    assert is_problem(client.ask("DELETE", f"{path}/members/+447700900123"), 404, "no_such")
    client.ask("DELETE", "/v1/contacts/306912345678")
    assert client.ask("GET", f"{path}/members").json["members"] == []
    assert client.ask("GET", "/v1/groups").json["groups"][0]["name"] == "Πελάτες"
    client.ask("POST", f"{path}/members", {"numbers": ["+306912345678"]})
    assert client.ask("DELETE", path).json == {"removed": 1}
    assert client.records.rows == {}
    assert is_problem(client.ask("GET", f"{path}/members"), 404, "no_such")
    assert is_problem(client.ask("POST", f"{path}/members", {"numbers": ["+306912345678"]}), 404, "no_such")


@pytest.mark.parametrize("name", ["", "a/b", ".hidden", "..", "a\n", "a" * 65])
@pytest.mark.parametrize("noun", ["groups", "templates"])
def test_names_that_are_none(noun, name):
    assert is_problem(
        Client().ask("POST", f"/v1/{noun}", {"name": name, "text": "x"} if noun == "templates" else {"name": name}),
        422,
        "invalid",
    )


def test_groups_whose_names_begin_alike_are_two():
    client = Client()
    for name in ("vip", "vip2"):
        client.ask("POST", "/v1/groups", {"name": name})
        client.ask("POST", f"/v1/groups/{name}/members", {"numbers": ["+306912345678"]})
    client.ask("DELETE", "/v1/groups/vip")
    assert len(client.ask("GET", "/v1/groups/vip2/members").json["members"]) == 1


def test_a_template_lives():
    client = Client()
    made = client.ask("POST", "/v1/templates", {"name": "code", "text": "{{x}} {first_name}: {code} {code}"})
    assert (made.status, made.json["placeholders"]) == (201, ["first_name", "code"])
    assert client.ask("GET", "/v1/templates/code").json == made.json
    assert client.ask("GET", "/v1/templates").json["templates"] == [made.json]
    assert is_problem(client.ask("POST", "/v1/templates", {"name": "code", "text": "x"}), 409, "exists")
    assert client.ask("PUT", "/v1/templates/code", {"text": "new"}).json["text"] == "new"
    assert is_problem(client.ask("PUT", "/v1/templates/code", {"text": "a { b"}), 422, "invalid")
    assert client.ask("DELETE", "/v1/templates/code").json == {"removed": 1}
    assert is_problem(client.ask("DELETE", "/v1/templates/code"), 404, "no_such")
    assert not [key for key in client.records.rows if key[0] == TEMPLATE]


def test_a_sender_is_asked_for():
    client = Client()
    asked = client.ask("POST", "/v1/senders", {"name": "MyShop", "details": {"company": "My Shop Ltd"}})
    assert asked.status == 201
    assert asked.json == {
        "name": "MyShop", "status": "requested", "details": {"company": "My Shop Ltd"}, "reason": "",
        "requested_at": T0_TEXT, "decided_at": None,
    }  # fmt: skip
    listed = client.ask("GET", "/v1/senders").json
    assert listed == {"allowed": ["*"], "default": None, "senders": [asked.json], "next_cursor": None}
    assert is_problem(client.ask("POST", "/v1/senders", {"name": "MyShop"}), 409, "exists")
    assert client.ask("DELETE", "/v1/senders/MyShop").json == {"removed": 1}
    assert is_problem(client.ask("DELETE", "/v1/senders/MyShop"), 404, "no_such")


def test_an_approved_sender_stays_and_a_refused_one_says_why():
    client = Client()
    client.records.put(SENDER, "demo", "A", b'{"name":"A","status":"approved","requested_at":1,"decided_at":%d}' % T0)
    client.records.put(SENDER, "demo", "B", b'{"name":"B","status":"refused","reason":"no company"}')
    shown = client.ask("GET", "/v1/senders").json["senders"]
    assert [(one["status"], one["reason"], one["decided_at"]) for one in shown] == [
        ("approved", "", T0_TEXT), ("refused", "no company", None),
    ]  # fmt: skip
    assert is_problem(client.ask("DELETE", "/v1/senders/A"), 409, "too_late", "approved")
    assert client.ask("DELETE", "/v1/senders/B").status == 200


@pytest.mark.parametrize("name", ["TwelveLetters", "1234567890123456", "Καλημέρα", " "])
def test_senders_that_are_none(name):
    assert is_problem(Client().ask("POST", "/v1/senders", {"name": name}), 422, "invalid_sender")


def test_details_of_a_sender_are_bounded():
    assert is_problem(
        Client().ask("POST", "/v1/senders", {"name": "A", "details": {"": "x"}}), 422, "invalid", "details"
    )


def test_opt_outs():
    client = Client()
    assert client.ask("POST", "/v1/optouts", {"number": "+306912345678"}).json == {"changed": True}
    assert client.ask("POST", "/v1/optouts", {"number": "306912345678"}).json == {"changed": False}
    client.ask("POST", "/v1/optouts", {"number": "+447700900123"})
    first = client.ask("GET", "/v1/optouts?limit=1").json
    assert first["optouts"] == [{"number": "+306912345678", "since": T0_TEXT, "by": "api"}]
    second = client.ask("GET", f"/v1/optouts?limit=1&cursor={first['next_cursor']}").json
    assert ([one["number"] for one in second["optouts"]], second["next_cursor"]) == (["+447700900123"], None)
    assert client.ask("DELETE", "/v1/optouts/+306912345678").json == {"removed": 1}
    assert is_problem(client.ask("DELETE", "/v1/optouts/+306912345678"), 404, "no_such")
    assert is_problem(client.ask("POST", "/v1/optouts", {"number": "x"}), 422, "invalid_recipient")


def test_a_store_that_cannot_answer():
    client = Client()
    client.records.broken = StoreUnavailable("disk full")
    assert is_problem(client.ask("GET", "/v1/contacts"), 503, "store_unavailable")
    assert is_problem(client.ask("PUT", "/v1/groups/vip", {}), 503, "store_unavailable")


def test_every_route_asks_for_its_scope():
    client = Client()
    asked = []
    known = client.gateway.known

    def spy(header, address, scope=""):
        asked.append(scope)
        return known(header, address, scope)

    client.gateway.known = spy
    for route in BOOK_ROUTES:
        client.ask(route.method, route.path.replace("{name}", "vip").replace("{number}", "306912345678"))
    assert asked == [route.scope for route in BOOK_ROUTES]
    assert set(asked) == {"contacts", "templates", "senders"}


def test_histories_show_names():
    client = Client()
    sent = client.send(to=["+306912345678", "+447700900123"]).json
    ids = [one["id"] for one in sent["messages"]]
    assert "name" not in client.ask("GET", f"/v1/messages/{ids[0]}").json
    before = len(client.records.asked)
    client.ask("GET", "/v1/messages")
    assert len(client.records.asked) == before  # a tenant without contacts costs no look-up
    client.ask("POST", "/v1/contacts", MARIA)
    assert client.ask("GET", f"/v1/messages/{ids[0]}").json["name"] == "Maria Pappa"
    before = len(client.records.asked)
    listed = {one["to"]: one.get("name") for one in client.ask("GET", "/v1/messages").json["messages"]}
    assert listed == {"+306912345678": "Maria Pappa", "+447700900123": None}
    assert len(client.records.asked) == before + 1
    whole = client.ask("GET", f"/v1/messages/{sent['id']}").json["messages"]
    assert [one.get("name") for one in whole] == ["Maria Pappa", None]


def test_a_group_record_keeps_its_name():
    client = Client()
    client.ask("PUT", "/v1/groups/vip", {"comments": "c"})
    assert client.records.rows[GROUP, "demo", "vip"].value == b'{"name":"vip","comments":"c"}'


def test_national_numbers_are_those_of_the_tenants_region():
    greek = Tenant("greek", region="GR")
    assert {digits_of(greek, written) for written in ("6912345678", "+306912345678")} == {"306912345678"}
