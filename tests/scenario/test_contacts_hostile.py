"""Hostile files and lists: each is refused or taken in a moment, and others are answered meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenario.esme import Steady
from tests.scenario.harness import Gateway, Scene, Tenant
from tests.scenario.stand_esme import bound, check_sound, credential, served
from tests.scenario.work import Work

MIB = 1 << 20
CSV_BOMBS = {
    "columns of one name": b"number" + b",phone" * 160_000 + b"\n1\n",
    "columns without a name": b"number" + b"," * (MIB - 100) + b"\n1\n",
    "empty lines": b"number\n" + b"\n" * (MIB - 100),
    "an open quote": b'number\n"' + b"a\n" * (MIB // 2 - 100),
    "a cell": b"number\n" + b"1" * (MIB - 100),
    "no numbers": b"number\n" + b"x\n" * (MIB // 2 - 100),
    "quotes": b'number,a\n1,"' + b'""' * (MIB // 2 - 100) + b'"\n',
    "carriage returns": b"number\r" + b"1\r" * (MIB // 2 - 100),
    "NUL": b"number\n+3069\x0000000001\n",
    "UTF-16": "number\n+306900000001\n".encode("utf-16"),
    "nothing": b"",
}
VCARD_BOMBS = {
    "folded": b"BEGIN:VCARD\nNOTE:x\n" + b" abcd\n" * 170_000 + b"TEL:+306900000001\nEND:VCARD\n",
    "quoted-printable": b"BEGIN:VCARD\nNOTE;ENCODING=QUOTED-PRINTABLE:x=\n" + b"abcd=\n" * 170_000 + b"\nEND:VCARD\n",
    "nested": b"BEGIN:VCARD\n" * 80_000,
    "never ended": b"BEGIN:VCARD\n" + b"TEL:+306900000001\n" * 50_000,
    "parts": b"BEGIN:VCARD\nN:" + b";" * (MIB - 100) + b"\nEND:VCARD\n",
    "parameters": b"BEGIN:VCARD\nN" + b";a=b" * 250_000 + b"\nEND:VCARD\n",
    "quotes": b"BEGIN:VCARD\nN;" + b'"a;:"' * 200_000 + b"\nEND:VCARD\n",
    "backslashes": b"BEGIN:VCARD\nN:" + b"\\" * (MIB - 101) + b"\nTEL:+306900000001\nEND:VCARD\n",
    "numbers": b"BEGIN:VCARD\n" + b"TEL:1\n" * 170_000 + b"END:VCARD\n",
    "a charset": b"BEGIN:VCARD\nN;CHARSET=zlib_codec;ENCODING=QUOTED-PRINTABLE:=78=9C\nTEL:1\nEND:VCARD\n",
    "NUL": b"BEGIN:VCARD\nN:a\0b\nTEL:+306900000001\nEND:VCARD\n",
}


@pytest.fixture(scope="module")
def gateway(shared: Scene) -> Gateway:
    """With an ESME beside, to see whether others are held up."""
    return served(shared, credential("esme", throughput=0))


def work_of_contacts(gateway: Gateway, kind: str) -> Work:
    """What 10,000 contacts are to the gateway, as many as a request may have."""
    if kind == "csv":
        file = "number,first_name\n" + "".join(f"+30693{n:07d},Name {n}\n" for n in range(10_000))
    else:
        file = "".join(f"BEGIN:VCARD\nN:Name;{n}\nTEL;CELL:+30693{n:07d}\nEND:VCARD\n" for n in range(10_000))

    def harmless() -> None:
        answer = gateway.tenant.upload("/v1/contacts/import", file.encode(), f"text/{kind}")
        assert (answer.status, answer.body["taken"]) == (200, 10_000)

    return Work(gateway, harmless)


@pytest.mark.parametrize("kind", ["csv", "vcard"])
def test_bombs(shared: Scene, gateway: Gateway, kind: str) -> None:
    """200 with what was refused, or a refusal; none is more work than 10,000 contacts, and an ESME goes on beside."""
    bombs = CSV_BOMBS if kind == "csv" else VCARD_BOMBS
    work = work_of_contacts(gateway, kind)
    with Steady(lambda: bound(gateway)):
        for name, file in bombs.items():
            with work.no_more_than(3.0, name):
                answer = gateway.tenant.upload("/v1/contacts/import", file, f"text/{kind}")
            assert answer.status in (200, 400, 413, 422), (name, answer)
            if answer.status == 200:
                assert answer.body["taken"] <= 1, (name, answer)
                assert len(answer.body["refused"]) <= 10_001, name
    check_sound(gateway)


def test_ten_thousand_members(shared: Scene, gateway: Gateway) -> None:
    """They are taken; a message to all of them is refused whole, as the page says, and costs nothing."""
    tenant = gateway.tenant
    assert tenant.ask("POST", "/v1/groups", {"name": "huge"}).status == 201
    work = work_of_contacts(gateway, "csv")
    with Steady(lambda: bound(gateway)), work.no_more_than(10.0, "members"):
        file = "number\n" + "".join(f"+30693{n:07d}\n" for n in range(10_000))
        answer = tenant.upload("/v1/contacts/import?group=huge", file.encode(), "text/csv")
        assert (answer.status, answer.body["taken"]) == (200, 10_000)
        for _ in range(3):
            answer = tenant.ask("POST", "/v1/messages", {"from": "Shop", "to_group": "huge", "text": "Hi"})
            assert (answer.status, answer.body["code"]) == (422, "invalid")
            assert "4000" in answer.body["detail"]
        answer = tenant.ask("POST", "/v1/groups/huge/members", {"numbers": ["+306900000001"] * 1001})
        assert answer.status == 422
        assert tenant.ask("DELETE", "/v1/groups/huge").status == 200
    assert tenant.ask("GET", "/v1/groups/huge/members").status == 404
    check_sound(gateway)


def test_names_that_are_none(shared: Scene, gateway: Gateway) -> None:
    """Of groups and templates; wildcards and quotes are characters like others."""
    tenant = gateway.tenant
    for name in ("", ".", "..", ".x", "a/b", "a\0b", "a\r\nb", "x" * 65, "\x7f"):
        for noun, more in (("groups", {}), ("templates", {"text": "x"})):
            answer = tenant.ask("POST", f"/v1/{noun}", {"name": name, **more})
            assert answer.status == 422, (noun, name, answer)
    for name in ("%", "_", "a%25b", "'; DROP TABLE records; --", "Ünï ☃", "a?b#c"):
        assert tenant.ask("POST", "/v1/groups", {"name": name}).status == 201, name
    numbers = {"numbers": ["+306940000001"]}
    assert tenant.ask("POST", "/v1/groups/%25/members", numbers).status == 200
    assert tenant.ask("GET", "/v1/groups/_/members").body["members"] == []
    assert tenant.ask("DELETE", "/v1/groups/_").status == 200
    assert tenant.ask("GET", "/v1/groups/%25/members").body["members"] != []


def test_templates_are_no_programs(shared: Scene, gateway: Gateway) -> None:
    """Values are put in as they are: no placeholder in them is filled, nothing of Python's formats is known."""
    tenant = gateway.tenant
    for text in ("{a.__class__}", "{0}", "{}", "{a!r}", "{a:>10000000}", "{", "}", "{{{", "{a[0]}", "{" * 9_999):
        answer = tenant.ask("POST", "/v1/templates", {"name": "bad", "text": text})
        assert answer.status == 422, (text[:20], answer)
    assert tenant.ask("POST", "/v1/templates", {"name": "deep", "text": "{a}" * 10_000}).status in (201, 422)
    assert tenant.ask("POST", "/v1/templates", {"name": "two", "text": "{a}-{b}"}).status == 201
    message = _by_template(tenant, {"a": "{b}{a}{number}", "b": "{{x}}"})
    tenant.wait_state(message, "delivered")
    assert tenant.message(message)["parts"] == 1
    answer = tenant.ask("POST", "/v1/messages", _body({"a": "x"}))
    assert (answer.status, answer.body["code"]) == (422, "invalid")
    assert "'b'" in answer.body["detail"]
    wrong: tuple[object, ...] = (
        {"a": 7, "b": ""},
        {"a": "x" * 1001, "b": ""},
        {f"v{n}": "" for n in range(101)},
        [],
        None,
        "x",
    )
    for values in wrong:
        assert tenant.ask("POST", "/v1/messages", _body(values)).status == 422, values
    check_sound(gateway)


def _body(values: object) -> dict[str, object]:
    return {"from": "Shop", "to": "+306950000001", "template": "two", "values": values}


def _by_template(tenant: Tenant, values: dict[str, str]) -> str:
    answer = tenant.ask("POST", "/v1/messages", _body(values))
    assert answer.status == 202, answer
    return str(answer.body["messages"][0]["id"])


def test_small_requests_become_no_large_ones(shared: Scene, gateway: Gateway) -> None:
    """Long templates, values and many places for links to 1,000 recipients: refused without much time or memory."""
    tenant = gateway.tenant
    many = {"from": "Shop", "to": [f"+30690{n:07d}" for n in range(1000)]}
    assert tenant.ask("POST", "/v1/templates", {"name": "long", "text": "{a}" * 200}).status == 201
    assert tenant.ask("POST", "/v1/templates", {"name": "wide", "text": "{name}" + "x" * 39_000}).status == 201
    one = {"from": "Shop", "to": "+306900000001", "template": "long", "values": {"a": "x" * 900}}
    before = _most_mb(gateway)
    work = work_of_contacts(gateway, "csv")
    with Steady(lambda: bound(gateway)):
        for path, body in (
            ("/v1/messages", {**many, "template": "long", "values": {"a": "x" * 1000}}),
            ("/v1/messages", {**many, "template": "wide"}),
            ("/v1/messages/batch", {"messages": [one] * 1000}),
            ("/v1/messages", {**many, "text": "[Link]" * 6666, "link": "https://shop.example/"}),
            ("/v1/messages", {**many, "text": "[" * 40_000, "link": "https://shop.example/"}),
            ("/v1/messages", {**many, "text": "a" + "\u0301" * 39_000}),
        ):
            with work.no_more_than(10.0, str(body)[:60]):
                answer = tenant.ask("POST", path, body)
            assert answer.status in (413, 422), (path, answer)
            assert answer.body["code"] in ("invalid", "too_many_parts", "too_large"), answer.body["code"]
    assert _most_mb(gateway) < before + 300
    check_sound(gateway)


def _most_mb(gateway: Gateway) -> float:
    """The most it has held in memory so far."""
    status = Path(f"/proc/{gateway.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) / 1024


def test_deep_and_long_json(shared: Scene, gateway: Gateway) -> None:
    """Refused by every endpoint that takes a body, at once."""
    tenant = gateway.tenant
    deep, wide = b"[" * 500_000, b'{"a":' * 150_000
    long = b'{"numbers": [' + b'"1",' * 200_000 + b'"1"]}'
    for method, path in (
        ("POST", "/v1/messages"),
        ("POST", "/v1/messages/batch"),
        ("PATCH", "/v1/messages/1"),
        ("POST", "/v1/contacts"),
        ("PUT", "/v1/contacts/+306900000001"),
        ("POST", "/v1/groups"),
        ("POST", "/v1/groups/x/members"),
        ("POST", "/v1/templates"),
        ("POST", "/v1/senders"),
        ("POST", "/v1/optouts"),
        ("POST", "/v1/lookups"),
    ):
        for body in (deep, wide, long):
            answer = tenant.ask(method, path, body)
            assert answer.status in (400, 404, 413, 422), (method, path, answer)
    check_sound(gateway)
