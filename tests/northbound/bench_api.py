"""What a submission by HTTP costs between the engine and the store: `python -m tests.northbound.bench_api [rounds]`.

Requests come ten a turn, as they do under load; authentication, decoding, admission, routing and answers are the real
ones, the store says yes at once. Prints the least CPU microseconds of several rounds, which others' work
disturbs least.
"""

import random
import sys
import time

import msgspec
from twisted.internet.defer import succeed
from twisted.internet.task import Clock as Reactor

from smsgwd.accounts.directory import Directory
from smsgwd.accounts.hashing import token_digest
from smsgwd.admission.admit import account_of
from smsgwd.app.pipeline import Pipeline
from smsgwd.model.changes import Submitted
from smsgwd.model.ids import IdGenerator
from smsgwd.model.tenant import Credential, Tenant
from smsgwd.net.http_message import HttpRequest
from smsgwd.net.turn import Turn
from smsgwd.northbound.api import NativeApi
from smsgwd.northbound.auth import PasswordAuthenticator
from smsgwd.northbound.intake import Intake
from smsgwd.northbound.pace import Pace
from smsgwd.ports.clock import Clock
from smsgwd.routing.table import Routes, Rule
from tests.app.pipelines import maker_of

KEY = b"installation key"
A_TURN = 10
TURNS = 200


class SteadyClock(Clock):
    def now_ms(self):
        return time.time_ns() // 1_000_000

    def monotonic(self):
        return time.monotonic()


class SteadyStore:
    healthy = True

    def commit(self, changes):
        return succeed([Submitted({}) for _ in changes])


class UpDispatcher:
    def offer(self, messages):
        pass

    def up(self, connector):
        return True


class World:
    """The API over the real pipeline."""

    def __init__(self):
        self.reactor = Reactor()
        clock = SteadyClock()
        credentials = (Credential("token", token_digest("a-token", KEY)),)
        tenant = Tenant(
            "demo", prices=(("", 40_000), ("30", 45_000)), credentials=credentials, dlr_url="http://t.example/"
        )
        account = account_of(tenant)
        pipeline = Pipeline(
            store=SteadyStore(),
            dispatcher=UpDispatcher(),
            clock=clock,
            turn=Turn(self.reactor),
            ids=IdGenerator(5),
            **maker_of(Routes([Rule(("sim",), to=("44*",)), Rule(("sim", "other"))]), UpDispatcher()),
            accounts={"demo": account}.get,
            scheduled=lambda at: None,
            observe=lambda *seen: None,
        )
        self.authenticator = PasswordAuthenticator(self.reactor, Directory([tenant]), KEY, clock)
        self.api = NativeApi(Intake(pipeline, Pace(clock, 0.0)), None, None, self.authenticator)
        self.answered = 0

    def run(self, requests):
        """Answer them, ten a turn; fails unless each is accepted."""
        api, then = self.api, self._then
        for place in range(0, len(requests), A_TURN):
            for request in requests[place : place + A_TURN]:
                answer = api(request)
                add = getattr(answer, "on_answer", None)
                if add is not None:
                    add(then, None)
                else:
                    answer.addCallback(then)
            self.reactor.advance(0)

    def _then(self, response, arg=None):
        assert response.status == 202, response
        self.answered += 1


def message():
    """A message as clients send them: no two to the same number."""
    return {
        "from": "iSMS",
        "to": f"+3069{random.randrange(10**8):08d}",
        "text": "Your code is 123456, valid for 5 minutes",
    }


def request(path, document, headers):
    """A request with this body."""
    return HttpRequest("POST", path, [], headers, msgspec.json.encode(document), "192.0.2.7")


def measured(make, messages, rounds):
    """The least CPU µs a message of `rounds` rounds."""
    world = World()
    best = 1e9
    try:
        for _ in range(rounds):
            requests = [make() for _ in range(max(A_TURN, A_TURN * TURNS // messages))]
            begun = time.process_time()
            world.run(requests)
            best = min(best, (time.process_time() - begun) / len(requests) / messages * 1e6)
        assert world.answered == len(requests) * rounds
    finally:
        world.authenticator.stop()
    return best


def main(rounds=15):
    headers = {
        "host": "gateway.example",
        "authorization": "Bearer a-token",
        "content-type": "application/json",
        "content-length": "90",
    }
    one = measured(lambda: request("/v1/messages", message(), headers), 1, rounds)
    print(f"POST /v1/messages            {one:6.1f} µs a message")
    ten = measured(
        lambda: request("/v1/messages/batch", {"messages": [message() for _ in range(100)]}, headers), 100, rounds
    )
    print(f"POST /v1/messages/batch, 100 {ten:6.1f} µs a message")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
