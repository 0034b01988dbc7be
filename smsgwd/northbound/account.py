"""GET /v1/account: what a program or a page wants to know of the account it works for. Nothing of it is secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from msgspec import Meta
from twisted.internet.defer import Deferred

from smsgwd.accounts.directory import TOKEN
from smsgwd.accounts.usage import expired
from smsgwd.model.ledger import Funds
from smsgwd.model.money import format_money
from smsgwd.model.tenant import SCOPES, Credential
from smsgwd.net.http_message import HttpResponse, json_response
from smsgwd.northbound.answers import Money, Time
from smsgwd.northbound.route import COMMON, Route
from smsgwd.timespec.rfc3339 import format_epoch_ms

if TYPE_CHECKING:
    from smsgwd.northbound.api import OwnOperation
    from smsgwd.ports.clock import Clock
    from smsgwd.ports.store import Store
    from smsgwd.ports.submit import Proven

_MONEY: Final = "money"
_CREDENTIALS: Final = "credentials"
_encode = msgspec.json.Encoder().encode

Kind = Annotated[str, Meta(extra_json_schema={"enum": ["password", "token", "smpp"]})]


class HttpPlace(msgspec.Struct, frozen=True, gc=False):
    """Where an API is served over HTTP."""

    api: Annotated[str, Meta(description="native, or the name of a provider style: isms, smsclub, ...")]
    base_url: Annotated[str, Meta(description="What its paths follow, without a slash at the end.")]


class SmppPlace(msgspec.Struct, frozen=True, gc=False):
    """Where SMPP is served."""

    host: str
    port: int
    tls: bool


class Places(msgspec.Struct, frozen=True):
    """Where tenants find the gateway."""

    http: tuple[HttpPlace, ...] = ()
    smpp: tuple[SmppPlace, ...] = ()


class KnownCredential(msgspec.Struct, frozen=True, gc=False):
    """A credential without its secret."""

    kind: Kind
    name: Annotated[str | None, Meta(description="User name or system_id; null for a token, which has none.")]
    label: Annotated[str, Meta(description="What its owner calls it.")]
    scopes: Annotated[list[str], Meta(description="What it may be used for.")]
    expires_at: Time | None


class Account(msgspec.Struct, frozen=True, gc=False):
    """An account as its own programs see it."""

    id: str
    currency: str
    time_zone: Annotated[str, Meta(description="IANA name: phrases of time, bills and statistics go by it.")]
    language: str
    region: Annotated[
        str | None, Meta(description="ISO 3166 alpha-2: national numbers are read as this country's; null: not taken.")
    ]
    default_sender: str | None
    senders: Annotated[list[str], Meta(description="What may be sent under: `*` anything, `Shop*` what begins so.")]
    any_sender: Annotated[bool, Meta(description="True where senders need no approval.")]
    throughput: Annotated[int | None, Meta(description="Parts a second; null without a limit.")]
    lookup_price: Annotated[Money, Meta(description="Of a number that is looked up.")]
    prepaid: Annotated[bool, Meta(description="False where nothing has to be paid before it is sent.")]
    balance: Annotated[Money | None, Meta(description="As in the balance; null without the scope `money`, too.")]
    available: Annotated[Money | None, Meta(description="What can be spent; null without a limit or that scope.")]
    credential: Annotated[KnownCredential, Meta(description="The one that asks.")]
    credentials: Annotated[
        list[KnownCredential],
        Meta(description="All of the account's; with the asking one alone where it may not see the others."),
    ]
    http: Annotated[list[HttpPlace], Meta(description="The APIs that are served, the native one first.")]
    smpp: Annotated[list[SmppPlace], Meta(description="Empty where SMPP is not served to the outside.")]


ACCOUNT_ROUTES = (
    Route(
        "GET",
        "/v1/account",
        "account",
        "The account: its settings, its money, and where it is served",
        "Money is shown to credentials with the scope `money`, other credentials to those without limits and to those "
        "with the scope `credentials`. No secret is ever shown.",
        200,
        (Account,),
        COMMON,
    ),
)


class Accounts:
    """The handler."""

    def __init__(self, store: Store, clock: Clock, places: Places) -> None:
        self._store = store
        self._clock = clock
        self._places = places

    def handlers(self) -> Mapping[str, OwnOperation]:
        """By operation of `ACCOUNT_ROUTES`."""
        return {"account": lambda who, _request, _slots, _query: self.account(who)}

    def account(self, who: Proven) -> Deferred[HttpResponse]:
        """The account of whoever asks."""
        return self._store.funds(who.tenant.id).addCallback(self._told, who)

    def _told(self, funds: Funds | None, who: Proven) -> HttpResponse:
        tenant, mine = who.tenant, who.credential
        scopes = _scopes(mine)
        balance = available = None
        if _MONEY in scopes and funds is not None and funds.floor is not None:
            balance, available = format_money(funds.balance), format_money(funds.balance - funds.floor)
        seen = tenant.credentials if not mine.scopes or _CREDENTIALS in scopes else (mine,)
        now = self._clock.now_ms()
        told = Account(
            id=tenant.id,
            currency=tenant.currency,
            time_zone=tenant.time_zone,
            language=tenant.language,
            region=tenant.region,
            default_sender=tenant.default_sender,
            senders=list(tenant.senders),
            any_sender="*" in tenant.senders,
            throughput=tenant.throughput or None,
            lookup_price=format_money(tenant.lookup_price),
            prepaid=tenant.credit is not None,
            balance=balance,
            available=available,
            credential=_known(mine),
            credentials=[_known(each) for each in seen if not expired(each, now)],
            http=list(self._places.http),
            smpp=list(self._places.smpp),
        )
        return json_response(200, _encode(told))


def _scopes(credential: Credential) -> tuple[str, ...]:
    """What a credential is good for."""
    return credential.scopes or SCOPES


def _known(credential: Credential) -> KnownCredential:
    expires_at = credential.expires_at
    return KnownCredential(
        credential.kind,
        None if credential.kind == TOKEN else credential.name,
        credential.label,
        list(_scopes(credential)),
        None if expires_at is None else format_epoch_ms(expires_at),
    )
