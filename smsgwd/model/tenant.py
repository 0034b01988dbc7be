"""Tenants and their credentials as stored."""

import msgspec


class Credential(msgspec.Struct, frozen=True, gc=False):
    """One credential; the secret itself is never kept.

    `name` is the user name (password), the keyed digest in hex (token) or the system_id (smpp). `secret_hash` is an
    Argon2id PHC string, empty for tokens.
    """

    kind: str  #: password, token, smpp
    name: str
    secret_hash: str = ""
    max_binds: int = 1


class Tenant(msgspec.Struct, frozen=True, gc=False):
    """A tenant; `credit` is what it starts with in micro-units, None = postpaid."""

    id: str
    credit: int | None = None
    currency: str = "EUR"
    prices: tuple[tuple[str, int], ...] = (("", 0),)  #: (prefix, micro-units a part), longest prefix wins
    time_zone: str = "UTC"
    senders: tuple[str, ...] = ("*",)
    throughput: int = 0
    default_sender: str | None = None
    dlr_url: str | None = None
    webhook_url: str | None = None
    webhook_secret: str = ""  #: 'whsec_...', encrypted at rest by whoever stores it
    callback_style: str = "native"
    callback_url: str | None = None
    enabled: bool = True
    credentials: tuple[Credential, ...] = ()
