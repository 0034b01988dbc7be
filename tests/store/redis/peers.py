"""Nodes as the tests of leases need them: each with a clock of its own, which stands still when its process does.

gateway = Gateway(monkeypatch)
a, b = gateway.peer("a"), gateway.peer("b")
b.clock.advance(1)        # a stands still meanwhile
gateway.ends("a")         # its lease is over at the server, without three seconds of waiting
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from smsgwd.store.redis import nodes as _nodes
from smsgwd.store.redis.errors import Refused, Unreachable
from smsgwd.store.redis.keys import Keys
from smsgwd.store.redis.library import Library
from smsgwd.store.redis.nodes import About, NodeLease
from smsgwd.store.redis.placing import SharedNodes
from tests.store.redis_server import ErrorReply, shared_server

LIBRARY = Library.of("peers", (Path(_nodes.__file__).parent / "functions.lua").read_text())
_prefixes = itertools.count(1)


class Calls:
    """A link that answers at once; `down`: it is not there; `slow`: what is called is done and answered by `answer`."""

    def __init__(self) -> None:
        self.down = self.slow = False
        self.made: list[str] = []
        self._waiting: list[tuple[Deferred[Any], tuple[Any, ...]]] = []

    def function(self, name, keys, args, *, read=False):
        """See Link."""
        self.made.append(name)
        if self.down:
            return fail(Unreachable("not connected"))
        command = ("FCALL", name, len(keys), *keys, *args)
        if self.slow:
            self._waiting.append((Deferred(), command))
            return self._waiting[-1][0]
        return self._do(command)

    def answer(self):
        """All that waits."""
        waiting, self._waiting = self._waiting, []
        for reply, command in waiting:
            self._do(command).chainDeferred(reply)

    def lose(self):
        """The server does what waits, and the link breaks before its replies."""
        waiting, self._waiting = self._waiting, []
        for reply, command in waiting:
            self._do(command)
            reply.errback(Unreachable("closed", unknown=True))

    @staticmethod
    def _do(command):
        try:
            return succeed(shared_server().client.call(*LIBRARY.call(command)))
        except ErrorReply as error:
            return fail(Refused(str(error)))


class Peer:
    """A process: `lease` and `nodes`; `said` has what its callbacks were told, in order. What it lets go of is gone at
    once, or, with `holds`, when the test calls back `going[thing]`."""

    def __init__(self, keys: Keys, name: str, pid: int) -> None:
        self.name, self.clock, self.calls = name, Clock(), Calls()
        self.said: list[Any] = []
        self.intake: list[bool] = []
        self.holds = False
        self.going: dict[str, Deferred[None]] = {}
        self.load = {"queued": 7.0}
        self.keys: tuple[str, ...] = ("k1",)
        self.lease = NodeLease(
            self.calls, keys, name, About("host", pid, "1.0", 1000), self.clock, self.clock.seconds,
            load=lambda: self.load, key_ids=lambda: self.keys,
        )  # fmt: skip
        self.nodes = SharedNodes(
            self.calls, keys, self.lease, self.clock,
            on_gained=lambda thing, dead: self.said.append(("gained", thing, dead)),
            let_go=self._let_go,
            on_lost=lambda thing: self.said.append(("lost", thing)),
            on_fenced=lambda why: self.said.append(("fenced", why)),
            on_unfenced=lambda: self.said.append("unfenced"),
            on_intake=self.intake.append,
        )  # fmt: skip

    def _let_go(self, thing):
        self.said.append(("let go", thing))
        if not self.holds:
            return None
        self.going[thing] = Deferred()
        return self.going[thing]

    def start(self):
        """Its Deferred, and whatever it fails with."""
        return Deferred.fromCoroutine(self.nodes.start())

    def heard(self):
        """What was said since this was asked last."""
        said, self.said = self.said, []
        return said

    def held(self, *things):
        """Those that it owns now."""
        return [thing for thing in things if self.nodes.owns(thing)]


class Gateway:
    """Keys of its own on the shared server, where leases last: a test says when one ends."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_nodes, "TTL_MS", 300_000)  # of leases at the server, however slow this machine is today
        self.client = shared_server().client
        try:
            self.client.call("FUNCTION", "LOAD", "REPLACE", LIBRARY.code)
        except ErrorReply as error:
            raise AssertionError(f"functions.lua: {error}") from None
        self.keys = Keys(f"peers{next(_prefixes)}")
        self._pids = itertools.count(100)
        self.peers: list[Peer] = []

    def process(self, name):
        """One that was not started yet."""
        self.peers.append(Peer(self.keys, name, next(self._pids)))
        return self.peers[-1]

    def peer(self, name, binds=None, others=()):
        """One that has joined."""
        peer = self.process(name)
        if binds is not None:
            peer.nodes.things(binds, others)
        peer.start()
        assert peer.lease.held
        return peer

    def pass_(self, seconds, *peers, step=0.05):
        """Time, for these or all: little by little, each in turn."""
        for _ in range(round(seconds / step)):
            for peer in peers or self.peers:
                peer.clock.advance(step)

    def ends(self, name):
        """No lease of this name any more."""
        self.client.call("DEL", self.keys.node(name))
