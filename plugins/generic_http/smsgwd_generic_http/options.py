"""All options of `generic_http`, and what they mean for limits and abilities of the connector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from pydantic import BeforeValidator, model_validator

from smsgwd.providers import Poll, option
from smsgwd_generic_http.answers_options import Answer, CallbackShape, StateReport
from smsgwd_generic_http.parts import Each, Part, Text, Where
from smsgwd_generic_http.requests_options import (
    COMMON_VALUES,
    OWN_VALUES,
    SHARED_VALUES,
    Auth,
    BaseUrl,
    RequestShape,
    Secret,
)
from smsgwd_generic_http.templates import Template

_OWN_IN_POLL = OWN_VALUES - {"callback_url"}


def _word_keys(value: object) -> object:
    """`true:` and `0:` of YAML are the words that values have."""
    if not isinstance(value, Mapping):
        return value
    return {str(key).lower() if isinstance(key, bool) else str(key): each for key, each in value.items()}


class PollShape(Part):
    """Asking what became of messages."""

    request: RequestShape = option("The question; {foreign_id} is the provider's id.")
    group: int = option("Messages a question.", default=1, ge=1, le=1000)
    each: Each | None = option("Where the answer has an entry for each message.", default=None)
    report: StateReport = option("An entry, or the answer.")
    first_s: float = option("How long after sending it is asked first.", default=10.0, ge=1, le=86400, unit="s")
    longest_s: float = option("The longest between questions, which grow.", default=600.0, ge=1, le=86400, unit="s")
    after_callbacks_s: float | None = option(
        "Where callbacks come too: how late it is asked for those that did not; null = as `first_s` says.",
        default=None,
        ge=1,
        le=604800,
        unit="s",
    )

    @model_validator(mode="after")
    def _which(self) -> PollShape:
        if self.group > 1 and self.report.foreign_id is None and self.report.message_id is None:
            raise ValueError("with a 'group', 'report' needs 'foreign_id' or 'message_id'")
        return self


class BalanceShape(Part):
    """Asking what is left."""

    request: RequestShape = option("The question.")
    amount: Where = option("How much.")
    currency: Text = option("Of what; '' = messages.", default="", pattern=r"^[A-Za-z]{0,8}$", example="EUR")
    currency_at: Where | None = option("Where the answer says so.", default=None)


class SendShape(RequestShape):
    """The request that sends a message, or a group."""

    group: int = option("Most messages of one request.", default=1, ge=1, le=1000, unit="messages")
    separator: str = option(
        "Between the recipients (and ids) of a group, where they stand in one text.",
        default=",",
        min_length=1,
        max_length=8,
    )


_WORDED: Final = ("coding", "flash", "priority")


class GenericOptions(Part):
    """Everything about a provider's API."""

    base_url: BaseUrl = option("What paths are added to.", default="", example="https://api.provider.example/v1")
    secrets: Mapping[str, Secret] = option(
        "Secrets by name, for {secret:NAME}: `{key: {env: PROVIDER_KEY}}`.", default_factory=dict
    )
    auth: Auth = option("How all requests prove who we are.", default_factory=Auth)
    words: Mapping[str, Annotated[Mapping[str, Text], BeforeValidator(_word_keys)]] = option(
        "The provider's words for a value's: `{coding: {ucs2: unicode, gsm: text, latin1: unicode}}`.",
        default_factory=dict,
    )
    requests_s: float = option(
        "Most requests in any second, if the connector does not say; 0 = no limit.", default=0.0, ge=0, le=10000
    )
    send: SendShape = option("The request that sends.")
    answer: Answer = option("What its answer means.", default_factory=Answer)
    callback: CallbackShape | None = option("What the provider sends by itself; null = nothing.", default=None)
    poll: PollShape | None = option("Asking for states; null = that cannot be.", default=None)
    balance: BalanceShape | None = option("Asking what is left; null = that cannot be.", default=None)

    def requests(self) -> Iterator[tuple[str, RequestShape, frozenset[str]]]:
        """The requests, each with its key and the values that it may have."""
        yield "send", self.send, frozenset(OWN_VALUES - {"foreign_id"} | SHARED_VALUES.keys() | COMMON_VALUES)
        if self.poll is not None:
            yield "poll.request", self.poll.request, frozenset(_OWN_IN_POLL | {"from", "from_plus"} | COMMON_VALUES)
        if self.balance is not None:
            yield "balance.request", self.balance.request, COMMON_VALUES

    @model_validator(mode="after")
    def _fits_together(self) -> GenericOptions:
        problems = [*self._wrong_values(), *self._wrong_secrets(), *self._wrong_groups(), *self._wrong_signature()]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _wrong_values(self) -> Iterator[str]:
        for key, shape, known in self.requests():
            if shape.url.startswith("/") and not self.base_url:
                yield f"{key}.url is a path, which needs 'base_url'"
            for place, text in shape.templates():
                for name in sorted(Template(text).names - known):
                    if not name.startswith("secret:"):
                        yield f"{key}.{place}: there is no '{name}' here"

    def _wrong_secrets(self) -> Iterator[str]:
        texts = [(f"{key}.{place}", text) for key, shape, _ in self.requests() for place, text in shape.templates()]
        if self.auth.hmac is not None:
            texts.append(("auth.hmac.signed", self.auth.hmac.signed))
        if self.callback is not None and self.callback.signature is not None:
            texts.append(("callback.signature.signed", self.callback.signature.signed))
        for place, text in texts:
            for name in sorted(Template(text).names):
                kind, _, about = name.partition(":")
                if kind == "secret" and about not in self.secrets:
                    yield f"{place}: 'secrets' has no '{about}'"

    def _wrong_signature(self) -> Iterator[str]:
        signature = None if self.callback is None else self.callback.signature
        if signature is not None and "url" in Template(signature.signed).names:
            for place, text in self.send.templates():
                if "callback_url" in Template(text).names:
                    yield f"send.{place}: a signature of {{url}} is one of {{common_callback_url}}, give that"

    def _wrong_groups(self) -> Iterator[str]:
        for name in self.words.keys() - _WORDED:
            yield f"words.{name}: only {', '.join(_WORDED)} have words"
        if self.auth.form:
            for key, shape, _ in self.requests():
                if shape.body is None or shape.body.form is None:
                    yield f"auth.form: {key} has no form"
        if self.send.group > 1:
            for place, text in self.send.templates():
                own = Template(text).names & {"callback_url"}
                if own and "$each" not in place:
                    yield f"send.{place}: with a 'group', '{{callback_url}}' stands within $each: it is of one message"
        if self.send.group > 1 and self.answer.id_for == "message" and self.answer.each is None:
            yield "answer: with a 'group' it needs 'each', or 'id_for: request'"
        if self.answer.id_for == "request" and self.callback is not None and self.callback.report is not None:
            report = self.callback.report
            if report.foreign_id is not None and report.to is None:
                yield "callback.report: with 'id_for: request' it needs 'to'"

    @property
    def together(self) -> tuple[str, ...]:
        """Fields of Outbound that are equal in a group: those that the request has once for all."""
        once = {name for place, text in self.send.templates() if "$each" not in place for name in Template(text).names}
        return tuple(dict.fromkeys(field for name, field in SHARED_VALUES.items() if field and name in once))

    @property
    def abilities(self) -> tuple[str, ...]:
        """What it can besides sending."""
        given = {"states": self.poll, "received": self.callback, "balance": self.balance}
        return tuple(name for name, shape in given.items() if shape is not None)

    @property
    def polling(self) -> Poll:
        """When states are asked for."""
        shape = self.poll
        if shape is None:
            return Poll()
        return Poll(
            first_s=shape.first_s,
            longest_s=shape.longest_s,
            group=shape.group,
            after_callbacks_s=shape.after_callbacks_s,
        )
