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
    serial: int = 0  #: several live secrets may have one name (rotation): they differ in this
    expires_at: int | None = None  #: milliseconds since 1970; it is no credential any more from then on
    scopes: tuple[str, ...] = ()  #: what it may be used for (`SCOPES`); empty = everything
    allow: tuple[str, ...] = ()  #: networks it may be used from; empty = any
    label: str = ""  #: what its owner calls it
    created_at: int = 0
    key: str = ""  #: of a token: the id of the secret key its digest is under; '' = the oldest there is


#: What a credential may be limited to.
SCOPES = (
    "send",
    "read",
    "contacts",
    "templates",
    "senders",
    "lookups",
    "links",
    "money",
    "bind",
    "callbacks",
    "credentials",
)


class ContentPolicy(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a tenant's texts may be."""

    max_length: int = 0  #: characters; 0 = as many as parts allow
    banned: tuple[str, ...] = ()  #: RE2 patterns of this tenant, besides the gateway's
    templates_only: bool = False  #: only texts that one of its templates makes


class QuietHours(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """When recipients are left alone: minutes of their local day."""

    begin: int  #: minute of the day, 0 to 1439
    end: int  #: the first minute that is allowed again; below `begin` = over midnight
    days: tuple[int, ...] = ()  #: ISO weekdays on which it applies (1 = Monday); empty = every day
    action: str = "hold"  #: hold (until it is over), refuse
    zone: str = ""  #: '' = the recipient's by their number, else this zone


class Flood(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """When traffic to one range looks like pumping: more than `most` messages in `window_s` to one prefix, and more
    than `factor` times what was usual there."""

    prefix: int = 7  #: digits of a range
    window_s: int = 300
    most: int = 100
    factor: float = 4.0
    action: str = "hold"  #: hold, refuse


class DialectSettings(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """How provider styles treat one tenant."""

    smsclub_base64: bool = False  #: texts of its HTTP gateway are base64 of Windows-1251
    ardary_failures: bool = False  #: its status callback tells of failures, too
    ardary_parameters: dict[str, str] = {}  #: names of callback parameters by event: status, sms, link, calls


class Tenant(msgspec.Struct, frozen=True, gc=False):
    """A tenant; `credit` is what it starts with in micro-units, None = postpaid.

    A tenant with a `parent` is that one's customer: what it spends its ancestors pay too, each by its own prices.
    """

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
    parent: str | None = None
    credit_limit: int | None = None  #: how far below nothing it may fall; None: prepaid 0, postpaid without limit
    price_list: str | None = None  #: a price list by name; its rates go before `prices`
    lookup_price: int = 0  #: micro-units a number looked up
    language: str = "en"
    region: str | None = None  #: ISO 3166 alpha-2: national numbers are read as this country's
    strict_numbers: bool = False  #: only numbers that today's numbering plans have
    destinations: tuple[str, ...] = ()  #: prefixes of digits or ISO countries it may send to; empty = all
    barred: tuple[str, ...] = ()  #: prefixes or countries it may not send to; the longest that fits counts
    test_numbers: tuple[tuple[str, str], ...] = ()  #: (digits, final state): taken, free, never sent
    refunds: tuple[str, ...] = ()  #: final states refunded although the message was sent; unsent ones always are
    content: ContentPolicy | None = None
    quiet: QuietHours | None = None
    duplicate_s: int = 0  #: the same text to the same number within so many seconds is refused; 0 = off
    flood: Flood | None = None
    link_days: int = 90  #: how long its short links work
    dialects: DialectSettings | None = None
    device_fallback: bool = False  #: what asked for a phone goes by the network where no phone route is
