"""Whose pushes are whose, where several nodes share a store: each target is one node's, an ESME's account a node's
that it is bound at.

Targets go by groups (`delivery.allotment.group_of`), which the nodes have one by one, as everything that one node owns.
An account is of use only to a node that something is bound at which receives: the first one has it until its last such
bind is gone. Whoever owes something to a target that is not its own calls `x:<target>`; a call may be missed, so the
owner looks now and then, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from smsgwd.app.cluster import ROLES, TARGETS, Cluster
from smsgwd.delivery.allotment import GROUPS, group_of
from smsgwd.model.outbox import account_of_target

ABSENT: Final = "absent"  #: role: who calls accounts that are bound nowhere (outbind)
_CALLED: Final = "x"
_CALL_S: Final = 0.1  # between two calls for one target
_MOST_CALLED: Final = 10_000  # targets that are told apart; beyond them all are looked at


class Urls(Protocol):
    """What pushes to URLs (`notify.notifier`)."""

    def heard(self, target: str) -> None:
        """Another node owes something to a target of ours."""
        ...

    def come(self, here: Callable[[str], bool]) -> None:
        """Those targets that `here` holds for are ours."""
        ...

    def leave(self, gone: Callable[[str], bool]) -> Deferred[None]:
        """They are no more; fires when nothing of them is out."""
        ...


class Esmes(Protocol):
    """What delivers to accounts (`northbound.esme.outbox`)."""

    def heard(self, target: str) -> None:
        """Another node owes something to an account that is ours, or bound nowhere."""
        ...

    def come(self, target: str) -> None:
        """The account is ours."""
        ...

    def leave(self, target: str) -> Deferred[None]:
        """It is no more; fires when nothing of it is out."""
        ...


class OutboxShares:
    """Implements `app.cluster.Holder` of targets, and `northbound.esme.account.Elsewhere`."""

    def __init__(self, cluster: Cluster, reactor: Any) -> None:
        self._cluster = cluster
        self._reactor = reactor
        self._urls: Urls | None = None
        self._esmes: Esmes | None = None
        self._accounts: dict[str, None] = {}  # targets of accounts bound here that receive
        self._called: dict[str, bool] = {}  # targets called for of late, and whether to call again
        self._gained: set[str] = set()  # groups, in this turn
        self._left: dict[str, Deferred[None]] = {}  # the same; until nothing of them is out
        self._turn: IDelayedCall | None = None
        self._pause: IDelayedCall | None = None
        cluster.hold(TARGETS, self)
        cluster.listen(_CALLED, self._heard)

    def join(self, urls: Urls, esmes: Esmes) -> None:
        """Who acts on targets. Before the cluster starts."""
        self._urls, self._esmes = urls, esmes
        self._cluster.declare(TARGETS, [str(group) for group in range(GROUPS)])

    def mine(self, target: str) -> bool:
        """Whether this node, at this moment, pushes to a target."""
        return self._cluster.owns(TARGETS, target if target[0] == "@" else group_of(target))

    def call(self, targets: Iterable[str]) -> None:
        """Something is owed, durably, to targets that are not ours: tell whoever has them; again after _CALL_S at the
        earliest."""
        called = self._called
        for target in targets:
            if target in called:
                called[target] = True
            elif len(called) < _MOST_CALLED:
                called[target] = False
                self._cluster.tell(f"{_CALLED}:{target}")
            else:
                called[""] = True
        if called and self._pause is None:
            self._pause = self._reactor.callLater(_CALL_S, self._call_again)

    def calls(self, account: str) -> bool:
        """Whether this node is to call an account that is owed something: no node has it, and that is our role."""
        return self._cluster.owns(ROLES, ABSENT) and self._cluster.owner(TARGETS, f"@{account}") is None

    # -- northbound.esme.account.Elsewhere -------------------------------------------------------------------------

    def bound(self, target: str) -> None:
        """See Elsewhere."""
        if target not in self._accounts:
            self._accounts[target] = None
            self._soon()

    def unbound(self, target: str) -> None:
        """See Elsewhere."""
        if target in self._accounts:
            del self._accounts[target]
            self._soon()

    # -- app.cluster.Holder ----------------------------------------------------------------------------------------

    def gained(self, thing: str, dead: str | None) -> None:
        """See Holder. What the dead node had begun is pushed once more."""
        name = _name(thing)
        if account_of_target(name) is not None:
            if self._esmes is not None:
                self._esmes.come(name)
        else:
            self._gained.add(name)
            self._soon()

    def let_go(self, thing: str) -> Deferred[None] | None:
        """See Holder."""
        name = _name(thing)
        if account_of_target(name) is not None:
            return None if self._esmes is None else self._esmes.leave(name)
        self._gained.discard(name)
        self._soon()
        return self._left.setdefault(name, Deferred())

    def lost(self, thing: str) -> None:
        """See Holder."""
        self.let_go(thing)

    # -- turns -----------------------------------------------------------------------------------------------------

    def _soon(self) -> None:
        """All that a turn brings at once: there may be hundreds of groups, and of accounts."""
        if self._turn is None:
            self._turn = self._reactor.callLater(0, self._now)

    def _now(self) -> None:
        self._turn = None
        left, self._left = self._left, {}
        gained, self._gained = self._gained, set()
        assert self._urls is not None
        if left:
            self._urls.leave(lambda target: group_of(target) in left).addCallback(_tell, left.values())
        if gained:
            self._urls.come(lambda target: group_of(target) in gained)
        self._cluster.declare_here(TARGETS, self._accounts)

    def _call_again(self) -> None:
        self._pause = None
        again = [target for target, more in self._called.items() if more]
        self._called.clear()
        if "" in again:
            self._cluster.tell(f"{_CALLED}:")
        self.call(target for target in again if target)

    def _heard(self, target: str) -> None:
        """'' = of whatever target."""
        if not target:
            if self._urls is not None:
                self._urls.come(lambda _: True)
            if self._esmes is not None:
                for account in self._accounts:
                    self._esmes.heard(account)
        elif account_of_target(target) is not None:
            if self._esmes is not None:
                self._esmes.heard(target)
        elif self._urls is not None and self.mine(target):
            self._urls.heard(target)


def _tell(_: object, waiting: Iterable[Deferred[None]]) -> None:
    for each in waiting:
        each.callback(None)


def _name(thing: str) -> str:
    return thing.partition(":")[2]
