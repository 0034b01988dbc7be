"""How ESMEs' messages are let in: by tenants in turn, within a tenant by binds in turn (see northbound.doorway)."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from smsgwd.northbound import doorway
from smsgwd.northbound.esme.asks import Ask, BatchAsk
from smsgwd.northbound.esme.dialogue import Dialogue


class Doorway(doorway.Doorway[Ask, Dialogue]):
    """A line a bind; the submit_sm of one read may be cut, everything else goes in whole."""

    def __init__(
        self,
        submit: Callable[[Ask], None],
        ready: Callable[[], int] = lambda: 0,
        *,
        pressed: Callable[[], bool] = lambda: False,
        reactor: IReactorTime,
        most: int = doorway.MOST_INSIDE,
        fewer: int = doorway.FEWER_INSIDE,
    ) -> None:
        super().__init__(
            submit,
            ready,
            pressed=pressed,
            reactor=reactor,
            line_of=_bind_of,
            tenant_of=_tenant_of,
            cut=_cut,
            most=most,
            fewer=fewer,
        )


def _bind_of(ask: Ask) -> Dialogue:
    return ask.dialogue


def _tenant_of(ask: Ask) -> str:
    return ask.dialogue.bind.account.tenant


def _cut(ask: Ask, count: int) -> Ask | None:
    return ask.split(count) if type(ask) is BatchAsk else None
