"""What a tenant's programs need, in a browser: keys, callbacks, the delivery log, lines that work, codes."""

from __future__ import annotations

import base64
import subprocess
import time
from collections.abc import Callable

import pytest

from smsgwd.accounts.totp import STEP_S, code_at
from tests.browser.browser import Tab
from tests.browser.pages import log_in, look, says
from tests.scenario.harness import PATIENCE_S, Catcher, Gateway, Scene, wait

_EVIL = "<script>alert(1)</script>"
#: How the APIs say that something is wrong.
_REFUSED = ("Error", "failed", "Authorization", "refused", '"status":1', '"status": 4', '"code"', "errorMessage")
_TENANT = {
    "time_zone": "Europe/Athens",
    "senders": ["*"],
    "default_sender": "Shop",
    "credentials": [
        {"kind": "token", "secret": "shop-token", "label": "web shop"},
        {"kind": "smpp", "system_id": "shop-1", "secret": "smpp-pw"},
        {"kind": "password", "username": "shop", "secret": "shop-password"},
        {"kind": "password", "username": "sender", "secret": "sender-password", "scopes": ["send"]},
    ],
}


@pytest.fixture(scope="module")
def catcher(shared: Scene) -> Catcher:
    """The shop's own server."""
    return shared.catcher()


@pytest.fixture(scope="module")
def gateway(shared: Scene, catcher: Catcher) -> Gateway:
    """A gateway with a carrier, all APIs, and pages for tenants."""
    dialects = {"smsclub": {"requests_per_s": 0}}
    console = {"tenants": True}
    return shared.gateway(shared.smsc(), catcher=catcher, tenant=_TENANT, smpp={}, console=console, dialects=dialects)


@pytest.fixture
def tab(open_tab: Callable[..., Tab], gateway: Gateway) -> Tab:
    """Somebody who may do everything."""
    found = open_tab(f"http://127.0.0.1:{gateway.http_port}")
    log_in(found, "shop", "shop-password")
    return found


def notice(tab: Tab) -> str:
    """What the page says of what was just done."""
    return tab.text("#notices")


def test_keys(tab: Tab, gateway: Gateway) -> None:
    """Make one, use it, renew it, remove it."""
    tab.goto("/ui/keys")
    look(tab, "tenant-keys")
    tab.go(says("Make a key"))
    assert not tab.visible("[name=name]")
    look(tab, "tenant-key-new")
    for scope in ("send", "read"):
        tab.check(f"[value={scope}]", False)
    tab.go(says("Make the key"))
    assert "tick one thing" in notice(tab)
    tab.forget()  # the refusal is a request that failed
    tab.fill("[name=label]", _EVIL)
    tab.check("[value=money]")
    tab.go(says("Make the key"))
    secret = tab.text("#secret")
    look(tab, "tenant-key-made")
    answer = curl(f"curl -s -H 'Authorization: Bearer {secret}' http://127.0.0.1:{gateway.http_port}/v1/balance")
    assert "EUR" in answer
    tab.go(says("The page of this key"))
    assert tab.text("h1") == _EVIL
    look(tab, "tenant-key")
    tab.select("[name=grace_s]", "0")
    tab.go(says("Make a new secret"))
    assert "good for nothing any more" in tab.text("main") and tab.text("#secret") != secret
    tab.go(says("The page of this key"))
    tab.go(says("Remove this key"))
    assert "removed" in notice(tab)
    assert any(dialog.startswith("confirm: Remove this key?") for dialog in tab.dialogs())


def test_an_smpp_account_is_made(tab: Tab) -> None:
    """The field of its name shows with the kind that has one."""
    tab.goto("/ui/keys/new")
    tab.select("[name=kind]", "smpp")
    tab.select("[name=reach]", "all")
    assert not tab.visible("[value=send]")
    tab.fill("[name=name]", "shop-2")
    tab.go(says("Make the key"))
    assert "shop-2" in tab.text("main")
    tab.goto("/ui/api")
    assert "shop-1, shop-2" in tab.text("section:has(#smpp)")


def test_callbacks(tab: Tab, catcher: Catcher) -> None:
    """Set, tried, signed anew."""
    tab.goto("/ui/callbacks")
    assert tab.value("[name=dlr_url]") == catcher.url
    look(tab, "tenant-callbacks")
    tab.fill("[name=webhook_url]", f"http://127.0.0.1:1/{'x' * 100}?key=a'b")
    tab.fill("[name=dlr_batch]", "20")
    tab.go(says("Save"))
    assert "Saved" in notice(tab) and tab.value("[name=dlr_batch]") == "20"
    tab.go(says("Send a test to the address of receipts"))
    assert "HTTP 200" in tab.text(".trial") and "Your server took it." in tab.text(".trial")
    assert any(push["body"]["type"] == "test" for push in catcher.pushes())
    look(tab, "tenant-callbacks-tried")
    tab.goto("/ui/callbacks")
    tab.go(says("Send a test to the address of events"))
    assert "did not take it" in tab.text(".trial")
    tab.go(says("Make a new signing secret"))
    assert tab.text("#secret").startswith("whsec_")
    look(tab, "tenant-callbacks-secret")
    tab.goto("/ui/callbacks")
    tab.fill("[name=webhook_url]", "")
    tab.go(says("Save"))
    assert tab.count(says("Send a test to the address of events")) == 0


def test_the_delivery_log(tab: Tab, gateway: Gateway, catcher: Catcher) -> None:
    """Found by state and message, pushed again: one, what is ticked, a span of time."""
    [sent] = gateway.tenant.send_many(1)
    catcher.wait_push(sent)

    def times() -> int:
        return sum(push["body"].get("id") == sent for push in catcher.pushes())

    before = times()
    tab.goto("/ui/pushes")
    wait("the push is done", lambda: bool(tab.reload()) and tab.count(".state.done") > 0, PATIENCE_S, 0.2)
    look(tab, "tenant-pushes")
    tab.fill("#f-message", sent)
    tab.go(says("Show"))
    tab.go("main tbody button")
    assert "Due again: 1" in notice(tab) and f"message={sent}" in tab.url
    wait("it comes again", lambda: times() == before + 1, PATIENCE_S, 0.1)
    wait("it is done again", lambda: bool(tab.reload()) and tab.count(".state.done") > 0, PATIENCE_S, 0.2)
    tab.check("[name=ids]")
    tab.go(says("Push again what is ticked"))
    wait("and again", lambda: times() == before + 2, PATIENCE_S, 0.1)
    tab.goto("/ui/pushes?state=failed")
    look(tab, "tenant-pushes-none")
    tab.fill("#f-from", "2020-01-01T10:00")
    tab.go(says("Push all of it again"))
    assert "7 days" in notice(tab) and tab.value("#f-from") == "2020-01-01T10:00"
    tab.forget()  # the refusal is a request that failed
    wait("it is done", lambda: bool(tab.goto("/ui/pushes")) and tab.count(".state.done") > 0, PATIENCE_S, 0.2)
    tab.fill("#f-from", time.strftime("%Y-%m-%dT00:00", time.gmtime(time.time() - 86400)))
    tab.go(says("Push all of it again"))
    wait("and once more", lambda: times() == before + 3, PATIENCE_S, 0.1)


def test_the_lines_work_as_they_stand(tab: Tab) -> None:
    """Each is run, with secrets and a number for the words in capitals."""
    tab.goto("/ui/api")
    look(tab, "tenant-api")
    lines = tab.texts("main pre")
    assert len(lines) >= 8
    for line in lines:
        whole = line.replace("PASSWORD", "shop-password").replace("TOKEN", "shop-token")
        answer = curl(whole.replace("YOUR-NUMBER", "306912345678"))
        assert not any(word in answer for word in _REFUSED), (line, answer)


def curl(line: str) -> str:
    """What a line for a shell prints."""
    ran = subprocess.run(["bash", "-c", f"{line} --silent --show-error"], capture_output=True, timeout=60, check=True)
    return ran.stdout.decode()


def test_codes_from_a_phone(open_tab: Callable[..., Tab], gateway: Gateway) -> None:
    """Switched on, asked for, switched off."""
    tab = open_tab(f"http://127.0.0.1:{gateway.http_port}")
    log_in(tab, "shop", "shop-password")
    tab.goto("/ui/security")
    look(tab, "tenant-security")
    tab.go(says("Begin with codes"))
    look(tab, "tenant-security-codes")
    secret = tab.text("#secret").replace(" ", "")
    tab.fill("[name=code]", code(secret))
    tab.go(says("Switch codes on"))
    assert "From now on a code is asked for" in notice(tab)
    look(tab, "tenant-security-on")
    other = open_tab(f"http://127.0.0.1:{gateway.http_port}")
    log_in(other, "shop", "shop-password")
    assert other.count("[name=code]") == 1
    tab.go(says("Ask for no codes any more"))
    assert "without a code now" in notice(tab)


def code(secret: str) -> str:
    """What the phone shows."""
    return code_at(base64.b32decode(secret + "=" * (-len(secret) % 8)), int(time.time()) // STEP_S)


def test_without_javascript_a_key_is_made_and_another_password(open_tab: Callable[..., Tab], gateway: Gateway) -> None:
    """All fields are there; the own password ends the session where the old one works no more."""
    tab = open_tab(f"http://127.0.0.1:{gateway.http_port}")
    tab.javascript(False)
    log_in(tab, "shop", "shop-password")
    tab.goto("/ui/keys/new")
    tab.select("[name=kind]", "password")
    tab.fill("[name=name]", "clerk")
    tab.select("[name=reach]", "all")
    tab.go(says("Make the key"))
    secret = tab.text("#secret")
    log_out(tab)
    log_in(tab, "clerk", secret)
    tab.goto("/ui/security")
    tab.go(says("Make a new password"))
    assert "log in again with the new secret" in tab.text("main")
    newer = tab.text("#secret")
    tab.goto("/ui/")
    assert "/ui/login" in tab.url
    log_in(tab, "clerk", newer)
    assert tab.goto("/ui/keys") == 200


def log_out(tab: Tab) -> None:
    tab.clear_cookies()


def test_a_credential_that_sends_sees_how_to_connect_alone(open_tab: Callable[..., Tab], gateway: Gateway) -> None:
    """Neither in the menu nor by address."""
    tab = open_tab(f"http://127.0.0.1:{gateway.http_port}")
    log_in(tab, "sender", "sender-password")
    assert tab.goto("/ui/api") == 200
    menu = tab.texts("#menu a")
    assert "How to connect" in menu
    assert not {"Keys", "Callbacks", "Delivery log", "Security"} & set(menu)
    assert tab.goto("/ui/keys") == 403
    tab.forget()
