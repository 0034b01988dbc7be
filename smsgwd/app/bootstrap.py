"""Tenants as they are declared → tenants as stored: secrets hashed, tokens digested, webhook secrets sealed."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from smsgwd.accounts.directory import PASSWORD, SMPP, TOKEN
from smsgwd.accounts.hashing import SALT_BYTES, hash_secret, token_digest
from smsgwd.app.secrets import Vault
from smsgwd.config import Tenant as DeclaredTenant
from smsgwd.config.credentials import PasswordCredential, SmppCredential, TokenCredential
from smsgwd.config.policy import DAYS, Content, Flood, Quiet
from smsgwd.config.tenant_dialects import TenantDialects
from smsgwd.model.tenant import ContentPolicy, Credential, DialectSettings, EsmeSettings, QuietHours, Tenant
from smsgwd.model.tenant import Flood as StoredFlood

_WEBHOOK_SECRET_BYTES = 32

#: Options that are stored under their own name, as they are.
_SAME: Final = (
    "currency",
    "time_zone",
    "default_sender",
    "dlr_url",
    "enabled",
    "dlr_batch",
    "texts_d",
    "parent",
    "credit_limit",
    "price_list",
    "lookup_price",
    "language",
    "region",
    "strict_numbers",
    "duplicate_s",
    "link_days",
    "device_fallback",
)
_TUPLES: Final = ("senders", "allow", "destinations", "barred", "refunds")


def new_webhook_secret() -> str:
    """A fresh signing secret in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_WEBHOOK_SECRET_BYTES)).decode()


def stored_tenant(declared: DeclaredTenant, vault: Vault, now_ms: int = 0) -> Tenant:
    """A declared tenant as it is stored. Hashes each password: about 25 ms of a core each, off the reactor please."""
    webhook = declared.webhook.secret.get_secret_value() if declared.webhook.secret else new_webhook_secret()
    bare = Tenant(
        declared.id,
        credit=declared.credit,
        webhook_secret=vault.seal(webhook),
        credentials=_numbered(stored_credential(each, vault, now_ms) for each in declared.credentials),
    )
    return with_settings(bare, declared, frozenset(DeclaredTenant.model_fields), vault)


def _numbered(credentials: Iterable[Credential]) -> tuple[Credential, ...]:
    """Several secrets of one name differ in their serial."""
    found: list[Credential] = []
    for each in credentials:
        serial = sum(1 for other in found if (other.kind, other.name) == (each.kind, each.name))
        found.append(msgspec.structs.replace(each, serial=serial) if serial else each)
    return tuple(found)


def with_settings(tenant: Tenant, declared: DeclaredTenant, given: Iterable[str], vault: Vault) -> Tenant:
    """A stored tenant with those options of a declared one that `given` names; `id`, `credit` and `credentials` are not
    settings and stay."""
    given = frozenset(given)
    changes: dict[str, Any] = {name: getattr(declared, name) for name in _SAME if name in given}
    changes |= {name: tuple(getattr(declared, name)) for name in _TUPLES if name in given}
    if given & {"price", "prices"}:
        rates = dict(tenant.prices)
        price = declared.price if "price" in given else rates.get("", 0)
        rates.pop("", None)
        prefixes = dict(declared.prices) if "prices" in given else rates
        changes["prices"] = (("", price), *sorted(prefixes.items()))
    if "throughput" in given:
        changes["throughput"] = int(declared.throughput)
    if "smpp_errors" in given:
        changes["smpp_errors"] = dict(declared.smpp_errors)
    if "test_numbers" in given:
        changes["test_numbers"] = tuple(sorted(declared.test_numbers.items()))
    if "webhook" in given:
        hook = declared.webhook
        if "url" in hook.model_fields_set:
            changes["webhook_url"] = hook.url
        if hook.secret is not None:
            changes["webhook_secret"] = vault.seal(hook.secret.get_secret_value())
    if "callbacks" in given:
        changes |= {"callback_style": declared.callbacks.style, "callback_url": declared.callbacks.url}
    if "content" in given:
        changes["content"] = _content(declared.content)
    if "quiet" in given:
        changes["quiet"] = _quiet(declared.quiet)
    if "flood" in given:
        changes["flood"] = _flood(declared.flood)
    if "dialects" in given:
        changes["dialects"] = _dialects(declared.dialects)
    return msgspec.structs.replace(tenant, **changes)


def stored_credential(
    declared: PasswordCredential | TokenCredential | SmppCredential, vault: Vault, now_ms: int = 0
) -> Credential:
    """A declared credential as it is stored; hashes, as `stored_tenant` does."""
    secret = declared.secret.get_secret_value()
    bare = Credential(
        declared.kind,
        "",
        expires_at=declared.expires_at,
        scopes=tuple(declared.scopes),
        allow=tuple(declared.allow),
        label=declared.label,
        created_at=now_ms,
    )
    if isinstance(declared, TokenCredential):
        return msgspec.structs.replace(bare, name=token_digest(secret, vault.token_key), key=vault.key_id)
    hashed = hashed_secret(secret)
    if isinstance(declared, SmppCredential):
        return msgspec.structs.replace(
            bare,
            name=declared.system_id,
            secret_hash=hashed,
            max_binds=declared.max_binds,
            esme=_esme(declared, vault),
        )
    return msgspec.structs.replace(bare, name=declared.username, secret_hash=hashed)


def hashed_secret(secret: str) -> str:
    """The hash of a secret under a fresh salt: 25 ms, off the reactor please."""
    return hash_secret(secret, secrets.token_bytes(SALT_BYTES))


def new_secret(kind: str) -> str:
    """A fresh secret: 256 bits, or what fits into the 8 characters of a bind's password (SMPP 3.4 s4.1.1; 48 bits)."""
    if kind == SMPP:
        return secrets.token_urlsafe(6)
    assert kind in (PASSWORD, TOKEN)
    return secrets.token_urlsafe(32)


def _content(declared: Content | None) -> ContentPolicy | None:
    if declared is None:
        return None
    return ContentPolicy(declared.max_length, tuple(declared.banned), declared.templates_only)


def _quiet(declared: Quiet | None) -> QuietHours | None:
    if declared is None:
        return None
    begin, end = declared.hours
    days = tuple(DAYS.index(day) + 1 for day in declared.days)
    return QuietHours(begin, end, days, declared.action, declared.time_zone or "")


def _flood(declared: Flood | None) -> StoredFlood | None:
    if declared is None:
        return None
    return StoredFlood(declared.prefix, declared.window_s, declared.most, declared.factor, declared.action)


def _dialects(declared: TenantDialects | None) -> DialectSettings | None:
    """None where all is as everybody has it."""
    if declared is None:
        return None
    ardary = declared.ardary
    settings = DialectSettings(declared.smsclub.base64, ardary.failures, dict(ardary.parameters))
    return None if settings == DialectSettings() else settings


def _esme(declared: SmppCredential, vault: Vault) -> EsmeSettings:
    password = declared.outbind_password.get_secret_value() if declared.outbind_password else ""
    return EsmeSettings(
        window=declared.window,
        throughput=declared.throughput,
        alphabet=declared.alphabet,
        receipts_by=declared.receipts_by,
        outbind=declared.outbind or "",
        outbind_password=vault.seal(password) if password else "",
    )
