"""An opening that was answered is counted, and owed to its tenant, whatever happens to the gateway then."""

from __future__ import annotations

import signal
import threading
from urllib.parse import urlsplit

from tests.scenario.harness import Catcher, Scene, ask, wait

BROWSER = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"}


def test_clicks_survive(scene: Scene) -> None:
    """Opened in parallel, killed at once after the last answer: every one is counted and pushed, one as the first."""
    smsc, catcher = scene.smsc(), scene.catcher()
    gateway = scene.gateway(smsc, tenant={"webhook": {"url": catcher.url}}, links={"repeat_s": 0})
    message = gateway.tenant.send("+306900000001", "[Link]", link="https://shop.example/")
    gateway.tenant.wait_state(message, "delivered")
    [text] = smsc.texts()
    path = urlsplit(text.text).path
    answers: list[int] = []

    def visit() -> None:
        answers.extend(ask(gateway.http_port, "GET", path, headers=BROWSER).status for _ in range(10))

    threads = [threading.Thread(target=visit) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gateway.signal(signal.SIGKILL)
    gateway.wait_end()
    assert answers == [302] * 50
    gateway.start()
    gateway.wait_ready()
    [link] = gateway.tenant.ask("GET", "/v1/links").body["links"]
    assert (link["clicks"], link["bots"]) == (50, 0)
    clicked = wait("50 clicks pushed", lambda: _events(catcher, 50))
    assert [each["data"]["first"] for each in clicked.values()].count(True) == 1
    assert ask(gateway.http_port, "GET", path, headers=BROWSER).status == 302


def _events(catcher: Catcher, count: int) -> dict[str, dict[str, dict[str, object]]] | None:
    """The clicks pushed so far, each once, when there are so many."""
    bodies = [push["body"] for push in catcher.pushes()]
    found = {body["id"]: body for body in bodies if body["type"] == "link.clicked"}
    return found if len(found) >= count else None
