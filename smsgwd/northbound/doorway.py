"""How much is let in at a time, and in whose turn.

What is submitted has to be sent, receipted and delivered by the same process. If all that many clients have sent went
into the next commits, the links to the SMSCs would have one window's worth in commits many times as large: receipts
would wait for seconds, and a backlog would grow that nobody wanted. So a bounded number of messages is on its way into
the store; the rest waits here, unanswered, and goes by tenants in turn, as many messages of each, within a tenant by
lines in turn (SMPP: a line a bind; HTTP: one a tenant), within a line in order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Final, Generic, Protocol, TypeVar

from twisted.internet.interfaces import IReactorTime

from smsgwd.model.submission import Item

MOST_INSIDE: Final = 1000
"""Messages on their way into the store, as long as they leave for their SMSCs at once."""

FEWER_INSIDE: Final = 500
"""The same while messages pile up behind. Measured with 800 submits in the windows to the SMSC: with 1,000 always, 200
binds let a backlog grow that costs memory and CPU; with 500 always, four binds of window 200 were a third dearer."""

CROWDED: Final = 400
"""Messages ready for their SMSCs, from which on they pile up."""

LAGGING: Final = 400
"""A tenant's receipts that could be pushed now and wait for it in memory, from which on they lag. It is less than one
receiver has in memory (512): what is beyond that has to be read from the store again."""

TICK_S: Final = 0.01
A_TICK: Final = 10
"""Messages of a tenant let in a tick while its receipts lag: so few that receipts catch up, if it is up to us, and
never none, as it may be up to its receiver."""

PRESSED_TICK: Final = 40
"""Messages let in a tick, of all tenants, while the process is short of CPU and what is here could be leaving: 4,000/s
cost a tenth of a core and keep the queue from running dry."""

MOST_WAITING: Final = 50_000
"""Messages that may wait here; what comes beyond is refused, unless its tenant has less than its share of that."""

A_TURN: Final = 2000
"""Messages let in a turn of the reactor. What admission refuses is over at once and makes room at once: without this
bound, floods of refusals (a submit_multi of 254 bad numbers is 1.5 KiB) would keep all others waiting for a turn."""

_COUNTED: Final = A_TURN // 4
"""Up to here nobody asks when a turn is over (a timer is 3 µs): quiet turns are counted as one."""

_RUN: Final = 64  # messages of one line before the next one's turn

_SHARE: Final = 16
"""Messages of a tenant before the next tenant's turn. What went in beyond that in one piece, a request for a thousand,
is paid off in its next turns: by requests in turn, one tenant's single messages got a thousandth of what another's
batches got, 12 a second with 50 connections."""


class Asking(Protocol):
    """What wants to go in."""

    @property
    def items(self) -> Sequence[Item]:
        """What is to be submitted: so many messages count."""
        ...


A = TypeVar("A", bound=Asking)
L = TypeVar("L", bound=Hashable)


class Doorway(Generic[A, L]):
    """`submit` is called with each ask, or a piece of one, when it may go in; `left` when it is through.

    `line_of` and `tenant_of` say where an ask waits. `cut(ask, count)` takes the first `count` messages out of an ask,
    as an ask of their own; None for one that goes in whole. `ready` tells how many messages wait to be sent, `lagging`
    how many receipts of a tenant could be pushed now and are not: only that tenant's submissions wait for it then.
    `pressed` is True while what comes in keeps from leaving what is here.
    """

    def __init__(
        self,
        submit: Callable[[A], None],
        ready: Callable[[], int] = lambda: 0,
        lagging: Callable[[str], int] | None = None,
        *,
        pressed: Callable[[], bool] = lambda: False,
        reactor: IReactorTime,
        line_of: Callable[[A], L],
        tenant_of: Callable[[A], str],
        cut: Callable[[A, int], A | None] = lambda ask, count: None,
        most: int = MOST_INSIDE,
        fewer: int = FEWER_INSIDE,
    ) -> None:
        self._submit = submit
        self._ready = ready
        self._lagging = lagging
        self._pressed = pressed
        self._line_of = line_of
        self._tenant_named = tenant_of
        self._cut = cut
        self._most = most
        self._fewer = fewer
        self._reactor = reactor
        self._inside = 0
        self._this_turn = 0
        self._new_turn_due = False
        self._lagged: dict[str, int] = {}  # messages let in while receipts lag, less what the ticks since then allow
        self._pressed_in = 0  # messages let in while pressed, less what the ticks since then allow
        self._aside: deque[str] = deque()  # tenants that wait for the next tick, not in `_order`
        self._ticking = False
        self._letting_in = False
        self._waiting = 0
        self._waiting_of: dict[str, int] = {}  # by tenant
        self._asks: dict[L, deque[A]] = {}
        self._tenant_of: dict[L, str] = {}  # as of its first ask here: an account may change hands
        self._tenants: dict[str, deque[L]] = {}
        self._order: deque[str] = deque()
        self._spent: dict[str, int] = {}  # messages of the turn of each that waits, and what it still has to pay off

    @property
    def waiting(self) -> int:
        """Messages that wait to be let in."""
        return self._waiting

    def enter(self, ask: A) -> bool:
        """Let it in now or in its turn; False, and nothing is done, when too much waits.

        A tenant that fills all of this room is the only one refused: others still get as much as their share of it is.
        """
        count = len(ask.items)
        if (
            not self._waiting
            and count <= self._room()
            and (self._lagging is None or self._may_go_in(self._tenant_named(ask)))
        ):
            self._goes_in(ask, count)
            return True
        line = self._line_of(ask)
        tenant = self._tenant_of.get(line) or self._tenant_named(ask)
        waiting = self._waiting_of.get(tenant, 0) + count
        if self._waiting + count > MOST_WAITING and waiting > MOST_WAITING // (len(self._tenants) + 1):
            return False
        self._waiting += count
        self._waiting_of[tenant] = waiting
        asks = self._asks.get(line)
        if asks is not None:
            asks.append(ask)
        else:
            self._asks[line] = deque((ask,))
            self._tenant_of[line] = tenant
            lines = self._tenants.get(tenant)
            if lines is None:
                self._tenants[tenant] = deque((line,))
                self._order.append(tenant)
            else:
                lines.append(line)
        self._let_in()
        return True

    def left(self, count: int) -> None:
        """So many messages are through, well or not."""
        self._inside -= count
        if self._waiting:
            self._let_in()

    def drop(self, line: L) -> list[A]:
        """The line is gone: what waited in it, which was never taken."""
        asks = self._asks.pop(line, None)
        if asks is None:
            return []
        count = sum(len(ask.items) for ask in asks)
        tenant = self._tenant_of.pop(line)
        self._waiting -= count
        self._waiting_of[tenant] -= count
        lines = self._tenants[tenant]
        lines.remove(line)
        if not lines:
            del self._tenants[tenant], self._waiting_of[tenant]
            self._spent.pop(tenant, None)
            (self._aside if tenant in self._aside else self._order).remove(tenant)
        return list(asks)

    def clear(self) -> list[A]:
        """Everything that waits, which was never taken."""
        return [ask for line in list(self._asks) for ask in self.drop(line)]

    # ------------------------------------------------------------------ how many may go in now
    def _room(self) -> int:
        if self._this_turn >= A_TURN:
            return 0
        if self._ready() < CROWDED:
            return self._most - self._inside
        if self._pressed():
            self._tick_on()
            return min(self._fewer - self._inside, PRESSED_TICK - self._pressed_in)
        return self._fewer - self._inside

    def _may_go_in(self, tenant: str) -> bool:
        """Whether the next ask of a tenant may, as to its receipts."""
        if self._lagging is None:
            return True
        if self._lagging(tenant) < LAGGING:
            self._lagged.pop(tenant, None)
            return True
        self._tick_on()
        return self._lagged.setdefault(tenant, 0) < A_TICK

    def _goes_in(self, ask: A, count: int) -> None:
        self._inside += count
        self._this_turn += count
        if self._ticking:
            self._pressed_in += count
        if self._lagged and (tenant := self._tenant_named(ask)) in self._lagged:
            self._lagged[tenant] += count
        if self._this_turn >= _COUNTED and not self._new_turn_due:
            self._new_turn_due = True
            self._reactor.callLater(0, self._new_turn)
        self._submit(ask)

    def _new_turn(self) -> None:
        self._new_turn_due = False
        self._this_turn = 0
        if self._waiting:
            self._let_in()

    def _tick_on(self) -> None:
        if not self._ticking:
            self._ticking = True
            self._reactor.callLater(TICK_S, self._tick)

    def _tick(self) -> None:
        self._ticking = False
        # More than a tick's worth at once, a request for many, is paid off in the ticks that follow.
        self._lagged = {tenant: count - A_TICK for tenant, count in self._lagged.items() if count > A_TICK}
        self._pressed_in = max(0, self._pressed_in - PRESSED_TICK) if self._pressed() else 0
        if self._lagged or self._pressed_in:
            self._tick_on()
        self._order.extend(self._aside)
        self._aside.clear()
        if self._waiting:
            self._let_in()

    # ------------------------------------------------------------------ whose turn it is
    def _let_in(self) -> None:
        if self._letting_in:  # a submission that is over at once comes back here
            return
        self._letting_in = True
        try:
            while self._order and (room := self._room()) > 0:
                tenant = self._order[0]
                spent = self._spent.get(tenant, 0)
                if spent >= _SHARE:
                    self._spent[tenant] = spent - _SHARE
                    self._order.rotate(-1)
                    continue
                if not self._may_go_in(tenant):
                    self._aside.append(self._order.popleft())
                    continue
                lines = self._tenants[tenant]
                line = lines[0]
                lines.rotate(-1)
                ask = self._next(line, tenant, room)
                count = len(ask.items)
                if tenant in self._tenants:  # else nothing of it waits any more
                    self._spent[tenant] = spent + count
                self._goes_in(ask, count)
        finally:
            self._letting_in = False

    def _next(self, line: L, tenant: str, room: int) -> A:
        """What comes next of a line: a run at most, where it can be cut. It waits no more."""
        asks = self._asks[line]
        ask = asks[0]
        most = min(_RUN, room)
        piece = self._cut(ask, most) if len(ask.items) > most else None
        if piece is None:
            asks.popleft()
        else:
            ask = piece
        count = len(ask.items)
        self._waiting -= count
        self._waiting_of[tenant] -= count
        if not asks:
            self.drop(line)
        return ask
