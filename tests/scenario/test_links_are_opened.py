"""Short links: in the text at the SMSC, opened with 302, counted, people and programs apart, pushed and signed."""

from __future__ import annotations

import http.client
import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.scenario.harness import Answer, Catcher, Gateway, Scene, Smsc, Tenant, ask, wait
from tests.scenario.shim import Clock

BROWSER = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile"
SECRET = "whsec_c21zZ3dkIGV4YW1wbGUgc2lnbmluZyBrZXk="
TARGET = "https://shop.example/offer?id=7&x=%CE%B1"
OTHER: dict[str, object] = {"id": "other", "credentials": [{"kind": "token", "secret": "other-token"}]}
Stand = tuple[Gateway, Smsc, Catcher]


@pytest.fixture(scope="module")
def stand(shared: Scene) -> Stand:
    """A tenant with a webhook that checks signatures; an opening is counted however soon it comes again."""
    smsc, catcher = shared.smsc(), shared.catcher("--secret", SECRET)
    gateway = shared.gateway(
        smsc,
        tenant={"webhook": {"url": catcher.url, "secret": SECRET}},
        tenants=[OTHER],
        links={"repeat_s": 0},
    )
    return gateway, smsc, catcher


def _open(gateway: Gateway, short: str, agent: str = BROWSER, method: str = "GET", **headers: str) -> Answer:
    """Open a short link; the answer, not followed."""
    return ask(gateway.http_port, method, urlsplit(short).path, headers={"User-Agent": agent, **headers})


def _sent(stand: Stand, to: str, text: str = "Our offer: [Link]", **fields: object) -> tuple[str, str]:
    """Send one with a link: its id, and the short link in the text that the SMSC got."""
    gateway, smsc, _ = stand
    message = gateway.tenant.send(to, text, **{"link": TARGET, **fields})
    gateway.tenant.wait_state(message, "delivered")
    [got] = [each.text for each in smsc.texts() if each.dest == to]
    found = re.search(r"http://127\.0\.0\.1:\d+/l/[0-9A-Za-z]{10}", got)
    assert found is not None, got
    return message, found[0]


def _clicks(tenant: Tenant, message: str) -> tuple[int, int]:
    [link] = tenant.ask("GET", f"/v1/links?message={message}").body["links"]
    return link["clicks"], link["bots"]


def test_opened_counted_pushed(shared: Scene, stand: Stand) -> None:
    """302 to the address as it was given; `first` once; programs, HEAD and prefetches are no people."""
    gateway, _, catcher = stand
    message, short = _sent(stand, "+306900000001", client_ref="spring")
    answer = _open(gateway, short)
    assert (answer.status, answer.headers["Location"]) == (302, TARGET)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert _clicks(gateway.tenant, message) == (1, 0)
    for agent, method, headers in (
        ("WhatsApp/2.23", "GET", {}),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "GET", {}),
        ("curl/8.0", "GET", {}),
        ("", "GET", {}),
        (BROWSER, "HEAD", {}),
        (BROWSER, "GET", {"Purpose": "prefetch"}),
        (BROWSER, "GET", {"Sec-Purpose": "prefetch;prerender"}),
    ):
        assert _open(gateway, short, agent, method, **headers).status == 302
    assert _open(gateway, short).status == 302
    assert _clicks(gateway.tenant, message) == (2, 7)
    pushes = wait("two clicks pushed", lambda: _two(catcher))
    assert [push["status"] for push in pushes] == [200, 200]
    data = [push["body"]["data"] for push in pushes]
    assert sorted(each["first"] for each in data) == [False, True]
    assert {(each["link"], each["short"], each["to"], each["message_id"], each["client_ref"]) for each in data} == {
        (TARGET, short, "306900000001", message, "spring")
    }


def _two(catcher: Catcher) -> list[dict[str, Any]] | None:
    found = [push for push in catcher.pushes() if push["body"]["type"] == "link.clicked"]
    return found if len(found) >= 2 else None


def test_every_recipient_has_one(shared: Scene, stand: Stand) -> None:
    """Each place in the text is the same link, each recipient's another; without a place there is none."""
    gateway, smsc, _ = stand
    numbers = [f"+30692000000{n}" for n in range(5)]
    answer = gateway.tenant.post(numbers, "[LINK] or {Link}", link=TARGET)
    for entry in answer.body["messages"]:
        gateway.tenant.wait_state(entry["id"], "delivered")
    texts = [each.text for each in smsc.texts() if each.dest in numbers]
    halves = [text.split(" or ") for text in texts]
    assert all(first == second for first, second in halves)
    assert len({first for first, _ in halves}) == len(numbers)
    plain = gateway.tenant.send("+306930000001", "No place", link=TARGET)
    gateway.tenant.wait_state(plain, "delivered")
    assert [each.text for each in smsc.texts() if each.dest == "+306930000001"] == ["No place"]
    assert gateway.tenant.ask("GET", f"/v1/links?message={plain}").body["links"] == []
    bare = gateway.tenant.send("+306930000002", "[Link] {link}")
    gateway.tenant.wait_state(bare, "delivered")
    assert [each.text for each in smsc.texts() if each.dest == "+306930000002"] == ["[Link] {link}"]


def test_addresses_that_are_none(shared: Scene, stand: Stand) -> None:
    """Refused, so that a visitor gets neither a script nor a header nor another host than is seen."""
    tenant = stand[0].tenant
    for link in (
        "javascript:alert(1)",
        "JaVaScRiPt://shop.example/%0aalert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://shop.example/",
        "//shop.example/",
        "/relative",
        "",
        "https://",
        "https:shop.example",
        "https:///shop.example",
        "https://shop.example/\r\nSet-Cookie: a=b",
        "https://shop.example/\nX: y",
        "https://shop.example/\0",
        "https://shop.example/a b",
        "https://shop.example\\@evil.example/",
        "https://bank.example@evil.example/",
        "https://bank.example:443@evil.example/",
        "https://shop.example:0/",
        "https://shop.example:99999/",
        "https://shop.example:port/",
        "https://[::1",
        " https://shop.example/",
        "https://shop.example/\u202e",
        "https://shop.example/\u2028",
        "https://" + "a" * 300 + ".example/",
        "https://shop.example/" + "x" * 2000,
    ):
        answer = tenant.post("+306940000001", "See [Link]", link=link)
        assert answer.status == 422, (link, answer)
        assert answer.body["code"] in ("invalid_link", "invalid"), (link, answer)
    kinds: tuple[object, ...] = (7, {}, ["https://shop.example"])
    for kind in kinds:
        assert tenant.post("+306940000001", "See [Link]", link=kind).status == 422


def test_addresses_that_are_odd(shared: Scene, stand: Stand) -> None:
    """Led on to as they are; what has a meaning in a header or a page stays percent-encoded."""
    gateway, _, _ = stand
    for number, link in enumerate(
        (
            "http://shop.example",
            "https://xn--hxajbheg2az3al.example/",
            "https://shop.example:8443/a/../b?c=d#e",
            "https://[2001:db8::1]/x",
            "https://shop.example/%0d%0aSet-Cookie:%20a=b",
            "https://shop.example/?next=javascript:alert(1)",
        )
    ):
        _, short = _sent(stand, f"+30695000000{number}", link=link)
        answer = _open(gateway, short)
        assert (answer.status, answer.headers["Location"]) == (302, link)
        assert "Set-Cookie" not in answer.headers


def test_what_leads_nowhere(shared: Scene, stand: Stand) -> None:
    """A plain page with 404, the same for all, and nothing counted."""
    gateway, _, _ = stand
    message, short = _sent(stand, "+306960000001")
    pages = set()
    for path in (
        "/l/0000000000",
        "/l/",
        "/l/" + "a" * 1000,
        "/l/../v1/balance",
        "/l/%2e%2e/",
        "/l/%00",
        urlsplit(short).path + "0",
        urlsplit(short).path[:-1],
        urlsplit(short).path + "/",
        urlsplit(short).path.swapcase().replace("/L/", "/l/"),
    ):
        answer = ask(gateway.http_port, "GET", path, headers={"User-Agent": BROWSER})
        assert answer.status == 404, (path, answer)
        if path.startswith("/l/") and ".." not in path:
            pages.add(answer.body)
    assert len(pages) == 1
    assert _open(gateway, short, method="POST").status == 405
    assert _clicks(gateway.tenant, message) == (0, 0)
    assert _open(gateway, short + "?utm=1").status == 302
    assert _open(gateway, short + "?utm=1").status == 302


def test_another_tenants_links(shared: Scene, stand: Stand) -> None:
    """Opened by everybody, told to nobody else."""
    gateway, _, _ = stand
    other = Tenant(gateway.http_port, "other-token")
    message, short = _sent(stand, "+306970000001")
    code = short.rpartition("/")[2]
    assert gateway.tenant.ask("GET", f"/v1/links/{code}").status == 200
    assert other.ask("GET", f"/v1/links/{code}").status == 404
    assert other.ask("GET", f"/v1/links?message={message}").body["links"] == []
    assert other.ask("GET", "/v1/links").body["links"] == []
    for wrong in ("message=x", "message=-1", f"message={10**30}", "cursor=x", "limit=0", "limit=9999", "x=1"):
        assert gateway.tenant.ask("GET", f"/v1/links?{wrong}").status == 422, wrong


def test_expired(scene: Scene) -> None:
    """After link_days a link leads nowhere."""
    clock = Clock(scene.directory)
    smsc = scene.smsc()
    gateway = scene.gateway(smsc, tenant={"link_days": 2}, wrapper=clock.wrapper)
    message = gateway.tenant.send("+306900000001", "[Link]", link=TARGET)
    gateway.tenant.wait_state(message, "delivered")
    [got] = smsc.texts()
    clock.shift(2 * 86_400 - 600)
    assert _open(gateway, got.text).status == 302
    clock.shift(2 * 86_400 + 600)
    assert _open(gateway, got.text).status == 404


def test_a_host_of_its_own(scene: Scene) -> None:
    """It serves short links and nothing else; on the other hosts they are found below /l/."""
    smsc = scene.smsc()
    gateway = scene.gateway(smsc, links={"base_url": "https://go.example.net"})
    message = gateway.tenant.send("+306900000001", "[Link]", link=TARGET)
    gateway.tenant.wait_state(message, "delivered")
    [got] = smsc.texts()
    assert re.fullmatch(r"https://go\.example\.net/[0-9A-Za-z]{10}", got.text)
    code = got.text.rpartition("/")[2]
    for host in ("go.example.net", "GO.example.net", "go.example.net:443"):
        assert _host(gateway, host, f"/{code}")[0] == 302
        for path in ("/", "/v1/balance", "/docs", "/openapi.json", "/v1/messages", f"/{code}/x", "/favicon.ico"):
            assert _host(gateway, host, path)[0] == 404, (host, path)
    assert _host(gateway, "sms.example.net", f"/{code}")[0] in (401, 404)
    assert _host(gateway, "sms.example.net", f"/l/{code}")[0] == 302
    assert _host(gateway, "sms.example.net", "/openapi.json")[0] == 200


def _host(gateway: Gateway, host: str, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.http_port, timeout=20)
    try:
        connection.putrequest("GET", path, skip_host=True)
        connection.putheader("Host", host)
        connection.putheader("User-Agent", BROWSER)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
