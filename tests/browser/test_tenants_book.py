"""A tenant's address book, texts, links, money and lookups in a browser: each page, each thing one can do there."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.browser import Tab
from tests.browser.pages import log_in, look, says
from tests.scenario.harness import Gateway, Scene

_TENANT = {
    "time_zone": "Europe/Athens",
    "lookup_price": "0.0050",
    "senders": ["Shop*"],
    "default_sender": "Shop",
    "credentials": [
        {"kind": "token", "secret": "shop-token"},
        {"kind": "password", "username": "shop", "secret": "shop-password"},
        {"kind": "password", "username": "book", "secret": "book-password", "scopes": ["contacts"]},
    ],
}
_EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def gateway(shared: Scene) -> Gateway:
    """A gateway with a carrier, a source of lookups, and pages for tenants."""
    hlr = shared.hlr("--delay-ms", "1500")
    source = {"kind": "http", "name": "hlr", "url": f"http://127.0.0.1:{hlr.port()}/hlr/{{msisdn}}"}
    return shared.gateway(
        shared.smsc(), tenant=_TENANT, console={"tenants": True}, lookups={"sources": [source, {"kind": "plan"}]}
    )


@pytest.fixture
def tab(open_tab: Callable[..., Tab], gateway: Gateway) -> Tab:
    """Somebody who may do everything."""
    found = open_tab(f"http://127.0.0.1:{gateway.http_port}")
    log_in(found, "shop", "shop-password")
    return found


def notice(tab: Tab) -> str:
    """What the page says of what was just done."""
    return tab.text("#notices")


def test_contacts(tab: Tab, tmp_path: Path) -> None:
    """Add, find while typing, change, import, export, remove."""
    tab.goto("/ui/contacts")
    assert "No contacts yet" in tab.text("main")
    look(tab, "tenant-contacts-none")
    tab.go(says("Add a contact"))
    look(tab, "tenant-contact-new")
    tab.fill("[name=number]", "12")
    tab.fill("[name=first_name]", _EVIL)
    tab.go("main button.main")
    assert "digits" in notice(tab) and tab.value("[name=first_name]") == _EVIL
    tab.forget()  # the refusal is a request that failed
    tab.fill("[name=number]", "+306912345678")
    tab.go("main button.main")
    assert "in your address book" in notice(tab) and _EVIL in tab.text("h1")
    look(tab, "tenant-contact")
    tab.fill("[name=first_name]", "Maria")
    tab.go(says("Save"))
    assert tab.text("h1") == "Maria"

    file = tmp_path / "contacts.csv"
    file.write_text("number;first_name;shoe size\n+447700900123;Bob;44\nnobody;X;1\n", "utf-8")
    tab.goto("/ui/contacts/import")
    look(tab, "tenant-contacts-import")
    tab.upload("[name=file]", file)
    tab.go("main button.main")
    assert "shoe size" in tab.text("main") and "nobody" in tab.text("main table")
    look(tab, "tenant-contacts-imported")

    tab.goto("/ui/contacts")
    look(tab, "tenant-contacts")
    with tab.going():
        tab.press("/")
        tab.fill("[name=q]", "+447")
    tab.wait_gone("#rows", "Maria")
    assert "Bob" in tab.text("#rows")
    name, data = tab.download(says("Export as CSV"))
    assert name == "contacts.csv" and b"Maria" in data
    name, data = tab.download(says("Export as vCards"))
    assert name == "contacts.vcf" and data.startswith(b"BEGIN:VCARD")
    tab.go(says("Bob"))
    tab.go(says("Remove the contact"))
    assert "removed" in notice(tab) and "Bob" not in tab.text("#rows")
    assert any(dialog.startswith("confirm:") for dialog in tab.dialogs())


def test_groups(tab: Tab) -> None:
    """Make one, put numbers in, find, take out, rename nothing, remove."""
    tab.goto("/ui/groups")
    look(tab, "tenant-groups-none")
    tab.fill("[name=name]", "Friday & co")
    tab.go("main button.main")
    look(tab, "tenant-group-none")
    tab.fill("[name=numbers]", "+30 691 111 1111\n+447700900111\n12")
    tab.go(says("Put into the group"))
    assert "Taken: 2, refused: 1." in notice(tab) and tab.value("[name=numbers]") == "12"
    look(tab, "tenant-group-refused")
    tab.goto("/ui/groups/Friday%20%26%20co")
    look(tab, "tenant-group")
    with tab.going():
        tab.fill("[name=q]", "44")
    tab.wait_gone("#rows", "+306911111111")
    tab.go("#rows button")
    assert "+447700900111" not in tab.text("#rows")
    tab.fill("[name=comments]", "Best customers")
    tab.go(says("Save"))
    assert tab.value("[name=comments]") == "Best customers"
    tab.goto("/ui/groups")
    look(tab, "tenant-groups")
    tab.go(says("Friday & co"))
    tab.go(says("Remove the group"))
    assert "No groups yet" in tab.text("main")


def test_a_contact_joins_a_group(tab: Tab) -> None:
    """From its own page; the list is filtered by group then."""
    tab.goto("/ui/groups")
    tab.fill("[name=name]", "vip")
    tab.go("main button.main")
    tab.goto("/ui/contacts/new?number=%2B306933333333")
    tab.fill("[name=first_name]", "Nikos")
    tab.go("main button.main")
    tab.select("[name=group]", "vip")
    tab.go(says("Put into the group"))
    tab.goto("/ui/contacts")
    tab.select("[name=group]", "vip")
    tab.go(says("Search"))
    assert tab.texts("#rows tbody a") == ["Nikos"]


def test_opt_outs(tab: Tab) -> None:
    """On the list and off it."""
    tab.goto("/ui/optouts")
    look(tab, "tenant-optouts-none")
    tab.fill("[name=number]", "+447700900999")
    tab.go(says("Put on the list"))
    look(tab, "tenant-optouts")
    tab.go("#content tbody button")
    assert "Nobody has opted out" in tab.text("main")
    assert any("ask for messages again" in dialog for dialog in tab.dialogs())


def test_templates(tab: Tab) -> None:
    """Write one, see it with values, change and remove it."""
    tab.goto("/ui/templates")
    look(tab, "tenant-templates-none")
    tab.go(says("Write a template"))
    look(tab, "tenant-template-new")
    tab.fill("[name=name]", "code")
    tab.fill("[name=text]", "Hello {first_name}, your code is {code}")
    tab.go("main button.main")
    assert tab.text(".bubble") == "Hello {first_name}, your code is {code}"
    tab.fill("[name='value.code']", "€ 12")
    tab.go(says("Show with these values"))
    assert tab.text(".bubble") == "Hello {first_name}, your code is € 12"
    look(tab, "tenant-template")
    tab.fill("[name=text]", "Now {code}")
    tab.go(says("Save"))
    assert "changed" in notice(tab)
    tab.goto("/ui/templates")
    look(tab, "tenant-templates")
    tab.go("main tbody a")
    tab.go(says("Remove the template"))
    assert "No templates yet" in tab.text("main")


def test_senders(tab: Tab, gateway: Gateway) -> None:
    """What may be used; a request, refused by the operator, taken back."""
    tab.goto("/ui/senders")
    assert "all that begin with Shop" in tab.text("main")
    tab.go(says("Ask for a sender"))
    look(tab, "tenant-sender-ask")
    tab.fill("[name=name]", "Brand")
    tab.fill("[name=company]", "Brand Ltd")
    tab.go("main button.main")
    assert "requested" in tab.text("main table")
    gateway.command("sender", "refuse", tenant="shop", name="Brand", reason="it is somebody else's")
    tab.reload()
    assert "it is somebody else's" in tab.text("main table")
    look(tab, "tenant-senders")
    tab.go("#content tbody button")
    assert "asked for no sender yet" in tab.text("main")


def test_links(tab: Tab, gateway: Gateway) -> None:
    """Who opened what."""
    tab.goto("/ui/links")
    look(tab, "tenant-links-none")
    to = ["+306944444441", "+306944444442"]
    body = {"from": "Shop", "to": to, "text": "Look: [Link]", "link": "https://shop.example/a?b='c'&d=1"}
    assert gateway.tenant.ask("POST", "/v1/messages", body).status == 202
    tab.goto("/ui/links")
    tab.go("main tbody tr:last-child a.mono")
    assert "not yet" in tab.text("main")
    short = re.search(r"http://\S+/l/\w+", tab.text("main"))
    assert short is not None
    open_link(short[0])
    tab.reload()
    assert "not yet" not in tab.text("main") and tab.texts(".figure b")[0] == "1"
    look(tab, "tenant-link")
    tab.go(says("Links of the same message"))
    assert tab.count("main tbody a.mono") == 1
    tab.goto("/ui/links")
    assert "50 %" in tab.text("main")
    look(tab, "tenant-links")


def open_link(url: str) -> None:
    """As a person does, whose browser is not led on."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    request = urllib.request.Request(url, headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"})
    with pytest.raises(urllib.error.HTTPError) as led:
        urllib.request.build_opener(Stay).open(request, timeout=10)
    assert led.value.code == 302
    led.value.close()


def test_money(tab: Tab, gateway: Gateway) -> None:
    """The statement and its filters, the file, top-ups and bills."""
    assert "error" not in gateway.command("credit", "add", tenant="shop", amount="5", reference=f"pay {_EVIL}")
    tab.goto("/ui/money")
    assert _EVIL in tab.text("main")
    look(tab, "tenant-money")
    tab.check("[value=topup]")
    tab.go(says("Show"))
    assert "kind=topup" in tab.url and tab.attribute("[value=topup]", "checked") is not None
    name, data = tab.download(says("Save as CSV"))
    assert name == "statement.csv" and data.startswith(b"id,at,kind")
    tab.go(says("Top-ups"))
    look(tab, "tenant-money-topups")
    tab.go(says("Bills"))
    look(tab, "tenant-money-bills")
    tab.go("main tbody a")
    assert "still grow" in tab.text("main")
    look(tab, "tenant-money-bill")
    assert tab.download(says("Entries as CSV"))[0] == "statement.csv"


def test_lookups(tab: Tab) -> None:
    """The answer comes by itself; it is found again among the charges."""
    tab.goto("/ui/lookups")
    assert "0.0050 EUR" in tab.text("main")
    tab.fill("[name=numbers]", "+306971234567\n12")
    tab.go(says("Look up"))
    assert "not there yet" in tab.text("main") and "no phone number" in tab.text("main")
    look(tab, "tenant-lookup-waiting")
    tab.wait_gone("main", "not there yet")
    assert not tab.visible(".live-off")
    tab.reload()
    look(tab, "tenant-lookup")
    where = tab.url
    tab.goto("/ui/lookups")
    look(tab, "tenant-lookups")
    tab.go("main tbody a")
    assert tab.url == where


def test_without_javascript(open_tab: Callable[..., Tab], gateway: Gateway) -> None:
    """All of it works, only slower."""
    tab = open_tab(f"http://127.0.0.1:{gateway.http_port}")
    tab.javascript(False)
    log_in(tab, "shop", "shop-password")
    tab.goto("/ui/contacts/new")
    tab.fill("[name=number]", "+306955555555")
    tab.go("main button.main")
    tab.goto("/ui/contacts")
    tab.fill("[name=q]", "306955")
    tab.go(says("Search"))
    assert tab.count("#rows tbody tr") == 1
    tab.go("#rows a")
    tab.go(says("Remove the contact"))
    assert "removed" in notice(tab)


def test_a_credential_for_the_address_book_sees_no_more(open_tab: Callable[..., Tab], gateway: Gateway) -> None:
    """Neither in the menu nor by address."""
    tab = open_tab(f"http://127.0.0.1:{gateway.http_port}")
    log_in(tab, "book", "book-password")
    tab.goto("/ui/contacts")
    menu = tab.texts("#menu a")
    assert "Contacts" in menu and "Money" not in menu and "Templates" not in menu
    assert tab.goto("/ui/money") == 403
    tab.forget()
