"""What this node owns: it takes what it should have once that is free, and gives up what others should have."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from typing import Any, Final

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure

from smsgwd.store.redis.blocking import Calls
from smsgwd.store.redis.keys import Keys
from smsgwd.store.redis.nodes import NodeLease, unanswered, unhandled
from smsgwd.store.redis.roster import Holder, Roster
from smsgwd.telemetry import get_logger

_log = get_logger("store")
_MOST: Final = 1000  # of one call


class Ownership:
    """Things by name; each is the node's alone between `on_gained` and `on_lost`, or the end of `let_go`.

    `on_gained(thing, dead)`: it is ours now; `dead` names the node that had it and died (or this one, in its life
    before), None if nobody had. `let_go(thing)`: stop acting on it; when its Deferred fires (or fails), others may
    have it. `on_lost(thing)`: it is gone already, stop at once. The owner of this object tells it of the lease with
    `lease_lost` and `lease_regained`, and of each look with `looked`.
    """

    def __init__(
        self,
        calls: Calls,
        keys: Keys,
        lease: NodeLease,
        roster: Roster,
        *,
        on_gained: Callable[[str, str | None], object],
        let_go: Callable[[str], object],
        on_lost: Callable[[str], object],
    ) -> None:
        self._calls = calls
        self._keys = keys
        self._lease = lease
        self._roster = roster
        self._on_gained = on_gained
        self._let_go = let_go
        self._on_lost = on_lost
        self._wanted: frozenset[str] = frozenset()
        self._held: dict[str, None] = {}
        self._giving: dict[str, Deferred[Any] | None] = {}  # None: let go of, to be given up
        self._taking = False
        self._given_up = False  # asked for, not answered
        self._stepping = self._due = False

    @property
    def held(self) -> Collection[str]:
        """What is ours at the server, also what is being let go of."""
        return self._held.keys()

    def owns(self, thing: str) -> bool:
        """Whether nobody else can have it at this moment, and it is not given up."""
        return thing in self._held and thing not in self._giving and self._lease.held

    def wants(self, things: Collection[str]) -> None:
        """What this node should have from now on, as far as it can."""
        self._wanted = frozenset(things)
        self._step()

    def looked(self) -> None:
        """The roster was looked at: what it says is another's is lost."""
        if not self._lease.held:
            return
        mine = Holder(self._lease.token, self._lease.name)
        for thing in [thing for thing in self._held if self._roster.held.get(thing) != mine]:
            self._lose(thing)
        self._step()

    def lease_lost(self) -> None:
        """All of it is gone."""
        for thing in list(self._held):
            self._lose(thing)

    def lease_regained(self) -> None:
        """Take again what is wanted."""
        self._step()

    # -- taking and giving --------------------------------------------------------------------------------------------

    def _lose(self, thing: str) -> None:
        del self._held[thing]
        self._giving.pop(thing, None)
        _tell(self._on_lost, thing)

    def _step(self) -> None:
        """Whatever can be done now, until there is no more of it."""
        self._due = True
        if self._stepping:
            return
        self._stepping = True
        try:
            while self._due and self._lease.held:
                self._due = False
                for thing in [each for each in self._held if each not in self._wanted and each not in self._giving]:
                    self._begin_giving(thing)
                self._give()
                self._take()
        finally:
            self._stepping = False

    def _take(self) -> None:
        roster, lease, keys = self._roster, self._lease, self._keys
        free = (None, lease.name)
        things = [each for each in sorted(self._wanted - self._held.keys()) if roster.owner(each) in free][:_MOST]
        if self._taking or not things:
            return
        self._taking = True
        holders = dict.fromkeys(roster.held[each].name for each in things if each in roster.held)
        others = [each for each in holders if each != lease.name]
        token = lease.token

        def taken(answers: list[Any] | int) -> None:
            self._taking = False
            if token != lease.token or not lease.held:
                return  # what was taken is nobody's now
            if isinstance(answers, int):
                lease.doubt()
                return
            gained = [(each, dead) for each, dead in zip(things, answers, strict=True) if dead != 0]
            self._held.update(dict.fromkeys(each for each, _ in gained))
            for each, dead in gained:
                if each in self._held:  # else a callback has lost it
                    _tell(self._on_gained, each, dead.decode() or None)
            if gained:
                self._step()  # what is wanted may have changed; what is not to be had is tried after the next look

        reply = self._calls.function(
            "smsgwd_take",
            (lease.key, keys.owned, keys.nodes_mark, *(keys.node(each) for each in others)),
            (lease.name, token, secrets.token_hex(8), len(others), *others, *things),
        )
        reply.addCallbacks(taken, self._not_taken).addErrback(unhandled)

    def _not_taken(self, failure: Failure) -> None:
        self._taking = False  # tried again after the next look
        unanswered(failure)

    def _begin_giving(self, thing: str) -> None:
        gone: Deferred[Any] = maybeDeferred(self._let_go, thing)
        self._giving[thing] = gone

        def let_go(_: object) -> None:
            if self._giving.get(thing) is gone:
                self._giving[thing] = None
                self._step()

        gone.addErrback(unhandled).addCallback(let_go).addErrback(unhandled)

    def _give(self) -> None:
        lease = self._lease
        things = [thing for thing, going in self._giving.items() if going is None][:_MOST]
        if self._given_up or not things or not lease.held:
            return
        self._given_up = True
        token = lease.token

        def given(_: int) -> None:
            self._given_up = False
            if token != lease.token:
                return
            for thing in things:
                if thing in self._giving:  # else a look has told already that it is not ours
                    del self._giving[thing], self._held[thing]
            self._step()

        reply = self._calls.function(
            "smsgwd_give",
            (self._keys.owned, self._keys.nodes_mark),
            (lease.name, token, secrets.token_hex(8), *things),
        )
        reply.addCallbacks(given, self._not_given).addErrback(unhandled)

    def _not_given(self, failure: Failure) -> None:
        self._given_up = False  # tried again after the next look
        unanswered(failure)


def _tell(call: Callable[..., object], *args: object) -> None:
    """One callback's mistake is not the others' loss."""
    try:
        call(*args)
    except Exception:
        _log.error("daemon.unhandled_error", exc_info=True)
