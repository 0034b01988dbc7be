"""Which pages there are for somebody: a name leads to its page only where that may be seen."""

from __future__ import annotations

from smsgwd.console.visit import OperatorVisit


def places(visit: OperatorVisit) -> frozenset[str]:
    """The paths that the menu of this operator has."""
    return frozenset(item.path for group in visit.shown.menu for item in group.items)
