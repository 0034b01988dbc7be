"""POST /v1/messages and /v1/messages/batch: a request becomes one Submission, its Outcome the answer."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import UNSET
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure as TwistedFailure

from smsgwd.model.message import Failure
from smsgwd.model.refusals import BY_CODE, Refusal, Refused
from smsgwd.model.submission import Idempotency, Item, Outcome, Submission
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import JSON_TYPE, HttpRequest, HttpResponse, Later, problem
from smsgwd.northbound import problems, requests
from smsgwd.northbound.answers import SendAnswer, refused_entry, sent_entry
from smsgwd.northbound.book_sending import Made, batch_items, group_items
from smsgwd.northbound.intake import Intake
from smsgwd.northbound.problems import NO_STORE, labelled

if TYPE_CHECKING:
    from smsgwd.ports.records import Records

_encode = msgspec.json.Encoder().encode
_ACCEPTED: Final = (("Content-Type", JSON_TYPE), NO_STORE)  # of every 202, so that its head is composed once


class ApiLimits(msgspec.Struct, frozen=True):
    """What one request may ask for; 1,000 recipients or messages at most, as the contract says."""

    max_recipients: int = requests.MAX_RECIPIENTS
    max_batch: int = requests.MAX_BATCH
    max_group: int = 4000  #: members of a group that one request may send to


class _Ask(Later):
    """A submission on its way (`intake.Asking`), and its answer: `wanted` is one place a recipient `to`, an Item or why
    there is none."""

    __slots__ = ("items", "label", "submission", "tenant", "to", "wanted")

    def __init__(self, submission: Submission, to: list[str], wanted: list[Item | Failure], label: str) -> None:
        super().__init__()
        self.submission = submission
        self.items = submission.items
        self.tenant = submission.tenant
        self.to = to
        self.wanted = wanted
        self.label = label

    def told(self, outcome: Outcome | BaseException) -> None:
        """What became of it: the answer."""
        label = self.label
        try:
            if isinstance(outcome, BaseException):
                raise outcome
            response = _response(outcome, self.to, self.wanted)
            if response.status == 202:
                response.route = label
            else:
                labelled(response, label)
        except Exception as error:
            response = labelled(problems.failed(error, label), label)
        self.answer(response)


class _Repeated:
    """Asks what an idempotency key was answered, with the answer there is where it was not used (`intake.Asking`)."""

    __slots__ = ("items", "label", "later", "response", "submission", "tenant")

    def __init__(self, submission: Submission, response: HttpResponse, later: Later, label: str) -> None:
        self.submission = submission
        self.items = submission.items
        self.tenant = submission.tenant
        self.response = response
        self.later = later
        self.label = label

    def told(self, outcome: Outcome | BaseException) -> None:
        """The answer of that time, or this one."""
        response, label = self.response, self.label
        if isinstance(outcome, BaseException):
            response = labelled(problems.failed(outcome, label), label)
        elif outcome.entries:
            response = labelled(_response(outcome, [], []), label)
        self.later.answer(response)


def wall_clock() -> int:
    """Milliseconds since 1970, by the machine's clock."""
    return time.time_ns() // 1_000_000


class Sending:
    """The handlers that submit."""

    def __init__(
        self,
        intake: Intake,
        limits: ApiLimits,
        *,
        records: Records | None = None,
        now: Callable[[], int] = wall_clock,
    ) -> None:
        self._intake = intake
        self._now = now
        self._records = records
        self._limits = limits

    @property
    def limits(self) -> ApiLimits:
        """Those that count now."""
        return self._limits

    def follow(self, limits: ApiLimits) -> None:
        """Keep to these limits from now on."""
        self._limits = limits

    def send(self, tenant: Tenant, request: HttpRequest, label: str) -> HttpResponse | Later:
        """One text to one recipient or several. A Later's answer is labelled, a response is not yet. Raises Refused."""
        wanted = requests.decode_send(request.body)
        to = requests.recipients(wanted)
        if len(to) > self._limits.max_recipients:
            raise Refused(Refusal.INVALID, f"`to` has more than {self._limits.max_recipients} recipients")
        if wanted.template is not UNSET or wanted.text is UNSET or wanted.to_group is not UNSET:
            requests.by_template(wanted)
            made = group_items(self._book(), tenant, wanted, to, self._limits.max_group, self._now)
            return self._expanded(made, tenant, request, label)
        if not to:
            raise Refused(Refusal.INVALID, "`to` or `to_group` is needed - at `$.to`")
        return self._take(tenant, request, to, requests.items(wanted, to, (tenant.time_zone, self._now)), label)

    def send_batch(self, tenant: Tenant, request: HttpRequest, label: str) -> HttpResponse | Later:
        """Different messages in one request; as `send`."""
        wanted = requests.decode_batch(request.body).messages
        if len(wanted) > self._limits.max_batch:
            raise Refused(Refusal.INVALID, f"`messages` has more than {self._limits.max_batch} messages")
        expand = False
        for place, one in enumerate(wanted):
            if one.template is not UNSET or one.text is UNSET:
                expand = requests.by_template(one, f"$.messages[{place}]")
        if expand:
            return self._expanded(batch_items(self._book(), tenant, wanted, self._now), tenant, request, label)
        when = (tenant.time_zone, self._now)
        made = [requests.item_or_failure(one, one.to, when) for one in wanted]
        return self._take(tenant, request, [one.to for one in wanted], made, label)

    def _book(self) -> Records:
        if self._records is None:
            raise Refused(Refusal.UNSUPPORTED, "there are no templates and groups on this listener")
        return self._records

    def _expanded(self, made: Coroutine[Any, Any, Made], tenant: Tenant, request: HttpRequest, label: str) -> Later:
        """The submission of what has to be read first."""
        later = Later()

        def ready(found: Made) -> None:
            to, wanted = found
            taken = self._take(tenant, request, to, wanted, label)
            if isinstance(taken, Later):
                taken.on_answer(lambda response, _: later.answer(response), None)
            elif any(type(one) is Item for one in wanted):
                later.answer(labelled(taken, label))
            else:
                refuse(taken)

        def failed(failure: TwistedFailure) -> None:
            assert failure.value is not None
            refuse(problems.failed(failure.value, label))

        def refuse(response: HttpResponse) -> None:
            """Unless it was taken before, when its group and template were others."""
            labelled(response, label)
            if response.status != 422 or "idempotency-key" not in request.headers:
                later.answer(response)
                return
            try:
                asked = Submission(tenant.id, [], _idempotency(request))
            except Refused:  # the key is none
                later.answer(response)
                return
            self._intake.aside(_Repeated(asked, response, later, label))

        Deferred.fromCoroutine(made).addCallback(ready).addErrback(failed)
        return later

    def _take(
        self, tenant: Tenant, request: HttpRequest, to: list[str], wanted: list[Item | Failure], label: str
    ) -> HttpResponse | Later:
        if self._intake.closed:
            raise Refused(Refusal.SHUTTING_DOWN)
        idempotency = _idempotency(request)
        items = [one for one in wanted if type(one) is Item]
        if not items:
            return _response(Outcome(0, []), to, wanted)
        ask = _Ask(Submission(tenant.id, items, idempotency), to, wanted, label)
        self._intake.take(ask, tenant)
        return ask


def _idempotency(request: HttpRequest) -> Idempotency | None:
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    asked = f"{request.method} {request.path}\n".encode("latin-1") + request.body
    return requests.checked_key(key, hashlib.sha256(asked).digest())


def _response(outcome: Outcome, to: list[str], wanted: list[Item | Failure]) -> HttpResponse:
    """One entry a recipient in the order asked for, whether the pipeline saw it or not. A 202 is marked already."""
    found = outcome.entries
    if len(found) == len(to) or len(found) != sum(type(one) is Item for one in wanted):
        # Nearly always; or the request was sent before, when its group had other members.
        entries = [sent_entry(entry) for entry in found]
    else:
        seen = iter(found)
        entries = [
            refused_entry(dest, one) if isinstance(one, Failure) else sent_entry(next(seen))
            for dest, one in zip(to, wanted, strict=True)
        ]
    for entry in entries:
        if entry.error is None:
            return HttpResponse(202, _ACCEPTED, _encode(SendAnswer(str(outcome.id), entries)))
    first = entries[0].error
    assert first is not None
    refusal = BY_CODE.get(first.code, Refusal.INVALID)
    if refusal.http != 422:  # such as over_rate: every recipient met it, so it is the request's
        return problem(refusal, first.detail, messages=entries)
    detail = first.detail if len(entries) == 1 else f"no recipient was accepted; the first: {first.detail}"
    return problem(refusal, detail, messages=entries)
