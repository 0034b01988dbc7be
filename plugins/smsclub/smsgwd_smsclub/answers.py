"""What SMS Club's answers say: JSON with `success_request`, or an error with its own status."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from smsgwd.model.message import State
from smsgwd.providers import (
    Accepted,
    Balance,
    Halt,
    NoAnswer,
    Outbound,
    Permanent,
    Reply,
    Report,
    SlowDown,
    Stop,
    Temporary,
    Unknown,
    Verdict,
)
from smsgwd_smsclub.words import LONGEST, of, shown, verdict_of

VALIDATION: Final = 400
DUPLICATION: Final = 453

_ID = re.compile(r"[!-~]{1,64}\Z", re.ASCII)
_NO_DIGIT = re.compile(r"[^0-9]+")
_MONEY = re.compile(r'"money"\s*:\s*"?([+-]?[0-9]{1,15}(?:\.[0-9]{1,10})?)"?\s*[,}\]]', re.ASCII)
_CURRENCY = re.compile(r'"currency"\s*:\s*"([A-Za-z]{3})"', re.ASCII)

#: None = on its way.
STATES: Final[Mapping[str, State | None]] = {
    "ENROUTE": None,
    "DELIVRD": State.DELIVERED,
    "EXPIRED": State.EXPIRED,
    "UNDELIV": State.UNDELIVERED,
    "REJECTD": State.REJECTED,
}


def refused(reply: Reply) -> Temporary | Permanent | Unknown | SlowDown | Stop | None:
    """What is not done, and why; None for 2xx. 400 and 453 are for who knows what was asked."""
    status = reply.status
    if 200 <= status < 300:
        return None
    if status == 401:
        return Stop("answered 401: is the token right?")
    if status == 429:
        return SlowDown("answered 429", reply.retry_after_s)
    if status == 504:
        # A proxy that waited in vain: what stands behind it may have the messages.
        return Unknown("answered 504")
    if status >= 500:
        return Temporary(f"answered {status}", reply.retry_after_s)
    if status in (400, 403, 413, 422):
        return Permanent(str(status), reason_of(reply), scope="connector")
    return Temporary(f"answered {status}" + (": is 'base_url' right?" if status < 400 or status == 404 else ""))


def reason_of(reply: Reply) -> str:
    """The words of an error, `message` of it where there is one; they may name numbers: `words.shown` is for people."""
    try:
        body = reply.json()
    except NoAnswer:
        return f"answered {reply.status}"
    found = body.get("message") or body.get("name") if isinstance(body, dict) else body
    if isinstance(found, str):
        return found[:LONGEST]
    return msgspec.json.encode(body).decode() if body else f"answered {reply.status}"


def taken(reply: Reply, some: Sequence[Outbound]) -> list[Verdict]:
    """What became of each message of a request that was answered with success.

    `info` is id -> number; `add_info`, where it is, number -> why not. What is in neither may be sent or not.
    """
    success = _success(reply)
    if success is None:
        return [Unknown(f"answered {reply.status} without 'success_request'")] * len(some)
    ids: dict[str, str] = {}
    for written, number in _mapping(success.get("info")).items():
        # One that is there twice has its parts counted, or is a doubled request: the first stands for all.
        ids.setdefault(_digits(number), written)
    reasons = {_digits(number): reason for number, reason in _mapping(success.get("add_info")).items()}
    return [_of_one(message, ids, reasons) for message in some]


def _of_one(message: Outbound, ids: Mapping[str, str], reasons: Mapping[str, Any]) -> Verdict:
    found = ids.get(message.to)
    if found is not None:
        return Accepted(found if _ID.match(found) else "")
    if message.to in reasons:
        reason = reasons[message.to]
        said = reason if isinstance(reason, str) else msgspec.json.encode(reason).decode()
        return verdict_of(said[:LONGEST], quoted=of(message))
    return Unknown("the answer does not name its number")


def states(reply: Reply, asked: Sequence[str]) -> list[Report]:
    """The states of ids; those not known there, and words that the page does not have, are left out."""
    success = _success(checked(reply, "/sms/status"))
    if success is None:
        raise NoAnswer("/sms/status answered without 'success_request'")
    found = []
    told = _mapping(success.get("info"))
    for each in asked:
        word = told.get(each)
        if isinstance(word, str) and word.upper() in STATES:
            found.append(Report(STATES[word.upper()], foreign_id=each, word=word.upper()))
    return found


def balance_of(reply: Reply) -> Balance:
    """Money and currency: of the object, of a list with it, or of the page's own text, which is no JSON. Raises
    NoAnswer."""
    text = checked(reply, "/sms/balance").text()
    money, currency = _MONEY.search(text), _CURRENCY.search(text)
    amount = math.nan if money is None else float(money[1])
    if not math.isfinite(amount):
        raise NoAnswer("/sms/balance answered without 'money'")
    return Balance(amount, "" if currency is None else currency[1].upper())


def senders_of(reply: Reply) -> list[str]:
    """The sender names of the account. Raises NoAnswer."""
    success = _success(checked(reply, "/sms/originator"))
    info = None if success is None else success.get("info")
    if isinstance(info, dict):  # PHP makes one of a list with gaps
        info = list(info.values())
    if not isinstance(info, list):
        raise NoAnswer("/sms/originator answered without a list")
    return [each for each in info if isinstance(each, str) and each]


def checked(reply: Reply, what: str) -> Reply:
    """The answer to a question, where it is a success. Raises Halt, NoAnswer."""
    refusal = refused(reply)
    match refusal:
        case None:
            return reply
        case Unknown(reason):
            raise NoAnswer(f"{what} {reason}")
        case Permanent(code, reason):
            raise Halt(Temporary(f"{what} answered {code}: {shown(reason)}"))
        case _:
            raise Halt(refusal)


def _success(reply: Reply) -> Mapping[str, Any] | None:
    """`success_request` of an answer. Raises NoAnswer for what is no JSON."""
    body = reply.json()
    found = body.get("success_request") if isinstance(body, dict) else None
    return found if isinstance(found, dict) else None


def _mapping(found: Any) -> Mapping[str, Any]:
    """An object; PHP writes an empty one as a list."""
    return found if isinstance(found, dict) else {}


def _digits(number: Any) -> str:
    """A number as we have them, however it is written."""
    return _NO_DIGIT.sub("", number) if isinstance(number, str) else str(number)
