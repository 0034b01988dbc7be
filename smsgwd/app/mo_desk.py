"""Messages of subscribers: joined, routed, and owed to whom they are for (implements `ports.mo.Subscribers`).

A message in one piece is for somebody at once, and is owed to them before the SMSC hears that we have it. Parts are
kept first; the whole set goes on when its last part is durable, or when a look at the store finds it: complete at a
start, or after waiting for missing parts too long. A set that nobody wants stays in the store and is tried again at
every look, until retention clears it away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from smsgwd.accounts.directory import Directory
from smsgwd.admission.numbers import msisdn as msisdn_of
from smsgwd.dialects.ardary_events import NAME as ARDARY
from smsgwd.dialects.ardary_events import SMS, parameter_of
from smsgwd.gsm.charset import Charset
from smsgwd.mo.parts import assemble, part_of, whole
from smsgwd.mo.routes import MoRoute, MoRoutes
from smsgwd.mo.words import OptOutWords
from smsgwd.model.changes import Ignored, KeepMoPart, MoKept, Owed, Result, TakeMo
from smsgwd.model.mo import Mo, MoMessage, MoSet, MoSetKey
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.refusals import Refused
from smsgwd.model.tenant import Tenant
from smsgwd.ports.clock import Clock
from smsgwd.ports.push import Outbox
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.smpp.pdu import AlertNotification
from smsgwd.telemetry import Metrics, get_logger

_PAGE = 200
_MOST_UNWANTED = 20_000  # sets that nobody wants and that looks read past
_LOOK_S = 60.0
_LEAST_LOOK_S = 0.5
_AGAIN_S = 1.0
_AFTER_FAILURE_S = 5.0
_SAY_AGAIN_S = 600.0
_MOST_SAID = 1000

_Set = tuple[MoSetKey, tuple[Mo, ...]]  # the parts tell a set from a later one under the same reference
_log = get_logger("mo")


class MoDesk:
    """`tenants(id)` gives a tenant or None; `alert` hands an alert_notification to a bind of an account, if there is
    one; `alphabets` is what data_coding 0 means, by connector; `reactor` an IReactorTime."""

    def __init__(
        self,
        *,
        routes: MoRoutes,
        directory: Directory,
        tenants: Callable[[str], Tenant | None],
        store: Store,
        clock: Clock,
        reactor: Any,
        outbox: Outbox,
        alert: Callable[[str, AlertNotification], bool],
        alphabets: Mapping[str, Charset],
        part_wait_ms: int,
        stop_words: Iterable[str],
        start_words: Iterable[str],
        metrics: Metrics,
    ) -> None:
        self._routes = routes
        self._directory = directory
        self._tenants = tenants
        self._store = store
        self._clock = clock
        self._reactor = reactor
        self._outbox = outbox
        self._alert = alert
        self._alphabets = alphabets
        self._wait_for_parts(part_wait_ms)
        self._words = OptOutWords(stop_words, start_words)
        self._metrics = metrics
        self._in_hand: set[_Set] = set()
        self._settled: set[_Set] = set()  # since the running look began: what it read may be older than that
        self._unwanted: set[MoSetKey] = set()
        self._said: dict[tuple[str, str], float] = {}
        self._timer: IDelayedCall | None = None
        self._running = False
        self._looking = False

    # -- life

    def start(self) -> None:
        """Look what the store has, from now on; say which routes lead to nobody."""
        self._running = True
        self._say_routes_to_nobody()
        if not self._looking:
            self._look()

    def follow(self, routes: MoRoutes, alphabets: Mapping[str, Charset], part_wait_ms: int, words: OptOutWords) -> None:
        """Go by these from now on; what waited for a route is looked at again soon."""
        self._routes, self._alphabets, self._words = routes, alphabets, words
        self._wait_for_parts(part_wait_ms)
        self._unwanted.clear()
        self._say_routes_to_nobody()
        if self._timer is not None and self._timer.active():
            self._timer.reset(0.0)

    def _wait_for_parts(self, part_wait_ms: int) -> None:
        self._part_wait_ms = part_wait_ms
        self._look_s = max(_LEAST_LOOK_S, min(part_wait_ms / 1000, _LOOK_S))

    def _say_routes_to_nobody(self) -> None:
        for rule in self._routes.rules:
            if self._leads_nowhere(MoRoute(rule)):
                name = rule.account or rule.webhook or rule.callback
                way = "account" if rule.account else "webhook" if rule.webhook else "callback"
                _log.warning("mo.route_to_nobody", way=way, name=name, to=",".join(rule.to))

    def stop(self) -> None:
        """Look no more. What is under way is durable or found at the next start."""
        self._running = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # -- ports.mo.Subscribers

    def change(self, mo: Mo, group: str) -> TakeMo | KeepMoPart | None:
        """See `ports.mo.Subscribers`."""
        part = part_of(mo, group)
        taken: TakeMo | None
        if part is None:
            taken = self._taken(whole(mo, self._alphabet(mo)), (mo,))
        elif self._routes.needs_text(mo.connector, mo.dest, mo.source):
            return KeepMoPart(part[0], part[1], mo)
        else:
            found = self._routes.find(mo.connector, mo.dest, mo.source, None)
            taken = None if found is None else self._to_account(found, (mo,))
        if taken is None:
            self._nobody(mo)
        return taken

    def kept(self, results: Sequence[MoKept]) -> None:
        """See `ports.mo.Subscribers`."""
        self._take(
            MoSet(each.key, dict(enumerate(each.complete, 1)), min(mo.received_at for mo in each.complete))
            for each in results
            if each.complete
        )

    def opted(self, change: TakeMo) -> None:
        """See `ports.mo.Subscribers`."""
        out = bool(change.opts_out)
        self._metrics.opt_outs.labels("stop" if out else "start").inc()
        _log.info("mo.opted_out", tenant=change.tenant, out=out)

    def alert(self, connector: str, pdu: AlertNotification) -> bool:
        """See `ports.mo.Subscribers`."""
        source, to = pdu.source_addr.decode("latin-1"), pdu.esme_addr.decode("latin-1")
        found = self._routes.find(connector, to, source, None)
        account = None if found is None else found.rule.account
        return account is not None and self._directory.system_id(account) is not None and self._alert(account, pdu)

    # -- whom it is for

    def _alphabet(self, mo: Mo) -> Charset:
        return self._alphabets.get(mo.connector, "gsm")

    def _taken(self, message: MoMessage, parts: tuple[Mo, ...], done: MoSetKey | None = None) -> TakeMo | None:
        """What is to be committed for a whole message; None when nobody wants it."""
        first = parts[0]
        text = None if message.missing else message.text
        found = self._routes.find(first.connector, first.dest, first.source, message.text)
        if found is None:
            return None
        out = self._words.opts_out(text)
        msisdn = "" if out is None else _digits(first.source)
        if not msisdn:
            out = None  # no number that could be written to
        if found.rule.account is not None:
            return self._to_account(found, parts, done, out, msisdn)
        return self._to_url(found, message, done, out, msisdn)

    def _to_account(
        self,
        found: MoRoute,
        parts: tuple[Mo, ...],
        done: MoSetKey | None = None,
        out: bool | None = None,
        msisdn: str = "",
    ) -> TakeMo | None:
        account = found.rule.account
        owner = None if account is None else self._directory.system_id(account)
        if account is None or owner is None:
            return None
        return TakeMo(
            owner.tenant.id,
            account=account,
            parts=parts,
            done=done,
            opts_out=out,
            msisdn="" if out is None else msisdn,
            at=self._clock.now_ms(),
        )

    def _to_url(
        self, found: MoRoute, message: MoMessage, done: MoSetKey | None, out: bool | None, msisdn: str
    ) -> TakeMo | None:
        tenant, url = self._target(found)
        if tenant is None or url is None:
            return None
        style = "native" if found.rule.callback is None else tenant.callback_style
        parameter = parameter_of(tenant, SMS) if style == ARDARY else ""
        message = msgspec.structs.replace(
            message, keyword=found.keyword, style=style, zone=tenant.time_zone, parameter=parameter
        )
        return TakeMo(
            tenant.id,
            url=url,
            message=message,
            done=done,
            opts_out=out,
            msisdn="" if out is None else msisdn,
            at=self._clock.now_ms(),
        )

    def _target(self, found: MoRoute) -> tuple[Tenant | None, str | None]:
        """The tenant of a route to a URL, while it is enabled, and that URL as it is set now."""
        rule = found.rule
        tenant = self._tenants(rule.webhook or rule.callback or "")
        if tenant is None or not tenant.enabled:
            return None, None
        return tenant, tenant.webhook_url if rule.callback is None else tenant.callback_url

    def _leads_nowhere(self, found: MoRoute) -> bool:
        if found.rule.account is not None:
            return self._directory.system_id(found.rule.account) is None
        return self._target(found)[1] is None

    def _nobody(self, mo: Mo) -> None:
        """Say so, about one number of a connector once in a while: an SMSC tries again and again."""
        key, now = (mo.connector, mo.dest), self._clock.monotonic()
        if now - self._said.get(key, now - _SAY_AGAIN_S) < _SAY_AGAIN_S:
            return
        if len(self._said) >= _MOST_SAID:
            self._said.clear()
        self._said[key] = now
        _log.warning("mo.unrouted", connector=mo.connector, to=mo.dest)

    # -- sets

    def _take(self, sets: Iterable[MoSet]) -> bool:
        """Make these somebody's; True when there is one among them that was wanted."""
        entries: list[tuple[_Set, TakeMo]] = []
        for each in sets:
            parts = tuple(each.parts[seq] for seq in sorted(each.parts))
            known = (each.key, parts)
            if known in self._in_hand or known in self._settled:
                continue
            try:
                change = self._taken(assemble(each.key, each.parts, self._alphabet(parts[0])), parts, each.key)
            except Exception as error:  # one that we cannot read must not keep the others
                _log.error("mo.error", connector=parts[0].connector, reason=type(error).__name__, exc_info=error)
                continue
            if change is None:
                self._not_wanted(each.key, parts[0])
                continue
            self._unwanted.discard(each.key)
            self._in_hand.add(known)
            entries.append((known, change))
        self._commit(entries)
        return bool(entries)

    def _not_wanted(self, key: MoSetKey, mo: Mo) -> None:
        if key not in self._unwanted:
            if len(self._unwanted) < _MOST_UNWANTED:
                self._unwanted.add(key)
            self._metrics.mo.labels(mo.connector, "unrouted").inc()
        self._nobody(mo)

    def _commit(self, entries: list[tuple[_Set, TakeMo]]) -> None:
        if entries:
            self._store.commit([change for _, change in entries]).addCallbacks(
                self._committed, self._not_committed, callbackArgs=(entries,), errbackArgs=(entries,)
            ).addErrback(_unexpected)

    def _committed(self, results: list[Result], entries: list[tuple[_Set, TakeMo]]) -> None:
        owed: list[OutboxItem] = []
        for result, (known, change) in zip(results, entries, strict=True):
            self._in_hand.discard(known)
            if isinstance(result, Ignored) and result.reason in ("unavailable", "error"):
                continue
            if self._looking:
                self._settled.add(known)
            if isinstance(result, Owed) and result.outbox:  # nothing where the store knows better: see `TakeMo`
                owed += result.outbox
                self._say_incomplete(*known, change.tenant)
                if change.opts_out is not None:
                    self.opted(change)
        if owed:
            self._outbox.offer(owed)

    def _say_incomplete(self, key: MoSetKey, parts: tuple[Mo, ...], tenant: str) -> None:
        missing = key.total - len(parts)
        if missing:
            connector = parts[0].connector
            self._metrics.mo.labels(connector, "incomplete").inc()
            _log.warning("mo.incomplete", connector=connector, tenant=tenant, missing=missing)

    def _not_committed(self, failure: Failure, entries: list[tuple[_Set, TakeMo]]) -> None:
        """Nothing is lost: the parts are kept, and a look finds them."""
        if not isinstance(failure.value, StoreUnavailable):
            if len(entries) > 1:  # one of them is poison: find it, the others are good
                for entry in entries:
                    self._commit([entry])
                return
            _log.error("mo.error", reason=type(failure.value).__name__, exc_info=failure.value)
        for known, _ in entries:
            self._in_hand.discard(known)
        if self._timer is not None:
            self._timer.reset(min(self._look_s, _AFTER_FAILURE_S))

    # -- looks

    def _look(self) -> None:
        self._timer = None
        self._looking = True
        limit = _PAGE + len(self._unwanted)
        before = self._clock.now_ms() - self._part_wait_ms
        self._store.mo_sets(before, limit).addCallbacks(
            self._looked, self._not_looked, callbackArgs=(limit,)
        ).addErrback(_unexpected)

    def _looked(self, sets: list[MoSet], limit: int) -> None:
        self._looking = False
        if not self._running:
            return
        wanted = self._take(sets)
        self._settled.clear()
        self._unwanted.intersection_update([each.key for each in sets])
        self._again(_AGAIN_S if wanted and len(sets) >= limit else self._look_s)

    def _not_looked(self, failure: Failure) -> None:
        self._looking = False
        self._settled.clear()
        if not isinstance(failure.value, StoreUnavailable):
            _log.error("mo.error", reason=f"reading sets: {type(failure.value).__name__}", exc_info=failure.value)
        self._again(min(self._look_s, _AFTER_FAILURE_S))

    def _again(self, seconds: float) -> None:
        if self._running:
            self._timer = self._reactor.callLater(seconds, self._look)


def _digits(source: str) -> str:
    """A subscriber's number as admission has it of recipients, whichever form the SMSC writes it in; '' for none."""
    try:
        return msisdn_of(source)
    except Refused:
        digits = source.lstrip("+")
        return digits if digits.isascii() and digits.isdecimal() else ""


def _unexpected(failure: Failure) -> None:
    _log.error("mo.error", reason=type(failure.value).__name__, exc_info=failure.value)
