"""The address book: imported from CSV and vCards, written to by group and template, its names in the history."""

from __future__ import annotations

import pytest

from tests.scenario.harness import Gateway, Scene, Smsc, Tenant

CSV = (
    'number;first_name;last_name;comments\r\n+306900000001;Maria;Pappa;"a;""b"""\r\n'
    "0030 690 000-0002;Νίκος;;\r\n12;X;;\r\n"
)
VCARDS = (
    "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Smith;Bob;;;\r\nFN:Bob Smith\r\nTEL;TYPE=HOME:+442071234567\r\n"
    "TEL;TYPE=CELL:+447700900123\r\nEND:VCARD\r\n"
    "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=CE=91=CE=BB;=CE=91\r\n"
    "TEL;CELL:+35799123456\r\nEND:VCARD\r\n"
)
OTHER: dict[str, object] = {"id": "other", "credentials": [{"kind": "token", "secret": "other-token"}]}
Stand = tuple[Gateway, Smsc]


@pytest.fixture(scope="module")
def stand(shared: Scene) -> Stand:
    """A group `vip` with contacts of both files and a number that is no contact's; a template."""
    smsc = shared.smsc()
    gateway = shared.gateway(smsc, tenants=[OTHER])
    tenant = gateway.tenant
    assert tenant.ask("POST", "/v1/groups", {"name": "vip"}).status == 201
    csv = tenant.upload("/v1/contacts/import?group=vip", CSV.encode(), "text/csv")
    assert (csv.status, csv.body["taken"]) == (200, 2)
    assert [(one["line"], one["code"]) for one in csv.body["refused"]] == [(4, "invalid_recipient")]
    cards = tenant.upload("/v1/contacts/import?group=vip", VCARDS.encode(), "text/vcard")
    assert (cards.status, cards.body["taken"], cards.body["refused"]) == (200, 2, [])
    assert tenant.ask("POST", "/v1/groups/vip/members", {"numbers": ["+4915112345678"]}).body["taken"] == 1
    made = tenant.ask("POST", "/v1/templates", {"name": "hi", "text": "Hi {first_name}{{{code}}}"})
    assert (made.status, made.body["placeholders"]) == (201, ["first_name", "code"])
    return gateway, smsc


def test_a_template_to_a_group(shared: Scene, stand: Stand) -> None:
    """Each member gets its own text; the list of messages names those who are contacts."""
    gateway, smsc = stand
    tenant = gateway.tenant
    body = {"from": "Shop", "to_group": "vip", "to": "+447700900123", "template": "hi", "values": {"code": "{code}"}}
    answer = tenant.ask("POST", "/v1/messages", body)
    assert answer.status == 202, answer
    for entry in answer.body["messages"]:
        tenant.wait_state(entry["id"], "delivered")
    assert {text.dest: text.text for text in smsc.texts()} == {
        "+306900000001": "Hi Maria{{code}}",
        "+306900000002": "Hi Νίκος{{code}}",
        "+447700900123": "Hi Bob{{code}}",
        "+35799123456": "Hi Α{{code}}",
        "+4915112345678": "Hi {{code}}",
    }
    listed = tenant.ask("GET", "/v1/messages").body["messages"]
    assert {one["to"]: one.get("name") for one in listed} == {
        "+306900000001": "Maria Pappa",
        "+306900000002": "Νίκος",
        "+447700900123": "Bob Smith",
        "+35799123456": "Α Αλ",
        "+4915112345678": None,
    }


@pytest.mark.parametrize(("form", "kind"), [("csv", "text/csv"), ("vcard", "text/vcard")])
def test_what_is_exported_can_be_imported(shared: Scene, stand: Stand, form: str, kind: str) -> None:
    """By another tenant, whose book is the same then, odd fields included."""
    gateway, _ = stand
    odd = {"first_name": "=1+1", "last_name": "'x;,\\", "comments": 'a"b\nc', "address": "@home, 1", "country": "GR"}
    assert gateway.tenant.ask("PUT", "/v1/contacts/+306900000009", odd).status == 200
    file = gateway.tenant.ask("GET", f"/v1/contacts/export?format={form}")
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    other = Tenant(gateway.http_port, "other-token")
    taken = other.upload("/v1/contacts/import", file.body, kind)
    assert (taken.status, taken.body["taken"], taken.body["refused"]) == (200, 5, [])
    mine, theirs = (_book(one) for one in (gateway.tenant, other))
    assert theirs == mine
    assert other.ask("GET", f"/v1/contacts/export?format={form}").body == file.body


def _book(tenant: Tenant) -> list[dict[str, str]]:
    """What a tenant's book says, whenever and however a number was written."""
    found = tenant.ask("GET", "/v1/contacts?limit=200").body["contacts"]
    for one in found:
        del one["updated_at"], one["number"]
    return list(found)


def test_a_repeated_request(shared: Scene, stand: Stand) -> None:
    """The same key with the same body is answered as before, though members came and the template is gone."""
    gateway, smsc = stand
    tenant = gateway.tenant
    tenant.ask("POST", "/v1/groups", {"name": "two"})
    tenant.ask("POST", "/v1/groups/two/members", {"numbers": ["+306910000001", "+306910000002"]})
    tenant.ask("POST", "/v1/templates", {"name": "short", "text": "Hello"})
    body = {"from": "Shop", "to_group": "two", "template": "short"}
    first = tenant.ask("POST", "/v1/messages", body, {"Idempotency-Key": "k1"})
    assert (first.status, len(first.body["messages"])) == (202, 2)
    tenant.ask("POST", "/v1/groups/two/members", {"numbers": ["+306910000003"]})
    again = tenant.ask("POST", "/v1/messages", body, {"Idempotency-Key": "k1"})
    assert (again.status, again.body) == (202, first.body)
    tenant.ask("DELETE", "/v1/groups/two")
    again = tenant.ask("POST", "/v1/messages", body, {"Idempotency-Key": "k1"})
    assert (again.status, again.body) == (202, first.body)
    tenant.ask("DELETE", "/v1/templates/short")
    again = tenant.ask("POST", "/v1/messages", body, {"Idempotency-Key": "k1"})
    assert (again.status, again.body) == (202, first.body)
    other = tenant.ask("POST", "/v1/messages", {**body, "from": "Other"}, {"Idempotency-Key": "k1"})
    assert (other.status, other.body["code"]) == (422, "idempotency_mismatch")
    new = tenant.ask("POST", "/v1/messages", body, {"Idempotency-Key": "k2"})
    assert (new.status, new.body["code"]) == (422, "group_not_found")
    tenant.ask("POST", "/v1/groups", {"name": "two"})
    tenant.ask("POST", "/v1/groups/two/members", {"numbers": ["+306910000004"]})
    tenant.ask("POST", "/v1/templates", {"name": "short", "text": "Hello {name}{more}"})
    again = tenant.ask("POST", "/v1/messages", body, {"Idempotency-Key": "k1"})
    assert (again.status, again.body) == (202, first.body)
    unfilled = tenant.ask("POST", "/v1/messages", body, {"Idempotency-Key": "k2"})
    assert (unfilled.status, unfilled.body["code"]) == (422, "invalid")
    tenant.ask("PUT", "/v1/templates/short", {"text": "Hello again"})
    taken = tenant.ask("POST", "/v1/messages", body, {"Idempotency-Key": "k2"})
    assert (taken.status, len(taken.body["messages"])) == (202, 1)
    for entry in first.body["messages"]:
        tenant.wait_state(entry["id"], "delivered")
    assert sorted(text.dest for text in smsc.texts() if text.text == "Hello") == ["+306910000001", "+306910000002"]


def test_another_tenants_book(shared: Scene, stand: Stand) -> None:
    """Nothing of it is seen, used or changed under the same names."""
    gateway, _ = stand
    other = Tenant(gateway.http_port, "other-token")
    for path in ("/v1/groups/vip", "/v1/groups/vip/members", "/v1/templates/hi"):
        assert other.ask("GET", path).status == 404, path
        assert other.ask("DELETE", path).status in (404, 405), path
    assert other.ask("DELETE", "/v1/groups/vip/members/+447700900123").status == 404
    assert other.ask("POST", "/v1/groups/vip/members", {"numbers": ["+447700900123"]}).status == 404
    assert other.ask("GET", "/v1/contacts?group=vip").status == 404
    assert other.upload("/v1/contacts/import?group=vip", CSV.encode(), "text/csv").status == 404
    answer = other.ask("POST", "/v1/messages", {"from": "Shop", "to_group": "vip", "text": "x"})
    assert (answer.status, answer.body["code"]) == (422, "group_not_found")
    answer = other.ask("POST", "/v1/messages", {"from": "Shop", "to": "+306900000001", "template": "hi"})
    assert (answer.status, answer.body["code"]) == (422, "template_not_found")
    assert other.ask("PUT", "/v1/templates/hi", {"text": "Theirs"}).status == 200
    assert gateway.tenant.ask("GET", "/v1/templates/hi").body["text"] == "Hi {first_name}{{{code}}}"
    message = other.send("+306900000001")
    assert gateway.tenant.ask("GET", f"/v1/messages/{message}").status == 404


def test_opted_out_in_a_group(shared: Scene, stand: Stand) -> None:
    """That member alone is refused."""
    gateway, _ = stand
    tenant = gateway.tenant
    tenant.ask("POST", "/v1/groups", {"name": "some"})
    tenant.ask("POST", "/v1/groups/some/members", {"numbers": ["+306920000001", "+306920000002"]})
    assert tenant.ask("POST", "/v1/optouts", {"number": "+306920000001"}).status == 200
    answer = tenant.ask("POST", "/v1/messages", {"from": "Shop", "to_group": "some", "text": "x"})
    assert [(one["error"] or {}).get("code") for one in answer.body["messages"]] == ["opted_out", None]
