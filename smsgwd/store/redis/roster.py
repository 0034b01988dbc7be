"""What a node knows of all nodes: who lives, who owns what, what operators said. Looked at again and again.

A look asks for leases only, and for the rest when its mark has changed. The next one comes when the lease that ends
first may have ended, if nobody renews it: so a death is seen as soon as the server knows of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import msgspec
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from smsgwd.ports.nodes import NodeState, NodeView, Pin
from smsgwd.store.redis.blocking import Calls
from smsgwd.store.redis.errors import Unreachable
from smsgwd.store.redis.keys import Keys, pct
from smsgwd.store.redis.nodes import AGAIN_S, EVERY_S, TTL_MS, About, unanswered, unhandled

_BEHIND_S: Final = 0.01  # the end of a lease
_FORGOTTEN_S: Final = 86_400.0  # a lost node is listed for so long
_DRAINED, _PINNED = "d:", "p:"  # what operators say: fields
_TOLD_EVERY: Final = 4  # looks: how often what nodes tell of themselves is read where nothing else has changed
CLOSED: Final = b"closed"  #: what is said of a drained node that is to refuse new submissions, too
OPEN: Final = b"1"  #: of another drained one
_NO_MARK: Final = b"-"  # is none


class Holder(NamedTuple):
    """Who owns a thing, and under which lease: it counts while that is the node's token."""

    token: str
    name: str


class Roster:
    """`looked(changed)` is called after each look; with True when there is anything new but load figures. It must be
    asked on the connection that things are taken on: replies come in the order of their calls."""

    def __init__(
        self, calls: Calls, keys: Keys, reactor: Any, looked: Callable[[bool], object] = lambda _: None
    ) -> None:
        self.looked = looked
        self.nodes: dict[str, tuple[int, About]] = {}  #: all that are listed; when they told (ms), what
        self.tokens: dict[str, str] = {}  #: of those that live
        self.held: dict[str, Holder] = {}  #: things, also of those that do not live
        self.leases: dict[str, int] = {}  #: of those that live: ms that are left
        self.drained: frozenset[str] = frozenset()
        self.closed: frozenset[str] = frozenset()  #: those of them that are to refuse new submissions, too
        self.pins: dict[tuple[str, int | None], str] = {}
        self._calls = calls
        self._keys = keys
        self._reactor = reactor
        self._mark = b""
        self._asked: tuple[str, ...] = ()
        self._now_ms = 0  # of the server
        self._looking = False
        self._again = False
        self._changed = False
        self._timer: IDelayedCall | None = None
        self._stopped = True
        self._looks = 0
        self._read = True  # the look that is under way reads everything
        self._waiting: list[Deferred[None]] = []  # for a look that reads everything and is not begun
        self._served: list[Deferred[None]] = []  # by the one that is under way

    def start(self) -> None:
        """Look, and go on looking."""
        self._stopped = False
        self.look()

    def stop(self) -> None:
        """No more looks; `looked` is not called any more."""
        self._stopped = True
        self._cancel()
        self._answer(Unreachable("this node stops"))

    def refresh(self) -> Deferred[None]:
        """Look now, also at what nodes tell of themselves. Fails with Unreachable, Refused."""
        if self._stopped:
            return fail(Unreachable("this node is not one of them"))
        done: Deferred[None] = Deferred()
        self._waiting.append(done)
        self.look()
        return done

    def look(self) -> None:
        """Now: something may have changed. Nothing before `start`."""
        if self._stopped:
            return
        if self._looking:
            self._again = True
            return
        self._cancel()
        self._looking, self._again = True, False
        self._read = bool(self._waiting) or self._looks % _TOLD_EVERY == 0
        self._looks += 1
        self._served += self._waiting
        self._waiting = []
        keys = self._keys
        self._asked = tuple(self.nodes | dict.fromkeys(holder.name for holder in self.held.values()))
        leases = [keys.node(name) for name in self._asked]
        reply = self._calls.function(
            "smsgwd_look",
            (keys.nodes_mark, keys.nodes, keys.owned, keys.said, *leases),
            (_NO_MARK if self._read else self._mark,),
        )
        reply.addCallbacks(self._seen, self._failed).addErrback(unhandled)

    # -- what is known ------------------------------------------------------------------------------------------------

    def owner(self, thing: str) -> str | None:
        """The living node that has it."""
        holder = self.held.get(thing)
        return holder.name if holder is not None and self.tokens.get(holder.name) == holder.token else None

    def owners(self) -> dict[str, str]:
        """All that have a living one."""
        tokens = self.tokens
        return {thing: name for thing, (token, name) in self.held.items() if tokens.get(name) == token}

    def taking_part(self) -> list[str]:
        """Those that live and are not drained, by name."""
        return sorted(self.tokens.keys() - self.drained)

    def alike(self, name: str) -> set[str]:
        """Living nodes that know of the same things to own as this one."""
        shapes = {each: about.shape for each, (_, about) in self.nodes.items() if each in self.tokens}
        return {each for each, shape in shapes.items() if shape == shapes.get(name)}

    def views(self) -> list[NodeView]:
        """All nodes, by name."""
        return [self._view(name, *self.nodes[name]) for name in sorted(self.nodes)]

    def _view(self, name: str, at: int, about: About) -> NodeView:
        state = NodeState.LOST
        if name in self.tokens:
            state = NodeState.DRAINING if name in self.drained else NodeState.UP
        return NodeView(
            name,
            state,
            about.host,
            about.pid,
            about.version,
            about.since,
            age_s=max(0, self._now_ms - at) / 1000,
            load=about.load,
            number=about.number,
            lease_s=(TTL_MS - self.leases[name]) / 1000 if name in self.leases else -1.0,
            intake=name not in self.closed,
            keys=about.keys,
        )

    # -- looks --------------------------------------------------------------------------------------------------------

    def _seen(self, reply: list[Any]) -> None:
        self._looking = False
        if self._stopped:
            return
        mark, self._now_ms, leases, *rest = reply
        tokens = {name: token.decode() for name, token in zip(self._asked, leases[::2], strict=True) if token}
        if tokens != self.tokens:
            self.tokens, self._changed = tokens, True
        alive = zip(self._asked, leases[::2], leases[1::2], strict=True)
        self.leases = {name: min(left, TTL_MS) for name, token, left in alive if token}
        if rest:
            if mark != self._mark:
                self._mark, self._changed = mark, True
            self._learn(*rest)
            if not self._known():
                self.look()  # nobody is told before it is known who lives
                return
        changed, self._changed = self._changed, False
        left = [rest_ms for token, rest_ms in zip(leases[::2], leases[1::2], strict=True) if token and rest_ms >= 0]
        self._later(min(EVERY_S, min(left, default=TTL_MS) / 1000 + _BEHIND_S))
        self._forget()
        self.looked(changed)
        if self._read:
            self._answer(None)
        if self._again:
            self.look()

    def _known(self) -> bool:
        asked = set(self._asked)
        return self.nodes.keys() <= asked and all(holder.name in asked for holder in self.held.values())

    def _learn(self, nodes: list[bytes], owned: list[bytes], said: list[bytes]) -> None:
        self.nodes = {name.decode(): _told(facts) for name, facts in _pairs(nodes)}
        self.held = {}
        for thing, holder in _pairs(owned):
            token, _, name = holder.decode().partition(" ")
            self.held[thing.decode()] = Holder(token, name)
        drained, closed, self.pins = set(), set(), {}
        for field, value in _pairs(said):
            text = field.decode()
            if text.startswith(_DRAINED):
                drained.add(text[len(_DRAINED) :])
                if value == CLOSED:
                    closed.add(text[len(_DRAINED) :])
            elif text.startswith(_PINNED):
                connector, _, number = text[len(_PINNED) :].partition(":")
                self.pins[unquote(connector), int(number) if number else None] = value.decode()
        self.drained, self.closed = frozenset(drained), frozenset(closed)

    def forget(self, name: str) -> Deferred[int]:
        """A node that has no lease is listed no more; 1 when it was. Fails with Unreachable, Refused."""
        keys = self._keys
        return self._calls.function(
            "smsgwd_forget", (keys.node(name), keys.nodes, keys.nodes_mark), (name, secrets.token_hex(8))
        )

    def _forget(self) -> None:
        for name, (at, _) in self.nodes.items():
            if name not in self.tokens and self._now_ms - at > _FORGOTTEN_S * 1000:
                self.forget(name).addErrback(unanswered).addErrback(unhandled)

    def _answer(self, error: BaseException | None) -> None:
        """Tell those that a look has served, or could not; one that waits for the next is told as well where there is
        none."""
        served, self._served = self._served, []
        if error is not None:
            served, self._waiting = [*served, *self._waiting], []
        for done in served:
            if error is None:
                done.callback(None)
            else:
                done.errback(error)

    def _failed(self, failure: Failure) -> None:
        self._looking = False
        unanswered(failure)
        self._answer(failure.value)
        if not self._stopped:
            self._later(AGAIN_S)

    def _later(self, wait: float) -> None:
        self._cancel()
        self._timer = self._reactor.callLater(wait, self._due)

    def _due(self) -> None:
        self._timer = None
        self.look()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def drain_field(name: str) -> str:
    """Where it is said that a node is drained."""
    return _DRAINED + name


def pin_field(pin: Pin) -> str:
    """Where it is said to which node something is pinned."""
    return f"{_PINNED}{pct(pin.connector)}" + ("" if pin.number is None else f":{pin.number}")


def _pairs(flat: list[bytes]) -> Any:
    return zip(flat[::2], flat[1::2], strict=True)


def _told(facts: bytes) -> tuple[int, About]:
    """What another node told, perhaps one of another version: time (ms), and what of it can be read."""
    at, _, text = facts.partition(b" ")
    try:
        about = msgspec.json.decode(text, type=About)
    except msgspec.MsgspecError:
        about = About("", 0, "", 0)
    return int(at), about
