"""How much is let in at a time, and in whose turn.

What is submitted has to be sent, receipted and delivered by the same process. If all that many binds have sent went
into the next commits, the links to the SMSCs would have one window's worth in commits many times as large: receipts
would wait for seconds, and a backlog would grow that nobody wanted. So a bounded number of messages is on its way into
the store; the rest waits here, unanswered, and goes by tenants in turn, within a tenant by binds in turn, within a bind
in order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IReactorTime

from smsgwd.northbound.esme.asks import Ask, BatchAsk
from smsgwd.northbound.esme.dialogue import Dialogue

MOST_INSIDE: Final = 1000
"""Messages of ESMEs on their way into the store, as long as they leave for their SMSCs at once."""

FEWER_INSIDE: Final = 500
"""The same while messages pile up behind. Measured with 800 submits in the windows to the SMSC: with 1,000 always, 200
binds let a backlog grow that costs memory and CPU; with 500 always, four binds of window 200 were a third dearer."""

CROWDED: Final = 400
"""Messages ready for their SMSCs, from which on they pile up."""

MOST_WAITING: Final = 50_000
"""Messages that may wait here; what comes beyond is refused, unless its tenant has less than its share of that."""

A_TURN: Final = 2000
"""Messages let in a turn of the reactor. What admission refuses is over at once and makes room at once: without this
bound, floods of refusals (a submit_multi of 254 bad numbers is 1.5 KiB) would keep all others waiting for a turn."""

_RUN: Final = 64  # messages of one bind before the next one's turn
_Binds = deque[Dialogue]


class Doorway:
    """`submit` is called with each ask, or a piece of one, when it may go in; `left` when it is through."""

    def __init__(
        self,
        submit: Callable[[Ask], None],
        ready: Callable[[], int] = lambda: 0,
        *,
        reactor: IReactorTime,
        most: int = MOST_INSIDE,
        fewer: int = FEWER_INSIDE,
    ) -> None:
        """`ready` tells how many messages wait to be sent."""
        self._submit = submit
        self._ready = ready
        self._most = most
        self._fewer = fewer
        self._reactor = reactor
        self._inside = 0
        self._this_turn = 0
        self._new_turn_due = False
        self._letting_in = False
        self._waiting = 0
        self._waiting_of: dict[str, int] = {}  # by tenant
        self._asks: dict[Dialogue, deque[Ask]] = {}
        self._tenant_of: dict[Dialogue, str] = {}  # as of its first ask here: an account may change hands
        self._tenants: dict[str, _Binds] = {}
        self._order: deque[str] = deque()

    @property
    def waiting(self) -> int:
        """Messages that wait to be let in."""
        return self._waiting

    def enter(self, ask: Ask) -> bool:
        """Let it in now or in its turn; False, and nothing is done, when too much waits.

        A tenant that fills all of this room is the only one refused: others still get as much as their share of it is.
        """
        count = len(ask.items)
        if not self._waiting and count <= self._room():
            self._goes_in(count)
            self._submit(ask)
            return True
        dialogue = ask.dialogue
        tenant = self._tenant_of.get(dialogue) or dialogue.bind.account.tenant
        waiting = self._waiting_of.get(tenant, 0) + count
        if self._waiting + count > MOST_WAITING and waiting > MOST_WAITING // (len(self._tenants) + 1):
            return False
        self._waiting += count
        self._waiting_of[tenant] = waiting
        asks = self._asks.get(dialogue)
        if asks is not None:
            asks.append(ask)
        else:
            self._asks[dialogue] = deque((ask,))
            self._tenant_of[dialogue] = tenant
            binds = self._tenants.get(tenant)
            if binds is None:
                self._tenants[tenant] = deque((dialogue,))
                self._order.append(tenant)
            else:
                binds.append(dialogue)
        self._let_in()
        return True

    def left(self, count: int) -> None:
        """So many messages are through, well or not."""
        self._inside -= count
        if self._waiting:
            self._let_in()

    def _room(self) -> int:
        """How many may go in now."""
        if self._this_turn >= A_TURN:
            return 0
        return (self._most if self._ready() < CROWDED else self._fewer) - self._inside

    def _goes_in(self, count: int) -> None:
        self._inside += count
        self._this_turn += count
        if not self._new_turn_due:
            self._new_turn_due = True
            self._reactor.callLater(0, self._new_turn)

    def _new_turn(self) -> None:
        self._new_turn_due = False
        self._this_turn = 0
        if self._waiting:
            self._let_in()

    def drop(self, dialogue: Dialogue) -> list[Ask]:
        """The bind is gone: what waited of it, which was never taken."""
        asks = self._asks.pop(dialogue, None)
        if asks is None:
            return []
        count = sum(len(ask.items) for ask in asks)
        tenant = self._tenant_of.pop(dialogue)
        self._waiting -= count
        self._waiting_of[tenant] -= count
        binds = self._tenants[tenant]
        binds.remove(dialogue)
        if not binds:
            del self._tenants[tenant], self._waiting_of[tenant]
            self._order.remove(tenant)
        return list(asks)

    def clear(self) -> list[Ask]:
        """Everything that waits, which was never taken."""
        return [ask for dialogue in list(self._asks) for ask in self.drop(dialogue)]

    def _let_in(self) -> None:
        if self._letting_in:  # a submission that is over at once comes back here
            return
        self._letting_in = True
        try:
            while self._waiting and (room := self._room()) > 0:
                tenant = self._order[0]
                self._order.rotate(-1)
                binds = self._tenants[tenant]
                dialogue = binds[0]
                binds.rotate(-1)
                ask = self._next(dialogue, tenant, room)
                self._goes_in(len(ask.items))
                self._submit(ask)
        finally:
            self._letting_in = False

    def _next(self, dialogue: Dialogue, tenant: str, room: int) -> Ask:
        """What comes next of a bind: a run at most, where it can be cut. It waits no more."""
        asks = self._asks[dialogue]
        ask = asks[0]
        most = min(_RUN, room)
        if type(ask) is BatchAsk and len(ask.items) > most:
            ask = ask.split(most)
        else:
            asks.popleft()
        count = len(ask.items)
        self._waiting -= count
        self._waiting_of[tenant] -= count
        if not asks:
            self.drop(dialogue)
        return ask
