"""Who is logged in at the console: records of the store, so that all nodes know, and a restart logs nobody out.

Of a cookie only the SHA-256 is kept. What this node has seen of late it remembers: while the store is away those go on.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from typing import Final

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.accounts.directory import PASSWORD, Account, Directory
from smsgwd.app.operator_desk import OperatorDesk
from smsgwd.app.stored_values import decoded
from smsgwd.config.model.console import Console
from smsgwd.model.operators import Caller
from smsgwd.model.records import SESSION, Record
from smsgwd.model.refusals import Refused
from smsgwd.model.sessions import Session
from smsgwd.ports.clock import Clock
from smsgwd.ports.records import Records
from smsgwd.ports.store import StoreUnavailable
from smsgwd.telemetry import get_logger

OPERATORS: Final = "operators"
TENANTS: Final = "tenants"
_MOST_A_PERSON: Final = 50
_REMEMBERED: Final = 5000
_SEEN_EVERY_MS: Final = 5 * 60_000  # `seen_at` is written this often at most
_PAGE: Final = 500
_COOKIE_BYTES: Final = 32
_COOKIE_CHARS: Final = 43
_SHOWN: Final = 12  # characters of a key: enough to name a session, of no use to be it
_log = get_logger("ops")


def fingerprint(secret_hash: str) -> str:
    """What a session keeps of the credential it began with: another password, another fingerprint."""
    return hashlib.sha256(secret_hash.encode()).hexdigest()[:16]


class ConsoleSessions:
    """Implements console.given.Sessions and ops.operators.Sessions."""

    def __init__(
        self, records: Records, desk: OperatorDesk, directory: Directory, clock: Clock, section: Console
    ) -> None:
        """Operators are looked up in `desk`, tenants in `directory`; times are those of `section`."""
        self._records = records
        self._desk = desk
        self._directory = directory
        self._clock = clock
        self._seen: OrderedDict[str, Session] = OrderedDict()  # by key, as used last
        self._ended: OrderedDict[str, None] = OrderedDict()  # keys that the store could not forget so far
        self.follow(section)

    def follow(self, section: Console) -> None:
        """These are the times from now on, also for who is logged in."""
        self._life_ms = int(section.session_h * 3_600_000)
        self._idle_ms = int(section.idle_min * 60_000)

    # -- beginning and end -------------------------------------------------------------------------------------------

    def begin(
        self, face: str, tenant: str, who: str, fingerprint: str, address: str, agent: str
    ) -> Deferred[tuple[str, Session]]:
        """Somebody logged in: the cookie's value and the session. Fails with StoreUnavailable."""
        now = self._clock.now_ms()
        session = Session(face, tenant, who, fingerprint, secrets.token_urlsafe(24), now, now, address, agent)
        return Deferred.fromCoroutine(self._begin(session))

    async def _begin(self, session: Session) -> tuple[str, Session]:
        cookie = secrets.token_urlsafe(_COOKIE_BYTES)
        await self._make_room(session)
        await self._records.put(SESSION, "", _key(cookie), msgspec.json.encode(session))
        self._remember(_key(cookie), session)
        _log.info("console.login", face=session.face, tenant=session.tenant, who=session.who, address=session.address)
        return cookie, session

    def end(self, cookie: str) -> Deferred[None]:
        """Log out. It is over at this node at once; the store forgets it when it works again."""
        return Deferred.fromCoroutine(self._end(_key(cookie)))

    async def end_all(self, face: str, tenant: str, who: str, session: str = "") -> int:
        """Log somebody out everywhere, or end the one session of this name; how many. Raises StoreUnavailable."""
        found = [key for key, each in await self._all() if _person(each) == (face, tenant, who)]
        ended = [key for key in found if key.startswith(session)]
        for key in ended:
            self._seen.pop(key, None)
            await self._records.drop(SESSION, "", key)
        return len(ended)

    async def _end(self, key: str) -> None:
        self._seen.pop(key, None)
        try:
            await self._records.drop(SESSION, "", key)
        except StoreUnavailable:
            self._ended[key] = None
            if len(self._ended) > _REMEMBERED:
                self._ended.popitem(last=False)

    # -- looking -----------------------------------------------------------------------------------------------------

    def find(self, cookie: str, *, touch: bool = True) -> Deferred[Session | None]:
        """The session of a cookie; None where there is none, or it is over. Without `touch` nobody asked for anything:
        it is idle all the same. Fails with StoreUnavailable for one that this node has not seen."""
        return Deferred.fromCoroutine(self._find(cookie, touch))

    async def _find(self, cookie: str, touch: bool) -> Session | None:
        if len(cookie) != _COOKIE_CHARS or not cookie.isascii():
            return None
        key = _key(cookie)
        if key in self._ended:
            del self._ended[key]
            await self._end(key)
            return None
        remembered = self._seen.get(key)
        try:
            session = await self._stored(key)
            if session is not None and session.face == OPERATORS:
                await self._desk.find(session.who)
        except StoreUnavailable:
            if remembered is None:
                raise  # that it cannot be looked up does not make it over: its browser is to keep the cookie
            session = remembered
        if session is None:
            self._seen.pop(key, None)
            return None
        written = session.seen_at
        if remembered is not None and remembered.seen_at > written:
            session = msgspec.structs.replace(session, seen_at=remembered.seen_at)
        if not self._good(session):
            await self._end(key)
            return None
        if not touch:
            return session
        now = self._clock.now_ms()
        session = msgspec.structs.replace(session, seen_at=now)
        if key in self._seen or remembered is None:  # else it was ended meanwhile
            self._remember(key, session)
        if now - written >= min(_SEEN_EVERY_MS, self._idle_ms // 4):
            await self._write(key, session)
        return session

    async def of(self, face: str, tenant: str, who: str) -> list[tuple[str, Session]]:
        """The sessions of somebody, latest first, each with a name that `end_all` knows it by. Raises
        StoreUnavailable."""
        found = [(key[:_SHOWN], each) for key, each in await self._all() if _person(each) == (face, tenant, who)]
        return sorted(found, key=lambda each: each[1].begun_at, reverse=True)

    def caller_of(self, session: Session) -> Caller:
        """The operator of a session, with the role that he has now; none where he may not log in any more."""
        operator = self._desk.known(session.who) if session.face == OPERATORS else None
        role = "" if operator is None or operator.disabled else operator.role
        return Caller(session.who, role, "console", session.address)

    def account_of(self, session: Session) -> Account | None:
        """The account of a tenant's session; None where it is no more."""
        if session.face != TENANTS:
            return None
        for account in self._directory.live(PASSWORD, session.who, self._clock.now_ms()):
            same = fingerprint(account.credential.secret_hash) == session.fingerprint
            if same and account.tenant.id == session.tenant:
                return account
        return None

    def _good(self, session: Session) -> bool:
        """Whether it is neither too old nor idle for too long, and its credential still is what it was."""
        now = self._clock.now_ms()
        if now >= session.begun_at + self._life_ms or now >= session.seen_at + self._idle_ms:
            return False
        if session.face == TENANTS:
            return self.account_of(session) is not None
        operator = self._desk.known(session.who)
        return (
            operator is not None and not operator.disabled and fingerprint(operator.secret_hash) == session.fingerprint
        )

    # -- the store ---------------------------------------------------------------------------------------------------

    async def _stored(self, key: str) -> Session | None:
        record = await self._records.get(SESSION, "", key)
        return None if record is None else _session(record)

    async def _write(self, key: str, session: Session) -> None:
        try:
            await self._records.put(SESSION, "", key, msgspec.json.encode(session), old=True)
        except StoreUnavailable:
            return  # it is remembered; the next request tries again

    async def _all(self) -> list[tuple[str, Session]]:
        """All that are kept, by key; what cannot be read is dropped."""
        found: list[tuple[str, Session]] = []
        page = await self._records.page(SESSION, "", "", _PAGE)
        while page:
            for record in page:
                session = _session(record)
                if session is None:
                    await self._records.drop(SESSION, "", record.key)
                else:
                    found.append((record.key, session))
            page = await self._records.page(SESSION, "", page[-1].key, _PAGE) if len(page) == _PAGE else []
        return found

    async def _make_room(self, session: Session) -> None:
        """Drop what is over, and the oldest of somebody who would have too many."""
        now = self._clock.now_ms()
        gone, mine = [], []
        for key, each in await self._all():
            if now >= each.begun_at + self._life_ms or now >= each.seen_at + self._idle_ms + _SEEN_EVERY_MS:
                gone.append(key)
            elif _person(each) == _person(session):
                mine.append((each.begun_at, key))
        mine.sort()
        gone += [key for _, key in mine[: max(0, len(mine) + 1 - _MOST_A_PERSON)]]
        for key in gone:
            self._seen.pop(key, None)
        if gone:
            await self._records.put_many(SESSION, "", [], dropped=gone)

    def _remember(self, key: str, session: Session) -> None:
        self._seen[key] = session
        self._seen.move_to_end(key)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)


def _key(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "replace")).hexdigest()


def _session(record: Record) -> Session | None:
    """What a record says; None for one of another release that cannot be read."""
    try:
        return decoded(record, Session)
    except Refused:
        return None


def _person(session: Session) -> tuple[str, str, str]:
    return session.face, session.tenant, session.who
