"""Subscribers' messages to a webhook: whole, once each, however the carrier cuts and orders them, across kill -9."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from tests.scenario.harness import TOKEN, Catcher, Gateway, Scene, Tenant, wait
from tests.scenario.mo_carrier import MoCarrier, cut, plain
from tests.scenario.stand_esme import bound, check_sound, credential, tenant_of

SECRET = "whsec_c21zZ3dkIGV4YW1wbGUgc2lnbmluZyBrZXk="
LONG = "Καλημέρα κόσμε, αυτό είναι ένα μεγάλο μήνυμα {n} 😀. " * 5
TO = "54001"


@pytest.fixture
def carrier() -> Iterator[MoCarrier]:
    """A carrier that is stopped at the end."""
    made = MoCarrier()
    yield made
    made.stop()


def gateway_for(scene: Scene, carrier: MoCarrier, catcher: Catcher, **fields: Any) -> Gateway:
    """A gateway bound to the carrier; the shop's webhook is the catcher."""
    tenant = {"webhook": {"url": catcher.url, "secret": SECRET}, **fields.pop("tenant", {})}
    fields.setdefault("mo_routes", [{"webhook": "shop"}])
    gateway = scene.gateway(carrier.port, catcher=catcher, tenant=tenant, **fields)
    carrier.wait_bound()
    return gateway


def events(catcher: Catcher) -> dict[str, dict[str, Any]]:
    """What was answered well, by id."""
    return {key: body for key, body in catcher.taken().items() if body["type"] == "mo.received"}


def wait_events(catcher: Catcher, count: int) -> list[dict[str, Any]]:
    """The data of the events, once there are that many."""
    wait(f"{count} subscribers' messages", lambda: len(events(catcher)) >= count, every_s=0.05)
    return [body["data"] for body in events(catcher).values()]


def test_single_and_long_ones_in_any_order(scene: Scene, carrier: MoCarrier) -> None:
    """8-bit, 16-bit and SAR references mixed, shuffled, every piece twice: each message once, its text as sent."""
    catcher = scene.catcher("--secret", SECRET)
    gateway = gateway_for(scene, carrier, catcher)
    chance = random.Random(7)
    sent = {"306900000000": "Hello there"}
    pieces = [("306900000000", plain("Hello there"))]
    for number, style in enumerate(("udh8", "udh16", "sar") * 4, 1):
        source, text = f"3069{number:08d}", LONG.replace("{n}", str(number))
        sent[source] = text
        pieces += [(source, piece) for piece in cut(text, style, ref=5) for _ in range(2)]
    chance.shuffle(pieces)
    keys = [carrier.say(source, TO, piece) for source, piece in pieces]
    wait("all answers", lambda: len(carrier.said) == len(keys))
    assert set(carrier.said.values()) == {0}
    got = wait_events(catcher, len(sent))
    assert {data["from"]: data["text"] for data in got} == {f"+{source}": text for source, text in sent.items()}
    assert len(got) == len(sent) and not [data for data in got if "missing" in data]
    assert {data["to"] for data in got} == {TO} and {data["connector"] for data in got} == {"smsc1"}
    assert all(data["parts"] == (1 if data["text"] == "Hello there" else 4) for data in got)
    assert gateway.metric("smsgwd_mo_total", result="kept") == len(pieces)
    check_sound(gateway)


def test_what_is_there_goes_on_when_a_part_never_comes(scene: Scene, carrier: MoCarrier) -> None:
    """After part_wait_s, marked."""
    catcher = scene.catcher()
    gateway = gateway_for(scene, carrier, catcher, mo={"part_wait_s": 1})
    pieces = cut(LONG, "udh16", ref=900)
    for index in (3, 0):
        assert carrier.tell("306911111111", TO, pieces[index]) == 0
    (data,) = wait_events(catcher, 1)
    assert data["missing"] == 2 and data["parts"] == 4
    assert data["text"] == f"{LONG[:66]}\ufffd{LONG[198:]}"
    assert gateway.metric("smsgwd_mo_total", result="incomplete") == 1


def test_parts_survive_a_kill_between_them(scene: Scene, carrier: MoCarrier) -> None:
    """What was answered is not sent again by the carrier, and is there after kill -9; the rest comes by a new bind."""
    catcher = scene.catcher()
    gateway = gateway_for(scene, carrier, catcher)
    chance = random.Random(3)
    sent, later = {}, []
    for number in range(20):
        source, text = f"3069{number:08d}", LONG.replace("{n}", str(number))
        sent[f"+{source}"] = text
        pieces = cut(text, chance.choice(("udh8", "udh16", "sar")), ref=number)
        chance.shuffle(pieces)
        early = chance.randrange(1, len(pieces))
        for piece in pieces[:early]:
            assert carrier.tell(source, TO, piece) == 0
        later += [(source, piece) for piece in pieces[early:]]
    gateway.kill()
    gateway.start()
    carrier.wait_bound(2)
    for source, piece in later:
        assert carrier.tell(source, TO, piece) == 0
    got = wait_events(catcher, len(sent))
    assert {data["from"]: data["text"] for data in got} == sent and len(got) == len(sent)
    check_sound(gateway)


def test_a_kill_right_after_the_last_answer_loses_nothing(scene: Scene, carrier: MoCarrier) -> None:
    """Whole sets that were not handed on yet are found at the start: acknowledged is not lost."""
    catcher = scene.catcher()
    gateway = gateway_for(scene, carrier, catcher)
    sent: dict[str, str] = {}
    for turn in range(3):
        keys = []
        for number in range(30):
            source, text = f"3069{turn}{number:07d}", LONG.replace("{n}", f"{turn}-{number}")
            sent[f"+{source}"] = text
            keys += [(source, piece) for piece in cut(text, "udh8", ref=number)]
        open_ones = {carrier.say(source, TO, piece): (source, piece) for source, piece in keys}
        wait("some answers", lambda asked=tuple(open_ones): sum(key in carrier.said for key in asked) > 60)
        gateway.kill()
        gateway.start()
        carrier.wait_bound(turn + 2)
        for key, (source, piece) in open_ones.items():
            if key not in carrier.said:  # a carrier sends what was not answered again
                assert carrier.tell(source, TO, piece) == 0
    wait_events(catcher, len(sent))
    texts = {data["from"]: data["text"] for data in wait_events(catcher, len(sent))}
    assert texts == sent


def test_what_no_route_wants_is_kept_until_one_does(scene: Scene, carrier: MoCarrier) -> None:
    """A long message whose keyword is nobody's was acknowledged: it goes once the operator has added a route."""
    catcher = scene.catcher()
    gateway = gateway_for(scene, carrier, catcher, mo_routes=[{"match": {"keyword": ["WIN"]}, "webhook": "shop"}])
    for piece in cut(LONG, "udh8", ref=1):
        assert carrier.tell("306900000001", TO, piece) == 0
    wait("it is counted", lambda: gateway.metric("smsgwd_mo_total", result="unrouted") == 1)
    assert events(catcher) == {}
    assert gateway.stop() == 0
    config = yaml.safe_load(gateway.config.read_text())
    gateway.config.write_text(yaml.safe_dump({**config, "mo_routes": [{"webhook": "shop"}]}))
    gateway.start()
    (data,) = wait_events(catcher, 1)
    assert data["text"] == LONG and "missing" not in data


def test_keywords_route_to_two_tenants_and_the_rest_to_a_callback(scene: Scene, carrier: MoCarrier) -> None:
    """WIN to one webhook, VOTE to another tenant's ESME with all its parts, everything else to an Ardary callback."""
    catcher = scene.catcher()
    calls = Calls()
    gateway = gateway_for(
        scene,
        carrier,
        catcher,
        smpp={},
        tenants=[
            tenant_of(credential("tv"), tenant_id="tv"),
            {
                "id": "old",
                "time_zone": "Europe/Athens",
                "callbacks": {"style": "ardary", "url": f"{calls.url}?user=7"},
                "credentials": [{"kind": "token", "secret": "old-token"}],
            },
        ],
        mo_routes=[
            {"match": {"to": "54*", "keyword": ["WIN"]}, "webhook": "shop"},
            {"match": {"keyword": ["Ψήφος"]}, "account": "tv"},
            {"match": {"to": TO}, "callback": "old"},
        ],
    )
    try:
        esme = bound(gateway, "tv")
        vote = "ΨΗΦΟΣ " + LONG
        assert carrier.tell("306900000001", TO, plain("win, please")) == 0
        for piece in reversed(cut(vote, "sar", ref=77)):
            assert carrier.tell("306900000002", TO, piece) == 0
        assert carrier.tell("306900000003", TO, cut("Γειά & χαρά", "udh8", ref=1)[0]) == 0
        assert carrier.tell("306900000003", "99", plain("hello")) == 0x64  # nobody's: the carrier keeps it
        (data,) = wait_events(catcher, 1)
        assert (data["from"], data["text"], data["keyword"]) == ("+306900000001", "win, please", "WIN")
        bodies: list[bytes] = []
        while len(bodies) < 5:
            found = esme.read()
            esme.answer(found)
            if found.command == 5:
                bodies.append(found.body)
        for piece, body in zip(cut(vote, "sar", ref=77), bodies, strict=True):  # in order, though they came backwards
            assert b"54001\0" in body and piece.text + piece.tlvs in body
        call = wait("a callback", lambda: calls.got and calls.got[0])
        assert call["user"] == ["7"]
        said = json.loads(call["sms"][0])
        assert said.pop("date") and said == {
            "title": "incoming sms",
            "from": "+306900000003",
            "message": "Γειά & χαρά",
        }
        check_sound(gateway)
    finally:
        calls.stop()


def test_stop_and_start(scene: Scene, carrier: MoCarrier) -> None:
    """Who says STOP is written to no more by that tenant, over HTTP and SMPP, until START; others may."""
    catcher = scene.catcher()
    gateway = gateway_for(
        scene,
        carrier,
        catcher,
        smpp={},
        tenant={"credentials": [{"kind": "token", "secret": TOKEN}, credential("esme")]},
        tenants=[{"id": "other", "senders": ["*"], "credentials": [{"kind": "token", "secret": "other-token"}]}],
    )
    me, esme, shop = "306912345678", bound(gateway), gateway.tenant
    assert shop.post(f"+{me}").status == 202
    assert carrier.tell(me, TO, plain(" Stop.")) == 0
    assert [data["text"] for data in wait_events(catcher, 1)] == [" Stop."]
    refused = shop.post(f"+{me}")
    assert refused.status == 422, refused
    assert "opted_out" in json.dumps(refused.body)
    both = shop.post([f"+{me}", "+306900000009"])
    assert both.status == 202
    assert [entry.get("error") and entry["error"]["code"] for entry in both.body["messages"]] == ["opted_out", None]
    assert esme.submit(me) == (0x0B, "")
    assert Tenant(gateway.http_port, "other-token").post(f"+{me}").status == 202
    gateway.kill()
    gateway.start()
    gateway.wait_ready()
    carrier.wait_bound(2)
    assert shop.post(f"+{me}").status == 422
    assert carrier.tell(me, TO, plain("START")) == 0
    assert shop.post(f"+{me}").status == 202
    assert gateway.metric("smsgwd_opt_outs_total", how="start") == 1
    check_sound(gateway)


class Calls:
    """A server that keeps the queries of the GETs it is asked; the first is answered 500."""

    def __init__(self) -> None:
        outer = self
        self.got: list[dict[str, list[str]]] = []
        self._first = True

        class Handler(BaseHTTPRequestHandler):
            """Answers GET."""

            def do_GET(self) -> None:
                """Fail once, then take it."""
                status = 500 if outer._first else 204
                outer._first = False
                if status == 204:
                    outer.got.append(parse_qs(urlsplit(self.path).query, strict_parsing=True))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/cb"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Close it."""
        self._server.shutdown()
        self._server.server_close()
