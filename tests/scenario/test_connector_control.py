"""What operators do to connectors while messages flow: nothing is lost, nothing is sent twice, and it holds."""

from __future__ import annotations

import collections
import signal
import threading
import time
from collections.abc import Callable

from tests.scenario.harness import Catcher, Gateway, Scene, Smsc, wait


def texts_once(smsc: Smsc, ids: list[str], catcher: Catcher) -> None:
    """All were delivered, and each was sent once."""
    pushed = catcher.wait_all(ids)
    assert {each["state"] for each in pushed.values()} == {"delivered"}
    sent = collections.Counter(text.text for text in smsc.texts())
    assert set(sent.values()) == {1} and len(sent) == len(ids)


def under_load(gateway: Gateway, act: Callable[[], None], batches: int = 12) -> list[str]:
    """Ids of what one thread sends while another does something."""
    ids: list[str] = []
    enough = threading.Event()

    def send() -> None:
        for number in range(batches):
            ids.extend(gateway.tenant.send_many(100, f"Batch {number}, {{n}}"))
            if number == 2:
                enough.set()

    sender = threading.Thread(target=send)
    sender.start()
    assert enough.wait(30)
    act()
    sender.join()
    return ids


def test_a_pause_loses_nothing_and_outlives_a_restart(scene: Scene) -> None:
    smsc, catcher = scene.smsc(), scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher, connector={"throughput": 400, "failover_after_s": None})

    def pause() -> None:
        answer = gateway.command("connector", "pause", id="smsc1", reason="ticket 4711")
        assert (answer["state"], answer["up"]) == ("paused", False)

    ids = under_load(gateway, pause)
    idle = wait("all answers are in", lambda: gateway.status()["connectors"][0]["in_flight"] == 0)
    assert idle
    sent = smsc.stats()["accepted"]
    assert 0 < sent < len(ids)

    gateway.signal(signal.SIGTERM)
    assert gateway.wait_end() == 0
    gateway.start()
    gateway.wait_ready()
    bound = wait("bound again", lambda: [b["state"] for b in gateway.status()["connectors"][0]["binds"]] == ["bound"])
    assert bound
    shown = gateway.command("connector", "show", id="smsc1")
    assert (shown["state"], shown["up"]) == ("paused", False)
    assert shown["wanted"]["reason"] == "ticket 4711" and shown["wanted"]["who"]
    assert shown["queue"]["queued"] == len(ids) - sent
    assert smsc.stats()["accepted"] == sent

    assert gateway.command("connector", "resume", id="smsc1")["state"] == "on"
    texts_once(smsc, ids, catcher)


def test_binds_made_anew_under_load_lose_nothing(scene: Scene) -> None:
    smsc, catcher = scene.smsc(), scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher, connector={"binds": 2})

    def rebind() -> None:
        for number in range(6):
            gateway.command("connector", "rebind", id="smsc1", **({"bind": str(number % 2)} if number < 4 else {}))
            wait("bound", lambda: all(b["state"] == "bound" for b in gateway.status()["connectors"][0]["binds"]))

    ids = under_load(gateway, rebind)
    texts_once(smsc, ids, catcher)
    assert smsc.stats()["binds"] >= 2 + 4 + 4
    assert gateway.command("connector", "show", id="smsc1")["binds_lost"] == 0


def test_stopped_under_load_and_started_again(scene: Scene) -> None:
    smsc, catcher = scene.smsc(), scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher, connector={"throughput": 400, "failover_after_s": None})

    def stop() -> None:
        answer = gateway.command("connector", "stop", id="smsc1")
        assert (answer["state"], answer["binds"]) == ("stopped", ["stopped"])

    ids = under_load(gateway, stop)
    sent = smsc.stats()["accepted"]
    assert sent < len(ids)
    gateway.command("connector", "start", id="smsc1")
    texts_once(smsc, ids, catcher)


def test_another_rate_is_obeyed_at_once_and_after_a_restart(scene: Scene) -> None:
    smsc, catcher = scene.smsc(), scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher, connector={"burst": 1})
    answer = gateway.command("connector", "set", id="smsc1", rate="20", window="5")
    assert (answer["throughput"], answer["window"]) == (20.0, 5)
    gateway.signal(signal.SIGTERM)
    assert gateway.wait_end() == 0
    gateway.start()
    gateway.wait_ready()
    shown = gateway.command("connector", "show", id="smsc1")
    assert (shown["throughput"], shown["window"], shown["configured"]["throughput"]) == (20.0, 5, 0.0)
    begun = time.time()
    ids = gateway.tenant.send_many(41)
    catcher.wait_all(ids)
    times = [line.at for line in smsc.submits()]
    assert [n for n, at in enumerate(times) if at < begun + (n - 2) / 20] == []
    assert gateway.command("connector", "set", id="smsc1", rate="config")["throughput"] == 0.0
