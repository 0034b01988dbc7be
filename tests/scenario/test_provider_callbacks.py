"""Providers' callbacks at a live gateway: early, late, doubled, after a lost answer, over workers, from strangers."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.scenario.client import ask, wait
from tests.scenario.harness import Gateway, Scene, free_ports, scene_in
from tests.scenario.provider_stand import Provided, call, provider

SECRET = "whsec_c21zZ3dkIGV4YW1wbGUgc2lnbmluZyBrZXk="


def _gateway(scene: Scene, provided: Provided, *more: dict[str, Any], **options: Any) -> Gateway:
    own = {name: options.pop(name) for name in ("isolation", "unknown_outcome") if name in options}
    connectors = [provided.connector(**own), *more]
    return scene.gateway(
        catcher=options.pop("catcher", None),
        connectors=connectors,
        routes=[{"match": {"to": "*"}, "connectors": ["toy1"]}],
        **options,
    )


def _sent(gateway: Gateway, provided: Provided, text: str, **fields: Any) -> tuple[str, dict[str, Any]]:
    """A message that its provider has answered: our id, and what it was sent."""
    message = gateway.tenant.send(text=text, **fields)
    gateway.tenant.wait_state(message, "sent", "delivered", "undelivered")
    return message, provided.of(text)


def _state(gateway: Gateway, message: str) -> str:
    return str(gateway.tenant.message(message)["state"])


def test_states_come_early_late_twice_and_after_a_lost_answer(tmp_path: Path) -> None:
    with scene_in(tmp_path) as scene, provider() as provided:
        catcher = scene.catcher()
        gateway = _gateway(scene, provided, catcher=catcher, access_log={"path": str(tmp_path / "access.log")})
        early = gateway.tenant.send(text="early")
        assert gateway.tenant.wait_state(early, "delivered")
        assert provided.of("early")["early"] == 200

        late, sent = _sent(gateway, provided, "late")
        for status in ("on", "failed", "failed", "delivered"):
            assert call(sent["callback"], {"status": status}).status == 200
        assert _state(gateway, late) == "undelivered"

        long, sent = _sent(gateway, provided, "three parts " * 30)
        assert gateway.tenant.message(long)["parts"] == 3
        assert call(sent["common"], {"status": "delivered", "id": sent["given"]}).status == 200
        assert _state(gateway, long) == "delivered"

        lost = gateway.tenant.send(text="lost answer")
        sent = wait("it was sent", lambda: provided.of("lost answer"))
        assert call(sent["callback"], {"status": "on", "id": "Late-1"}).status == 200
        gateway.tenant.wait_state(lost, "sent")
        assert call(sent["common"], {"status": "delivered", "id": "Late-1"}).status == 200
        assert _state(gateway, lost) == "delivered"

        assert Counter(each["text"] for each in provided.sent).most_common(1)[0][1] == 1, "nothing was sent twice"
        pushed = catcher.wait_all([early, late, long, lost])
        assert [pushed[each]["state"] for each in (early, late, long, lost)] == [
            "delivered", "undelivered", "delivered", "delivered",
        ]  # fmt: skip
        assert gateway.metric("smsgwd_provider_callbacks_total", connector="toy1", outcome="taken") == 8
        secrets = [urlsplit(each[key]).path.split("/")[3] for each in provided.sent for key in ("callback", "common")]
        gateway.stop()
        written = (tmp_path / "access.log").read_text() + scene.logs()
        assert "/callback/toy1/***" in written
        assert not any(secret in written for secret in secrets)


def test_a_message_that_is_reported_on_is_not_sent_again(tmp_path: Path) -> None:
    """Its answer was lost, and the policy is to send it again: unless its provider says meanwhile that it has it."""
    with scene_in(tmp_path) as scene, provider() as provided:
        gateway = _gateway(scene, provided, unknown_outcome="resend")
        told = gateway.tenant.send(text="told before the answer is lost")
        gateway.tenant.wait_state(told, "delivered")

        lost = gateway.tenant.send(text="lost three times")
        wait("it waits to be tried again", lambda: _state(gateway, lost) == "queued" and len(provided.sent) == 4)
        assert call(provided.sent[-1]["callback"], {"status": "delivered"}).status == 200
        assert _state(gateway, lost) == "delivered"

        gateway.kill()  # whatever is to be sent again is sent after a start
        gateway.start()
        gateway.wait_ready()
        _sent(gateway, provided, "another")
        assert [each["text"].split()[0] for each in provided.sent] == ["told", "lost", "lost", "lost", "another"]


def test_what_was_answered_outlives_a_kill(tmp_path: Path) -> None:
    with scene_in(tmp_path) as scene, provider() as provided:
        gateway = _gateway(scene, provided)
        messages = [_sent(gateway, provided, f"number {number}") for number in range(20)]
        for _, sent in messages[:10]:
            assert call(sent["callback"], {"status": "delivered"}).status == 200
        before = gateway.command("connector", "show", id="toy1")["provider"]["callback_url"]
        gateway.command("secret", "rotate")
        shown = gateway.command("connector", "show", id="toy1")["provider"]["callback_url"]
        assert shown != before, (
            "new addresses are made with the new key, and old ones are good as long as theirs is there"
        )
        gateway.kill()
        gateway.start()
        gateway.wait_ready()
        assert [_state(gateway, message) for message, _ in messages] == ["delivered"] * 10 + ["sent"] * 10
        for _, sent in messages[10:]:
            assert call(sent["common"], {"status": "delivered", "id": sent["given"]}).status == 200
        assert {_state(gateway, message) for message, _ in messages} == {"delivered"}
        assert call(shown, {"status": "delivered", "id": "nobody's"}).status == 200


def test_what_is_answered_while_it_stops_is_kept(tmp_path: Path) -> None:
    with scene_in(tmp_path) as scene, provider() as provided:
        gateway = _gateway(scene, provided)
        ids = gateway.tenant.send_many(200)
        by_id = wait("all are out", lambda: len(provided.sent) >= 200 and {each["id"]: each for each in provided.sent})
        for message in ids:
            gateway.tenant.wait_state(message, "sent")
        begun = threading.Event()

        def tell(message: str) -> int:
            try:
                status = call(by_id[message]["callback"], {"status": "delivered"}).status
            except (OSError, HTTPException):
                return 0
            if message == ids[20]:
                begun.set()
            return status

        with ThreadPoolExecutor(8) as pool:
            told = pool.map(tell, ids)
            begun.wait(20)
            gateway.stop()
            answers = dict(zip(ids, told, strict=True))
        assert set(answers.values()) <= {0, 200, 503} and 200 in answers.values()
        gateway.start()
        gateway.wait_ready()
        for message, status in answers.items():
            state = _state(gateway, message)
            assert state == "delivered" if status == 200 else state in ("sent", "delivered"), (message, status)
            if status != 200:
                assert tell(message) == 200
        assert {_state(gateway, message) for message in ids} == {"delivered"}


def test_strangers_and_other_connectors(tmp_path: Path) -> None:
    with scene_in(tmp_path) as scene, provider() as provided, provider() as rival:
        shut = rival.connector("shut", callbacks={"allow_from": ["203.0.113.0/24"]})
        off = rival.connector("off", callbacks={"enabled": False})
        dialects = {"isms": {"enabled": True, "host": ["sms.example.net"]}}
        gateway = _gateway(scene, provided, rival.connector("rival"), shut, off, dialects=dialects)
        message, sent = _sent(gateway, provided, "ours")
        common, about = (urlsplit(sent[key]).path for key in ("common", "callback"))
        shown = {
            name: gateway.command("connector", "show", id=name)["provider"]["callback_url"]
            for name in ("toy1", "rival", "shut", "off")
        }
        assert urlsplit(shown["toy1"]).path == common and not shown["off"]
        theirs = urlsplit(shown["rival"]).path
        told = {"status": "delivered", "id": sent["given"], "ours": message}

        # With an address of its own the rival's provider says what it likes of others' messages: nothing happens.
        assert call(shown["rival"], told).status == 200
        assert call(shown["rival"], {"status": "delivered", "ours": message}).status == 200
        for path in (
            common[:-1] + ("x" if common[-1] != "x" else "y"),
            common.replace("/toy1/", "/rival/"),
            theirs.replace("/rival/", "/toy1/"),
            theirs.replace("/rival/", "/off/"),
            about.replace(message, str(int(message) + 1)),
            f"{common}/{message}",
            common.replace("/toy1/", "/toy1%2f"),
            common.replace("/callback/", "/callback/%2e%2e/callback/"),
            common + "/..",
            "/callback/",
            "/callback/toy1/" + "x" * 4000,
        ):
            for method in ("GET", "POST"):
                answer = ask(gateway.http_port, method, path, told)
                assert (answer.status, answer.body) == (404, b"There is nothing at this address.\n"), path
        assert call(shown["shut"], told).status == 403
        assert call(sent["common"], told, method="PUT").status == 405
        for body in (b"{", b"\xff" * 2000, b"[" * 100_000, b'{"status": "delivered"}'):
            assert ask(gateway.http_port, "POST", common, body).status in (200, 400), "as its plugin sees it"
        odd = ask(gateway.http_port, "GET", common + "?a=%ff%00&b=%0d%0aX-Evil:1")
        assert odd.status in (200, 400) and "X-Evil" not in odd.headers
        assert ask(gateway.http_port, "POST", common, b"x" * (2 * 1024 * 1024)).status == 413
        assert _state(gateway, message) == "sent"
        on_a_dialects_host = {"Host": "sms.example.net", "Content-Type": "application/json"}
        assert ask(gateway.http_port, "GET", "/anything", None, on_a_dialects_host).body != b""
        assert ask(gateway.http_port, "POST", common, told, on_a_dialects_host).status == 200
        assert _state(gateway, message) == "delivered"


def test_a_connector_that_is_paused_or_stopped_and_a_gateway_that_is_drained(tmp_path: Path) -> None:
    with scene_in(tmp_path) as scene, provider() as provided:
        gateway = _gateway(scene, provided)
        message, sent = _sent(gateway, provided, "first")
        told = {"status": "on"}
        gateway.command("connector", "pause", id="toy1")
        assert call(sent["callback"], told).status == 200
        gateway.command("connector", "stop", id="toy1")
        assert call(sent["callback"], told).status == 503
        gateway.command("connector", "start", id="toy1")
        wait("its plugin runs", lambda: call(sent["callback"], told).status == 200)
        gateway.command("drain", "begin")
        assert gateway.tenant.post("+306912345678").status == 503
        assert call(sent["callback"], {"status": "delivered"}).status == 200
        assert _state(gateway, message) == "delivered"


def test_subscribers_write(tmp_path: Path) -> None:
    with scene_in(tmp_path) as scene, provider() as provided:
        catcher = scene.catcher()
        gateway = _gateway(scene, provided, tenant={"webhook": {"url": catcher.url, "secret": SECRET}})
        _, sent = _sent(gateway, provided, "first")
        written = {"from": "306912345678", "to": "19019", "text": "Καλημέρα"}
        answer = call(sent["common"], written)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5"), "no route wants it yet"
        config = yaml.safe_load(gateway.config.read_text())
        config["mo_routes"] = [{"webhook": "shop"}]
        gateway.config.write_text(yaml.safe_dump(config))
        gateway.command("config", "reload")
        assert call(sent["common"], written).status == 200
        push = wait(
            "it is pushed", lambda: [each for each in catcher.pushes() if each["body"]["type"] == "mo.received"]
        )
        data = push[0]["body"]["data"]
        assert (data["from"], data["to"], data["text"]) == ("+306912345678", "19019", "Καλημέρα")


def test_a_listener_of_its_own(tmp_path: Path) -> None:
    with scene_in(tmp_path) as scene, provider() as provided:
        (port,) = free_ports(1)
        gateway = _gateway(scene, provided, start=False)
        config = yaml.safe_load(gateway.config.read_text())
        config["listeners"]["callbacks"] = {
            "listen": f"127.0.0.1:{port}",
            "also_on_http": False,
            "trusted_proxies": ["127.0.0.1"],
        }
        config["connectors"][0]["callbacks"] = {
            "base_url": f"http://127.0.0.1:{port}/sms",
            "allow_from": ["203.0.113.0/24"],
        }
        gateway.config.write_text(yaml.safe_dump(config))
        gateway.start()
        gateway.wait_ready()
        message, sent = _sent(gateway, provided, "hello")
        path = urlsplit(sent["callback"]).path
        assert sent["callback"].startswith(f"http://127.0.0.1:{port}/sms/callback/toy1/")
        told = {"status": "delivered"}
        assert call(sent["callback"], told, gateway.http_port).status != 200
        assert ask(port, "GET", "/v1/messages").status == 404
        assert ask(port, "POST", path, told).status == 403
        proxied = {"X-Forwarded-For": "203.0.113.9"}
        assert ask(port, "POST", path, told, {"X-Forwarded-For": "203.0.114.9"}).status == 403
        assert _state(gateway, message) == "sent"
        assert ask(port, "POST", path.removeprefix("/sms"), told, proxied).status == 200
        assert ask(port, "POST", path, told, proxied).status == 200
        assert _state(gateway, message) == "delivered"


def test_over_http_workers_and_many_at_a_time(tmp_path: Path) -> None:
    with scene_in(tmp_path) as scene, provider() as provided:
        gateway = _gateway(scene, provided, http={"workers": 2}, isolation="process")
        ids = gateway.tenant.send_many(300)
        by_id = wait("all are out", lambda: len(provided.sent) >= 300 and {each["id"]: each for each in provided.sent})
        for message in ids:
            gateway.tenant.wait_state(message, "sent", "delivered")
        answers: Counter[int] = Counter()

        def tell(message: str) -> int:
            return call(by_id[message]["callback"], {"status": "delivered"}).status

        with ThreadPoolExecutor(16) as pool:
            answers.update(pool.map(tell, ids * 3))
        assert set(answers) <= {200, 503} and answers[200] >= 300
        for message in ids:
            if _state(gateway, message) != "delivered":
                assert tell(message) == 200
        assert {_state(gateway, message) for message in ids} == {"delivered"}
        assert len(provided.sent) == 300
