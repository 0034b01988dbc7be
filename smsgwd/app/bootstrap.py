"""Tenants of the configuration's file → tenants as stored: secrets hashed, tokens digested, webhook secrets sealed."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable

from smsgwd.accounts.directory import PASSWORD, SMPP, TOKEN
from smsgwd.accounts.hashing import SALT_BYTES, hash_secret, token_digest
from smsgwd.app.secrets import Vault
from smsgwd.config import Tenant as DeclaredTenant
from smsgwd.config.tenants import PasswordCredential, SmppCredential, TokenCredential
from smsgwd.model.tenant import Credential, EsmeSettings, Tenant

_WEBHOOK_SECRET_BYTES = 32


def new_webhook_secret() -> str:
    """A fresh signing secret in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_WEBHOOK_SECRET_BYTES)).decode()


def stored_tenant(declared: DeclaredTenant, vault: Vault) -> Tenant:
    """A declared tenant as it is stored. Hashes each password: about 25 ms of a core each, off the reactor please."""
    webhook = declared.webhook.secret.get_secret_value() if declared.webhook.secret else new_webhook_secret()
    return Tenant(
        id=declared.id,
        credit=declared.credit,
        currency=declared.currency,
        prices=(("", declared.price), *sorted(declared.prices.items())),
        time_zone=declared.time_zone,
        senders=tuple(declared.senders),
        throughput=int(declared.throughput),
        default_sender=declared.default_sender,
        dlr_url=declared.dlr_url,
        webhook_url=declared.webhook.url,
        webhook_secret=vault.seal(webhook),
        callback_style=declared.callbacks.style,
        callback_url=declared.callbacks.url,
        dlr_batch=declared.dlr_batch,
        texts_d=declared.texts_d,
        allow=tuple(declared.allow),
        smpp_errors=dict(declared.smpp_errors),
        credentials=tuple(_credentials(declared.credentials, vault)),
    )


def _credentials(
    declared: Iterable[PasswordCredential | TokenCredential | SmppCredential], vault: Vault
) -> Iterable[Credential]:
    for credential in declared:
        secret = credential.secret.get_secret_value()
        if isinstance(credential, TokenCredential):
            yield Credential(TOKEN, token_digest(secret, vault.token_key))
        elif isinstance(credential, SmppCredential):
            hashed = hash_secret(secret, secrets.token_bytes(SALT_BYTES))
            yield Credential(SMPP, credential.system_id, hashed, credential.max_binds, _esme(credential, vault))
        else:
            hashed = hash_secret(secret, secrets.token_bytes(SALT_BYTES))
            yield Credential(PASSWORD, credential.username, hashed)


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
