"""How much of each connector is this node's: of its binds, and by them of its rate.

A node that has none of a connector's binds sends nothing for it and is not bound, but has the connector all the same:
it may get some at any time. A provider's plugin counts as one bind; it runs on every node, since any of them may be
called back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from smsgwd.delivery.rate import LinkRate
from smsgwd.southbound.counts import Counts
from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.southbound.settings import Policy, Settings

AnySettings = Settings | ProviderSettings
_IN_HAND_S: Final = 2.0
_LEAST_IN_HAND: Final = 10


def slots_of(settings: AnySettings) -> int:
    """How many parts a connector has that nodes may own."""
    return settings.binds if isinstance(settings, Settings) else 1


def part_of(settings: AnySettings, mine: int) -> AnySettings:
    """The settings of a node that has so many of the binds. The parts of all nodes make the whole rate and burst."""
    if isinstance(settings, ProviderSettings) or mine >= settings.binds:
        return settings
    if not mine:
        return replace(settings, binds=0)
    share = mine / settings.binds
    burst = None if settings.burst is None else settings.burst * share
    return replace(settings, binds=mine, throughput=settings.throughput * share, burst=burst)


def in_hand(settings: Policy, rate: LinkRate, counts: Counts) -> int:
    """How many messages a node should have waiting for a connector, as fast as that is now: what it sends in some
    seconds, so that the others find something, too; before anything was answered, what is out at a time, twice."""
    answers = settings.most_out / counts.answer_s if counts.answer_s else 0.0
    speed = min((each for each in (rate.rate, answers) if each), default=0.0)
    return max(_LEAST_IN_HAND, int(speed * _IN_HAND_S) if speed else 2 * settings.most_out)


class Shares:
    """What this node has of each connector. With `shared` False it has all of everything."""

    def __init__(self, *, shared: bool) -> None:
        self.shared = shared
        #: Whether another node can send for a connector, as far as this one knows.
        self.elsewhere: Callable[[str], bool] = lambda connector: False
        self._whole: dict[str, AnySettings] = {}
        self._mine: dict[str, int] = {}

    def mine(self, connector: str) -> int:
        """How many of its binds are this node's."""
        return self._mine.get(connector, 0)

    def give(self, connector: str, mine: int) -> None:
        """This node has so many from now on."""
        self._mine[connector] = mine

    def part(self, settings: AnySettings) -> AnySettings:
        """These are a connector's settings now; this node's part of them."""
        if not self.shared:
            return settings
        self._whole[settings.id] = settings
        return part_of(settings, self.mine(settings.id))

    def whole(self, settings: AnySettings) -> AnySettings:
        """The connector's settings, of this node's part."""
        return self._whole.get(settings.id, settings)

    def limited(self, settings: AnySettings, throughput: float | None, window: int | None) -> AnySettings:
        """A connector's part with other limits of the whole."""
        whole = self.whole(settings)
        if throughput is not None:
            whole = replace(whole, throughput=throughput)
        if window is not None:
            if isinstance(whole, Settings):
                whole = replace(whole, session=replace(whole.session, window=window))
            else:
                whole = replace(whole, window=window)
        return self.part(whole)

    def has_none(self, connector: str) -> bool:
        """Whether this node has none of its binds."""
        return self.shared and not self.mine(connector)

    def covered(self, connector: str) -> bool:
        """Whether it is others' matter that nothing is sent for it here."""
        return self.shared and (not self.mine(connector) or self.elsewhere(connector))
