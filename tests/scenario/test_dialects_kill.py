"""kill -9 in the middle of the traffic of all seven provider APIs: what their customers were told stays true.

SMSGWD_KILLS=20 in the environment makes a longer run of it.
"""

from __future__ import annotations

import http.client
import os
import signal
import threading
import time
from collections import Counter
from functools import partial
from urllib.parse import urlencode

from tests.dialects.stand import Catcher
from tests.scenario.business import check_books, told
from tests.scenario.client import ask, wait
from tests.scenario.harness import Gateway, Scene, Smsc
from tests.scenario.providers import (
    FINAL,
    GONE,
    PROVIDERS,
    SENT,
    Provider,
    Told,
    callbacks,
    catching,
    count,
    gateway_for,
    history,
    native,
    numbers_of,
    provider_of,
    send,
)
from tests.scenario.stand_esme import check_sound

KILLS = 2
REQUESTS = 5  #: of each customer before a kill
UNKNOWABLE_S = 1.0  #: a submit older than this had its answer written before the kill


class Crowd:
    """One customer of each API, sending until told to stop, whatever happens to the gateway."""

    def __init__(self, gateway: Gateway, catcher: Catcher) -> None:
        self._gateway = gateway
        self._catcher = catcher
        self._next = dict.fromkeys(PROVIDERS, 0)
        self._done = threading.Event()
        self._threads: list[threading.Thread] = []
        self._wrong: list[BaseException] = []
        self.told: dict[str, list[Told]] = {name: [] for name in PROVIDERS}
        self.unanswered: list[str] = []  #: numbers of requests whose answer was lost

    @property
    def taken(self) -> list[str]:
        """Numbers that were told to be taken."""
        return [number for one in self.told.values() for each in one for number in each.numbers]

    def start(self) -> None:
        """Each in a thread of its own."""
        self._done.clear()
        self._threads = [threading.Thread(target=self._run, args=(each,), daemon=True) for each in PROVIDERS.values()]
        for thread in self._threads:
            thread.start()

    def under_way(self, before: dict[str, int]) -> bool:
        """True once everybody has had so many answers more."""
        if self._wrong:
            raise self._wrong[0]
        return all(len(self.told[name]) >= count + REQUESTS for name, count in before.items())

    def counts(self) -> dict[str, int]:
        """How many answers everybody had."""
        return {name: len(found) for name, found in self.told.items()}

    def stop(self) -> None:
        """Wait until all have ended; raises what went wrong."""
        self._done.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()
        if self._wrong:
            raise self._wrong[0]

    def _run(self, provider: Provider) -> None:
        try:
            while not self._done.is_set():
                first = self._next[provider.name]
                self._next[provider.name] += provider.size
                try:
                    found = send(provider, self._gateway.http_port, self._catcher.url, first)
                except (OSError, http.client.HTTPException, ValueError):
                    self.unanswered += numbers_of(provider, first)
                    self._done.wait(0.05)
                    continue
                assert found.taken, (provider.name, found)
                self.told[provider.name].append(found)
        except BaseException as error:
            self._wrong.append(error)


def run_kills(scene: Scene, catcher: Catcher, kills: int) -> dict[str, int]:
    """Kill the gateway so often in the middle of it all and look at everything afterwards; some figures."""
    smsc = scene.smsc("--receipt-delay-ms", "20", "--before-resp-pct", "20")
    gateway = gateway_for(scene, smsc, catcher)
    crowd = Crowd(gateway, catcher)
    killed: list[tuple[float, float]] = []
    for _ in range(kills):
        before = crowd.counts()
        crowd.start()
        wait("everybody sends", partial(crowd.under_way, before))
        at = time.time()
        gateway.signal(signal.SIGKILL)
        gateway.wait_end()
        crowd.stop()
        killed.append((at, time.time()))
        gateway.start()
        gateway.wait_ready()
    numbers = _settled(gateway, crowd)
    twice = _sent_once(smsc, numbers, killed)
    _told_of(catcher, numbers)
    _counts_agree(gateway, numbers)
    _still_known(gateway, catcher, crowd)
    check_books(gateway)
    report = told(gateway, "store", "check", deep="yes")
    assert report["problems"] == [], report
    check_sound(gateway)
    return {"taken": len(crowd.taken), "without answer, but taken": len(numbers) - len(crowd.taken), "twice": twice}


def _settled(gateway: Gateway, crowd: Crowd) -> set[str]:
    """The numbers that were taken, once all messages are final: all that customers were told of, each once, and whole
    requests of those that had no answer."""
    states: dict[str, str] = {}

    def look() -> bool:
        states.clear()
        for name in PROVIDERS:
            for row in history(gateway, name):
                number = row["HIS_DESTINATAIRE"].lstrip("+")
                assert number not in states, f"{number} was taken twice"
                states[number] = row["HIS_STATUT"]
        return "0" not in states.values()

    wait("everything is final", look, every_s=0.1)
    assert set(crowd.taken) <= states.keys()
    assert states.keys() <= {*crowd.taken, *crowd.unanswered}
    assert set(states.values()) == {"1"}
    for provider in PROVIDERS.values():
        assert sum(number.startswith(provider.prefix) for number in states) % provider.size == 0, provider.name
    return set(states)


def _sent_once(smsc: Smsc, numbers: set[str], killed: list[tuple[float, float]]) -> int:
    """Each is at the SMSC; twice only what had no answer at a kill. How many those are."""
    times: dict[str, list[float]] = {}
    for line in smsc.submits():
        times.setdefault(line.dest.lstrip("+"), []).append(line.at)
    assert times.keys() == numbers
    twice = {number: found for number, found in times.items() if len(found) > 1}
    for number, (first, *others) in twice.items():
        # What the gateway had written may be read by the SMSC after its end.
        assert [at for at, over in killed if at - UNKNOWABLE_S < first <= over < others[0]], (number, first, others)
        assert len(others) == 1, number
    return len(twice)


def _told_of(catcher: Catcher, numbers: set[str]) -> None:
    """Everybody was told what it is owed of each, and never another end."""

    def owed() -> set[str]:
        found = callbacks(catcher)
        return {number for number in numbers if not provider_of(number).stages <= {stage for stage, _ in found[number]}}

    wait("every callback", lambda: not owed(), every_s=0.1)
    found = callbacks(catcher)
    assert found.keys() == numbers
    for number, said in found.items():
        assert len({word for stage, word in said if stage == FINAL}) == 1, (number, said)
        if SENT in provider_of(number).stages:
            stages = [stage for stage, _ in said]
            assert stages.index(SENT) < stages.index(FINAL), (number, said)


def _counts_agree(gateway: Gateway, numbers: set[str]) -> None:
    """Counters, history and messages are the same; its numbers have no gap."""
    mine = Counter(provider_of(number).name for number in numbers)
    for name in PROVIDERS:
        messages = native(gateway, name).states()
        assert len(messages) == mine[name]
        assert set(messages.values()) == {"delivered"}
        assert [count(gateway, name, f"get-{which}") for which in ("send", "success", "failed")] == [
            mine[name], mine[name], 0,
        ]  # fmt: skip
        assert count(gateway, name, "get-scheduled-total") == 0
        assert [int(row["IDHISTORIQUE"]) for row in history(gateway, name)] == [*range(1, mine[name] + 1)]


def _still_known(gateway: Gateway, catcher: Catcher, crowd: Crowd) -> None:
    """Ardary's ids are refused when they come again, and iSMS's recipients that were refused have failed."""
    request = PROVIDERS["ardary"].request(crowd.told["ardary"][0].numbers, catcher.url, "Hello")
    again = ask(gateway.http_port, request.method, request.path, request.body, request.headers)
    assert {(each["result"], *each["errors"]) for each in again.body["data"]["sms"]} == {("failed", "#006")}
    for each in crowd.told["isms"]:
        for mobile, state in ((GONE, "Failed"), (each.numbers[0], "Delivered")):
            query = urlencode({"username": "isms", "password": "secret-isms", "mid": each.id, "mobile": mobile})
            answer = ask(gateway.http_port, "GET", f"/api/http/query.php?{query}")
            assert answer.body.decode() == f"Status: {state}"


def test_what_customers_were_told_is_true_after_kills(scene: Scene) -> None:
    """Nothing is lost, doubled or half there; receipts, counts, history and money agree with it."""
    with catching() as catcher:
        facts = run_kills(scene, catcher, int(os.environ.get("SMSGWD_KILLS", KILLS)))
    print(facts)
    assert facts["taken"] > 0
