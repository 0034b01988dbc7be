"""The one Authenticator: good pairs from a cache, Argon2id in its own few threads, failures limited.

Costs: a cached pair or a token 5 to 10 µs; a new pair 25 ms of another core and 19 MiB while it is verified.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from smsgwd.accounts.cache import Digest, PairCache, pair_digest
from smsgwd.accounts.directory import PASSWORD, SMPP, TOKEN, Account, Directory
from smsgwd.accounts.failures import FailureLimiter
from smsgwd.accounts.hashing import DUMMY_HASH, token_digest, verify
from smsgwd.accounts.usage import barred, expired
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Credential, Tenant
from smsgwd.northbound.credentials import BearerToken, credentials
from smsgwd.ports.clock import Clock
from smsgwd.ports.submit import Proven

_MAX_SECRET = 1024  # characters: nobody's password, and hashing is for free up to here
_HEADERS_REMEMBERED = 1000
_UNKNOWN = "Unknown credentials"
_CONSOLE = "console"  # way in of people, of whatever credential
_DETAILS = {
    Refusal.ADDRESS_NOT_ALLOWED: "This credential may not be used from this address",
    Refusal.OUT_OF_SCOPE: "This credential may not be used for this: it lacks the scope '{scope}'",
}


class _Way(NamedTuple):
    """What is looked up for an Authorization header: limited under `name`, found by `digest`."""

    kind: str
    name: str
    digest: Digest  #: of a token in hex, as the directory has it


class PasswordAuthenticator:
    """Implements ports.Authenticator over a Directory; also verifies SMPP binds.

    `started` and `stop` frame the life of the threads. `on_failure` is called once a failed attempt with the way
    in ('http', 'smpp' or 'console'), for metrics.
    """

    def __init__(
        self,
        reactor: Any,
        directory: Directory,
        token_key: bytes,
        clock: Clock,
        *,
        cache_s: float = 300.0,
        limiter: FailureLimiter | None = None,
        threads: int = 2,
        max_waiting: int = 256,
        on_failure: Callable[[str], None] | None = None,
    ) -> None:
        """`token_key` = the installation's secret_key; `max_waiting` verifications at most are queued or running."""
        self._reactor = reactor
        self._directory = directory
        self._token_key = token_key
        self._older_keys: tuple[bytes, ...] = ()
        self._moves: Callable[[Account, str], object] = lambda account, digest: None
        self._clock = clock
        self._cache = PairCache(cache_s)
        self._cache_key = secrets.token_bytes(32)
        self._limiter = FailureLimiter() if limiter is None else limiter
        self._ways: dict[str, _Way] = {}  # of headers that were good
        self._max_waiting = max_waiting
        self._on_failure = on_failure
        self._running: dict[tuple[Digest, tuple[str, ...]], list[Deferred[str]]] = {}
        self._pool = ThreadPool(0, threads, name="argon2")
        self._pool.start()

    def use_keys(self, keys: Sequence[bytes]) -> None:
        """Know tokens by these keys from now on, the newest first: one that is found under another is said to whom
        `on_old_token` named."""
        self._token_key, *older = keys
        self._older_keys = tuple(older)
        self._ways.clear()

    def on_old_token(self, moves: Callable[[Account, str], object]) -> None:
        """Have `moves` called with the account of a token that was found under an old key, and its new digest."""
        self._moves = moves

    def follow(self, cache_s: float, by_name: int, by_address: int, window_s: float) -> None:
        """Other limits on guessing, and another time for which good pairs are remembered, from now on."""
        self._cache.follow(cache_s)
        self._limiter.follow(by_name, by_address, window_s)

    def stop(self) -> None:
        """End the threads, after what they run now; nothing may be verified afterwards."""
        if not self._pool.joined:
            self._pool.stop()

    def password(self, name: str, secret: str, address: str, scope: str = "") -> Deferred[Tenant]:
        """The tenant of a password credential. Fails with Refused: UNAUTHENTICATED, TOO_MANY_FAILURES, OVERLOADED, for
        a good pair ADDRESS_NOT_ALLOWED, OUT_OF_SCOPE."""
        return self._named(PASSWORD, name, secret, address).addCallback(_tenant, address, scope)

    def login(self, name: str, secret: str, address: str) -> Deferred[Account]:
        """The account of a password credential, for pages that people log in at; fails as `password` does."""
        return self._named(PASSWORD, name, secret, address, _CONSOLE).addCallback(_permitted, address, "")

    def people(self, name: str, secret: str, hashes: tuple[str, ...], address: str) -> Deferred[str]:
        """Which of some hashes a secret is of, for people who are no tenants; without hashes it takes as long.

        `name` is what failures are counted under. Fails with Refused: UNAUTHENTICATED, TOO_MANY_FAILURES, OVERLOADED.
        """
        now = self._clock.monotonic()
        if self._limiter.wait(address, name, now) > 0:
            return fail(Refused(Refusal.TOO_MANY_FAILURES))
        if len(secret) > _MAX_SECRET or len(name) > _MAX_SECRET:
            self._limiter.charge(address, name, now)
            return self._failed(_CONSOLE)
        digest = pair_digest(self._cache_key, _CONSOLE, name, secret)
        try:
            good = self._verified(digest, secret, hashes, name, address, now)
        except Refused as refused:
            return fail(refused)
        return good.addCallback(lambda found: found or self._failed(_CONSOLE))

    async def code(self, name: str, check: Callable[[], Awaitable[bool]]) -> None:
        """Have the second step of a log-in checked. Failures are counted by name alone: who comes so far has the
        password, and could else guess from many addresses. Raises Refused: UNAUTHENTICATED, TOO_MANY_FAILURES."""
        now = self._clock.monotonic()
        # In the place of an address, one for each name: whoever guesses under many names stops nobody else's codes.
        place = hashlib.sha256(f"code {name}".encode("utf-8", "surrogatepass")).hexdigest()
        if self._limiter.wait(place, name, now) > 0:
            raise Refused(Refusal.TOO_MANY_FAILURES)
        self._limiter.charge(place, name, now)
        good: bool | None = None
        try:
            good = await check()
        finally:
            if good is not False:  # a failure of ours is no guess of theirs
                self._limiter.give_back(place, name, self._clock.monotonic())
        if not good:
            raise self._unknown(_CONSOLE)

    def bind(self, system_id: str, secret: str, address: str) -> Deferred[Account]:
        """The account of an SMPP credential; fails as `password` does, but what the credential is limited to is left to
        the caller (`accounts.usage.barred`), who knows the tenant's own command_status."""
        return self._named(SMPP, system_id, secret, address)

    def known(self, authorization: str, address: str, scope: str = "") -> Tenant | None:
        """See `ports.submit.Authenticator.known`. Whether it is good is asked anew each time: of a header that was good
        only what can be computed from it is remembered (saves 6 µs a request)."""
        way = self._ways.get(authorization)
        if way is None:
            way = self._way(authorization)
            if way is None:
                return None
        kind, name, digest = way
        now = self._clock.monotonic()
        if self._limiter.wait(address, name, now) > 0:
            return None
        if kind == TOKEN:
            account = self._directory.token(digest.decode())
            if account is not None and account.limited and expired(account.credential, self._clock.now_ms()):
                account = None
        else:
            account = self._remembered(digest, self._directory.named(PASSWORD, name), now)
        if account is None:
            self._ways.pop(authorization, None)
            return None
        if authorization not in self._ways:
            if len(self._ways) >= _HEADERS_REMEMBERED:
                self._ways.clear()
            self._ways[authorization] = way
        if account.limited and barred(account.credential, address, scope) is not None:
            return None  # `password` and `token` say why
        return account.tenant

    def _remembered(self, digest: Digest, accounts: tuple[Account, ...], now: float) -> Account | None:
        """The account whose secret this pair was found good against of late, if that is one of these still."""
        if not accounts:
            return None
        secret_hash = self._cache.found(digest, now)
        if secret_hash is None:
            return None
        for account in accounts:
            if account.credential.secret_hash == secret_hash:
                if account.limited and expired(account.credential, self._clock.now_ms()):
                    break
                return account
        self._cache.forget(digest)
        return None

    def _way(self, authorization: str) -> _Way | None:
        """How to look up what a header says; None when it says nothing that can be found."""
        try:
            found = credentials({"authorization": authorization})
        except Refused:
            return None
        if len(found.secret) > _MAX_SECRET:
            return None
        if isinstance(found, BearerToken):
            return _Way(TOKEN, TOKEN, self._digest(found.secret).encode())
        if len(found.name) > _MAX_SECRET:
            return None
        return _Way(PASSWORD, found.name, pair_digest(self._cache_key, PASSWORD, found.name, found.secret))

    def knows(self, name: str) -> bool:
        """See `ports.submit.Authenticator.knows`."""
        return bool(self._find(PASSWORD, name))

    def token(self, secret: str, address: str, scope: str = "") -> Deferred[Tenant]:
        """The tenant of a token; fails as `password` does."""
        try:
            return succeed(_tenant(self._by_token(secret, address), address, scope))
        except Refused as refused:
            return fail(refused)

    def proven(self, name: str | None, secret: str, address: str, scope: str = "") -> Deferred[Proven]:
        """See `ports.submit.Authenticator.proven`."""
        if name is not None:
            return self._named(PASSWORD, name, secret, address).addCallback(_permitted, address, scope)
        try:
            return succeed(_permitted(self._by_token(secret, address), address, scope))
        except Refused as refused:
            return fail(refused)

    def _by_token(self, secret: str, address: str) -> Account:
        """The account of a token. Raises Refused."""
        now = self._clock.monotonic()
        if self._limiter.wait(address, TOKEN, now) > 0:
            raise Refused(Refusal.TOO_MANY_FAILURES)
        account = self._directory.token(self._digest(secret)) if len(secret) <= _MAX_SECRET else None
        if account is None or (account.limited and expired(account.credential, self._clock.now_ms())):
            self._limiter.charge(address, TOKEN, now)
            raise self._unknown(TOKEN)
        return account

    def _digest(self, secret: str) -> str:
        """What the directory may have a token as: under the newest key, unless an older one finds it."""
        digest = token_digest(secret, self._token_key)
        if self._older_keys and self._directory.token(digest) is None:
            for key in self._older_keys:
                older = token_digest(secret, key)
                account = self._directory.token(older)
                if account is not None:
                    self._moves(account, digest)
                    return older
        return digest

    def _named(self, kind: str, name: str, secret: str, address: str, way: str = "") -> Deferred[Account]:
        now = self._clock.monotonic()
        # Asked before the cache: else an attacker could go on guessing as fast as the cache answers.
        if self._limiter.wait(address, name, now) > 0:
            return fail(Refused(Refusal.TOO_MANY_FAILURES))
        if len(secret) > _MAX_SECRET or len(name) > _MAX_SECRET:
            self._limiter.charge(address, name, now)
            return self._failed(way or kind)
        accounts = self._find(kind, name)
        digest = pair_digest(self._cache_key, kind, name, secret)
        account = self._remembered(digest, accounts, now)
        if account is not None:
            return succeed(account)
        try:
            hashes = tuple(each.credential.secret_hash for each in accounts)
            good = self._verified(digest, secret, hashes, name, address, now)
        except Refused as refused:
            return fail(refused)
        return good.addCallback(self._settle, kind, name, digest, way)

    def _verified(
        self, digest: Digest, secret: str, known: tuple[str, ...], name: str, address: str, now: float
    ) -> Deferred[str]:
        """The one of these hashes that is the secret's, '' for none; without any that costs the same.

        Equal pairs asked for at the same time share one verification, as long as they are verified against the same
        hashes: a password changed meanwhile must not be let in. Only the first is charged: an equal guess tells an
        attacker nothing new, and a tenant that opens a hundred connections at once must not look like one.
        """
        hashes = known or (DUMMY_HASH,)
        key = (digest, hashes)
        result: Deferred[str] = Deferred()
        waiting = self._running.get(key)
        if waiting is not None:
            waiting.append(result)
            return result
        if len(self._running) >= self._max_waiting:
            raise Refused(Refusal.OVERLOADED, "too many credentials are being verified")
        self._limiter.charge(address, name, now)
        self._running[key] = [result]

        def done(good: str | Failure) -> None:
            if known and good != "":  # a failure of ours is no guess of theirs
                self._limiter.give_back(address, name, self._clock.monotonic())
            for waiter in self._running.pop(key):
                waiter.callback(good) if isinstance(good, str) else waiter.errback(good)

        deferToThreadPool(self._reactor, self._pool, _matching, secret, hashes).addBoth(done)
        return result

    def _settle(self, good: str, kind: str, name: str, digest: Digest, way: str) -> Account | Deferred[Account]:
        # Looked up again: the tenant may have been changed or disabled while the threads were at work.
        for account in self._find(kind, name) if good else ():
            if account.credential.secret_hash == good:
                self._cache.remember(digest, good, self._clock.monotonic())
                return account
        return self._failed(way or kind)

    def _find(self, kind: str, name: str) -> tuple[Account, ...]:
        """The accounts of a name that have not expired, the newest secret first."""
        found = self._directory.named(kind, name)
        for account in found:
            if account.limited:
                return self._directory.live(kind, name, self._clock.now_ms())
        return found

    def _failed(self, kind: str) -> Deferred[Any]:
        return fail(self._unknown(kind))

    def _unknown(self, kind: str) -> Refused:
        if self._on_failure is not None:
            self._on_failure(kind if kind in (SMPP, _CONSOLE) else "http")
        return Refused(Refusal.UNAUTHENTICATED, _UNKNOWN)


def _matching(secret: str, hashes: tuple[str, ...]) -> str:
    """The first of some hashes that is the secret's, else ''. Off the reactor; 25 ms each."""
    for each in hashes:
        if verify(secret, each):
            return each
    return ""


def _tenant(account: Account, address: str, scope: str) -> Tenant:
    """The tenant of an account that proved who it is. Raises Refused where its credential does not go so far."""
    return _permitted(account, address, scope).tenant


def _permitted(account: Account, address: str, scope: str) -> Account:
    """An account that proved who it is. Raises Refused where its credential does not go so far."""
    if account.limited:
        permit(account.credential, address, scope)
    return account


def permit(credential: Credential, address: str, scope: str) -> None:
    """Raises Refused (ADDRESS_NOT_ALLOWED, OUT_OF_SCOPE) where a good credential does not go so far."""
    refusal = barred(credential, address, scope)
    if refusal is not None:
        raise Refused(refusal, _DETAILS[refusal].format(scope=scope))
