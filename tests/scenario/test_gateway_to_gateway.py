"""Our plugins and the APIs we serve ourselves: tenant, gateway A, plugin, gateway B, SMSC, and all the way back.

B serves the five APIs to five customers, which are the connectors of A. A's tenant has a webhook; that is all it sees.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from smsgwd.simulator.free_ports import free_ports
from tests.scenario.harness import Catcher, Gateway, Scene, Smsc, Tenant, ask, scene_in, wait
from tests.scenario.received import Text
from tests.scenario.ways import connector, done

PROVIDERS = ("ardary", "isms", "smsadvert", "smsclub", "smspresto")
PREFIX = {name: f"3069{number}0" for number, name in enumerate(PROVIDERS, 1)}
FATES = "0091:UNDELIV,0094:0x0B"
PHONE = "306900000054"  #: what subscribers of Ardary's customer write to
SECRET = "whsec_c21zZ3dkIGV4YW1wbGUgc2lnbmluZyBrZXk="
GREEK = "Καλημέρα σας, η παραγγελία σας είναι έτοιμη. Доброго ранку, ваше замовлення готове. Ă ț ñ € 😀 - "
LATIN = "Your order {42} is on its way: it costs 12 € and comes on [Monday], 50 % off ~ next time. Greetings & thanks "
ALONE = {"smsadvert"}  #: whose API has no sender: it is the account's


def _options(name: str, port: int, secret: str) -> dict[str, Any]:
    url = f"http://127.0.0.1:{port}"
    return {
        "ardary": {"base_url": f"{url}/api", "login": name, "access_key": secret, "password": secret},
        "isms": {"base_url": f"{url}/api/http", "username": name, "password": secret},
        "smsadvert": {"url": f"{url}/api/sms/", "token": secret},
        "smsclub": {"base_url": url, "token": secret},
        "smspresto": {"base_url": f"{url}/console/api/", "api_key": name, "api_pass": secret},
    }[name]


def _secret(name: str) -> str:
    return f"{'token' if name in ('smsadvert', 'smsclub') else 'secret'}-{name}"


class Pair:
    """A, B, B's SMSC and the webhook of A's tenant. A begins with wrong credentials, and at B nobody has credit."""

    def __init__(self, scene_a: Scene, scene_b: Scene) -> None:
        self.smsc: Smsc = scene_b.smsc("--numbers", FATES)
        self._scene_b = scene_b
        self._subscribers = free_ports(1)[0]
        hlr = f"http://127.0.0.1:{scene_b.hlr().port()}"
        connectors = [
            connector("smsc1", self.smsc),
            connector("mo", self._subscribers),
        ]
        self.b: Gateway = scene_b.gateway(
            connectors=connectors,
            routes=[{"connectors": ["smsc1"]}],
            mo_routes=[{"callback": "ardary"}],
            lookups={"sources": [{"kind": "http", "name": "hlr", "url": f"{hlr}/hlr/{{msisdn}}"}]},
            tenants=[self._customer(name) for name in PROVIDERS],
            name="b",
        )
        self.catcher: Catcher = scene_a.catcher("--secret", SECRET)
        self.a: Gateway = scene_a.gateway(
            catcher=self.catcher,
            connectors=[self._connector(name, "wrong") for name in PROVIDERS],
            routes=[{"match": {"to": f"{PREFIX[name]}*"}, "connectors": [name]} for name in PROVIDERS],
            mo_routes=[{"match": {"connector": "ardary", "to": PHONE}, "webhook": "shop"}],
            lookups={"sources": [{"kind": "provider", "connector": "isms"}]},
            tenant={"webhook": {"url": self.catcher.url, "secret": SECRET}},
            name="a",
        )
        self._numbers = iter(range(1000, 9000))
        # Ardary's customers enter the address where they are called back at Ardary.
        callbacks = {"style": "ardary", "url": self.shown("ardary")["callback_url"]}
        done(self.b, "tenant", "set", id="ardary", json=json.dumps({"callbacks": callbacks}))

    @staticmethod
    def _customer(name: str) -> dict[str, object]:
        failures = {"dialects": {"ardary": {"failures": True}}}
        return {
            "id": name,
            "credit": "0.0000",
            "currency": "EUR",
            "price": "0.0400",
            "senders": ["Shop", "Second"],
            "default_sender": "Shop",
            "barred": [f"{PREFIX[name]}9"],
            "credentials": [
                {"kind": "password", "username": name, "secret": f"secret-{name}"},
                {"kind": "token", "secret": f"token-{name}"},
            ],
            **(failures if name == "ardary" else {}),
        }

    def _connector(self, name: str, secret: str) -> dict[str, Any]:
        more = {"number": PHONE, "tenant": "shop"} if name == "ardary" else {}
        return {
            "id": name,
            "kind": "provider",
            "provider": name,
            "polling": {"first_s": 1, "longest_s": 2},
            "retry": {"waits_s": [0.3]},
            "suspend_s": 3600,
            "balance_every_s": 2,
            "options": _options(name, self.b.http_port, secret),
            **more,
        }

    def number(self, name: str, end: str = "") -> str:
        """A number that goes by a provider; with `end` as its last digits."""
        return f"+{PREFIX[name]}{next(self._numbers):04d}{end or '77'.rjust(4, '0')}"

    def shown(self, name: str) -> Any:
        """What `connector show` of A says of its provider."""
        return done(self.a, "connector", "show", id=name)["provider"]

    def halted(self, name: str) -> str:
        """stopped, parked or nothing."""
        return str(self.shown(name)["halted"])

    def mend(self) -> None:
        """Write the right credentials, and have A read them."""
        config = yaml.safe_load(self.a.config.read_text())
        config["connectors"] = [self._connector(name, _secret(name)) for name in PROVIDERS]
        self.a.config.write_text(yaml.safe_dump(config))
        done(self.a, "config", "reload")

    def pushed(self, ids: list[str]) -> dict[str, str]:
        """The states that the tenant's webhook was told, once all were."""
        found = self.catcher.wait_all(ids, 60)
        return {message_id: found[message_id]["state"] for message_id in ids}

    def each(self, send: Callable[[str], str]) -> dict[str, str]:
        """The ids of one message by each provider."""
        return {name: send(name) for name in PROVIDERS}

    def received(self, numbers: set[str]) -> dict[str, Text]:
        """What B's SMSC has of these numbers. Each came once."""
        found = [text for text in self.smsc.texts() if f"+{text.dest.lstrip('+')}" in numbers]
        assert len(found) == len({text.dest for text in found})
        return {f"+{text.dest.lstrip('+')}": text for text in found}

    def subscriber_writes(self, text: str) -> None:
        """One message of a subscriber comes in at B."""
        options = ("--mo-rate", "5", "--mo-count", "1", "--mo-to", PHONE, "--mo-text", text)
        self._scene_b.smsc(*options, name="subscribers", port=self._subscribers)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Pair]:
    """Both, with what is wrong at first mended: the first messages wait at A until it is."""
    with scene_in(tmp_path_factory.mktemp("b")) as scene_b, scene_in(tmp_path_factory.mktemp("a")) as scene_a:
        try:
            yield Pair(scene_a, scene_b)
        finally:
            if request.session.testsfailed:
                print(scene_a.logs(), scene_b.logs())


@pytest.fixture(scope="module")
def way(pair: Pair) -> Pair:
    """The pair once messages get through: wrong credentials stop A's connectors until a reload, no credit parks them
    until it is paid for. The messages that waited are delivered, once."""
    numbers = {name: pair.number(name) for name in PROVIDERS}
    ids = pair.each(lambda name: pair.a.tenant.send(numbers[name], f"Waits for {name}"))
    wait("all are stopped", lambda: {pair.halted(name) for name in PROVIDERS} == {"stopped"})
    pair.mend()
    wait("all are parked", lambda: {pair.halted(name) for name in PROVIDERS} == {"parked"})
    assert not pair.smsc.texts()
    for name in PROVIDERS:
        done(pair.b, "ledger", "topup", tenant=name, amount="100")
        done(pair.a, "connector", "start", id=name)
    assert set(pair.pushed(list(ids.values())).values()) == {"delivered"}
    found = pair.received(set(numbers.values()))
    assert {text.text for text in found.values()} == {f"Waits for {name}" for name in PROVIDERS}
    return pair


def test_wrong_credentials_stop_and_no_credit_parks_until_mended(way: Pair) -> None:
    """See `way`; nothing is halted any more."""
    assert {way.halted(name) for name in PROVIDERS} == {""}


def test_texts_arrive_as_they_were_written(way: Pair) -> None:
    """Long ones, with letters of the GSM alphabet's extension, Greek and Cyrillic, and an emoji."""
    wanted, ids = {}, []
    for name in PROVIDERS:
        for text in (LATIN * 3, GREEK * 2):
            number = way.number(name)
            wanted[number] = text
            ids.append(way.a.tenant.send(number, text))
    assert set(way.pushed(ids).values()) == {"delivered"}
    found = way.received(set(wanted))
    assert {number: text.text for number, text in found.items()} == wanted
    assert {text.source for text in found.values()} == {"Shop"}


def test_many_at_once(way: Pair) -> None:
    """One text for thirty, two senders: each arrives once, and each is told of by its own id."""
    numbers = {name: [way.number(name) for _ in range(30)] for name in PROVIDERS}
    ids: dict[str, str] = {}
    for name in PROVIDERS:
        for some, sender in ((numbers[name][:15], "Shop"), (numbers[name][15:], "Second")):
            answer = way.a.tenant.post(some, f"For all by {name}", **{"from": sender})
            assert answer.status == 202, answer
            ids |= {entry["to"]: entry["id"] for entry in answer.body["messages"]}
    assert set(way.pushed(list(ids.values())).values()) == {"delivered"}
    found = way.received(set(ids))
    assert found.keys() == set(ids)
    for name in PROVIDERS:
        second = "Shop" if name in ALONE else "Second"
        assert {found[number].source for number in numbers[name][:15]} == {"Shop"}
        assert {found[number].source for number in numbers[name][15:]} == {second}


def test_what_fails_behind_b_is_undelivered_at_a(way: Pair) -> None:
    """By a receipt, and by the SMSC's refusal; what goes well beside it is delivered."""
    ends = {"0091": {"undelivered"}, "0094": {"undelivered", "rejected"}, "0001": {"delivered"}}
    ids = {
        way.a.tenant.send(way.number(name, end), f"Ends {end} {name}"): (name, end)
        for name in PROVIDERS
        for end in ends
    }
    states = way.pushed(list(ids))
    assert {ids[key]: state for key, state in states.items() if state not in ends[ids[key][1]]} == {}


def test_what_b_refuses_is_rejected_at_a(way: Pair) -> None:
    """A sender that is none of the customer's; with SMSAdvert, which has no sender, a text that is too short."""
    numbers = {name: way.number(name) for name in PROVIDERS}
    ids = way.each(
        lambda name: way.a.tenant.send(numbers[name], "Hi" if name in ALONE else "Hello", **{"from": "Stranger"})
    )
    assert set(way.pushed(list(ids.values())).values()) == {"rejected"}
    assert not way.received(set(numbers.values()))
    assert {way.halted(name) for name in PROVIDERS} == {""}


def test_a_recipient_that_b_bars_ends_and_the_others_of_its_group_arrive(way: Pair) -> None:
    """One of three in a request."""
    numbers = {name: [way.number(name), f"+{PREFIX[name]}90000001", way.number(name)] for name in PROVIDERS}
    ids: dict[str, str] = {}
    for name in PROVIDERS:
        ids |= {each["to"]: each["id"] for each in way.a.tenant.post(numbers[name], "For three").body["messages"]}
    told = way.pushed(list(ids.values()))
    states = {name: [told[ids[number]] for number in numbers[name]] for name in PROVIDERS}
    refused = {"isms": "undelivered"}  # whose answer names one id for all: it tells when it is asked
    assert states == {name: ["delivered", refused.get(name, "rejected"), "delivered"] for name in PROVIDERS}
    assert {way.shown(name)["circuit"] for name in PROVIDERS} == {"closed"}
    assert way.received(set(ids)).keys() == {number for number in ids if not number.endswith("90000001")}


def test_a_subscriber_of_b_reaches_the_tenant_of_a(way: Pair) -> None:
    """SMSC, B, Ardary's callback, A, the tenant's webhook: once, as written."""
    way.subscriber_writes("Ναι, θα έρθω!")

    def look() -> list[dict[str, Any]]:
        bodies = way.catcher.taken().values()
        return [body["data"] for body in bodies if body["type"] == "mo.received"]

    (said,) = wait("mo.received", look)
    assert (said["text"], said["to"], said["connector"]) == ("Ναι, θα έρθω!", f"+{PHONE}", "ardary")
    assert said["from"].startswith("+3069000")


def test_what_b_says_of_the_account_is_shown_at_a(way: Pair) -> None:
    """The balance at B, as its customer's connector shows it; its books agree with what was sent."""

    def asked() -> dict[str, float]:
        return {name: way.shown(name)["balance"] or 0 for name in ("isms", "smsclub", "smspresto")}

    wait("balances", lambda: all(asked().values()))
    assert done(way.b, "ledger", "check")["problems"] == []


def test_a_lookup_of_a_is_answered_by_the_hlr_of_b(way: Pair) -> None:
    """By iSMS's API: a subscriber who is there, one who is away, and a number that nobody has."""
    to = ["+306912345678", "+306912345601", "+306912345600"]

    def asked(tenant: Tenant) -> Any:
        answer = tenant.ask("POST", "/v1/lookups", {"to": to})
        assert answer.status == 202, answer

        def look() -> Any:
            found = tenant.ask("GET", f"/v1/lookups/{answer.body['id']}").body["lookups"]
            return None if any(one["state"] in ("Queued", "Pending") for one in found) else found

        return wait("lookups", look)

    at_a, at_b = asked(way.a.tenant), asked(Tenant(way.b.http_port, "token-isms"))
    assert [one["state"] for one in at_a] == ["Delivered", "Undelivered", "Failed"]
    assert at_a[0]["imsi"] and at_a[0]["operator"]
    for key in ("state", "country", "operator", "imsi", "msc", "error"):
        assert [one[key] for one in at_a] == [one[key] for one in at_b], key


def test_b_is_killed_meanwhile(way: Pair) -> None:
    """What A could not hand over it hands over later; nothing is lost, and nothing comes twice."""
    numbers = {name: way.number(name) for name in PROVIDERS}
    way.b.kill()
    before = {name: way.shown(name)["requests"] for name in PROVIDERS}
    ids = way.each(lambda name: way.a.tenant.send(numbers[name], f"During the outage, {name}"))
    wait("A has found nobody there", lambda: all(way.shown(name)["requests"] > before[name] for name in PROVIDERS))
    way.b.start()
    way.b.wait_ready()
    assert set(way.pushed(list(ids.values())).values()) == {"delivered"}
    assert way.received(set(numbers.values())).keys() == set(numbers.values())


def test_contacts_of_a_stand_in_the_address_book_of_b(way: Pair) -> None:
    """By Ardary's API."""
    answer = way.a.tenant.ask("POST", "/v1/contacts", {"number": "+306912345678", "first_name": "Μαρία"})
    assert answer.status == 201, answer
    told = {"Authorization": "Bearer token-ardary"}
    assert done(way.a, "connector", "push-contacts", id="ardary")["pushed"] == 1
    (kept,) = ask(way.b.http_port, "GET", "/v1/contacts", None, told).body["contacts"]
    assert (kept["number"], kept["first_name"]) == ("+306912345678", "Μαρία")
