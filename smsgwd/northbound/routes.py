"""The endpoints of the native API, one row each: what the router matches and the OpenAPI document describes."""

from __future__ import annotations

from smsgwd.model.message import PUBLIC_STATES
from smsgwd.model.refusals import Refusal
from smsgwd.northbound.account import ACCOUNT_ROUTES
from smsgwd.northbound.answers import (
    Balance,
    MessageDetail,
    MessageList,
    SendAnswer,
    SubmissionMessages,
)
from smsgwd.northbound.book_routes import BOOK_ROUTES
from smsgwd.northbound.callback_routes import CALLBACK_ROUTES, PUSH_ROUTES
from smsgwd.northbound.credential_routes import CREDENTIAL_ROUTES
from smsgwd.northbound.links import LINK_ROUTES
from smsgwd.northbound.lookups import LOOKUP_ROUTES
from smsgwd.northbound.money_routes import MONEY_ROUTES
from smsgwd.northbound.preview import Preview
from smsgwd.northbound.requests import BatchRequest, SendRequest
from smsgwd.northbound.route import (
    BODY,
    COMMON,
    FORMAT,
    FROM_DATE,
    ID,
    MAX_STATES,
    TO_DATE,
    Parameter,
    Route,
    limit_parameter,
)
from smsgwd.northbound.scheduled import SCHEDULED_ROUTES
from smsgwd.northbound.statistics_types import STATISTICS_ROUTES

_SUBMIT = (
    *COMMON,
    *BODY,
    Refusal.INVALID_RECIPIENT,
    Refusal.INVALID_SENDER,
    Refusal.SENDER_NOT_ALLOWED,
    Refusal.INVALID_TEXT,
    Refusal.TOO_MANY_PARTS,
    Refusal.INVALID_SCHEDULE,
    Refusal.INVALID_VALIDITY,
    Refusal.INVALID_DLR_URL,
    Refusal.INVALID_LINK,
    Refusal.TEMPLATE_NOT_FOUND,
    Refusal.GROUP_NOT_FOUND,
    Refusal.DESTINATION_BARRED,
    Refusal.BLACKLISTED,
    Refusal.OPTED_OUT,
    Refusal.CONTENT_REFUSED,
    Refusal.DUPLICATE,
    Refusal.QUIET_HOURS,
    Refusal.FLOOD,
    Refusal.NO_CREDIT,
    Refusal.NO_ROUTE,
    Refusal.IDEMPOTENCY_MISMATCH,
    Refusal.IDEMPOTENCY_RUNNING,
    Refusal.OVER_RATE,
)
#: What refuses a preview as a whole; what refuses recipients is in its answer.
_PREVIEW = (
    *COMMON,
    *BODY,
    Refusal.INVALID_RECIPIENT,
    Refusal.INVALID_TEXT,
    Refusal.TOO_MANY_PARTS,
    Refusal.INVALID_SCHEDULE,
    Refusal.INVALID_DLR_URL,
    Refusal.INVALID_LINK,
    Refusal.TEMPLATE_NOT_FOUND,
    Refusal.GROUP_NOT_FOUND,
    Refusal.OVER_RATE,
)
_KEY = Parameter(
    "Idempotency-Key",
    "header",
    {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "Makes it safe to ask again: the same key with the same body gets the first answer, for 24 hours. "
    "Another body → 422, a first request still running → 409.",
)
_FILTERS = (
    FROM_DATE,
    TO_DATE,
    Parameter(
        "state",
        "query",
        {
            "type": "array",
            "items": {"type": "string", "enum": list(PUBLIC_STATES)},
            "minItems": 1,
            "maxItems": MAX_STATES,
        },
        "Only messages in this state, or in one of several: state=sent&state=queued.",
        repeated=True,
    ),
    Parameter(
        "to",
        "query",
        {"type": "string", "pattern": "^(\\+|00)?[1-9][0-9]{6,14}$"},
        "Only messages to this number (write + as %2B, or leave it out).",
    ),
    Parameter(
        "cursor",
        "query",
        {"type": "string", "pattern": "^[A-Za-z0-9_-]{16}$"},
        "`next_cursor` of the page before. Pages do not move when messages are sent meanwhile.",
    ),
    limit_parameter("messages"),
)

#: Messages, the balance and the description.
MESSAGE_ROUTES = (
    Route(
        "POST",
        "/v1/messages",
        "send",
        "Send a message to one recipient or several",
        "Answered 202 after everything without an `error` is stored durably. Recipients are refused one by one; when "
        "none was accepted the answer is 422, with the code of the first refusal and all of them in `messages`.",
        202,
        (SendAnswer,),
        _SUBMIT,
        (_KEY,),
        SendRequest,
        example='-d \'{"from": "iSMS", "to": "+306912345678", "text": "Καλημέρα"}\'',
        scope="send",
        tag="messages",
    ),
    Route(
        "POST",
        "/v1/messages/batch",
        "send_batch",
        "Send different messages in one request",
        "One entry for each message, in the same order; otherwise as for one message.",
        202,
        (SendAnswer,),
        _SUBMIT,
        (_KEY,),
        BatchRequest,
        example='-d \'{"messages": [{"from": "iSMS", "to": "+306912345678", "text": "One"}]}\'',
        scope="send",
        tag="messages",
    ),
    Route(
        "POST",
        "/v1/preview",
        "preview",
        "What would become of a message, without sending it",
        "Takes what `POST /v1/messages` takes; without `to` and `to_group` it tells of the text alone. Recipients are "
        "looked at one by one: what would be refused has an `error`, and the answer is 200 all the same. Nothing is "
        "stored or paid. What only counting could tell is not told: the same text again (`duplicate`), too much to one "
        "range (`flood`), more parts than agreed (`over_rate`). 20 previews a second are answered, 40 at once after a "
        "pause; 100 recipients count as one. More is refused: 429, `over_rate`.",
        200,
        (Preview,),
        _PREVIEW,
        body=SendRequest,
        example='-d \'{"from": "iSMS", "to": "+306912345678", "text": "Καλημέρα"}\'',
        scope="send",
        tag="messages",
    ),
    Route(
        "GET",
        "/v1/messages",
        "list",
        "List messages, newest first",
        "`format=csv` gives a file without `limit`, 50,000 messages at most: where there are more, the header "
        "`Next-Cursor` has the cursor of the next file. One file is made at a time.",
        200,
        (MessageList,),
        (*COMMON, Refusal.INVALID_RECIPIENT, Refusal.OVER_RATE),
        (*_FILTERS, FORMAT),
        example="'?state=undelivered&limit=20'",
        gives=("text/csv",),
        scope="read",
        tag="messages",
    ),
    Route(
        "GET",
        "/v1/messages/{id}",
        "get",
        "What became of a message or a submission",
        "With the id of a submission, the messages of that submission.",
        200,
        (MessageDetail, SubmissionMessages),
        (*COMMON, Refusal.NOT_FOUND),
        (ID,),
        scope="read",
        tag="messages",
    ),
    Route(
        "DELETE",
        "/v1/messages/{id}",
        "cancel",
        "Cancel what has not left",
        "Of a submission: every message that has not left. 409 when nothing could be cancelled. Refunded.",
        200,
        (MessageDetail, SubmissionMessages),
        (*COMMON, Refusal.NOT_FOUND, Refusal.TOO_LATE),
        (ID,),
        scope="send",
        tag="messages",
    ),
    Route("GET", "/v1/balance", "balance", "What is left of the credit", "", 200, (Balance,), COMMON, scope="money"),
    Route(
        "GET",
        "/openapi.json",
        "openapi",
        "This description, for machines",
        "",
        200,
        (),
        (),
        authenticated=False,
        tag="description",
    ),
    Route(
        "GET",
        "/docs",
        "docs",
        "This description, for people",
        "",
        200,
        (),
        (),
        authenticated=False,
        tag="description",
        media_type="text/html",
    ),
)

#: Every endpoint: what the description describes.
ROUTES = (
    *MESSAGE_ROUTES[:-2],
    *STATISTICS_ROUTES,
    *SCHEDULED_ROUTES,
    *LINK_ROUTES,
    *BOOK_ROUTES,
    *LOOKUP_ROUTES,
    *MONEY_ROUTES,
    *ACCOUNT_ROUTES,
    *CALLBACK_ROUTES,
    *PUSH_ROUTES,
    *CREDENTIAL_ROUTES,
    *MESSAGE_ROUTES[-2:],  # the description itself comes last
)
