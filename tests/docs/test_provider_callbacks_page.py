"""The page about providers' callbacks: its addresses are ones that are made, its configuration is one, and each row of
its table is tried."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from twisted.internet.defer import Deferred, succeed

from smsgwd.app.callback_desk import IN_HAND, LARGEST, CallbackDesk
from smsgwd.app.callback_urls import CallbackUrls, parse, roots_of
from smsgwd.config.model.connectors import ProviderConnector
from smsgwd.config.model.listeners import CallbackListener
from smsgwd.net.http_message import HttpRequest, HttpResponse
from smsgwd.providers.callbacks import Callback
from smsgwd.providers.options import Options
from smsgwd.providers.plugin import Plugin, Provider
from smsgwd.southbound.provider.calls import Done
from smsgwd.southbound.provider.settings import ProviderSettings
from tests.app.fakes import FakeClock

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "provider-callbacks.md").read_text("utf-8")
TAKEN = Done(callback=Callback(status=200))
TOY = Plugin("toy", "A toy.", Provider, Options)


class Stand:
    """A desk with one connector; what it says and keeps is set by each row."""

    def __init__(self) -> None:
        self.urls = CallbackUrls("https://sms.example.net")
        self.urls.use([b"k" * 32])
        self.settings = ProviderSettings("isms1", TOY, "isms")
        self.done = TAKEN
        self.asked: list[Deferred[Done]] | None = None  #: those that wait for the plugin, where it takes its time
        self.kept = True
        self.outcomes: list[str] = []
        self.desk = CallbackDesk(
            urls=self.urls,
            receivers=self,
            take=lambda *_: succeed(self.kept),
            clock=FakeClock(),
            count=lambda _, outcome: self.outcomes.append(outcome),
        )

    def receiver(self, connector):
        return (self.settings, lambda request: self.read()) if connector == "isms1" else None

    def read(self):
        if self.asked is None:
            return succeed(self.done)
        self.asked.append(Deferred())
        return self.asked[-1]

    def call(self, method="POST", address="192.0.2.1", body=b"", path=None):
        path = path or urlsplit(self.urls.url_for("isms1")).path
        answer = self.desk.handle(HttpRequest(method, path, [], {}, body, address))
        return answer if isinstance(answer, HttpResponse) else answer.result


def _settings(**fields):
    return ProviderSettings("isms1", TOY, "isms", **fields)


def _durable(stand):
    return stand.call()


def _wrong_token(stand):
    return stand.call(path="/callback/isms1/" + "x" * 24)


def _off(stand):
    stand.settings = _settings(callbacks=False)
    return stand.call()


def _put(stand):
    return stand.call("PUT")


def _elsewhere(stand):
    stand.settings = _settings(allow_from=("203.0.113.0/24",))
    return stand.call()


def _large(stand):
    return stand.call(body=b"x" * (LARGEST + 1))


def _unread(stand):
    stand.done = Done(callback=Callback(status=400), refused=True)
    return stand.call()


def _in_trouble(stand):
    stand.done = Done(trouble="it hangs", fault=True)
    first = stand.call()
    stand.done = Done(trouble="it does not run")
    assert stand.call().status == first.status
    return first


def _not_kept(stand):
    stand.kept = False
    return stand.call()


def _crowd(stand):
    stand.asked = []
    path = urlsplit(stand.urls.url_for("isms1")).path
    for _ in range(IN_HAND):
        stand.desk.handle(HttpRequest("POST", path, [], {}, b"", ""))
    answer = stand.call()
    before = list(stand.outcomes)
    for each in stand.asked:
        each.callback(TAKEN)
    stand.outcomes = before
    return answer


def _stops(stand):
    stand.desk.close()
    return stand.call()


ROWS = {
    "is read, and all": _durable,
    "is about a message that is not": _durable,  # tests/southbound/provider/test_reports.py: it does nothing
    "has a wrong token": _wrong_token,
    "is for a connector with": _off,
    "is neither GET": _put,
    "comes from elsewhere": _elsewhere,
    "is larger than 1 MiB": _large,
    "is nothing that": _unread,
    "comes while the plugin": _in_trouble,
    "comes while the store": _not_kept,
    "is a subscriber's message": _not_kept,  # ... nothing of it is kept there
    f"comes with {IN_HAND} others": _crowd,
    "comes while the gateway": _stops,
}


def test_every_row_of_the_table_is_so() -> None:
    rows = re.findall(r"^\| ([a-z][^|]+) \| ([^|]+) \| ([^|]*)\|$", PAGE, re.MULTILINE)
    rows = [row for row in rows if row[0] != "the callback"]
    assert len(rows) == len(ROWS)
    for what, answer, outcome in rows:
        [case] = [case for beginning, case in ROWS.items() if what.startswith(beginning)]
        stand = Stand()
        response = case(stand)
        told = re.search(r"\d{3}", answer)
        assert str(response.status) == (told[0] if told else "200"), what
        assert set(stand.outcomes) == set(re.findall(r"`(\w+)`", outcome)), what
        if response.status == 503:
            assert "Retry-After" in dict(response.headers)


def test_addresses_are_such_as_are_made() -> None:
    """As long, of the same letters, at the same places."""
    made = Stand().urls
    shown = re.findall(r"^(https://sms\.example\.net/callback/\S+)$", PAGE, re.MULTILINE)
    assert len(shown) == 2
    for written, real in zip(shown, (made.url_for("isms1"), made.url_for("isms1", 1152921504606846977)), strict=True):
        theirs, ours = parse(urlsplit(written).path), parse(urlsplit(real).path)
        assert theirs is not None and ours is not None
        assert (theirs.connector, theirs.message_id) == (ours.connector, ours.message_id)


def test_the_configuration_is_one() -> None:
    connectors, listeners = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    [section] = connectors["connectors"]
    section["callbacks"]["allow_from"] = tuple(section["callbacks"]["allow_from"])
    checked = ProviderConnector.model_validate(section)
    base = checked.callbacks.base_url
    assert base is not None
    url = Stand().urls.url_for(checked.id, base=base)
    assert url.startswith("https://callbacks.example.net/sms/callback/isms1/")
    roots = roots_of("https://sms.example.net", [base])
    path = urlsplit(url).path
    assert parse(path, roots) == parse(path.removeprefix("/sms"), roots) is not None
    own = listeners["listeners"]["callbacks"]
    assert set(own) <= set(CallbackListener.model_fields) and own["also_on_http"] is False
    assert CallbackListener.model_fields["also_on_http"].default is True
