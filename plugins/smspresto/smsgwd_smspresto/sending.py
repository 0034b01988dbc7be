"""Sending: a form field `data` with JSON, a text for each recipient; taken apart where a group is refused for some.

The answer has no ids: what becomes of a message, the history tells (`archive.py`).
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
    Permanent,
    Reply,
    Request,
    Unknown,
    Verdict,
    by_status,
    in_halves,
)
from smsgwd_smspresto.errors import bad_code, decoded, status_of, whole
from smsgwd_smspresto.options import SmsPrestoOptions

_RECIPIENT, _MESSAGE = 102, 103
_NOT_COUNTED: Final = Permanent("not_counted", "the answer counts no message as sent")


async def send(host: Host, options: SmsPrestoOptions, group: Sequence[Outbound]) -> Sequence[Verdict]:
    """See Provider.send. A group that is refused for one of its messages is tried in halves, of which nothing was
    taken; after some requests and some time what is left over is put off, so that what was taken is told in time."""

    async def ask(some: Sequence[Outbound]) -> Sequence[Verdict] | None:
        verdicts = _read(host, await host.request(request(options, some)), some)
        return [_NOT_COUNTED] if verdicts is None and len(some) == 1 else verdicts

    return await in_halves(host, group, ask)


def request(options: SmsPrestoOptions, group: Sequence[Outbound]) -> Request:
    """What is sent for a group of one sender."""
    data = {
        "user": options.api_key.get_secret_value(),
        "pass": options.api_pass.get_secret_value(),
        "action": "sendsms",
        "from": group[0].sender,
        "to": [{"recipient": message.to, "message": message.text} for message in group],
    }
    return Request.form(options.base_url, {"data": msgspec.json.encode(data).decode()})


def _read(host: Host, reply: Reply, group: Sequence[Outbound]) -> Sequence[Verdict] | None:
    """What an answer says of each message; None where nothing was taken and it does not say for which of them."""
    said = decoded(reply)
    code = status_of(said)
    if code is None:
        if reply.status in OF_CONTENT and len(group) > 1:
            return None
        return [by_status(reply) or Unknown("answered with what cannot be understood")] * len(group)
    if code:
        if code in (_RECIPIENT, _MESSAGE) and len(group) > 1:
            return None
        return [bad_code(code, said)] * len(group)
    bad = by_status(reply)
    if bad is not None:  # no answer of this API: it says 200 whatever it says
        return [bad] * len(group)
    count = whole(said.get("message-count"))
    if count is None or count >= len(group):
        return [Accepted()] * len(group)
    if count == 0:
        return None
    return _some(host, said, group, count)


def _some(host: Host, said: Mapping[str, Any], group: Sequence[Outbound], count: int) -> list[Verdict]:
    """Fewer were counted than sent. The page does not say which: where the answer names the refused it is known, else
    all are taken to be there, and the history, or its silence, tells. To send them again would send most twice."""
    rows = said.get("refused")
    refused: dict[str, list[Verdict]] = {}
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict):
            to = "".join(each for each in str(row.get("recipient", "")) if each in "0123456789")
            refused.setdefault(to, []).append(bad_code(whole(row.get("status")) or _RECIPIENT, row))
    verdicts: list[Verdict] = []
    for message in group:
        mine = refused.get(message.to)
        verdicts.append(mine.pop(0) if mine else Accepted())
    if sum(isinstance(verdict, Accepted) for verdict in verdicts) == count:
        return verdicts
    host.log("fewer_counted", sent=len(group), counted=count)
    return [Accepted()] * len(group)
