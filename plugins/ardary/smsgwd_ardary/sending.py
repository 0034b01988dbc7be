"""Sending: one request for a group, whose texts may differ; the answer is read leniently.

The provider's page shows no answer to `sendSms`. What is understood: an entry for each message as in its answer about
contacts, an error for the whole request, or a success that goes into no detail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from smsgwd.providers import (
    OF_CONTENT,
    Accepted,
    Host,
    Outbound,
    Reply,
    Request,
    Unknown,
    Verdict,
    by_status,
    in_halves,
)
from smsgwd_ardary.errors import REPEATED, codes_in, refused
from smsgwd_ardary.options import ArdaryOptions

_PRIORITIES: Final = (0, 1, 2, 2)
_SUCCESS: Final = frozenset(("success", "successful", "ok", "true", "sent", "1", "200"))
_UNREADABLE: Final = Unknown("answered with what cannot be understood")


async def send(host: Host, options: ArdaryOptions, group: Sequence[Outbound]) -> Sequence[Verdict]:
    """See Provider.send. One request, unless it is refused as a whole for what may be in one of the messages."""

    async def ask(some: Sequence[Outbound]) -> Sequence[Verdict] | None:
        return verdicts(await host.request(request(options, some)), some)

    return await in_halves(host, group, ask)


def request(options: ArdaryOptions, group: Sequence[Outbound]) -> Request:
    """What is sent for a group; `id_sms_api` is our id, so that a repetition is known as one."""
    first = group[0]
    header: dict[str, Any] = {
        "login": options.login,
        "accesskey": options.access_key.get_secret_value(),
        "priority": _PRIORITIES[max(0, min(first.priority, 3))],
        "mode": options.mode,
    }
    if options.routing == "network":
        header["sender_mode"] = options.sender_mode
        if first.sender:
            header["sender_name"] = first.sender
    messages = [
        {"id_sms_api": message.id, "phone_number": f"+{message.to}", "message": message.text} for message in group
    ]
    return Request.json(f"{options.base_url.rstrip('/')}/sendSms", {"header": [header], "messages": messages})


def verdicts(reply: Reply, group: Sequence[Outbound]) -> list[Verdict] | None:
    """What an answer says of each message; None where none of several was taken, and it does not say why."""
    try:
        said = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = None
    data = said.get("data", said) if isinstance(said, dict) else said
    if isinstance(data, dict) and isinstance(data.get("sms"), list):
        return _each(data["sms"], group)
    whole = _errors(data) or _errors(said)
    if whole:
        return [refused(whole, whole=True)] * len(group)
    if reply.status in OF_CONTENT and len(group) > 1:
        return None
    bad = by_status(reply)
    if bad is not None:
        return [bad] * len(group)
    if _succeeded(data) or _succeeded(said):
        return [Accepted(message.id) for message in group]
    return [_UNREADABLE] * len(group)


def _each(rows: list[Any], group: Sequence[Outbound]) -> list[Verdict]:
    """By id; an answer without ids is in the order of the request."""
    entries = [row for row in rows if isinstance(row, dict)]
    by_id = {str(entry["id_sms_api"]): entry for entry in entries if entry.get("id_sms_api")}
    if by_id:
        return [_one(by_id.get(message.id), message) for message in group]
    if len(entries) == len(group):
        return [_one(entry, message) for entry, message in zip(entries, group, strict=True)]
    return [_UNREADABLE] * len(group)


def _one(entry: Mapping[str, Any] | None, message: Outbound) -> Verdict:
    if entry is None:
        return Unknown("the answer does not name it")
    codes = codes_in(entry.get("errors"))
    if codes == [REPEATED]:  # it has this very message: our ids are never given twice
        return Accepted(message.id)
    if codes or _word(entry.get("result")) == "failed":
        return refused(codes, whole=False)
    return Accepted(message.id) if _word(entry.get("result")) in _SUCCESS else _UNREADABLE


def _errors(value: Any) -> list[str]:
    """The codes of an answer that refuses the whole request; empty where it does not."""
    if not isinstance(value, dict):
        return []
    codes = codes_in(value.get("errors")) or codes_in(value.get("error"))
    failed = _word(value.get("result")) in ("failed", "error") or _word(value.get("status")) in ("failed", "error")
    return codes or (["failed"] if failed else [])


def _succeeded(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return any(_word(value.get(name)) in _SUCCESS for name in ("result", "status", "success"))


def _word(value: Any) -> str:
    return str(value).strip().lower() if isinstance(value, str | int) else ""
