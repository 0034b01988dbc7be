"""`log show`, `level`, `reset`, `debug` and `nodebug`: more (or less) in the log while the gateway runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from smsgwd.ops.params import phone_digits, whole_number, word
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.telemetry.levels import LEVELS
from smsgwd.telemetry.redact import mask_number
from smsgwd.telemetry.watch import MOST_MS, TooManyError, Watch

_MOST_MINUTES: Final = MOST_MS // 60_000
_WATCH_MINUTES: Final = 30


class LevelSetting(Protocol):
    """The levels of the process."""

    @property
    def components(self) -> Sequence[str]:
        """Those that can be set."""
        ...

    def show(self) -> dict[str, Any]:
        """What is in force."""
        ...

    def set(self, component: str, level: str, seconds: int | None) -> None:
        """A level of its own for a component; None = until it is reset."""
        ...

    def reset(self, component: str = "") -> list[str]:
        """Back to the level of all; which ones had another."""
        ...


class Watching(Protocol):
    """The watches of the process."""

    def add(self, number: str, tenant: str, seconds: int) -> Watch:
        """Begin one. Raises TooManyError."""
        ...

    def remove(self, watch: int) -> bool:
        """End one."""
        ...

    def watches(self) -> Sequence[tuple[Watch, int]]:
        """All of them, with the seconds left."""
        ...


class Logs:
    """Commands about the log; `known` tells whether there is a tenant of that id."""

    def __init__(self, levels: LevelSetting, watching: Watching, known: Callable[[str], bool]) -> None:
        self._levels = levels
        self._watching = watching
        self._known = known

    def commands(self) -> list[Command]:
        """The commands of this family."""
        about = (
            Parameter("number", "Digits of a recipient"),
            Parameter("tenant", "Only messages of this tenant", values="tenant"),
        )
        return [
            Command(
                "log", "show", "Levels by component, and whose messages are watched", self._show, examples=("log show",)
            ),
            Command(
                "log",
                "level",
                "Another least level for a part of the gateway",
                self._level,
                (
                    Parameter("component", "As `component` in the lines; log show lists them", required=True),
                    Parameter("level", "debug, info, warning or error", required=True, values="|".join(LEVELS)),
                    Parameter("minutes", f"For so long (until it is reset; up to {_MOST_MINUTES})"),
                ),
                changes=True,
                role="operate",
                look=lambda params: self._levels.show(),
                examples=("log level southbound debug minutes=10", "log level esme error"),
            ),
            Command(
                "log",
                "reset",
                "Levels as configured: of a component, or of all",
                self._reset,
                (Parameter("component", "Only this one"),),
                changes=True,
                role="operate",
                look=lambda params: self._levels.show(),
                examples=("log reset", "log reset southbound"),
            ),
            Command(
                "log",
                "debug",
                "Write down each step of the messages to a number, or of a tenant, from now on",
                self._debug,
                (*about, Parameter("minutes", f"For so long ({_WATCH_MINUTES}; up to {_MOST_MINUTES})")),
                changes=True,
                role="operate",
                look=lambda params: self._watched(),
                hides=("number",),
                examples=("log debug number=306912345678", "log debug tenant=shop minutes=10"),
            ),
            Command(
                "log",
                "nodebug",
                "Write the steps down no more: of a number, of a tenant, of one watch, or of all",
                self._nodebug,
                (*about, Parameter("watch", "The number of the watch; log show lists them")),
                changes=True,
                role="operate",
                look=lambda params: self._watched(),
                hides=("number",),
                examples=("log nodebug number=306912345678", "log nodebug"),
            ),
        ]

    def _show(self, params: Params) -> dict[str, Any]:
        return {**self._levels.show(), "watches": self._watched()}

    def _watched(self) -> list[dict[str, Any]]:
        return [
            {"watch": each.id, "number": mask_number(each.number), "tenant": each.tenant, "seconds_left": left}
            for each, left in self._watching.watches()
        ]

    def _level(self, params: Params) -> dict[str, Any]:
        component = self._component(params)
        level = word(params, "level", tuple(LEVELS))
        minutes = _minutes(params, 0)
        self._levels.set(component, level, minutes * 60 or None)
        return {"component": component, "level": level, "minutes": minutes or None}

    def _reset(self, params: Params) -> dict[str, Any]:
        component = self._component(params) if params.get("component") else ""
        return {"reset": self._levels.reset(component)}

    def _debug(self, params: Params) -> dict[str, Any]:
        number, tenant = self._about(params)
        if not number and not tenant:
            raise CommandError("give a number or a tenant")
        minutes = _minutes(params, _WATCH_MINUTES)
        try:
            watch = self._watching.add(number, tenant, minutes * 60)
        except TooManyError as error:
            raise CommandError(f"{error}; log nodebug ends them") from None
        return {"watch": watch.id, "minutes": minutes}

    def _nodebug(self, params: Params) -> dict[str, Any]:
        number, tenant = self._about(params)
        wanted = whole_number(params, "watch", 0)
        ended = [
            each.id
            for each, _ in self._watching.watches()
            if (not wanted or each.id == wanted)
            and (not number or each.number == number)
            and (not tenant or each.tenant == tenant)
            and self._watching.remove(each.id)
        ]
        if params and not ended:
            raise CommandError("nothing of that kind is watched")
        return {"ended": ended}

    def _component(self, params: Params) -> str:
        component = params["component"]
        if component not in self._levels.components:
            raise CommandError(f"there is no component {component}; there are {', '.join(self._levels.components)}")
        return component

    def _about(self, params: Params) -> tuple[str, str]:
        number = phone_digits(params, "number") if params.get("number") else ""
        tenant = params.get("tenant", "")
        if tenant and not self._known(tenant):
            raise CommandError(f"there is no tenant {tenant}")
        return number, tenant


def _minutes(params: Params, default: int) -> int:
    """CommandError for 0 and for what is no number."""
    minutes = whole_number(params, "minutes", default, _MOST_MINUTES)
    if not minutes and "minutes" in params:
        raise CommandError(f"minutes must be a number from 1 to {_MOST_MINUTES}")
    return minutes
