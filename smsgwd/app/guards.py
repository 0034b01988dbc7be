"""What admission remembers of messages: texts of late, and how many went to which range. For tenants who ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from smsgwd.admission.duplicates import RecentTexts, text_digest
from smsgwd.admission.flood import FloodGuard
from smsgwd.model.message import HELD, Message, State
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Flood, Tenant
from smsgwd.ports.store import MessageFilter, Store

_PAGE: Final = 1000
_MOST_RECALLED: Final = 50_000
_MOST_PARTS: Final = 1000


class Guards:
    """Asked of each message of a tenant with `duplicate_s` or `flood`. `alarm(tenant, range)` hears of a range once a
    window."""

    def __init__(self, recent: RecentTexts, floods: FloodGuard, alarm: Callable[[str, str], None]) -> None:
        self._recent = recent
        self._floods = floods
        self._alarm = alarm
        self.recalls = True  #: whether it is to `learn` at the start
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

    def texts(self, tenant: Tenant, messages: Sequence[Message], duplicate_s: int = 0) -> tuple[tuple[bytes, int], ...]:
        """What the store is to find out about these messages (`Submit.texts`); () where it is known here."""
        return ()

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


class SharedGuards(Guards):
    """Of a process that shares its store: the store knows the texts of all. Ranges are counted by each process alone,
    against its part of the tenant's `most`: `nodes` tells how many there are."""

    def __init__(self, floods: FloodGuard, alarm: Callable[[str, str], None], nodes: Callable[[], int]) -> None:
        super().__init__(RecentTexts(), floods, alarm)
        self.recalls = False
        self._nodes = nodes
        self._parts: dict[tuple[Flood, int], Flood] = {}

    def check(self, tenant: Tenant, message: Message, now: int, duplicate_s: int = 0) -> None:
        """See Guards; nothing is refused as a duplicate."""
        if tenant.flood is not None:
            self._flood(tenant.id, self._part(tenant.flood), message, now)

    def texts(self, tenant: Tenant, messages: Sequence[Message], duplicate_s: int = 0) -> tuple[tuple[bytes, int], ...]:
        """See Guards."""
        window = max(tenant.duplicate_s, duplicate_s) * 1000
        if not window:
            return ()
        return tuple((text_digest(tenant.id, message.msisdn, message.body), window) for message in messages)

    def forget(self, message: Message) -> None:
        """Nothing was remembered of it."""

    def _part(self, flood: Flood) -> Flood:
        key = flood, max(1, self._nodes())
        part = self._parts.get(key)
        if part is None:
            if len(self._parts) > _MOST_PARTS:
                self._parts.clear()
            part = self._parts[key] = replace(flood, most=max(1, flood.most // key[1]))
        return part


async def recall(guards: Guards, store: Store, tenants: Iterable[Tenant], now: int) -> None:
    """Have `guards` know the texts that tenants sent within their windows before the gateway's start. `now`: ms since
    1970. The newest of each tenant are read, no more than are remembered."""
    for tenant in tenants:
        if not tenant.duplicate_s or not guards.recalls:
            continue
        where = MessageFilter(from_ms=now - tenant.duplicate_s * 1000)
        before: int | None = None
        found: list[Message] = []
        while len(found) < _MOST_RECALLED and (page := await store.messages(tenant.id, where, before, _PAGE)):
            found += [view.message for view in page]
            before = page[-1].message.id
        for message in reversed(found):
            guards.learn(message)
