"""Records: what tenants and operators keep by name (contacts, templates, price lists, routes), few and seldom changed.

One table holds them all: (kind, tenant, key) → a JSON value. `tenant` is '' for what is the gateway's. Anything that
comes with every message has a table of its own (messages, ledger, links, lookups).
"""

from typing import Final

import msgspec

CONTACT: Final = "contact"  #: key: msisdn digits
GROUP: Final = "group"  #: key: name of the group
MEMBER: Final = "member"  #: key: group + '/' + msisdn digits
TEMPLATE: Final = "template"  #: key: name
SENDER: Final = "sender"  #: key: the sender id
PRICE_LIST: Final = "price_list"  #: gateway's; key: `price_list_key`
ROUTE: Final = "route"  #: gateway's; key: order, then id (`route_key`)
NUMBER_PLAN: Final = "number_plan"  #: gateway's; key: name of the plan
SENDER_RULE: Final = "sender_rule"  #: gateway's; key: prefix of digits or ISO country
CONTENT_RULE: Final = "content_rule"  #: gateway's; key: name
CONNECTOR: Final = "connector"  #: gateway's; key: id of the connector; what operators want of it
OPERATOR: Final = "operator"  #: gateway's; key: name of the operator (`operators.Operator`)
SESSION: Final = "session"  #: gateway's; key: SHA-256 in hex of the cookie (`sessions.Session`)
TOTP: Final = "totp"  #: key: kind of the credentials + '/' + their name
FORGET: Final = "forget"  #: a node's, in the place of the tenant; key: msisdn digits that its archive is to forget
CONTACT_PUSH: Final = "contact_push"  #: gateway's; key: id of the connector; which contacts its provider knows
SPOOL: Final = "spool"  #: gateway's; key: id of a spool's file; how far the store has taken what waited in it

KINDS: Final = frozenset(
    (
        CONTACT,
        GROUP,
        MEMBER,
        TEMPLATE,
        SENDER,
        PRICE_LIST,
        ROUTE,
        NUMBER_PLAN,
        SENDER_RULE,
        CONTENT_RULE,
        CONNECTOR,
        OPERATOR,
        SESSION,
        CONTACT_PUSH,
        FORGET,
        SPOOL,
        TOTP,
    )
)
#: Processes remember something of these: who shares a store hears of changes. (Of connectors they tell themselves.)
REMEMBERED: Final = frozenset(
    (CONTACT, TEMPLATE, SENDER, PRICE_LIST, ROUTE, NUMBER_PLAN, SENDER_RULE, CONTENT_RULE),
)
#: Those of them that are a tenant's, not the gateway's.
TENANTS: Final = frozenset((CONTACT, TEMPLATE, SENDER))
#: Most records of a tenant, of kinds that all of are read again when one changes.
MOST: Final = {TEMPLATE: 1000, SENDER: 1000}
LONGEST_KEY: Final = 200  #: characters
LARGEST_VALUE: Final = 32 * 1024 * 1024  #: bytes


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record as stored; `value` is JSON, `at` when it was put (milliseconds since 1970, UTC)."""

    kind: str
    tenant: str
    key: str
    value: bytes
    at: int


class Contact(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A person in a tenant's address book, by number."""

    number: str  #: as the tenant wrote it
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    address: str = ""
    country: str = ""  #: ISO 3166 alpha-2
    comments: str = ""

    @property
    def name(self) -> str:
        """What history shows."""
        return f"{self.first_name} {self.last_name}".strip()


class Group(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A tenant's group of contacts; its members are records of their own."""

    name: str
    comments: str = ""


class Template(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A text with placeholders such as {name}."""

    name: str
    text: str
    comments: str = ""


class Sender(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A sender id that a tenant asked for. Only an approved one may be sent under."""

    name: str
    status: str = "requested"  #: requested, approved, refused
    details: dict[str, str] = {}  #: of the registration: company, purpose, website, ...
    reason: str = ""  #: why it was refused
    requested_at: int = 0
    decided_at: int = 0


class PriceListRecord(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A price list from a moment on: of several with one name the one that began last is in effect."""

    name: str
    currency: str = "EUR"
    valid_from: int = 0
    rates: tuple[tuple[str, int], ...] = ()  #: (prefix of digits, '' = else; or 'mcc:202', 'mcc:20201'; micro-units)


class SenderRule(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What senders may be in a country (or under a prefix)."""

    alphanumeric: str = "allowed"  #: allowed, substitute, refuse
    numeric: str = "allowed"
    substitute: str = ""  #: the sender that takes the place of one that may not be
    registered_only: bool = False  #: only senders that an operator approved by name


class NumberPlanRecord(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Which operator has which range: rows of (prefix, ISO country, mcc, mnc, operator's name)."""

    name: str
    rows: tuple[tuple[str, str, str, str, str], ...] = ()


class ContentRule(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A pattern that no text may match; RE2 syntax, case does not count unless the pattern says so."""

    name: str
    pattern: str
    tenants: tuple[str, ...] = ()  #: whose texts; empty = everyone's


class ConnectorWish(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What operators want of a connector, over restarts and reloads. None = as in the configuration."""

    state: str = "on"  #: on, paused, stopped
    throughput: float | None = None  #: parts/s, 0 = no limit
    window: int | None = None
    reason: str = ""
    who: str = ""  #: wanted that last
    at: int = 0  #: and when (ms)


class ContactPush(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a connector's provider was told of a tenant's contacts."""

    tenant: str
    until: int  #: it knows all that were put until then (ms); -1 = none
    began: int = 0  #: since when the ones behind that are being told; 0 = they are not
    after: str = ""  #: the key of the last one told


class Totp(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The codes from a phone that are asked for beside a password."""

    secret: str  #: base64, sealed
    confirmed: bool = False  #: a code was given: from then on one is asked for
    step: int = -1  #: the newest one whose code was used (`accounts.totp.verify`)
    at: int = 0  #: when it was begun (ms)


def totp_key(kind: str, name: str) -> str:
    """The key of the codes that go with all secrets of a name."""
    return f"{kind}/{name}"


def price_list_key(name: str, valid_from: int) -> str:
    """The key of a price list: its versions stand together, oldest first."""
    return f"{name}@{valid_from:015d}"


def route_key(order: int, route_id: str) -> str:
    """The key of a stored route: lower orders are tried first, before those of the configuration."""
    return f"{order:08d}/{route_id}"
