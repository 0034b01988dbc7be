"""What admission remembers of messages: texts of late, and how many went to which range. For tenants who ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from smsgwd.admission.duplicates import RecentTexts
from smsgwd.admission.flood import FloodGuard
from smsgwd.model.message import HELD, Message, State
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Flood, Tenant
from smsgwd.ports.store import MessageFilter, Store

_PAGE: Final = 1000
_MOST_RECALLED: Final = 50_000


class Guards:
    """Asked of each message of a tenant with `duplicate_s` or `flood`. `alarm(tenant, range)` hears of a range once a
    window."""

    def __init__(self, recent: RecentTexts, floods: FloodGuard, alarm: Callable[[str, str], None]) -> None:
        self._recent = recent
        self._floods = floods
        self._alarm = alarm
        #: Called for each message that is held.
        self.held: Callable[[], object] = lambda: None

    @staticmethod
    def watches(tenant: Tenant) -> bool:
        """True for a tenant whose messages are to be asked about."""
        return tenant.duplicate_s > 0 or tenant.flood is not None

    def check(self, tenant: Tenant, message: Message, now: int, duplicate_s: int = 0) -> None:
        """Let a message pass, hold it (it is changed), or raise Refused (DUPLICATE, FLOOD). `duplicate_s` is what its
        way in asks for; the tenant's own counts where it is longer."""
        window_s = max(tenant.duplicate_s, duplicate_s)
        if window_s and self._recent.seen(tenant.id, message.msisdn, message.body, window_s, now):
            raise Refused(Refusal.DUPLICATE, f"the same text went to this number within {window_s} s")
        flood = tenant.flood
        if flood is not None:
            try:
                self._flood(tenant.id, flood, message, now)
            except Refused:
                self.forget(message)
                raise

    def _flood(self, tenant: str, flood: Flood, message: Message, now: int) -> None:
        verdict = self._floods.check(tenant, flood, message.msisdn, now)
        if verdict.newly:
            self._alarm(tenant, message.msisdn[: flood.prefix])
        if not verdict.hold:
            return
        if flood.action == "refuse":
            raise Refused(
                Refusal.FLOOD, f"more than usual goes to numbers that begin with {message.msisdn[: flood.prefix]}"
            )
        message.state = State.SCHEDULED
        message.due_at += HELD
        self.held()

    def forget(self, message: Message) -> None:
        """This one was not taken after all: the same text may come again."""
        self._recent.forget(message.tenant, message.msisdn, message.body)

    def learn(self, message: Message) -> None:
        """One that was taken before the gateway's start."""
        self._recent.learn(message.tenant, message.msisdn, message.body, message.submitted_at)


async def recall(guards: Guards, store: Store, tenants: Iterable[Tenant], now: int) -> None:
    """Have `guards` know the texts that tenants sent within their windows before the gateway's start. `now`: ms since
    1970. The newest of each tenant are read, no more than are remembered."""
    for tenant in tenants:
        if not tenant.duplicate_s:
            continue
        where = MessageFilter(from_ms=now - tenant.duplicate_s * 1000)
        before: int | None = None
        found: list[Message] = []
        while len(found) < _MOST_RECALLED and (page := await store.messages(tenant.id, where, before, _PAGE)):
            found += [view.message for view in page]
            before = page[-1].message.id
        for message in reversed(found):
            guards.learn(message)
