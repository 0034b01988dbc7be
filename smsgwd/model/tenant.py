"""Tenants and their credentials as stored."""

import msgspec


class EsmeSettings(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """How one SMPP account is served; 0 and '' mean the listener's or the tenant's own."""

    window: int = 0  #: most deliver_sm without an answer on one bind
    throughput: float = 0.0  #: parts a second of this account alone, besides the tenant's
    alphabet: str = "gsm"  #: what it takes data_coding 0 to be (`gsm.charset.CHARSETS`, not packed)
    receipts_by: str = "deliver_sm"  #: or data_sm
    outbind: str = ""  #: 'host:port' to call when receipts wait and nothing is bound
    outbind_password: str = ""  #: of our outbind, encrypted at rest


class Credential(msgspec.Struct, frozen=True, gc=False):
    """One credential; the secret itself is never kept.

    `name` is the user name (password), the keyed digest in hex (token) or the system_id (smpp). `secret_hash` is an
    Argon2id PHC string, empty for tokens.
    """

    kind: str  #: password, token, smpp
    name: str
    secret_hash: str = ""
    max_binds: int = 1
    esme: EsmeSettings = EsmeSettings()  #: of kind smpp


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
    dlr_batch: int = 1  #: most receipts in one push to a dlr-url
    texts_d: float | None = None  #: days after which texts are emptied; None = the gateway's
    allow: tuple[str, ...] = ()  #: networks its binds may come from; empty = any
    smpp_errors: dict[str, int] = {}  #: command_status by refusal code, where it differs from `refusals`
    credentials: tuple[Credential, ...] = ()
