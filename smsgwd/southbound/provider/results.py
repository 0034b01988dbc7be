"""What a plugin returned, as an answer the gateway can rely on: of the right kind and number, no text too long."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, Final

import msgspec

from smsgwd.providers.callbacks import Callback
from smsgwd.providers.numbers import NumberFacts
from smsgwd.providers.reports import Balance, Event, Report
from smsgwd.providers.verdicts import Accepted, Halt, Park, Permanent, SlowDown, Stop, Temporary, Unknown, Verdict
from smsgwd.southbound.provider.calls import (
    AskBalance,
    AskFacts,
    AskStates,
    Call,
    Done,
    LookUp,
    PushContacts,
    Receive,
    Send,
)

LONGEST_ID: Final = 64
_LONGEST_REASON: Final = 200
_LONGEST_CODE: Final = 64
_MOST_EVENTS: Final = 10_000
_MOST_ANSWER: Final = 64 * 1024
_MOST_FACTS: Final = 100
_LONGEST_WAIT_S: Final = 7 * 86_400.0
_LATEST_MS: Final = 1 << 43  # in the year 2248
_LONGEST_CURRENCY: Final = 16
_LONGEST_FACT: Final = 1000
_OURS: Final = re.compile(r"\?[0-9]+\.[0-9]+", re.ASCII)  # what we call a message without a foreign id
_VERDICTS: Final = (Accepted, Temporary, Permanent, Unknown, SlowDown, Park, Stop)


class BadResult(Exception):  # noqa: N818 -- about somebody else's code
    """A plugin returned what it may not; the text says what, without quoting."""


class _Typed:
    """Checks a value against a type by writing and reading it, types of fields and texts without a meaning included:
    about 0.2 us a verdict, and no difference whether there is a process in between."""

    def __init__(self, kind: Any) -> None:
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(kind).decode

    def __call__(self, value: Any) -> Any:
        try:
            return self._decode(self._encode(value))
        except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise BadResult(f"answered with what does not fit: {str(error)[:_LONGEST_REASON]}") from None


_verdicts = _Typed(list[Verdict])
_reports = _Typed(list[Report])
_callback = _Typed(Callback)
_balance = _Typed(Balance)
_facts = _Typed(dict[str, str])
_number = _Typed(NumberFacts | None)
_texts = _Typed(list[str])


def done_of(call: Call, result: Any) -> Done:
    """What a method returned. Raises BadResult."""
    if isinstance(call, Send):
        return Done(verdicts=_checked_verdicts(result, len(call.group)))
    if isinstance(call, AskStates):
        return Done(reports=_checked_reports(result))
    if isinstance(call, Receive):
        return Done(callback=_checked_callback(result))
    if isinstance(call, AskBalance):
        return Done(balance=_tidy_balance(_balance(_be(result, Balance))))
    if isinstance(call, AskFacts):
        return Done(facts=_tidy_facts(_facts(dict(_be(result, Mapping)))))
    if isinstance(call, LookUp):
        return Done(number=_tidy_number(_number(result)))
    return Done(contacts=_tidy_contacts(call, _texts(_be(result, list | tuple))))


def from_afar(call: Call, done: Done) -> Done:
    """What a plugin's process said came of a call, of which types alone are certain: what checked it there may have
    been changed by the plugin. As `done_of` and `halted` make it. Raises BadResult."""
    made = Done(
        trouble=line(done.trouble), fault=done.fault, written=done.written, refused=done.refused,
        exchanges=done.exchanges,
    )  # fmt: skip
    if made.trouble and not made.refused:
        return made
    set_to = msgspec.structs.replace
    if done.halted is not None:
        if isinstance(done.halted, Accepted):
            raise BadResult("raised a Halt with Accepted")
        return set_to(made, halted=_tidy(done.halted))
    if isinstance(call, Send) and done.verdicts is not None:
        return set_to(made, verdicts=_tidy_verdicts(done.verdicts, len(call.group)))
    if isinstance(call, AskStates) and done.reports is not None:
        return set_to(made, reports=_tidy_reports(done.reports))
    if isinstance(call, Receive) and done.callback is not None:
        return set_to(made, callback=_tidy_callback(done.callback))
    if isinstance(call, AskBalance) and done.balance is not None:
        return set_to(made, balance=_tidy_balance(done.balance))
    if isinstance(call, AskFacts) and done.facts is not None:
        return set_to(made, facts=_tidy_facts(done.facts))
    if isinstance(call, LookUp):
        return set_to(made, number=_tidy_number(done.number))
    if isinstance(call, PushContacts) and done.contacts is not None:
        return set_to(made, contacts=_tidy_contacts(call, done.contacts))
    raise BadResult("answered something else than it was asked")


def halted(halt: Halt) -> Done:
    """What a Halt said. Raises BadResult."""
    verdict = halt.verdict
    if not isinstance(verdict, Temporary | Permanent | Unknown | SlowDown | Park | Stop):
        raise BadResult(f"raised a Halt with {type(verdict).__name__}")
    return Done(halted=_tidy(_verdicts([verdict])[0]))


def oddities(call: Call, result: Any) -> str:
    """What of a result was left aside by `done_of` instead of failing the call; '' = nothing.

    A message that was accepted with an id that cannot be kept counts as accepted without one: sending it again would be
    the greater harm. A report that cannot be right is left out: the others of its answer are not to blame.
    """
    if isinstance(call, Send):
        bad = sum(type(each) is Accepted and not usable(each.foreign_id) for each in result)
        return f"{bad} foreign ids are not up to {LONGEST_ID} printable characters" if bad else ""
    if isinstance(call, AskStates):
        whys = [why for each in result if (why := _unfit(each))]
        return f"{len(whys)} reports: {whys[0]}" if whys else ""
    return ""


def usable(foreign_id: str) -> bool:
    """Whether a foreign id is '' (none) or 1 to 64 printable characters, and not what we call a message ourselves that
    has none: by such a one another message would be found."""
    return not foreign_id or (
        len(foreign_id) <= LONGEST_ID
        and foreign_id.isprintable()
        and not (foreign_id[0] == "?" and _OURS.fullmatch(foreign_id))
    )


def _checked_verdicts(result: Any, count: int) -> Sequence[Verdict]:
    listed = _be(result, list | tuple)
    for each in listed:
        if not isinstance(each, _VERDICTS):
            raise BadResult(f"answered with {type(each).__name__} for a verdict")
    return _tidy_verdicts(_verdicts(listed), count)


def _tidy_verdicts(found: Sequence[Verdict], count: int) -> Sequence[Verdict]:
    if len(found) != count:
        raise BadResult(f"answered {count} messages with {len(found)} verdicts")
    return [
        (each if usable(each.foreign_id) else Accepted()) if type(each) is Accepted else _tidy(each) for each in found
    ]


def _tidy(verdict: Verdict) -> Verdict:
    """Reasons cut, waits within reason."""
    if isinstance(verdict, Permanent):
        scope = verdict.scope
        return Permanent(line(verdict.code, _LONGEST_CODE), line(verdict.reason), scope)
    if isinstance(verdict, Temporary):
        return Temporary(line(verdict.reason), _wait(verdict.retry_after_s))
    if isinstance(verdict, SlowDown):
        return SlowDown(line(verdict.reason), _wait(verdict.seconds))
    if isinstance(verdict, Park):
        return Park(line(verdict.reason), _wait(verdict.seconds))
    if isinstance(verdict, Stop):
        return Stop(line(verdict.reason))
    if isinstance(verdict, Unknown):
        return Unknown(line(verdict.reason))
    return verdict


def _checked_reports(result: Any) -> Sequence[Report]:
    listed = _be(result, list | tuple)
    for each in listed:
        _be(each, Report)
    return _tidy_reports(_reports(listed))


def _tidy_reports(found: Sequence[Report]) -> Sequence[Report]:
    if len(found) > _MOST_EVENTS:
        raise BadResult(f"answered with {len(found)} reports")
    return [_tidy_report(each) for each in found if not _unfit(each)]


def _unfit(report: Report) -> str:
    """Why a report cannot be about any message; '' = it can."""
    if not report.foreign_id and not report.message_id:
        return "it names no message"
    if not usable(report.foreign_id):
        return f"its foreign_id is not up to {LONGEST_ID} printable characters"
    if report.message_id and not (report.message_id.isascii() and report.message_id.isdigit()):
        return "its message_id is none of ours"
    return ""


def _tidy_report(report: Report) -> Report:
    return msgspec.structs.replace(
        report,
        state=report.state if report.state is None or report.state.final else None,
        word=line(report.word, _LONGEST_CODE),
        error=line(report.error, _LONGEST_CODE),
        at_ms=_moment(report.at_ms),
    )


def _checked_callback(result: Any) -> Callback:
    return _tidy_callback(_callback(_be(result, Callback)))


def _tidy_callback(found: Callback) -> Callback:
    if not 200 <= found.status <= 599:
        raise BadResult(f"answered a callback with status {found.status}")
    if len(found.body) > _MOST_ANSWER or not found.content_type.isprintable():
        raise BadResult("answered a callback with a body or content_type that cannot be sent")
    if len(found.events) > _MOST_EVENTS:
        raise BadResult(f"answered a callback with {len(found.events)} events")
    return msgspec.structs.replace(found, events=[_tidy_event(each) for each in found.events])


def _tidy_event(event: Event) -> Event:
    if not isinstance(event, Report):
        return msgspec.structs.replace(event, at_ms=_moment(event.at_ms))
    why = _unfit(event)
    if why:
        raise BadResult(f"answered a callback with a report: {why}")
    return _tidy_report(event)


def _tidy_contacts(call: PushContacts, found: Sequence[str]) -> Sequence[str]:
    if len(found) != len(call.contacts):
        raise BadResult(f"answered {len(call.contacts)} contacts with {len(found)} results")
    return [line(each) for each in found]


def _tidy_balance(found: Balance) -> Balance:
    """Its currency is the value of a label of metrics."""
    if not isfinite(found.amount):
        raise BadResult("answered with a balance that is no number")
    return Balance(found.amount, line(found.currency, _LONGEST_CURRENCY))


def _tidy_facts(found: Mapping[str, str]) -> Mapping[str, str]:
    kept = list(found.items())[:_MOST_FACTS]
    return {line(name, _LONGEST_FACT): line(text, _LONGEST_FACT) for name, text in kept}


def _tidy_number(found: NumberFacts | None) -> NumberFacts | None:
    """Its texts cut: they are kept, and tenants see them."""
    if found is None:
        return None
    texts = {name: getattr(found, name) for name in found.__struct_fields__}
    cut = {name: line(text, _LONGEST_CODE) for name, text in texts.items() if isinstance(text, str)}
    return msgspec.structs.replace(found, **cut)


def _be(value: Any, kind: Any) -> Any:
    if not isinstance(value, kind):
        wanted = getattr(kind, "__name__", "a list")
        raise BadResult(f"answered with {type(value).__name__} for {wanted}")
    return value


def line(text: str, longest: int = _LONGEST_REASON) -> str:
    """One line of printable characters."""
    cut = text[:longest]
    return cut if cut.isprintable() else "".join(each if each.isprintable() else " " for each in cut).strip()


def _wait(seconds: float | None) -> float | None:
    return None if seconds is None or not isfinite(seconds) or seconds <= 0 else min(seconds, _LONGEST_WAIT_S)


def _moment(at_ms: int | None) -> int | None:
    return at_ms if at_ms is not None and 0 < at_ms < _LATEST_MS else None
