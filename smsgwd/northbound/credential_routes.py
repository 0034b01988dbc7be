"""The endpoints of a tenant's own credentials, one row each, and what they take and answer."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from smsgwd.model.refusals import Refusal
from smsgwd.model.tenant import SCOPES
from smsgwd.northbound.answers import Time
from smsgwd.northbound.book_types import Removed
from smsgwd.northbound.route import BODY, COMMON, Parameter, Route

DAY_S: Final = 86_400
MOST_GRACE_S: Final = 366 * DAY_S

Kind = Literal["password", "token", "smpp"]
Scope = Annotated[str, Meta(extra_json_schema={"enum": list(SCOPES)})]
Written = Annotated[str, Meta(pattern=r"^[^\s:\x00-\x1f\x7f]{1,128}$")]


class CredentialAnswer(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A credential; the secret itself is never shown again."""

    kind: Kind
    name: Annotated[str, Meta(description="User name or system_id; of a token the beginning of its fingerprint.")]
    serial: Annotated[int, Meta(description="Several secrets may have one name: they differ in this.")]
    label: str
    scopes: Annotated[list[Scope], Meta(description="What it may be used for; empty = everything.")]
    allow: Annotated[list[str], Meta(description="Networks it may be used from; empty = any.")]
    created_at: Time | None
    expires_at: Annotated[Time | None, Meta(description="From then on it is no credential any more; null = never.")]
    live: Annotated[bool, Meta(description="False: it has expired.")]
    this: Annotated[bool, Meta(description="True for the one that this request was made with.")]
    totp: Annotated[bool, Meta(description="True: the console asks for a code from a phone beside this password.")]


class NewCredentialAnswer(CredentialAnswer, frozen=True, gc=False, kw_only=True):
    """A credential that was made now."""

    secret: Annotated[str, Meta(description="Shown this once: it is kept as a hash.")]


class CredentialList(msgspec.Struct, frozen=True, gc=False):
    """All credentials, in the order they were made."""

    credentials: list[CredentialAnswer]


class NewCredential(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A credential to be made; its secret is made, too."""

    kind: Kind
    name: Annotated[
        Written | None, Meta(description="User name or system_id, unique in the gateway; a token has none.")
    ] = None
    label: Annotated[str, Meta(max_length=100, description="What you call it.")] = ""
    scopes: Annotated[
        list[Scope], Meta(max_length=len(SCOPES), description="What it may be used for; empty = everything.")
    ] = []
    allow: Annotated[
        list[Annotated[str, Meta(max_length=64)]],
        Meta(max_length=50, description="Networks it may be used from, such as 192.0.2.0/24; empty = any."),
    ] = []
    expires_at: Annotated[
        Annotated[str, Meta(max_length=64)] | None, Meta(description="When it ends (RFC 3339); null = never.")
    ] = None


class RotateRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """How a secret is replaced."""

    grace_s: Annotated[
        Annotated[float, Meta(ge=0, le=MOST_GRACE_S, multiple_of=1)],
        Meta(description="Seconds that the old ones work still."),
    ] = DAY_S


class TotpState(msgspec.Struct, frozen=True, gc=False):
    """Whether a code is asked for."""

    enabled: Annotated[bool, Meta(description="True: the console asks for a code beside this password.")]
    begun: Annotated[bool, Meta(description="True: a secret was made and not confirmed by a code yet.")]


class TotpRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Begin without `code`, then confirm with one."""

    code: Annotated[
        Annotated[str, Meta(max_length=20)] | None,
        Meta(description="The six digits that the phone shows; null = make a secret."),
    ] = None


class TotpAnswer(TotpState, frozen=True, gc=False, kw_only=True):
    """What has become of it."""

    secret: Annotated[str | None, Meta(description="Base32, where one was made now: shown this once.")] = None
    uri: Annotated[str | None, Meta(description="The same as an otpauth:// address, for a QR code.")] = None


_KIND = Parameter("kind", "path", {"type": "string", "enum": ["password", "token", "smpp"]}, "Of the credential.")
_NAME = Parameter(
    "name", "path", {"type": "string"}, "User name or system_id; of a token its label, or its `name` as the list shows."
)
_SERIAL: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": 999_999_999}
_TOTP: Final = "/v1/credentials/{kind}/{name}/totp"


def _route(*row: Any, errors: tuple[Refusal, ...] = (), **rest: Any) -> Route:
    method, path, operation, summary, text, status, answer = row
    errors = (*COMMON, *(BODY if "body" in rest else ()), *errors)
    return Route(
        method, path, operation, summary, text, status, answer, errors, scope="credentials", tag="account", **rest
    )


#: The endpoints, one row each.
CREDENTIAL_ROUTES = (
    _route(
        "GET",
        "/v1/credentials",
        "list_credentials",
        "How this account logs in; never the secrets",
        "",
        200,
        (CredentialList,),
    ),
    _route(
        "POST",
        "/v1/credentials",
        "add_credential",
        "Make a credential; its secret is shown once",
        "A name that the account has gets one more secret beside the others. A credential can give no more than it is "
        "good for itself: no scope, network or time that it has not.",
        201,
        (NewCredentialAnswer,),
        body=NewCredential,
        errors=(Refusal.EXISTS, Refusal.NO_SUCH, Refusal.OVER_RATE),
        example='-d \'{"kind": "token", "label": "web shop", "scopes": ["send", "read"]}\'',
    ),
    _route(
        "POST",
        "/v1/credentials/{kind}/{name}/rotate",
        "rotate_credential",
        "A new secret, shown once; the old ones work a while still",
        "Of a credential that is good for no more than the one that asks.",
        200,
        (NewCredentialAnswer,),
        parameters=(_KIND, _NAME),
        body=RotateRequest,
        errors=(Refusal.NO_SUCH, Refusal.OVER_RATE),
        example="-d '{\"grace_s\": 3600}'",
    ),
    _route(
        "DELETE",
        "/v1/credentials/{kind}/{name}",
        "remove_credential",
        "Remove a credential at once",
        "Of one that is good for no more than the one that asks. 409 for the last one by which the account can be "
        "looked after for good: of kind password or token, without scopes and without an end. Who is bound over SMPP "
        "with it is unbound.",
        200,
        (Removed,),
        parameters=(_KIND, _NAME, Parameter("serial", "query", _SERIAL, "Only this secret of the name; else all.")),
        errors=(Refusal.NO_SUCH, Refusal.LAST_CREDENTIAL),
    ),
    _route(
        "GET",
        _TOTP,
        "get_totp",
        "Whether the console asks for a code from a phone beside a password",
        "Requests of this API are never asked for one.",
        200,
        (TotpState,),
        parameters=(_KIND, _NAME),
        errors=(Refusal.NO_SUCH,),
    ),
    _route(
        "POST",
        _TOTP,
        "set_totp",
        "Have the console ask for a code from a phone (TOTP, RFC 6238)",
        "First without `code`: the answer has the secret for the phone. Then with the code that the phone shows: from "
        "then on one is asked for. 409 where that is so already.",
        200,
        (TotpAnswer,),
        parameters=(_KIND, _NAME),
        body=TotpRequest,
        errors=(Refusal.NO_SUCH, Refusal.EXISTS, Refusal.OVER_RATE),
        example="-d '{}'",
    ),
    _route(
        "DELETE",
        _TOTP,
        "remove_totp",
        "Have the console ask for no code any more",
        "",
        200,
        (Removed,),
        parameters=(_KIND, _NAME),
        errors=(Refusal.NO_SUCH,),
    ),
)
