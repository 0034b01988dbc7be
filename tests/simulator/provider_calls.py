"""A simulated provider without sockets: requests go in by hand, its callbacks are kept."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlencode, urlsplit

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from smsgwd.net.http_message import HttpRequest
from smsgwd.ports.push import HttpAnswer, HttpFailure
from smsgwd.simulator.provider import ProviderSimulator
from smsgwd.simulator.provider_options import SimulatorOptions

HOOK = "http://gw.example/callback"
NOON = 1_795_348_800.0  # 2026-11-22 12:00:00 UTC


class Hooks:
    """The client that callbacks are sent with: `statuses` are answered in turn, 200 at their end; 0 = no answer."""

    def __init__(self, statuses=()):
        self.sent = []
        self.statuses = list(statuses)

    def request(self, method, url, headers, body, timeout_s):
        self.sent.append((method, url, dict(headers), body))
        status = self.statuses.pop(0) if self.statuses else 200
        if not status:
            return fail(HttpFailure("nobody there", sent=True))
        return succeed(HttpAnswer(status, {}, b""))

    def queries(self):
        """The decoded queries of what was sent."""
        return [dict(parse_qsl(urlsplit(url).query)) for _, url, _, _ in self.sent]

    def bodies(self):
        """The decoded JSON bodies."""
        return [json.loads(body) for _, _, _, body in self.sent]


class Bench:
    """One provider on a clock that starts at NOON."""

    def __init__(self, name, statuses=(), **options):
        self.clock = Clock()
        self.clock.advance(NOON)
        self.hooks = Hooks(statuses)
        self.sim = ProviderSimulator(
            self.clock, name, SimulatorOptions(**options), wall=self.clock.seconds, client=self.hooks
        )

    def ask(self, method, path, query=None, *, body=b"", headers=None):
        """What a request is answered with: a response, or the Deferred of one that is not there yet."""
        pairs = list((query or {}).items())
        request = HttpRequest(method, path, pairs, headers or {}, body, "127.0.0.1", urlencode(pairs))
        answer = self.sim.handle(request)
        if isinstance(answer, Deferred) and answer.called:
            return answer.result
        return answer

    def get(self, path, **query):
        """The text that a GET is answered with."""
        return self.ask("GET", path, query).body.decode()

    def json(self, path, value, *, method="POST", **headers):
        """Status and JSON of the answer to a JSON request; names of headers with _ for -."""
        named = {"content-type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
        answer = self.ask(method, path, body=b"" if value is None else json.dumps(value).encode(), headers=named)
        return answer.status, json.loads(answer.body)

    def form(self, path, fields, **headers):
        """The answer to a form."""
        named = {"content-type": "application/x-www-form-urlencoded", **headers}
        return self.ask("POST", path, body=urlencode(fields).encode(), headers=named)

    def control(self, what, value=None):
        """Status and JSON of a request to /_sim/."""
        answer = self.ask(
            "GET" if value is None else "POST",
            f"/_sim/{what}",
            body=b"" if value is None else json.dumps(value).encode(),
        )
        return answer.status, json.loads(answer.body)
