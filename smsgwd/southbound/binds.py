"""All binds of one connector: made by its settings, more or fewer of them while the others go on."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from smsgwd.ports.dispatch import BindStatus
from smsgwd.southbound.bind import Bind
from smsgwd.southbound.bind_owner import BindOwner, BindState
from smsgwd.southbound.runtime import Runtime
from smsgwd.southbound.settings import Settings


class Binds:
    """The binds by index. `all` and `senders` are lists that stay the same objects: others look into them often."""

    def __init__(self, settings: Settings, runtime: Runtime, owner: BindOwner) -> None:
        self.all: list[Bind] = []  #: those that are leaving for good included, until they are closed
        self.senders: list[Bind] = []  #: those that messages may be sent on
        self._runtime = runtime
        self._owner = owner
        self._running = False
        self._paired = False
        self._count = 0
        self._leaving: list[Deferred[None]] = []  # to be told when those that leave for good are closed
        self.remake(settings)

    def start(self) -> None:
        """Connect, and again whenever a session ends."""
        self._running = True
        for bind in self.all[: self._count]:
            bind.start()

    def stop(self) -> None:
        """Unbind in order and stay away."""
        self._running = False
        for bind in self.all:
            bind.stop()

    def abort(self, reason: str, beyond: int = 0) -> None:
        """Cut what does not leave in time: all but that many."""
        for bind in self.all[beyond:]:
            bind.abort(reason)

    def renew(self, reason: str, index: int | None = None) -> None:
        """Leave one, or all, in order and bind anew at once. ValueError for one that there is not."""
        if index is None:
            for bind in self.all[: self._count]:
                bind.renew(reason)
        elif 0 <= index < self._count:
            self.all[index].renew(reason)
        else:
            raise ValueError(f"there is no bind {index}: they are numbered from 0 to {self._count - 1}")

    def remake(self, settings: Settings) -> None:
        """Make all anew; none of those before is connected."""
        self._paired = settings.bind == "tx_rx"
        self.all[:] = [self._make(index, kind, settings) for index, kind in enumerate(_kinds(settings))]
        self._count = len(self.all)
        self._sort_out()

    def adopt(self, settings: Settings) -> None:
        """Settings that hold without a new bind; one of them is how many binds there are."""
        kinds = _kinds(settings)
        for bind in self.all:
            bind.adopt(settings)
        known = {bind.index: bind for bind in self.all}
        self._count = len(kinds)
        for index, kind in enumerate(kinds):
            bind = known.get(index) or self._make(index, kind, settings)
            if index not in known:
                self.all.append(bind)
            if self._running:
                bind.start()
        for bind in self.all:
            if bind.index >= self._count:
                bind.leave()
        self.all.sort(key=lambda bind: bind.index)
        self.forget_closed()

    def forget_closed(self) -> bool:
        """Drop those that left for good; True when there are none left that are to."""
        self.all[:] = [bind for bind in self.all if bind.index < self._count or bind.state is not BindState.STOPPED]
        self._sort_out()
        gone = len(self.all) == self._count
        if gone and self._leaving:
            leaving, self._leaving = self._leaving, []
            for done in leaving:
                done.callback(None)
        return gone

    def left(self) -> Deferred[None]:
        """Fires when those that leave for good are closed, if any do."""
        done: Deferred[None] = Deferred()
        self._leaving.append(done)
        self.forget_closed()
        return done

    @property
    def per_slot(self) -> int:
        """How many binds one of those in the settings is: `tx_rx` makes two of each."""
        return 2 if self._paired else 1

    @property
    def count(self) -> int:
        """How many there are, those that are leaving included."""
        return len(self.all)

    @property
    def outstanding(self) -> bool:
        """True when a request on one of them waits for its answer."""
        return any(bind.outstanding for bind in self.all)

    @property
    def closed(self) -> bool:
        """True when all are."""
        return all(bind.state is BindState.STOPPED for bind in self.all)

    def status(self) -> tuple[BindStatus, ...]:
        """For operators."""
        return tuple(bind.status() for bind in self.all)

    def _make(self, index: int, kind: str, settings: Settings) -> Bind:
        return Bind(index, kind, settings, self._runtime, self._owner)

    def _sort_out(self) -> None:
        self.senders[:] = [bind for bind in self.all if bind.sends and bind.index < self._count]


def _kinds(settings: Settings) -> list[str]:
    """The kind of each bind: with `tx_rx` pairs of them."""
    kinds = ("transmitter", "receiver") if settings.bind == "tx_rx" else (settings.bind,)
    return [kind for _ in range(settings.binds) for kind in kinds]
