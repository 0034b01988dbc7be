"""What goes wrong with a simulated provider's requests: as asked for the next ones, else drawn."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from random import Random
from typing import Any, Literal, NamedTuple

from smsgwd.simulator.provider_api import Api, PageError
from smsgwd.simulator.provider_options import SimulatorOptions

Kind = Literal["none", "error", "timeout", "drop", "answer"]

_KEYS = ("error", "timeout", "drop", "status", "body", "delay_ms", "content_type", "ok", "on")


class Fault(NamedTuple):
    """What happens to one request. `taken`: whether it is carried out all the same."""

    kind: Kind = "none"
    taken: bool = True
    error: str = ""
    status: int = 0
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    delay_ms: float = 0.0
    on: str = ""  #: the call it is for (`Api.called`); '' = sends


NO_FAULT = Fault()


class Faults:
    """The faults of one provider."""

    def __init__(self, api: type[Api], seed: int) -> None:
        self._errors = api.ERRORS
        self._dice = Random(seed)
        self._next: dict[str, deque[Fault]] = {}  # by `Fault.on`

    def script(self, answers: Sequence[dict[str, Any]]) -> None:
        """What happens to the next sends, or calls of another kind, in this order. Raises ValueError; nothing is kept
        then."""
        for fault in [self._read(answer) for answer in answers]:
            self._next.setdefault(fault.on, deque()).append(fault)

    def next(self, options: SimulatorOptions, called: str, *, sending: bool) -> Fault:
        """What happens to the request that has just come."""
        scripted = self._next.get(called) or (self._next.get("") if sending else None)
        if scripted:
            return scripted.popleft()
        if not sending and not options.everywhere:
            return NO_FAULT
        shares = (
            options.drop_pct,
            options.five_xx_pct,
            options.error_pct if sending else 0.0,
            options.timeout_pct if sending else 0.0,
        )
        if not any(shares):
            return NO_FAULT
        drawn = self._dice.uniform(0, 100)
        for number, share in enumerate(shares):
            if drawn < share:
                return self._drawn(number, options)
            drawn -= share
        return NO_FAULT

    def _drawn(self, number: int, options: SimulatorOptions) -> Fault:
        if number == 0:
            return Fault("drop", taken=False)
        if number == 1:
            return Fault("answer", taken=False, status=self._dice.choice((500, 502, 503)), body=b"trouble")
        if number == 2:
            return Fault("error", taken=False, error=self._dice.choice(options.errors or drawable(self._errors)))
        return Fault("timeout")

    def _read(self, answer: object) -> Fault:
        """One entry of `answers`."""
        if not isinstance(answer, dict):
            raise ValueError("an answer is an object")
        if strange := sorted(answer.keys() - set(_KEYS)):
            raise ValueError(f"an answer has no '{strange[0]}', only {', '.join(_KEYS)}")
        delay_ms = answer.get("delay_ms", 0)
        if not isinstance(delay_ms, int | float) or delay_ms < 0:
            raise ValueError("'delay_ms' is no time")
        on = answer.get("on", "")
        if not isinstance(on, str):
            raise ValueError("'on' is the path of a call")
        return self._kind(answer)._replace(delay_ms=float(delay_ms), on=on)

    def _kind(self, answer: dict[str, Any]) -> Fault:
        if "error" in answer:
            if answer["error"] not in self._errors:
                raise ValueError(f"no error '{answer['error']}'; there are: {', '.join(self._errors)}")
            return Fault("error", taken=False, error=answer["error"])
        for kind, usual in (("timeout", True), ("drop", False)):
            how = answer.get(kind)
            if how:
                if how not in (True, "before", "after"):
                    raise ValueError(f'\'{kind}\' is true, "before" or "after" (the request was taken)')
                taken = usual if how is True else how == "after"
                return Fault("timeout" if kind == "timeout" else "drop", taken=taken)
        if "status" in answer or "body" in answer:
            status, body = answer.get("status", 200), answer.get("body", "")
            if not isinstance(status, int) or not 100 < status < 600 or not isinstance(body, str):
                raise ValueError("'status' is a number from 101 to 599, 'body' a text")
            kind_of = str(answer.get("content_type", NO_FAULT.content_type))
            return Fault("answer", taken=False, status=status, body=body.encode(), content_type=kind_of)
        return NO_FAULT


def drawable(errors: Any) -> list[str]:
    """The errors that `error_pct` draws from: none that stops or parks a whole connector, or is a lie of what
    was not taken."""
    rows: list[tuple[str, PageError]] = list(errors.items())
    return [name for name, error in rows if error.sends and error.about not in ("account", "taken")]
