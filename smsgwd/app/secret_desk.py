"""Rotation of the installation's secret keys: a new key, everything sealed anew, tokens moved as they are used.

Nothing is ever under a key that is not in the file: a new key is durable there before it is used, and an old one goes
only when nothing needs it. A process that ends in the middle goes on at its next start.

Where several nodes share the store, each has a file of its own. A key is used first once all of them have it: which
keys a node has, it tells the others. Whoever rotates calls the others, which put that key first, too.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.threads import deferToThread

from smsgwd.accounts.directory import TOKEN, Account
from smsgwd.app.cluster import Cluster
from smsgwd.app.core import Core, Sealed
from smsgwd.app.secrets import KeyFileError, Vault, keys_of, new_key, read_or_make, write_keys
from smsgwd.app.tenancy import Tenancy
from smsgwd.model.refusals import Refused
from smsgwd.model.tenant import Tenant
from smsgwd.northbound.auth import PasswordAuthenticator
from smsgwd.ops.secrets import KeyUse, SecretsError
from smsgwd.ports.clock import Clock
from smsgwd.ports.nodes import NodeView
from smsgwd.ports.store import StoreUnavailable
from smsgwd.telemetry import get_logger

T = TypeVar("T")
_MOVE_AFTER_S: Final = 1.0  # tokens that are used meanwhile move with it
_AGAIN_S: Final = 60.0
_MOST_MOVING: Final = 10_000
_GIVEN: Final = (
    "secret_key is given by the configuration as text, an environment variable or a credential, where the gateway"
    " cannot write: put a new key in a line of its own before the old one there and restart; all is sealed anew then,"
    " and `secret show` tells when the old line may go"
)
_NODES: Final = (
    "other nodes share the store, and what is sealed with a key that they do not have they cannot open: put a new key"
    " in the last line of the key file of every node, restart one after the other, then `secret rotate key=ID` (`secret"
    " show` tells the id)"
)
_TOPIC: Final = "key"
_log = get_logger("daemon")


class SecretDesk:
    """Implements ops.secrets.Keys. `start` goes on with what an earlier process left."""

    def __init__(
        self,
        reactor: Any,
        *,
        vault: Vault,
        tenancy: Tenancy,
        clock: Clock,
        file: Path | None,
        cluster: Cluster,
        others: Iterable[Sealed] = (),
    ) -> None:
        """`file`: where the keys stand; None where the gateway cannot write them. `others` keep sealed secrets, too."""
        self._reactor = reactor
        self._vault = vault
        self._tenancy = tenancy
        self._clock = clock
        self._file = file
        self._cluster = cluster
        self._others = others
        self._lock = DeferredLock()
        self._moving: dict[tuple[str, str], str] = {}  # (tenant, digest) → the digest under the newest key
        self._move_call: Any = None
        self._again: Any = None
        self._stopped = False

    # -- life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Seal anew in the background what is under an old key."""
        self._cluster.listen(_TOPIC, self._called)
        if len(self._vault.keys) > 1:
            self._reseal_again()

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopped = True
        for call in (self._move_call, self._again):
            if call is not None and call.active():
                call.cancel()

    # -- commands --------------------------------------------------------------------------------------------------

    def show(self) -> Deferred[list[KeyUse]]:
        """The keys, newest first, with what needs each."""
        return Deferred.fromCoroutine(self._show())

    def rotate(self, key: str = "") -> Deferred[list[KeyUse]]:
        """A new key, or the one of an id that all nodes have, and all that is sealed sealed with it; fires with the
        keys then. Fails with SecretsError."""
        return self._locked(self._rotate(key))

    def retire(self, key: str, force: bool) -> Deferred[list[str]]:
        """Drop the old keys that nothing needs, or the one of an id; with `force` although tokens need it, which are
        unknown from then on. Fires with the ids of those dropped. Fails with SecretsError."""
        return self._locked(self._retire(key, force))

    def _locked(self, work: Coroutine[Any, Any, T]) -> Deferred[T]:
        return self._lock.run(lambda: Deferred.fromCoroutine(work))

    async def _show(self) -> list[KeyUse]:
        tokens, sealed = await self._needs()
        ids = self._vault.key_ids
        uses = [
            KeyUse(key, "seals" if key == ids[0] else "opens", tokens.pop(key, 0), sealed.pop(key, 0)) for key in ids
        ]
        lost = sorted({*tokens, *sealed})
        return uses + [KeyUse(key or "unknown", "missing", tokens[key], sealed[key]) for key in lost]

    async def _needs(self) -> tuple[Counter[str], Counter[str]]:
        """How many tokens and sealed secrets are under each key; '' = under none there is."""
        tenants = self._tenancy.directory.tenants()
        oldest = self._vault.key_ids[-1]
        tokens = Counter(each.key or oldest for tenant in tenants for each in tenant.credentials if each.kind == TOKEN)
        under = self._vault.sealed_under
        theirs = await self._of_others()
        sealed = await deferToThread(
            lambda: Counter(
                under(each) for each in [*theirs, *(one for tenant in tenants for one in _sealed_of(tenant))]
            )
        )
        return tokens, sealed

    async def _of_others(self) -> list[str]:
        """What is sealed besides tenants' secrets."""
        try:
            return [sealed for each in self._others for sealed in await each.sealed()]
        except StoreUnavailable as error:
            raise SecretsError(f"what is sealed cannot be known: {error}") from None

    async def _rotate(self, key: str) -> list[KeyUse]:
        others = await self._other_nodes()
        if key:
            if key not in self._vault.key_ids:
                raise SecretsError(f"there is no key {key}: `secret show` lists them")
            without = [each.name for each in others if key not in each.keys]
            if without:
                raise SecretsError(f"not all nodes have key {key}: {', '.join(without)} could not open what it seals")
            await self._put_first(key)
        elif others:
            raise SecretsError(_NODES)
        else:
            await self._use((new_key(), *self._vault.keys))
            _log.info("secret.rotated", key=self._vault.key_id, keys=len(self._vault.keys))
        if others:
            self._cluster.tell(f"{_TOPIC}:{key}")
        left = await self._reseal()
        if left:
            self._later()
        return await self._show()

    async def _other_nodes(self) -> list[NodeView]:
        """Those that live, as they are now."""
        if self._cluster.alone:
            return []
        try:
            await self._cluster.nodes.refresh()
        except StoreUnavailable as error:
            raise SecretsError(f"which keys the other nodes have cannot be known: {error}") from None
        return [each for each in self._cluster.nodes.live() if each.name != self._cluster.node]

    async def _put_first(self, key: str) -> None:
        """Use a key that is there for what is new."""
        ids, keys = self._vault.key_ids, self._vault.keys
        if key == ids[0]:
            return
        first = keys[ids.index(key)]
        await self._use((first, *(each for each in keys if each != first)))
        _log.info("secret.rotated", key=key, keys=len(keys))

    def _called(self, key: str) -> None:
        """Another node uses this key first from now on; '' = a call may have been missed, and is made again by whoever
        sees in `node show` that a node has another first key."""
        if key in self._vault.key_ids[1:] and not self._stopped:
            self._locked(self._put_first(key)).addErrback(
                lambda failure: _log.warning("secret.kept", tenant="", reason=str(failure.value))
            )

    async def _retire(self, key: str, force: bool) -> list[str]:
        ids = self._vault.key_ids
        if key and key not in ids[1:]:
            raise SecretsError(f"there is no old key {key}: `secret show` lists them" if key != ids[0] else "it seals")
        if force and not key:
            raise SecretsError("force=yes needs the key that it is about")
        used = {each.keys[0]: each.name for each in await self._other_nodes() if each.keys}
        if key in used:
            raise SecretsError(f"node {used[key]} seals with key {key}: `secret rotate key={ids[0]}`, then try again")
        tokens, sealed = await self._needs()
        wanted = [key] if key else [each for each in ids[1:] if each not in used]
        if key and (sealed[key] or (tokens[key] and not force)):
            raise SecretsError(f"key {key} is needed by {tokens[key]} tokens and {sealed[key]} sealed secrets")
        gone = [each for each in wanted if each == key or not (tokens[each] or sealed[each])]
        if not gone:
            return []
        before = self._vault.keys
        await self._use(tuple(each for name, each in zip(ids, before, strict=True) if name not in gone))
        tokens, sealed = await self._needs()
        if not force and (tokens.keys() | sealed.keys()) & {*gone, ""}:  # something was stored in between
            await self._use(before)
            raise SecretsError("a tenant was changed meanwhile and needs the key still: nothing is dropped; try again")
        _log.info("secret.retired", keys=gone)
        return gone

    async def _use(self, keys: tuple[bytes, ...]) -> None:
        """These keys, in the file first."""
        if self._file is None:
            raise SecretsError(_GIVEN)
        try:
            if await deferToThread(lambda file: keys_of(read_or_make(file)), self._file) != keys:  # by another node
                await deferToThread(write_keys, self._file, keys, self._vault.keys)
        except KeyFileError as error:
            raise SecretsError(str(error)) from None
        self._vault.use(keys)

    # -- sealing anew ----------------------------------------------------------------------------------------------

    def _reseal_again(self) -> None:
        self._again = None
        self._locked(self._reseal()).addCallbacks(
            lambda left: self._later() if left else None,
            lambda failure: _log.error("daemon.unhandled_error", error=repr(failure.value)),
        )

    def _later(self) -> None:
        if not self._stopped and self._again is None:
            self._again = self._reactor.callLater(_AGAIN_S, self._reseal_again)

    async def _reseal(self) -> int:
        """Seal with the newest key what is under another one; how many tenants are left for want of the store."""
        tenants, newest, under = self._tenancy.directory.tenants(), self._vault.key_id, self._vault.sealed_under
        stale = await deferToThread(
            lambda: [each.id for each in tenants if any(under(one) not in ("", newest) for one in _sealed_of(each))]
        )
        try:
            for other in self._others:
                await other.seal_anew(self._anew)
        except StoreUnavailable:
            return len(stale) + 1
        for number, tenant in enumerate(stale):
            if self._stopped or not await self._change(tenant, self._resealed):
                return len(stale) - number
        if stale:
            _log.info("secret.resealed", key=newest, count=len(stale))
        return 0

    def _resealed(self, tenant: Tenant) -> Tenant:
        credentials = tuple(
            each
            if not each.esme.outbind_password
            else msgspec.structs.replace(
                each,
                esme=msgspec.structs.replace(each.esme, outbind_password=self._anew(each.esme.outbind_password)),
            )
            for each in tenant.credentials
        )
        return msgspec.structs.replace(
            tenant,
            webhook_secret=self._anew(tenant.webhook_secret) if tenant.webhook_secret else "",
            credentials=credentials,
        )

    def _anew(self, sealed: str) -> str:
        if self._vault.sealed_under(sealed) in ("", self._vault.key_id):
            return sealed
        return self._vault.seal(self._vault.open(sealed))

    # -- tokens ----------------------------------------------------------------------------------------------------

    def moved(self, account: Account, digest: str) -> None:
        """A token was found under an old key; `digest` is its own under the newest one. It is only noted."""
        noted = (account.tenant.id, account.credential.name)
        if noted in self._moving or len(self._moving) >= _MOST_MOVING or self._stopped:
            return
        self._moving[noted] = digest
        if self._move_call is None:
            self._move_call = self._reactor.callLater(_MOVE_AFTER_S, self._move)

    def _move(self) -> None:
        moving, self._moving, self._move_call = self._moving, {}, None
        by_tenant: dict[str, dict[str, str]] = defaultdict(dict)
        for (tenant, old), new in moving.items():
            by_tenant[tenant][old] = new
        self._locked(self._move_all(by_tenant, self._vault.key_id)).addErrback(
            lambda failure: _log.error("daemon.unhandled_error", error=repr(failure.value))
        )

    async def _move_all(self, by_tenant: dict[str, dict[str, str]], key: str) -> None:
        if key != self._vault.key_id:
            return  # rotated meanwhile: their next use says where they belong now
        while by_tenant:
            tenant, digests = next(iter(by_tenant.items()))
            if self._stopped:
                return
            if not await self._change(tenant, lambda there, new=digests: _renamed(there, new, key)):
                self._moving |= {(name, old): new for name, each in by_tenant.items() for old, new in each.items()}
                self._move_call = self._move_call or self._reactor.callLater(_AGAIN_S, self._move)
                return
            del by_tenant[tenant]

    async def _change(self, tenant: str, make: Any) -> bool:
        """Change a tenant; False while the store takes nothing. One that is refused stays as it is."""
        try:
            await self._tenancy.change(
                tenant, lambda there: None if there is None else make(there), self._clock.now_ms()
            )
        except StoreUnavailable:
            return False
        except (Refused, ValueError) as error:
            _log.warning("secret.kept", tenant=tenant, reason=str(error))
        return True


def keep_secrets(core: Core, reactor: Any, authenticator: PasswordAuthenticator) -> SecretDesk:
    """The desk, with the authenticator knowing tokens by whatever keys there are."""
    desk = SecretDesk(
        reactor,
        vault=core.vault,
        tenancy=core.tenancy,
        clock=core.clock,
        file=core.key_file,
        cluster=core.cluster,
        others=core.sealed,
    )
    authenticator.on_old_token(desk.moved)
    core.vault.listen(authenticator.use_keys)
    return desk


def _renamed(tenant: Tenant, digests: dict[str, str], key: str) -> Tenant:
    """With tokens under other digests, but for those that are there already."""
    there = {each.name for each in tenant.credentials if each.kind == TOKEN}
    return msgspec.structs.replace(
        tenant,
        credentials=tuple(
            msgspec.structs.replace(each, name=digests[each.name], key=key)
            if each.kind == TOKEN and each.name in digests and digests[each.name] not in there
            else each
            for each in tenant.credentials
        ),
    )


def _sealed_of(tenant: Tenant) -> list[str]:
    """All that the vault has sealed in a tenant."""
    found = [tenant.webhook_secret, *(each.esme.outbind_password for each in tenant.credentials)]
    return [each for each in found if each]
