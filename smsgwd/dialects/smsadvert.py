"""The SMSAdvert style: one JSON request for up to 1,000 numbers, taken as a whole or not at all; a callback each."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from smsgwd.dialects.commands import Command, Send
from smsgwd.dialects.dialect import Options
from smsgwd.dialects.http import JSON, Answer, Answered, Asked, Push, Request, Token, Unproven
from smsgwd.dialects.smsadvert_fields import Checks
from smsgwd.dialects.smsadvert_texts import (
    DATABASE,
    NO_DEVICE,
    OF_FIELDS,
    OF_NUMBERS,
    OF_REQUESTS,
    STATUSES,
    SUBMITTED,
    texts_in,
)
from smsgwd.model.callbacks import Callback
from smsgwd.model.message import State
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.refusals import BY_CODE, Refusal, Refused
from smsgwd.model.submission import Entry, Item, Outcome
from smsgwd.model.tenant import Tenant

_PATHS: Final = ("/api/sms/", "/api/sms")
_SEND: Final = "smsadvert send"
_MOST_NAMED: Final = 20  #: refused numbers that an error names
_ANY_TEXT: Final = "..."
_encode = msgspec.json.encode
_ONE, _SEVERAL = Callback("smsadvert"), Callback("smsadvert", several=True)


class SmsAdvert:
    """The dialect."""

    name = "smsadvert"
    owns = ("/api/sms",)
    labels = (_SEND,)

    def __init__(self, options: Options) -> None:
        self._texts = texts_in(options.language)
        self._check = Checks(self._texts).check

    def read(self, request: Request) -> Asked:
        """Whose token it is; what the body says is looked at when it is proven."""
        if request.path not in _PATHS:
            raise Refused(Refusal.NOT_FOUND)
        if request.method != "POST":
            raise Refused(Refusal.METHOD_NOT_ALLOWED)
        token = request.headers.get("authorization", "").strip()
        if token[:7].lower() == "bearer ":
            token = token[7:].strip()
        if not token:
            raise Unproven(False)
        return Asked(Token(token), _SEND, "send", request)

    def command(self, asked: Asked, tenant: Tenant, now: int) -> Command:
        """The messages of a request; all wrong fields are told at once."""
        request: Request = asked.what
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in ("", JSON):
            raise Refused(Refusal.UNSUPPORTED_MEDIA_TYPE)
        fields, errors = self._check(request.body, now)
        if errors and "phone" in errors:
            raise Answered(_wrong(errors))
        if errors:  # what is wrong with the numbers is told beside them, and that is known to who would take them
            asked.what = errors
            checked = [
                Item(None, number, _ANY_TEXT, channel="network", international=True) for number in fields.numbers
            ]
            return Send(checked, dry=True)
        numbers, text = fields.numbers, fields.text
        channel = "network" if fields.short else "device"
        callback = None
        if fields.callback is not None:
            callback = _SEVERAL if len(numbers) > 1 else _ONE
        failover = fields.failover and not fields.short
        items = [
            Item(
                None,
                number,
                text,
                dlr_url=fields.callback,
                schedule_at=fields.start,
                not_after=fields.end,
                channel=channel,
                failover=failover,
                international=True,
                callback=callback,
            )
            for number in numbers
        ]
        return Send(items, whole=True)

    def answer(self, asked: Asked, command: Command, result: Any, tenant: Tenant) -> Answer:
        """The id of the request, or what is wrong with which number."""
        outcome: Outcome = result
        if isinstance(command, Send) and command.dry:
            named, _ = _sorted(outcome.entries, by_phone=True)  # by which way is not asked yet
            return _wrong(({"phone": self._naming(named, len(outcome.entries))} if named else {}) | asked.what)
        for entry in outcome.entries:
            if entry.error is not None:
                return self._none_taken(outcome.entries, command)
        return Answer(200, _encode({"successMessage": SUBMITTED, "msgId": str(outcome.id)}), JSON)

    def refused(self, request: Request, asked: Asked | None, refused: Refused) -> Answer:
        """The error of a whole request."""
        if refused.refusal is Refusal.INTERNAL:  # what the operator finds it by in the log
            return _error(500, f"{self._texts['internal']} ({refused.detail})")
        return self._told(refused.refusal)

    def receipt(self, item: OutboxItem, callback: Callback) -> Push | None:
        """delivered or failed, with the id of the request; with the number where there were several."""
        if not item.state.final:
            return None
        status = "delivered" if item.state is State.DELIVERED else "failed"
        body = {"status": status, "msgId": str(item.submission)}
        if callback.several:
            body["phone"] = item.dest
        return Push("POST", item.url, _encode(body), JSON)

    def event(self, kind: str, data: bytes, callback: Callback, url: str, at: int) -> Push | None:
        """SMSAdvert tells of nothing else."""
        return None

    def _none_taken(self, entries: list[Entry], command: Command) -> Answer:
        """Some number was refused, so none was taken: what is wrong with which number, or with all."""
        by_phone = isinstance(command, Send) and command.items[0].channel == "device"
        named, others = _sorted(entries, by_phone=by_phone)
        errors: dict[str, str] = {}
        if named:
            errors["phone"] = self._naming(named, len(entries))
        for refusal in others:
            field = OF_FIELDS.get(refusal)
            if field is not None:
                errors.setdefault(field[0], self._texts[field[1]])
        return _wrong(errors) if errors else self._told(others[0], by_phone=by_phone)

    def _naming(self, named: dict[str, list[str]], asked: int) -> str:
        """The texts about numbers, with the numbers where more than one was asked for."""
        if asked == 1:
            return self._texts[next(iter(named))]
        return " ".join(f"{self._texts[what]} ({_listed(numbers)})" for what, numbers in named.items())

    def _told(self, refusal: Refusal, *, by_phone: bool = False) -> Answer:
        """The answer to one refusal that is not about one number among several."""
        field = OF_FIELDS.get(refusal)
        if field is not None:
            return _wrong({field[0]: self._texts[field[1]]})
        if refusal is Refusal.NO_ROUTE and by_phone:
            return _error(503, NO_DEVICE)
        if refusal is Refusal.STORE_UNAVAILABLE:
            return _error(503, DATABASE)
        if refusal in OF_NUMBERS:
            return _wrong({"phone": self._texts[OF_NUMBERS[refusal]]})
        status = STATUSES.get(refusal, refusal.http)
        headers = (("Allow", "POST"),) if refusal is Refusal.METHOD_NOT_ALLOWED else ()
        return _error(status, self._texts[OF_REQUESTS.get(refusal, "refused")], headers)


def _sorted(entries: list[Entry], *, by_phone: bool) -> tuple[dict[str, list[str]], list[Refusal]]:
    """What is wrong with which numbers, and the other reasons."""
    named: dict[str, list[str]] = {}
    others: list[Refusal] = []
    for entry in entries:
        if entry.error is None:
            continue
        refusal = BY_CODE.get(entry.error.code, Refusal.INVALID)
        what = OF_NUMBERS.get(refusal)
        if what is None or (refusal is Refusal.NO_ROUTE and by_phone):
            others.append(refusal)
        else:
            named.setdefault(what, []).append(entry.dest)
    return named, others


def _listed(numbers: list[str]) -> str:
    shown = ", ".join(numbers[:_MOST_NAMED])
    return shown if len(numbers) <= _MOST_NAMED else f"{shown}, ... +{len(numbers) - _MOST_NAMED}"


def _wrong(errors: dict[str, str]) -> Answer:
    return Answer(400, _encode({"errors": errors}), JSON)


def _error(status: int, text: str, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    return Answer(status, _encode({"errorMessage": text}), JSON, headers)
