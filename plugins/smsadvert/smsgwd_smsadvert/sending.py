"""One request to SMSAdvert, and what its answer says.

The page gives no HTTP statuses: an answer with `msgId` is a success, one with `errors` or `errorMessage` says that
nothing was taken, whatever its status.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from smsgwd.providers import (
    Accepted,
    Host,
    Outbound,
    Park,
    Permanent,
    Reply,
    Request,
    SlowDown,
    Stop,
    Temporary,
    Unknown,
    Verdict,
)
from smsgwd_smsadvert.options import SmsAdvertOptions

LONGEST_ID: Final = 64
_LONGEST_TEXT: Final = 200
PHONE: Final = "phone"
_OF_THE_MESSAGE: Final = ("shortTextMessage", "endDate", "startDate")


class Refused(msgspec.Struct, frozen=True, gc=False):
    """Nothing of a request was taken: what is wrong, by field."""

    errors: dict[str, str]

    @property
    def verdict(self) -> Permanent:
        """What that comes to for a message that was alone."""
        field = next((name for name in (PHONE, *_OF_THE_MESSAGE) if name in self.errors), "")
        if field:
            return Permanent(field, self.errors[field], "message")
        name = next(iter(self.errors))
        return Permanent(name, self.errors[name], "connector")


def request(host: Host, options: SmsAdvertOptions, group: Sequence[Outbound], *, several: bool) -> Request:
    """What is sent. One that is alone (not `several`) has a callback address of its own, which names it."""
    first = group[0]
    body: dict[str, Any] = {
        "phone": ",".join(f"+{message.to}" for message in group),
        "shortTextMessage": first.text,
    }
    if options.send_as_short:
        body["sendAsShort"] = True
    elif options.failover:
        body["failover"] = "short"
    end = min(message.deadline_ms for message in group)
    if options.end_date and end > 0:
        body["endDate"] = end
    url = host.callback_url if several else first.callback_url
    if url:
        body["callback"] = url
    token = options.token.get_secret_value()
    return Request.json(
        options.url, body, headers={"Authorization": f"{options.scheme} {token}" if options.scheme else token}
    )


def read(reply: Reply, group: Sequence[Outbound], *, several: bool) -> Sequence[Verdict] | Refused:
    """What an answer says of each message; Refused where fields were wrong."""
    try:
        said = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = None
    if not isinstance(said, dict):
        said = {}
    errors = _errors(said.get("errors"))
    if errors:
        return Refused(errors)
    message = said.get("errorMessage")
    if isinstance(message, str) or not 200 <= reply.status < 300:
        return [_bad(reply, message[:_LONGEST_TEXT] if isinstance(message, str) else "")] * len(group)
    name = _id(said.get("msgId"))
    if not name:
        return [Unknown("the answer has no msgId")] * len(group)
    if not several:
        return [Accepted(name)]
    return [Accepted(together(name, each.to)) for each in group]


def together(name: str, to: str) -> str:
    """The id of one message among several that share the provider's."""
    return f"{name}/{to}"[-LONGEST_ID:]


def _id(value: Any) -> str:
    name = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return name if len(name) <= LONGEST_ID else ""


def _errors(value: Any) -> dict[str, str]:
    if isinstance(value, dict):
        return {str(name)[:40]: str(text)[:_LONGEST_TEXT] for name, text in value.items()}
    return {}


def _bad(reply: Reply, text: str) -> Verdict:
    """Nothing was taken, and no field is to blame."""
    status, why = reply.status, text or f"HTTP {reply.status}"
    if status == 401 or (status == 403 and text):  # without its words it may be a filter that dislikes this text
        return Stop(why)
    if status == 402:
        return Park(why)
    if status == 429:
        return SlowDown(why, reply.retry_after_s)
    if 300 <= status < 500 and status != 408:
        return Permanent(f"http_{status}", why, "connector")
    return Temporary(why, reply.retry_after_s)
