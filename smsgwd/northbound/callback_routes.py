"""The endpoints of where a tenant is told and what it was pushed, one row each, and what they take and answer."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from smsgwd.model.refusals import Refusal
from smsgwd.northbound.answers import Id, Time
from smsgwd.northbound.route import BODY, COMMON, Parameter, Route, limit_parameter

MOST_AT_ONCE: Final = 1000  #: ids in one request
STATES: Final = {"pending": "pending", "done": "done", "failed": "given_up"}  #: as the store calls them

Url = Annotated[str, Meta(max_length=2048, pattern="^https?://[!-~]+$", extra_json_schema={"format": "uri"})]
PushState = Literal["pending", "done", "failed"]
Batch = Annotated[int, Meta(ge=1, le=1000, description="Most receipts in one push to a dlr_url; 1 = each alone.")]
_DLR = Meta(description="Where receipts go of messages that name no `dlr_url`.")
_WEBHOOK = Meta(description="Where messages of subscribers and other events go.")
_CALLBACK = Meta(description="Where Ardary's callbacks go.")
_STYLE = Meta(description="In whose style that is told.")


class Callbacks(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Where the account is told; null = nowhere."""

    dlr_url: Annotated[str | None, _DLR]
    dlr_batch: Batch
    webhook_url: Annotated[str | None, _WEBHOOK]
    callback_url: Annotated[str | None, _CALLBACK]
    callback_style: Annotated[Literal["native", "ardary"], _STYLE]


class CallbacksRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False, kw_only=True):
    """What is to be another way; what is left out stays."""

    dlr_url: Annotated[Url | msgspec.UnsetType | None, _DLR] = msgspec.UNSET
    dlr_batch: Annotated[float, Meta(ge=1, le=1000, multiple_of=1)] | msgspec.UnsetType = msgspec.UNSET
    webhook_url: Annotated[Url | msgspec.UnsetType | None, _WEBHOOK] = msgspec.UNSET
    callback_url: Annotated[Url | msgspec.UnsetType | None, _CALLBACK] = msgspec.UNSET
    callback_style: Annotated[Literal["native", "ardary"] | msgspec.UnsetType, _STYLE] = msgspec.UNSET


class WebhookSecret(msgspec.Struct, frozen=True, gc=False):
    """The secret that pushes are signed with."""

    secret: Annotated[str, Meta(description="`whsec_` and base64; shown this once.")]


class TrialRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Which URL of the account is tried."""

    to: Literal["dlr", "webhook"]


class TrialAnswer(msgspec.Struct, frozen=True, gc=False):
    """What came of a test event."""

    url: str
    status: Annotated[int | None, Meta(description="What was answered; null where there was no answer.")]
    ms: Annotated[int, Meta(ge=0, description="Milliseconds until then.")]
    detail: Annotated[str, Meta(description="Why there was none, or why it does not count as done.")]
    body: Annotated[str, Meta(description="The first 500 characters of the answer.")]


class PushAnswer(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Something that the account was told, or is owed."""

    id: Annotated[Id, Meta(description="The `webhook-id` is `msg_` and this.")]
    message_id: Annotated[Id | None, Meta(description="null: it is about no message of yours.")]
    type: Annotated[str, Meta(description="message.delivered, mo.received, link.clicked, ...")]
    target: Annotated[str, Meta(description="The server that is told, or `@` and an SMPP account.")]
    url: Annotated[str | None, Meta(description="null: it goes to an SMPP account.")]
    state: Annotated[PushState, Meta(description="failed: it is not tried any more.")]
    attempts: Annotated[int, Meta(ge=0, description="That failed.")]
    error: Annotated[str | None, Meta(description="What came of the last attempt that failed.")]
    created_at: Time
    next_at: Annotated[Time | None, Meta(description="When it is tried next, at the earliest; null: not any more.")]
    done_at: Annotated[Time | None, Meta(description="When it was done, or given up.")]


class PushList(msgspec.Struct, frozen=True, gc=False):
    """A page of pushes, newest first. It may have fewer than asked for, or none, and yet a next one."""

    pushes: list[PushAnswer]
    next_cursor: Annotated[
        str | None, Meta(description="Pass it as `cursor` for the next page; null on the last page.")
    ]


_Ids = Annotated[list[Id], Meta(min_length=1, max_length=MOST_AT_ONCE)]
_When = Annotated[str, Meta(max_length=64, extra_json_schema={"format": "date-time"})]


class RepushRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False, rename={"from_": "from"}):
    """Which ones: `ids`, or `messages`, or a span of time."""

    ids: Annotated[_Ids | None, Meta(description="Of pushes.")] = None
    messages: Annotated[_Ids | None, Meta(description="The final receipts of these messages.")] = None
    from_: Annotated[_When | None, Meta(description="What was owed at this time or later (RFC 3339).")] = None
    to: Annotated[_When | None, Meta(description="And before this one; left out: until now. 7 days at most.")] = None


class RepushAnswer(msgspec.Struct, frozen=True, gc=False):
    """How many are due again."""

    pushed: Annotated[int, Meta(ge=0)]


def _route(*row: Any, errors: tuple[Refusal, ...] = (), **rest: Any) -> Route:
    method, path, operation, summary, text, answer = row
    errors = (*COMMON, *(BODY if "body" in rest else ()), *errors)
    return Route(
        method, path, operation, summary, text, 200, (answer,), errors, scope="callbacks", tag="callbacks", **rest
    )


#: The endpoints of where, one row each.
CALLBACK_ROUTES = (
    _route("GET", "/v1/callbacks", "get_callbacks", "Where this account is told of what happens", "", Callbacks),
    _route(
        "PUT",
        "/v1/callbacks",
        "put_callbacks",
        "Have it told elsewhere",
        "What is left out stays as it is; null takes a URL away. It counts for messages that are sent from then on "
        "and for events. Only public addresses are called: another one is refused.",
        Callbacks,
        body=CallbacksRequest,
        errors=(Refusal.NO_SUCH, Refusal.OVER_RATE),
        example='-X PUT -d \'{"dlr_url": "https://example.net/dlr"}\'',
    ),
    _route(
        "POST",
        "/v1/callbacks/secret",
        "new_webhook_secret",
        "Another signing secret, shown once",
        "Pushes are signed with it from that moment on, the old one is good for nothing any more: a receiver that does "
        "not know it yet refuses them, and they are tried again.",
        WebhookSecret,
        errors=(Refusal.NO_SUCH, Refusal.OVER_RATE),
        example="-X POST",
    ),
    _route(
        "POST",
        "/v1/callbacks/test",
        "test_callback",
        "Send a test event now",
        "One event of type `test`, signed as all are, once: it is in no list of pushes and is not tried again.",
        TrialAnswer,
        body=TrialRequest,
        errors=(Refusal.OVER_RATE,),
        example='-d \'{"to": "webhook"}\'',
    ),
)

#: The endpoints of what was pushed, one row each.
PUSH_ROUTES = (
    _route(
        "GET",
        "/v1/pushes",
        "list_pushes",
        "What this account was told and is owed, newest first",
        "As long as the gateway keeps it. A page may be short, or empty, and yet lead on: go on until `next_cursor` is "
        "null.",
        PushList,
        parameters=(
            Parameter("state", "query", {"type": "string", "enum": list(STATES)}, "Only pushes in this state."),
            Parameter(
                "message", "query", {"type": "string", "pattern": "^[0-9]{1,19}$"}, "Only what is about this message."
            ),
            Parameter(
                "cursor",
                "query",
                {"type": "string", "pattern": "^[A-Za-z0-9_-]{16}$"},
                "`next_cursor` of the page before. Pages do not move when there are new pushes meanwhile.",
            ),
            limit_parameter("pushes"),
        ),
        example="'?state=failed&limit=20'",
    ),
    _route(
        "POST",
        "/v1/pushes/repush",
        "repush",
        "Push again what was done or given up",
        "With the same `webhook-id`: a receiver that has seen it can tell. What is still pending stays as it is.",
        RepushAnswer,
        body=RepushRequest,
        errors=(Refusal.OVER_RATE,),
        example='-d \'{"messages": ["253446418272096257"]}\'',
    ),
)
