"""Talking to a gateway as a tenant does, and waiting for what it does."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

PATIENCE_S = 30.0
TOKEN = "shop-token"

T = TypeVar("T")


def wait(what: str, condition: Callable[[], T | None], patience_s: float = PATIENCE_S, every_s: float = 0.02) -> T:
    """The first true value of `condition`; AssertionError, with the last value, after `patience_s`."""
    end = time.monotonic() + patience_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {patience_s:g} s; the last look gave {value!r}")
        time.sleep(every_s)


class Answer(NamedTuple):
    """An HTTP answer; `body` is parsed where it is JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any


def ask(
    port: int,
    method: str,
    path: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 20,
) -> Answer:
    """One HTTP request on a connection of its own; a body that is no octets is sent as JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        payload = body if body is None or isinstance(body, bytes) else json.dumps(body)
        connection.request(method, path, payload, dict(headers or {}))
        answer = connection.getresponse()
        data = answer.read()
        kind = answer.headers.get("Content-Type", "")
        return Answer(answer.status, dict(answer.headers), json.loads(data) if "json" in kind else data)
    finally:
        connection.close()


class Tenant:
    """A tenant's HTTP client."""

    def __init__(self, port: int, token: str = TOKEN) -> None:
        self.port = port
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        """One request with this tenant's credential."""
        return ask(self.port, method, path, body, {**self._headers, **(headers or {})})

    def upload(self, path: str, file: bytes, kind: str) -> Answer:
        """POST a file of a media type."""
        return self.ask("POST", path, file, {"Content-Type": kind})

    def post(self, to: str | list[str], text: str = "Hello", *, key: str | None = None, **fields: Any) -> Answer:
        """POST /v1/messages, whatever the answer."""
        body = {"from": "Shop", "to": to, "text": text, **fields}
        return self.ask("POST", "/v1/messages", body, {} if key is None else {"Idempotency-Key": key})

    def send(self, to: str = "+306912345678", text: str = "Hello", **fields: Any) -> str:
        """Send one message; its id. AssertionError when it is not taken."""
        answer = self.post(to, text, **fields)
        assert answer.status == 202, answer
        return str(answer.body["messages"][0]["id"])

    def send_many(self, count: int, text: str = "Message {n}", prefix: str = "+30690", first: int = 0) -> list[str]:
        """Send `count` numbered messages in batches, number n to `prefix` and seven digits; their ids, in order."""
        ids: list[str] = []
        for start in range(first, first + count, 500):
            batch = [
                {"from": "Shop", "to": f"{prefix}{n:07d}", "text": text.replace("{n}", str(n))}
                for n in range(start, min(start + 500, first + count))
            ]
            answer = self.ask("POST", "/v1/messages/batch", {"messages": batch})
            assert answer.status == 202, answer
            assert all(entry["error"] is None for entry in answer.body["messages"]), answer
            ids += [entry["id"] for entry in answer.body["messages"]]
        return ids

    def message(self, message_id: str) -> Any:
        """GET /v1/messages/ID."""
        answer = self.ask("GET", f"/v1/messages/{message_id}")
        assert answer.status == 200, answer
        return answer.body

    def wait_state(self, message_id: str, *states: str, patience_s: float = PATIENCE_S) -> Any:
        """The message once it is in one of `states`."""

        def look() -> Any:
            view = self.message(message_id)
            return view if view["state"] in states else None

        return wait(f"message {message_id} becomes {' or '.join(states)}", look, patience_s)

    def states(self) -> dict[str, str]:
        """The state of every message, by id."""
        found: dict[str, str] = {}
        cursor = ""
        while True:
            answer = self.ask("GET", f"/v1/messages?limit=200{cursor}")
            assert answer.status == 200, answer
            found |= {view["id"]: view["state"] for view in answer.body["messages"]}
            if not answer.body.get("next_cursor"):
                return found
            cursor = f"&cursor={answer.body['next_cursor']}"

    def balance(self) -> str:
        """GET /v1/balance, the amount."""
        return str(self.ask("GET", "/v1/balance").body["balance"])
