"""What submit_sm cost between the session and the store: `python -m tests.northbound.esme.bench_requests [rounds]`.

Four binds bring a read each a turn, of 2 PDUs (as at 5,000/s) or of 25 (as when saturated); the store says yes at once.
Prints the least CPU microseconds of several rounds, which others' work disturbs least.
"""

import random
import sys
import time
from types import SimpleNamespace

from prometheus_client import CollectorRegistry
from twisted.internet.task import Clock as Reactor

from smsgwd.accounts.directory import Account
from smsgwd.admission.admit import account_of
from smsgwd.app.pipeline import Pipeline
from smsgwd.model.ids import IdGenerator
from smsgwd.model.tenant import Credential, EsmeSettings, Tenant
from smsgwd.net.turn import Turn
from smsgwd.northbound.esme.account import EsmeAccount, EsmeBind
from smsgwd.northbound.esme.requests import Requests
from smsgwd.northbound.pace import Pace
from smsgwd.routing.table import Routes, Rule
from smsgwd.smpp.codec import decode, encode
from smsgwd.telemetry import Metrics
from tests.app.pipelines import maker_of
from tests.northbound.bench_api import SteadyClock, SteadyStore, UpDispatcher
from tests.northbound.esme.requests_world import submit

BINDS = 4
TURNS = 200


class _Connection:
    def __init__(self):
        self.session = SimpleNamespace(unanswered=0)
        self.answered = 0

    def respond_many(self, command_id, answers, tlvs=()):
        assert all(status == 0 for _, status, _ in answers)
        self.answered += len(answers)
        return True


class World:
    """`Requests` over the real pipeline."""

    def __init__(self):
        self.reactor = Reactor()
        clock = SteadyClock()
        credential = Credential("smpp", "ann", "", 8, EsmeSettings())
        owner = Account(Tenant("demo", prices=(("", 40_000), ("30", 45_000)), credentials=(credential,)), credential)
        compiled = account_of(owner.tenant)
        pipeline = Pipeline(
            store=SteadyStore(),
            dispatcher=UpDispatcher(),
            clock=clock,
            turn=Turn(self.reactor),
            ids=IdGenerator(5),
            **maker_of(Routes([Rule(("sim",), to=("44*",)), Rule(("sim", "other"))]), UpDispatcher()),
            accounts={"demo": compiled}.get,
            scheduled=lambda at: None,
            observe=lambda *seen: None,
        )
        self.requests = Requests(
            submitter=pipeline,
            messages=None,
            esmes=None,
            clock=clock,
            reactor=self.reactor,
            metrics=Metrics(CollectorRegistry()),
            pace=Pace(clock, 1.0),
            fill=pipeline.fill,
        )
        account = EsmeAccount("ann", owner, 100)
        self.binds = []
        for _ in range(BINDS):
            bind = EsmeBind(
                account, _Connection(), address="192.0.2.1", transmits=True, receives=True, version=0x34, since=0.0
            )
            self.binds.append(bind)

    def run(self, reads):
        """A read of each bind a turn."""
        take, binds = self.requests.take, self.binds
        for place in range(0, len(reads), BINDS):
            for bind, read in zip(binds, reads[place : place + BINDS], strict=True):
                take(bind, read)
            self.reactor.advance(0)


def pdu(sequence):
    """A submit_sm as it comes from the wire, no two to the same number."""
    number = b"3069%08d" % random.randrange(10**8)
    return decode(encode(submit(sequence, b"Your code is 123456", destination_addr=number)))


def measured(pdus, rounds):
    """The least CPU µs a message of reads with so many PDUs."""
    world = World()
    best = 1e9
    for _ in range(rounds):
        reads = [[pdu(n + 1) for n in range(pdus)] for _ in range(BINDS * max(20, TURNS // pdus))]
        begun = time.process_time()
        world.run(reads)
        best = min(best, (time.process_time() - begun) / len(reads) / pdus * 1e6)
    assert sum(bind.connection.answered for bind in world.binds) == rounds * len(reads) * pdus
    return best


def main(rounds=15):
    for pdus in (1, 2, 25):
        print(f"{pdus:2} submit_sm a read, {BINDS} reads a turn {measured(pdus, rounds):6.1f} µs a message")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
