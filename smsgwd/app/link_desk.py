"""Tracked links: made with their messages, opened by recipients, told to their tenants.

Opening is counted durably before the visitor is led on, together with the event its tenant is owed. The same link from
the same address again within seconds is led on and not counted: a reload, or the app that opens what another fetched.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.app.event_desk import EventDesk
from smsgwd.config import Config
from smsgwd.model.business import Click
from smsgwd.model.events import CLICKED, Clicked
from smsgwd.model.links import CODE_LENGTH, PLACEHOLDERS, Link, LinkView
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.ports.clock import Clock
from smsgwd.ports.push import Outbox
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.timespec.rfc3339 import format_epoch_ms

LONGEST_URL: Final = 2000
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CODES: Final = len(_ALPHABET) ** CODE_LENGTH
_PAIRS: Final = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_CODE = re.compile(rf"[0-9A-Za-z]{{{CODE_LENGTH}}}\Z", re.ASCII)
_PLACES = re.compile("|".join(map(re.escape, PLACEHOLDERS)), re.IGNORECASE)
_BAD_CHARACTERS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\\\"<>^`{|}\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_HOST = re.compile(r"(?!-)[a-z0-9._-]{1,253}\Z|\[[0-9a-f:.]{2,45}\]\Z", re.ASCII | re.IGNORECASE)
_SAFE: Final = "!#$%&'()*+,/:;=?@[]~-._"
_DAY_MS: Final = 86_400_000
_MOST_REMEMBERED: Final = 10_000  #: openings of the last seconds; beyond it the oldest are forgotten first


_encode = msgspec.json.Encoder().encode


class LinkPlaces:
    """Where short links live: what they begin with, and the host that serves nothing else."""

    def __init__(self, public_url: str, base_url: str | None) -> None:
        """`base_url` at another host than the public one is a host of links alone; at the same one without a path it
        would take all paths there, so links stand below /l as they do without it."""
        own, public = urlsplit(base_url or public_url), urlsplit(public_url)
        apart = base_url is not None and (own.hostname, own.port) != (public.hostname, public.port)
        path = own.path.rstrip("/") if apart or (own.path.strip("/") and base_url) else f"{own.path.rstrip('/')}/l"
        #: What a short link begins with, up to its code.
        self.base: Final = f"{own.scheme}://{own.netloc}{path}/"
        #: The path of a short link, up to its code.
        self.path: Final = f"{path}/"
        #: Host of links alone, lower case, with its port where that is not the scheme's; None = the public one.
        self.host: Final = own.netloc.lower().removesuffix(":443").removesuffix(":80") if apart else None


class LinkDesk:
    """Makes tracked links (synchronously: with each message) and opens them. Implements `ports.links.LinkOpener`."""

    def __init__(
        self,
        config: Config,
        *,
        store: Store,
        clock: Clock,
        tenants: Callable[[str], Tenant | None],
        outbox: Outbox,
    ) -> None:
        """`tenants` gives a tenant by id."""
        self.places = LinkPlaces(config.public_url, config.links.base_url)
        self._repeat_s = config.links.repeat_s
        self._store = store
        self._clock = clock
        self._tenants = tenants
        self._events = EventDesk(store=store, tenants=tenants, outbox=outbox)
        #: Hears of each link that is made (`made`), and of each opening: person, bot, again, nowhere.
        self.observe: Callable[[str], None] = _nobody_listens
        self._seen: dict[tuple[str, str, bool], float] = {}  # by when they came, the longest ago first
        self._first: set[str] = set()  # codes whose first opening by a person is being committed

    # -- making ----------------------------------------------------------------------------------------------------

    def make(
        self,
        tenant: Tenant,
        message_id: int,
        msisdn: str,
        url: str,
        now: int,
        client_ref: str | None,
        *,
        counted: bool = True,
    ) -> tuple[Link, str]:
        """A link of a message and its short address; `counted` is False for one that is not kept. `now`: ms since 1970.
        Raises Refused(INVALID_LINK)."""
        code = new_code()
        expires_at = now + tenant.link_days * _DAY_MS if tenant.link_days else 0
        link = Link(code, tenant.id, message_id, msisdn, checked_link(url), now, expires_at, client_ref)
        if counted:
            self.observe("made")
        return link, self.places.base + code

    def place(self, text: str, short: str) -> str:
        """The text with the short address wherever it says [Link] or {link}; the same text where it says neither."""
        if "[" not in text and "{" not in text:
            return text
        return short.join(_around(text))

    def short(self, code: str) -> str:
        """The short address of a code."""
        return self.places.base + code

    # -- opening ---------------------------------------------------------------------------------------------------

    def open(self, code: str, address: str, *, bot: bool) -> Deferred[str | None]:
        """See `ports.links.LinkOpener`."""
        return Deferred.fromCoroutine(self._open(code, address, bot))

    async def _open(self, code: str, address: str, bot: bool) -> str | None:
        view = await self._store.link(code) if _CODE.match(code) is not None else None
        now = self._clock.now_ms()
        if view is None or 0 < view.link.expires_at <= now:
            self.observe("nowhere")
            return None
        if self._again(code, address, bot):
            self.observe("again")
        else:
            self.observe("bot" if bot else "person")
            with suppress(StoreUnavailable):  # said once, by the store itself; people are led on all the same
                await self._count(view, now, bot)
        return view.link.url

    async def _count(self, view: LinkView, now: int, bot: bool) -> None:
        """Make the opening durable, and the event a person's is worth. Raises StoreUnavailable."""
        link = view.link
        click = Click(link.code, now, bot)
        tenant = None if bot else self._tenants(link.tenant)
        if tenant is None:
            await self._store.commit([click])
            return
        first = view.clicks == 0 and link.code not in self._first
        payload = _encode(
            Clicked(
                link.url,
                self.short(link.code),
                link.code,
                link.msisdn,
                str(link.message_id),
                link.client_ref,
                format_epoch_ms(now),
                first,
            )
        )
        event = self._events.change(tenant, CLICKED, payload, now)
        if event is None:
            await self._store.commit([click])
            return
        if first:
            self._first.add(link.code)
        try:
            results = await self._store.commit([click, event])
        finally:
            if first:
                self._first.discard(link.code)
        self._events.owed(results[1])

    def _again(self, code: str, address: str, bot: bool) -> bool:
        """True when this address opened this link a moment ago; remembers that it does."""
        now, seen = self._clock.monotonic(), self._seen
        key = (code, address, bot)
        before = seen.pop(key, None)
        seen[key] = now
        while len(seen) > 1:
            oldest = next(iter(seen))
            if len(seen) <= _MOST_REMEMBERED and seen[oldest] > now - self._repeat_s:
                break
            del seen[oldest]
        return before is not None and before > now - self._repeat_s


def _nobody_listens(_: str) -> None:
    """What hears of links until somebody else does."""


@lru_cache(maxsize=64)  # a campaign has one text for all of its messages
def _around(text: str) -> tuple[str, ...]:
    """What stands before, between and behind the places for a link; the text alone where there is none."""
    return tuple(_PLACES.split(text))


def new_code() -> str:
    """A code nobody can guess."""
    number = secrets.randbelow(_CODES)
    pairs = []
    for _ in range(CODE_LENGTH // 2):
        number, rest = divmod(number, len(_PAIRS))
        pairs.append(_PAIRS[rest])
    return "".join(pairs)


@lru_cache(maxsize=1024)  # a campaign has one for all of its messages
def checked_link(url: str) -> str:
    """The target of a link as it is kept: ASCII, percent-encoded. Raises Refused(INVALID_LINK) saying what is wrong."""
    if len(url) > LONGEST_URL:
        raise _refused(f"is longer than {LONGEST_URL} characters")
    if _BAD_CHARACTERS.search(url) is not None:
        raise _refused("has characters that must be percent-encoded")
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise _refused("is no URL") from None
    if parts.scheme not in ("http", "https") or url[len(parts.scheme) : len(parts.scheme) + 3] != "://":
        raise _refused("does not start with http:// or https://")
    if "@" in parts.netloc:
        raise _refused("has a user name before its host, which makes people take it for the host")
    place = parts.netloc[: -len(f":{port}")] if port is not None else parts.netloc.removesuffix(":")
    if not host or port == 0 or _HOST.match(place) is None:
        raise _refused("names no host that can be opened (international names are written in their xn-- form)")
    encoded = quote(url, safe=_SAFE)
    if len(encoded) > 2 * LONGEST_URL:
        raise _refused(f"is longer than {2 * LONGEST_URL} characters when percent-encoded")
    return encoded


def _refused(what: str) -> Refused:
    return Refused(Refusal.INVALID_LINK, f"the link {what}")
