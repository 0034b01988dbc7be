"""A gateway whose store is moved while tenants send: clients that go on over the pause, and what must be true then."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import os
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from tests.scenario.esme import Closed, Esme
from tests.scenario.harness import TOKEN, Catcher, Gateway, Scene, Smsc, wait
from tests.scenario.stand_esme import PASSWORD, credential
from tests.scenario.stores import server

LONG_S = 90.0
#: By exec: a gateway that is to begin anew runs its own command line.
BY_EXEC = ["env"]
PRICE = 400  # ten-thousandths


def redis_section(directory: Path, name: str = "") -> dict[str, Any]:
    """Section `store` of a place on the server that nobody else has."""
    return {"kind": "redis", "url": server().url, "prefix": f"moved-{os.getpid()}-{directory.name[-40:]}{name}"}


def keys_of(section: dict[str, Any]) -> list[bytes]:
    """All keys under a prefix."""
    found: list[bytes] = server().client.call("KEYS", f"{{{section['prefix']}}}:*")
    return found


def write_store(gateway: Gateway, section: dict[str, Any]) -> None:
    """Put another section `store` into the file of a gateway."""
    config = yaml.safe_load(gateway.config.read_text())
    gateway.config.write_text(yaml.safe_dump({**config, "store": section}))


def moving_gateway(scene: Scene, smsc: Smsc, catcher: Catcher, store: dict[str, Any], **fields: Any) -> Gateway:
    """A gateway that tenants send to over HTTP and SMPP."""
    both = [{"kind": "token", "secret": TOKEN}, credential("esme")]
    return scene.gateway(
        smsc, catcher=catcher, smpp={}, tenant={"credentials": both}, store=store, wrapper=BY_EXEC, **fields
    )


class Senders:
    """Sends over HTTP and SMPP from its beginning to its end, again where nobody answered. `ids`: what was accepted
    over HTTP, once each; `submitted`: over SMPP; `pause_s`: the longest time without an answer that accepted."""

    def __init__(self, gateway: Gateway, every_s: float = 0.02) -> None:
        self._gateway = gateway
        self._every_s = every_s
        self._over = threading.Event()
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._http, self._smpp)]
        self._last = time.monotonic()
        self.pause_s = 0.0
        self.ids: list[str] = []
        self.submitted: list[str] = []
        self.receipts: list[str] = []
        self.binds = 0
        self.wrong: list[str] = []

    def __enter__(self) -> Senders:
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for each in self._threads:
            each.join(LONG_S)

    def wait_more(self, count: int) -> None:
        """Until so many more were accepted in each way."""
        http, smpp = len(self.ids) + count, len(self.submitted) + count
        wait("more is accepted over HTTP", lambda: len(self.ids) >= http, LONG_S)
        wait("more is accepted over SMPP", lambda: len(self.submitted) >= smpp, LONG_S)

    def _http(self) -> None:
        for number in itertools.count():
            if self._over.is_set():
                return
            key = f"{number}-{id(self)}"
            while (found := self._posted(number, key)) is None:
                time.sleep(0.02)
            self.ids.append(found)
            self.pause_s = max(self.pause_s, time.monotonic() - self._last)
            self._last = time.monotonic()
            time.sleep(self._every_s)

    def _posted(self, number: int, key: str) -> str | None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            answer = self._gateway.tenant.post(f"+30690{number % 10_000_000:07d}", f"Message {number}", key=key)
            if answer.status in (200, 202):
                return str(answer.body["messages"][0]["id"])
            if answer.status != 503:
                self.wrong.append(str(answer))
        return None

    def _smpp(self) -> None:
        while not self._over.is_set():
            try:
                esme = Esme(self._gateway.smpp_port, patience_s=5)
            except OSError:
                time.sleep(0.02)
                continue
            with contextlib.suppress(OSError, Closed):
                if esme.bind("esme", PASSWORD) == 0:
                    self.binds += 1
                    self._submit(esme)
            self.receipts += esme.receipts
            with contextlib.suppress(OSError):
                esme.close()

    def _submit(self, esme: Esme) -> None:
        while not self._over.is_set():
            status, found = esme.submit("306911111111", b"Hello over SMPP", registered=0)
            if status:
                return  # it is being unbound
            self.submitted.append(found)
            time.sleep(self._every_s)


def check_whole(gateway: Gateway, catcher: Catcher, senders: Senders) -> None:
    """Each accepted message has one final state and, over HTTP, one receipt; the ledger and the balance agree."""
    assert senders.wrong == []
    assert len(set(senders.ids)) == len(senders.ids)
    tenant = gateway.tenant
    everything = {*senders.ids, *senders.submitted}

    def ended() -> dict[str, str] | None:
        states = tenant.states()
        return states if all(states.get(each) == "delivered" for each in everything) else None

    states = wait("every message is delivered", ended, LONG_S, 0.5)
    wait("every receipt is pushed", lambda: catcher.taken().keys() >= set(senders.ids), LONG_S, 0.2)
    webhooks = {
        (push["webhook_id"], push["body"]["id"])
        for push in catcher.pushes()
        if push["body"].get("state") == "delivered" and 200 <= push["status"] < 300
    }
    twice = [each for each, count in Counter(number for _, number in webhooks).items() if count > 1]
    assert twice == []
    for checked in (gateway.command("ledger", "check"), gateway.command("store", "check", deep="yes")):
        assert checked["problems"] == [], checked
    # A submit_sm whose answer was lost with the connection may have been accepted: it is paid for, too.
    assert len(states) >= len(everything)
    assert tenant.balance() == f"{(10_000_000 - PRICE * len(states)) / 10_000:.4f}"
    sent = [each for each in senders.ids if tenant.message(each)["state"] != "delivered"]
    assert sent == []


def wait_moved(gateway: Gateway, kind: str) -> None:
    """Until the gateway runs on the other store."""

    def look() -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            shown = gateway.command("store", "migrate-show")
            assert shown["state"] != "failed", shown
            return shown["state"] == "none" and str(shown["store"]).startswith(kind)
        gateway.check()
        return False

    wait(f"the store is {kind}", look, LONG_S, 0.1)
    gateway.wait_ready()
