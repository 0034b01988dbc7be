"""A node's lease: the right to write to the store and to own anything, as long as the server hears of the node.

The server keeps the lease for TTL_MS after each renewal. The node itself stops believing in it earlier: MARGIN_S before
that time is over, by its own clock and counted from when it *sent* the last renewal that was answered. So it knows
before anybody else can have what it owned.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from smsgwd.store.redis.blocking import Calls
from smsgwd.store.redis.errors import Refused, Unreachable
from smsgwd.store.redis.keys import Keys
from smsgwd.telemetry import get_logger

TTL_MS: Final = 3000
MARGIN_S: Final = 0.7
EVERY_S: Final = 0.75  #: between renewals
AGAIN_S: Final = 0.25  #: while they are not answered, or there is no lease
FACTS_EVERY: Final = 1  #: renewals: how often load figures are told
_TTL_S: Final = TTL_MS / 1000
_GOOD_S: Final = _TTL_S - MARGIN_S
_NO_TOKEN: Final = b"-"  # is nobody's
_log = get_logger("store")


class NameTaken(Exception):  # noqa: N818 -- what it says
    """Another process lives under this node's name, or there are as many nodes as there are numbers for them."""


class About(msgspec.Struct, frozen=True):
    """What a node tells of itself."""

    host: str
    pid: int
    version: str
    since: int  #: ms
    load: dict[str, float] = {}
    shape: str = ""  #: digest of what it thinks there is to own
    number: int = 0  #: that its ids have in them; 0 = not told
    keys: tuple[str, ...] = ()  #: ids of its secret keys, newest first
    library: str = ""  #: name of the functions that it calls
    place: str = ""  #: where its process id means something: a boot of a machine, a namespace of it; '' = not known


class NodeLease:
    """The lease of node `name`. `now`: seconds that never go back and go on while the machine sleeps (CLOCK_BOOTTIME).
    `calls`: a link of its own, since a renewal must not wait behind a commit. `load`: figures for the others;
    `key_ids`: of the secret keys.

    `on_lost(why)` is called once when the lease is lost, `on_regained()` once there is a new one. Between them, and
    from the very moment the time is over, `held` is False: ask it before each act that only the holder may do, since
    after a pause of the process other events may come before the timer that says so.
    """

    def __init__(
        self,
        calls: Calls,
        keys: Keys,
        name: str,
        about: About,
        reactor: Any,
        now: Callable[[], float],
        *,
        load: Callable[[], Mapping[str, float]] = dict,
        key_ids: Callable[[], tuple[str, ...]] = tuple,
        on_lost: Callable[[str], object] = lambda why: None,
        on_regained: Callable[[], object] = lambda: None,
        new_token: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self.name = name
        self.key = keys.node(name)
        self.on_lost = on_lost
        self.on_regained = on_regained
        self.number = 0  #: from 1 to 1023, of no other node; 0 = not joined
        self.token = new_token()  #: of the lease that is held, or the next
        self._calls = calls
        self._keys = keys
        self._about = about
        self._reactor = reactor
        self._now = now
        self._load = load
        self._key_ids = key_ids
        self._new_token = new_token
        self._former = ""  # the token before, once there was one
        self._until = 0.0
        self._lost = True
        self._joining = False
        self._answered = True  # the last renewal
        self._renewals = 0
        self._news = ""  # mark, when the others wait for what has changed
        self.why = ""  #: the last attempt to renew it failed, or to have it again; '' = it did not
        self._fence = _NO_TOKEN
        self._timer: IDelayedCall | None = None
        self._left = False

    @property
    def held(self) -> bool:
        """Whether nobody else can have the lease at this moment."""
        return not self._lost and self._now() < self._until

    @property
    def age_s(self) -> float:
        """Since the last renewal that was answered was sent."""
        return max(0.0, self._now() - (self._until - _GOOD_S))

    def fence(self) -> tuple[str, bytes]:
        """Key and token that a commit must find. Of any thread. A lost lease has a token that is found nowhere."""
        return self.key, self._fence

    async def join(self) -> None:
        """Have the lease before anything else is done. If another process has it, wait as long as it may be a dead
        predecessor's; raises NameTaken, Unreachable, Refused. `number` is the node's from then on."""
        until = self._now() + _TTL_S + AGAIN_S
        while True:
            sent = self._now()
            other = await self._ask_for_lease()
            if not other:
                if self._now() < sent + _GOOD_S:
                    break
                continue
            left, facts, token = other
            if _ended(facts, self._about.place):
                self._former = token.decode()  # of a life of this node that is over: nobody waits for it
                continue
            if self._now() >= until:
                raise NameTaken(f"node {self.name!r} runs already{_where(facts)}: each node needs a name of its own")
            wait = AGAIN_S if left < 0 else min(left / 1000 + 0.01, AGAIN_S)
            await deferLater(self._reactor, wait, lambda: None)
        self._have(sent)
        self._timer = self._reactor.callLater(EVERY_S, self._tick)
        keys = self._keys
        self.number = await self._calls.function("smsgwd_numbered", (keys.node_numbers, keys.nodes), (self.name,))
        if not self.number:
            raise NameTaken("there is no number left for this node: 1,023 others were there of late")
        self._about = msgspec.structs.replace(self._about, number=self.number)
        self._news = secrets.token_hex(8)  # the others are told with the next renewal

    def tell(self, shape: str) -> None:
        """What there is to own has changed, as far as this node knows."""
        if shape != self._about.shape:
            self._about = msgspec.structs.replace(self._about, shape=shape)
            self._news = secrets.token_hex(8)
            self.doubt()

    def doubt(self) -> None:
        """A commit was refused for the lease, or the server came back: find out now."""
        if self._timer is not None:
            self._timer.cancel()
            self._tick()

    def leave(self) -> Deferred[None]:
        """The node stops: the lease and all it owns is free at once. Callbacks are not called. Never fails."""
        self._left = self._lost = True
        self._fence = _NO_TOKEN
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        keys = self._keys
        left: Deferred[Any] = self._calls.function(
            "smsgwd_leave",
            (self.key, keys.nodes, keys.owned, keys.nodes_mark),
            (self.name, self.token, secrets.token_hex(8)),
        )
        return left.addBoth(lambda _: None)  # else the time does it

    # -- the lease ----------------------------------------------------------------------------------------------------

    def _facts(self) -> bytes:
        return msgspec.json.encode(msgspec.structs.replace(self._about, load=dict(self._load()), keys=self._key_ids()))

    def _ask_for_lease(self) -> Deferred[Any]:
        keys = self._keys
        return self._calls.function(
            "smsgwd_join",
            (self.key, keys.nodes, keys.nodes_mark, keys.said),
            (self.name, self.token, self._former, TTL_MS, self._facts(), secrets.token_hex(8)),
        )

    def _have(self, sent: float) -> None:
        self._until = sent + _GOOD_S
        self._former = self.token
        self._lost, self._answered = False, True
        self.why = ""
        self._fence = self.token.encode()

    def _tick(self) -> None:
        self._timer = None
        now = self._now()
        if not self._lost and now >= self._until:
            self._lose(f"no answer for {_GOOD_S:g} s")
        if self._left:
            return  # by a callback
        wait = AGAIN_S
        if not self._lost:
            wait = max(0.0, min(EVERY_S if self._answered else AGAIN_S, self._until - now))
        self._timer = self._reactor.callLater(wait, self._tick)
        if self._lost:
            self._rejoin()
        else:
            self._renew()

    def _renew(self) -> None:
        self._answered = False
        sent, token, news = self._now(), self.token, self._news
        facts = b"" if self._renewals % FACTS_EVERY and not news else self._facts()
        self._renewals += 1

        def renewed(held: int) -> None:
            if self._lost or token != self.token:
                return
            if not held:
                self._lose("the server has it no more")
                return
            # Even when it comes too late for us: that token was there all the time, so nobody else's was.
            self._until = max(self._until, sent + _GOOD_S)
            self._answered, self.why = True, ""
            if news == self._news:
                self._news = ""

        keys = self._keys
        asked = self._calls.function(
            "smsgwd_renew", (self.key, keys.nodes, keys.nodes_mark), (self.name, token, TTL_MS, facts, news)
        )
        asked.addCallbacks(renewed, self._failed)
        asked.addErrback(unhandled)

    def _lose(self, why: str) -> None:
        self._lost, self._fence = True, _NO_TOKEN
        self.token = self._new_token()
        self.on_lost(why)
        self.doubt()

    def _rejoin(self) -> None:
        if self._joining:
            return
        self._joining = True
        sent = self._now()

        def joined(other: list[Any]) -> None:
            self._joining = False
            if self._left:
                return
            if other:
                self.why = f"another process has its name{_where(other[1])}"
                return
            if self._now() >= sent + _GOOD_S:
                return  # asked for again: the token is the same
            self._have(sent)
            self.on_regained()

        def failed(failure: Failure) -> None:
            self._joining = False
            self._failed(failure)

        self._ask_for_lease().addCallbacks(joined, failed).addErrback(unhandled)

    def _failed(self, failure: Failure) -> None:
        unanswered(failure)
        self.why = str(failure.value)


def _about(facts: bytes) -> About | None:
    """What a node told of itself (time, JSON)."""
    try:
        return msgspec.json.decode(facts.partition(b" ")[2], type=About)
    except msgspec.MsgspecError:
        return None


def _where(facts: bytes) -> str:
    """Of what a node told of itself, what helps to find it."""
    about = _about(facts)
    return "" if about is None else f" on {about.host} (process {about.pid})"


def _ended(facts: bytes, place: str) -> bool:
    """True when a node was a process of this very place (`About.place`) and is none any more."""
    about = _about(facts)
    if about is None or not place or about.place != place:
        return False
    try:
        os.kill(about.pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def place_of_this_process() -> str:
    """See `About.place`; '' where the system does not say."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def unanswered(failure: Failure) -> None:
    """A call that the server did not do, and that is made again anyway. Other failures stay what they are."""
    if isinstance(failure.value, Unreachable | Refused):
        return
    failure.raiseException()


def unhandled(failure: Failure) -> None:
    """The end of every call's Deferred: what arrives here is a mistake of ours, or of a callback."""
    _log.error("daemon.unhandled_error", exc_info=failure.value)
