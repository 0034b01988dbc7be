"""SIGTERM under load: what was taken is answered, windows drain, exit 0; the next start sends what is left, once."""

from __future__ import annotations

import threading

from tests.scenario.harness import Gateway, Scene, wait


class _Load(threading.Thread):
    """Posts batches until the gateway takes no more; remembers the ids it was given."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(daemon=True)
        self._gateway = gateway
        self.ids: list[str] = []
        self.refused: list[str] = []

    def run(self) -> None:
        number = 0
        while True:
            batch = [{"from": "Shop", "to": f"+30691{n:07d}", "text": "x"} for n in range(number, number + 20)]
            number += 20
            try:
                answer = self._gateway.tenant.ask("POST", "/v1/messages/batch", {"messages": batch})
            except OSError:
                return  # the listener is closed
            if answer.status != 202:
                self.refused.append(answer.body["code"])
                return
            self.ids += [entry["id"] for entry in answer.body["messages"]]


def test_sigterm_under_load_loses_and_doubles_nothing(scene: Scene) -> None:
    """The SMSC takes 300 a second, less than comes in, so that there is a backlog at the stop."""
    smsc, catcher = scene.smsc(), scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher, connector={"throughput": 300, "burst": 20, "window": 20})
    load = _Load(gateway)
    load.start()
    smsc.wait_texts(30)
    wait("a backlog has gathered", lambda: len(load.ids) > 100)
    assert gateway.stop() == 0
    load.join(30)
    assert not load.is_alive()
    assert set(load.refused) <= {"shutting_down"}
    assert smsc.stats()["binds_now"] == 0
    events = [line["event"] for line in gateway.log_lines()]
    assert "daemon.drain_timeout" not in events
    assert not [line for line in gateway.log_lines() if line["level"] == "error"]
    sent = len(smsc.submits())

    gateway.start()
    gateway.wait_ready()
    left = len(load.ids) - sent
    assert left > 0, "the stop came after the last message: nothing was resumed"
    catcher.wait_all(load.ids, 60)
    assert len(smsc.submits()) == len(load.ids)
    assert smsc.stats()["duplicates"] == 0


def test_a_second_sigterm_ends_at_once(scene: Scene) -> None:
    """With an SMSC that never answers the drain would take its limit; a second signal cuts it, status 1."""
    smsc = scene.smsc("--mute")
    gateway = scene.gateway(smsc, shutdown={"drain_s": 60})
    message = gateway.tenant.send()
    wait("the message is in flight", lambda: smsc.stats()["submits"])
    gateway.signal(15)
    gateway.wait_event("daemon.stopping")
    gateway.signal(15)
    assert gateway.wait_end() == 1
    gateway.start()
    gateway.wait_ready()
    assert gateway.tenant.message(message)["state"] == "queued"
    gateway.kill()


def test_the_drain_has_a_limit(scene: Scene) -> None:
    """After `drain_s` the gateway ends with 0 although answers are due; those messages are in the store."""
    smsc = scene.smsc("--mute")
    gateway = scene.gateway(smsc, shutdown={"drain_s": 0.5})
    message = gateway.tenant.send()
    wait("the message is in flight", lambda: smsc.stats()["submits"])
    assert gateway.stop(20) == 0
    gateway.start()
    gateway.wait_ready()
    assert gateway.tenant.message(message)["state"] == "queued"
