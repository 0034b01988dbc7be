"""Options that say what answers and callbacks mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, model_validator

from smsgwd.providers import option, secret
from smsgwd_generic_http.parts import Condition, Each, HeaderName, Part, Text, Where
from smsgwd_generic_http.requests_options import Algorithm, Encoding, Secret
from smsgwd_generic_http.templates import Template

Then = Literal["accepted", "temporary", "permanent", "unknown", "slow_down", "park", "stop"]
StateWord = Literal["delivered", "undelivered", "expired", "rejected", "unknown", "pending"]


def _callback_template(value: str) -> str:
    for name in sorted(Template(value).names):
        kind, _, about = name.partition(":")
        if not (name in ("method", "url", "body", "sorted_form") or (about and kind in ("header", "field", "secret"))):
            raise ValueError(
                f"there is no value '{name}'; there are: method, url, body, sorted_form, header:NAME, field:NAME,"
                " secret:NAME"
            )
    return value


def _states(value: Mapping[str, str]) -> Mapping[str, str]:
    seen: dict[str, str] = {}
    for word in value:
        if word.casefold() in seen:
            raise ValueError(f"'{word}' and '{seen[word.casefold()]}' are the same word")
        seen[word.casefold()] = word
    return value


def _word_keys(value: object) -> object:
    if not isinstance(value, Mapping):
        return value
    return {str(key).lower() if isinstance(key, bool) else str(key): each for key, each in value.items()}


States = Annotated[Mapping[str, StateWord], BeforeValidator(_word_keys), AfterValidator(_states)]


class Rule(Condition):
    """The first rule whose condition holds says what became of the message."""

    then: Then = option("The verdict.")
    scope: Literal["message", "connector"] = option(
        "Of `permanent`: nobody would take it, or this account would not and another may.", default="message"
    )
    reason: Text | None = option(
        "For operators and the message's history; null = what the provider says.", default=None, max_length=200
    )
    code: Text | None = option("Of `permanent`: a code; null = what the provider says.", default=None, max_length=64)
    seconds: float | None = option(
        "How long to wait; null = what the provider says, or as the gateway sees fit.", default=None, ge=0, le=86400
    )


class Answer(Part):
    """What the answer to a sent message means."""

    each: Each | None = option(
        "Where the answer has an entry for each message; all else here is then about an entry.", default=None
    )
    to: Where | None = option("In an entry: its recipient; null = entries are in the order sent.", default=None)
    rules: tuple[Rule, ...] = option("What it means; the first that holds.", default=())
    foreign_id: Where | None = option("The provider's id of the message.", default=None)
    id_for: Literal["message", "request"] = option(
        "What has that id; one for a `request` of several messages is told apart by their recipients.",
        default="message",
    )
    code: Where | None = option("The provider's code of an error.", default=None)
    reason: Where | None = option("Its words for it: no text of the message, no number.", default=None)
    retry_after: Where | None = option(
        "How many seconds it wishes to be left alone; null = the header Retry-After.", default=None
    )

    @model_validator(mode="after")
    def _entries(self) -> Answer:
        if self.to is not None and self.each is None:
            raise ValueError("'to' is about entries: 'each' must say where they are")
        return self


class StateReport(Part):
    """A message's state in a callback or the answer to a question."""

    when: Condition | None = option("Only what fits is one; null = all.", default=None)
    foreign_id: Where | None = option("The provider's id of the message.", default=None)
    message_id: Where | None = option(
        "Ours, where the provider tells it back; one in the callback's address is known anyhow.", default=None
    )
    to: Where | None = option("The recipient: needed with `id_for: request`.", default=None)
    state: Where = option("The provider's word for the state.")
    states: States = option(
        "What the words mean (in any case): delivered, undelivered, expired, rejected, unknown, pending.",
        min_length=1,
        example={"delivered": "delivered", "failed": "undelivered"},
    )
    other: StateWord = option("What all other words mean.", default="pending")
    error: Where | None = option("The provider's code of why not.", default=None)
    at: Where | None = option("When that was.", default=None)
    at_format: Literal["unix", "unix_ms", "iso"] = option(
        "How that is written; ISO 8601 counts only with a zone.", default="iso"
    )


class IncomingMessage(Part):
    """A subscriber's message in a callback."""

    when: Condition | None = option("Only what fits is one; null = all that has a sender.", default=None)
    sender: Where = option("Who wrote.", alias="from")
    to: Where | None = option("The number written to; null = the connector's `number`.", default=None)
    text: Where = option("What.")
    at: Where | None = option("When.", default=None)
    at_format: Literal["unix", "unix_ms", "iso"] = option(
        "How that is written; ISO 8601 counts only with a zone.", default="iso"
    )


class Signature(Part):
    """How callbacks prove that the provider sent them; one without or with a wrong one gets a 403."""

    key: Secret = secret("The shared key.")
    algorithm: Algorithm = option("Its hash.", default="sha256")
    signed: Annotated[Text, AfterValidator(_callback_template)] = option(
        "What is signed: {body}, {method}, {url} (the connector's common callback address), {sorted_form} (names and"
        " values of the form, sorted by name), {header:NAME}, {field:NAME}, {secret:NAME}.",
        default="{body}",
        example="{url}{sorted_form}",
    )
    header: HeaderName | None = option("The header it is in.", default=None, example="X-Signature")
    field: str | None = option("Or the field of query or form.", default=None, min_length=1)
    encoding: Encoding = option("How it is written.", default="hex")
    prefix: Text = option("What stands before it.", default="", example="sha256=")

    @model_validator(mode="after")
    def _somewhere(self) -> Signature:
        if (self.header is None) == (self.field is None):
            raise ValueError("one of 'header' and 'field' must say where the signature is")
        return self


class CallbackAnswer(Part):
    """What a callback is answered once it is kept."""

    status: int = option("HTTP status.", default=200, ge=200, le=299)
    body: str = option("Its body.", default="")
    content_type: str = option("Its Content-Type.", default="text/plain; charset=utf-8", pattern=r"^[ -~]{1,200}$")


class CallbackShape(Part):
    """What the provider sends by itself."""

    signature: Signature | None = option("What proves it; null = the unguessable address alone.", default=None)
    each: Each | None = option("Where the callback has several entries; all else is about an entry.", default=None)
    report: StateReport | None = option("A message's state.", default=None)
    incoming: IncomingMessage | None = option("A subscriber's message.", default=None)
    answer: CallbackAnswer = option("What it is answered.", default_factory=CallbackAnswer)

    @model_validator(mode="after")
    def _something(self) -> CallbackShape:
        report = self.report
        if report is None and self.incoming is None:
            raise ValueError("one of 'report' and 'incoming' is needed")
        if report is not None and self.incoming is not None and report.when is None and self.incoming.when is None:
            raise ValueError("with both 'report' and 'incoming', 'when' must tell them apart")
        return self
