"""Tenants' pages over the real API, which stands over fakes (tests.northbound.harness): what pages show is what the API
answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.accounts.directory import Account
from smsgwd.net.http_message import HttpRequest, HttpResponse, Later
from tests.console.stand import TOKEN, Tenants
from tests.northbound.harness import Client

#: What somebody hostile calls things.
EVIL = "<script>alert(1)</script>"


class RealTenants(Tenants):
    """A stand whose answers come from the API of a `Client`; `answers` are for what it lacks."""

    def __init__(self, client: Any = None, answers: Mapping[str, Any] | None = None, scopes: tuple[str, ...] = ()):
        super().__init__(answers, scopes)
        self.client = Client() if client is None else client

    async def ask_v1(self, account: Account, request: HttpRequest) -> HttpResponse:
        """As given.V1."""
        name = f"{request.method} {request.path.removeprefix('/v1')}"
        if name in self.answers:
            return await super().ask_v1(account, request)
        query: dict[str, list[str]] = {}
        for key, value in request.query:
            query.setdefault(key, []).append(value)
        self.asked.append((name, query, request.body))
        headers = {**request.headers, "authorization": f"Bearer {self.client.token}"}
        answer = self.client.api(msgspec.structs.replace(request, headers=headers))
        if isinstance(answer, Later):
            done: Deferred[HttpResponse] = Deferred()
            answer.on_answer(lambda response, then: then.callback(response), done)
            answer = done
        return await answer if isinstance(answer, Deferred) else answer

    def names(self) -> list[str]:
        """What was asked of the API, without queries and bodies."""
        return [name for name, _, _ in self.asked]

    def sent(self, path: str, fields: Mapping[str, str], name: str, file: bytes) -> HttpResponse:
        """What comes of a form in parts, with a file in it."""
        parts = [
            f'--x\r\nContent-Disposition: form-data; name="{each}"\r\n\r\n{value}\r\n'
            for each, value in {"csrf": TOKEN, **fields}.items()
        ]
        head = (
            f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\n'
        )
        body = "".join(parts).encode() + head.encode() + file + b"\r\n--x--\r\n"
        return self.ask("POST", path, body, content_type="multipart/form-data; boundary=x")


def shown(answer: HttpResponse, status: int = 200) -> str:
    """The page of an answer."""
    page = answer.body.decode()
    assert answer.status == status, (answer.status, page)
    return page


def path(name: str, **query: str) -> str:
    """A path with its query."""
    return f"{name}?{urlencode(query)}" if query else name
