"""The catalogue of refusals: why a submission, a recipient or a request is not taken.

One row each, rendered by every edge in its own protocol; no stage writes wire text. `docs/errors.md` is made from it.
"""

from enum import Enum
from typing import NamedTuple


class _Row(NamedTuple):
    code: str
    http: int
    smpp: int
    title: str


class Refusal(Enum):
    """One reason; `.code` is stable, `.http` and `.smpp` are the statuses of a request refused for it alone."""

    MALFORMED = _Row("malformed", 400, 0x08, "The request is malformed")
    INVALID = _Row("invalid", 422, 0x08, "A field has a value that is not allowed")
    UNAUTHENTICATED = _Row("unauthenticated", 401, 0x0E, "Unknown credentials")
    TOO_MANY_FAILURES = _Row("too_many_failures", 429, 0x0D, "Too many failed attempts from this address")
    NOT_FOUND = _Row("not_found", 404, 0x0C, "There is no such message, or nothing at this path")
    METHOD_NOT_ALLOWED = _Row("method_not_allowed", 405, 0x03, "This path does not take this method")
    TOO_LARGE = _Row("too_large", 413, 0x01, "The request is larger than allowed")
    HEADERS_TOO_LARGE = _Row("headers_too_large", 431, 0x01, "The request line or headers are larger than allowed")
    REQUEST_TIMEOUT = _Row("request_timeout", 408, 0x08, "The request did not arrive in time")
    UNSUPPORTED_MEDIA_TYPE = _Row("unsupported_media_type", 415, 0x08, "The body is not of a type that is taken here")
    INVALID_RECIPIENT = _Row("invalid_recipient", 422, 0x0B, "The recipient is no phone number")
    INVALID_SENDER = _Row("invalid_sender", 422, 0x0A, "The sender is no valid address")
    SENDER_NOT_ALLOWED = _Row("sender_not_allowed", 422, 0x0A, "This tenant may not send under this sender")
    INVALID_TEXT = _Row("invalid_text", 422, 0x45, "The text cannot be sent")
    TOO_MANY_PARTS = _Row("too_many_parts", 422, 0x01, "The text needs more parts than allowed")
    INVALID_SCHEDULE = _Row("invalid_schedule", 422, 0x61, "The time to send at is not possible")
    INVALID_VALIDITY = _Row("invalid_validity", 422, 0x62, "The validity is not possible")
    INVALID_DLR_URL = _Row("invalid_dlr_url", 422, 0x08, "The dlr_url cannot be used")
    NO_CREDIT = _Row("no_credit", 422, 0x45, "Not enough credit")
    NO_ROUTE = _Row("no_route", 422, 0x0B, "No route leads to this recipient")
    IDEMPOTENCY_MISMATCH = _Row("idempotency_mismatch", 422, 0x08, "This Idempotency-Key was used with another request")
    IDEMPOTENCY_RUNNING = _Row("idempotency_running", 409, 0x08, "A request with this Idempotency-Key is still running")
    DESTINATION_BARRED = _Row("destination_barred", 422, 0x0B, "This tenant may not send to this recipient")
    OPTED_OUT = _Row("opted_out", 422, 0x0B, "The recipient has opted out of this tenant's messages")
    DUPLICATE = _Row("duplicate", 422, 0x45, "The same message was sent a moment ago")
    ADDRESS_NOT_ALLOWED = _Row("address_not_allowed", 403, 0x0D, "This tenant may not log in from this address")
    TOO_MANY_BINDS = _Row("too_many_binds", 429, 0x05, "This account has all its binds already")
    UNSUPPORTED = _Row("unsupported", 501, 0x03, "This command is not supported")
    BLACKLISTED = _Row("blacklisted", 422, 0x0B, "The recipient is on the gateway's blacklist")
    CONTENT_REFUSED = _Row("content_refused", 422, 0x45, "The text breaks a rule about contents")
    QUIET_HOURS = _Row("quiet_hours", 422, 0x45, "Nobody may be written to at the recipient's time of day")
    FLOOD = _Row("flood", 422, 0x45, "Too many messages to one range of numbers")
    INVALID_LINK = _Row("invalid_link", 422, 0x45, "The link cannot be tracked")
    TEMPLATE_NOT_FOUND = _Row("template_not_found", 422, 0x08, "There is no such template")
    GROUP_NOT_FOUND = _Row("group_not_found", 422, 0x0B, "There is no such group")
    NO_SUCH = _Row("no_such", 404, 0x0C, "There is nothing of that name")
    EXISTS = _Row("exists", 409, 0x08, "There is one of that name already")
    OUT_OF_SCOPE = _Row("out_of_scope", 403, 0x0E, "This credential may not be used for this")
    FORBIDDEN = _Row("forbidden", 403, 0x0D, "The role of whoever asks does not allow this")
    LAST_CREDENTIAL = _Row("last_credential", 409, 0x08, "Nothing else can look after the account")
    REPEATED_REF = _Row("repeated_ref", 422, 0x45, "A message with this reference was sent before")
    TOO_LATE = _Row("too_late", 409, 0x11, "The message has left or is final already")
    OVER_RATE = _Row("over_rate", 429, 0x58, "More messages or requests a second than agreed")
    STORE_UNAVAILABLE = _Row("store_unavailable", 503, 0x08, "Nothing can be stored at the moment; nothing was taken")
    SHUTTING_DOWN = _Row("shutting_down", 503, 0x08, "The gateway is shutting down; nothing was taken")
    OVERLOADED = _Row("overloaded", 503, 0x14, "Too much is waiting; nothing was taken")
    INTERNAL = _Row("internal", 500, 0x08, "The gateway failed at this request; it has been logged")

    @property
    def code(self) -> str:
        """The stable machine code."""
        return self.value.code

    @property
    def http(self) -> int:
        """HTTP status of a request refused for this alone."""
        return self.value.http

    @property
    def smpp(self) -> int:
        """SMPP command_status for this refusal."""
        return self.value.smpp

    @property
    def title(self) -> str:
        """One sentence for people."""
        return self.value.title


BY_CODE = {refusal.code: refusal for refusal in Refusal}


class Refused(Exception):  # noqa: N818 -- a refusal is an answer, not an error of ours
    """Raised by rules to refuse one request or recipient; the edge renders it."""

    def __init__(self, refusal: Refusal, detail: str = "") -> None:
        super().__init__(f"{refusal.code}: {detail or refusal.title}")
        self.refusal = refusal
        self.detail = detail or refusal.title
