"""POST /v1/messages and /v1/messages/batch: a request becomes one Submission, its Outcome the answer."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.model.message import Failure
from smsgwd.model.refusals import BY_CODE, Refusal, Refused
from smsgwd.model.submission import Idempotency, Item, Outcome, Submission
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpRequest, HttpResponse, json_response, problem
from smsgwd.northbound import requests
from smsgwd.northbound.answers import SendAnswer, SentEntry, refused_entry, sent_entry
from smsgwd.northbound.pace import Pace, parts_of

if TYPE_CHECKING:
    from smsgwd.ports.submit import Submitter

_encode = msgspec.json.Encoder().encode


class ApiLimits(msgspec.Struct, frozen=True):
    """What one request may ask for; 1,000 at most, as the contract says."""

    max_recipients: int = requests.MAX_RECIPIENTS
    max_batch: int = requests.MAX_BATCH


class Sending:
    """The handlers that submit."""

    def __init__(self, submitter: Submitter, limits: ApiLimits, pace: Pace | None = None) -> None:
        self._submitter = submitter
        self._limits = limits
        self._pace = pace

    def send(self, tenant: Tenant, request: HttpRequest) -> HttpResponse | Deferred[HttpResponse]:
        """One text to one recipient or several."""
        wanted = requests.decode_send(request.body)
        to = requests.recipients(wanted)
        if len(to) > self._limits.max_recipients:
            raise Refused(Refusal.INVALID, f"`to` has more than {self._limits.max_recipients} recipients")
        return self._submit(tenant, request, to, requests.items(wanted, to))

    def send_batch(self, tenant: Tenant, request: HttpRequest) -> HttpResponse | Deferred[HttpResponse]:
        """Different messages in one request."""
        wanted = requests.decode_batch(request.body).messages
        if len(wanted) > self._limits.max_batch:
            raise Refused(Refusal.INVALID, f"`messages` has more than {self._limits.max_batch} messages")
        items: list[Item | Failure] = []
        for one in wanted:
            items.extend(requests.items(one, [one.to]))
        return self._submit(tenant, request, [one.to for one in wanted], items)

    def _submit(
        self, tenant: Tenant, request: HttpRequest, to: list[str], wanted: list[Item | Failure]
    ) -> HttpResponse | Deferred[HttpResponse]:
        idempotency = _idempotency(request)
        items = [one for one in wanted if isinstance(one, Item)]
        if not items:
            return _answer(Outcome(0, []), to, wanted)
        if self._pace is not None and tenant.throughput > 0:
            wait = self._pace.take(tenant, sum(map(parts_of, items)))
            if wait > 0:
                return problem(Refusal.OVER_RATE, f"this tenant may send {tenant.throughput} parts a second", wait=wait)
        outcome = self._submitter.submit(Submission(tenant.id, items, idempotency))
        return outcome.addCallback(_answer, to, wanted)


def _idempotency(request: HttpRequest) -> Idempotency | None:
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    asked = f"{request.method} {request.path}\n".encode("latin-1") + request.body
    return requests.checked_key(key, hashlib.sha256(asked).digest())


def _answer(outcome: Outcome, to: list[str], wanted: list[Item | Failure]) -> HttpResponse:
    """One entry a recipient in the order asked for, whether the pipeline saw it or not."""
    seen = iter(outcome.entries)
    entries: list[SentEntry] = []
    accepted = False
    for dest, one in zip(to, wanted, strict=True):
        if isinstance(one, Failure):
            entries.append(refused_entry(dest, one))
            continue
        entry = next(seen)
        accepted = accepted or entry.error is None
        entries.append(sent_entry(entry))
    if accepted:
        return json_response(202, _encode(SendAnswer(str(outcome.id), entries)))
    first = entries[0].error
    assert first is not None
    refusal = BY_CODE.get(first.code, Refusal.INVALID)
    if refusal.http != 422:  # such as over_rate: every recipient met it, so it is the request's
        return problem(refusal, first.detail, messages=entries)
    detail = first.detail if len(entries) == 1 else f"no recipient was accepted; the first: {first.detail}"
    return problem(refusal, detail, messages=entries)
