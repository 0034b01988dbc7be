"""`config`: what is in force, what the file says now, how they differ, and putting the file in force."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
import yaml
from twisted.internet.defer import Deferred

from smsgwd.config import Config
from smsgwd.config.diff import Difference, shown
from smsgwd.config.errors import ConfigMistakes
from smsgwd.ops.params import carried_out
from smsgwd.ops.registry import Command, CommandError, Parameter, Params

_SHORT: Final = 60  # characters of a value in a table


class Reloads(Protocol):
    """Holds the configuration in force, and puts others in its place (`app.reload.Reloader`)."""

    @property
    def config(self) -> Config:
        """What is in force."""

    async def check(self, path: Path | None = None) -> list[str]:
        """All that is wrong with a file."""

    async def diff(self) -> Sequence[Difference]:
        """How the file differs from what is in force. Raises ConfigMistakes."""

    def reload(self) -> Deferred[Any]:
        """Put the file in force; a msgspec.Struct that says what was done, `changed` are Differences. Fails with
        ConfigMistakes."""


class Configuration:
    """Commands about the configuration."""

    def __init__(self, reloads: Reloads) -> None:
        self._reloads = reloads

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "config",
                "show",
                "The configuration in force, as YAML, secrets hidden",
                self._show,
                (Parameter("path", "only this part: notify, connectors[sim], limits.max_parts"),),
                examples=("config show", "config show notify", "config show path=connectors[sim]"),
            ),
            Command(
                "config",
                "check",
                "Everything that is wrong with the file as it is on disk now; nothing is changed",
                lambda params: _told(self._check(params)),
                (Parameter("file", "another file, in the directory of the configuration"),),
                role="operate",
                examples=("config check", "config check file=smsgwd.yaml.new"),
            ),
            Command(
                "config",
                "diff",
                "What a reload would change, and what waits for a restart",
                lambda params: _told(self._diff()),
                examples=("config diff",),
            ),
            Command(
                "config",
                "reload",
                "Put the file as it is on disk in force (as SIGHUP does); where anything is wrong nothing changes",
                lambda params: _told(self._reload()),
                changes=True,
                examples=("config reload",),
            ),
        ]

    def _show(self, params: Params) -> str:
        whole = shown(self._reloads.config)
        found = whole if "path" not in params else _part(whole, params["path"])
        return yaml.safe_dump(found, sort_keys=False, allow_unicode=True, default_flow_style=False).rstrip("\n")

    async def _check(self, params: Params) -> dict[str, Any]:
        own = self._reloads.config.path
        path = own
        if "file" in params:
            path = own.parent / params["file"]
            # The daemon may read more than who asks, and says what is wrong with it.
            try:
                beside = path.resolve().parent == own.resolve().parent
                usable = path.is_file() or not path.exists()  # a named pipe would be waited for without end
            except (OSError, ValueError, RuntimeError):  # no name that a file can have
                beside = False
            if not beside:
                raise CommandError(f"file must be in the directory of the configuration, {own.parent}")
            if not usable:
                raise CommandError(f"{path} is no file")
        return {"file": str(path), "problems": await self._reloads.check(path)}

    async def _diff(self) -> list[dict[str, Any]]:
        found = await self._reloads.diff()
        return [
            {
                "option": each.path,
                "in_force": _short(each.before),
                "in_file": _short(each.after),
                "applied": "reload" if each.live else "restart",
            }
            for each in found
        ]

    async def _reload(self) -> dict[str, Any]:
        done = await self._reloads.reload()
        answer = {name: value for name, value in msgspec.to_builtins(done).items() if value or name == "needs_restart"}
        # What was before and is now stands in the answer: that of all options would be a long look for the audit.
        changed = [
            {"option": each.path, "before": _short(each.before), "now": _short(each.after)} for each in done.changed
        ]
        return answer | {"changed": changed}


async def _mistakes_told(work: Any) -> Any:
    try:
        return await work
    except ConfigMistakes as mistakes:
        raise CommandError(str(mistakes)) from None


def _told(work: Any) -> Deferred[Any]:
    """The work's result, its mistakes as the operator's."""
    return carried_out(_mistakes_told(work))


def _short(value: Any) -> Any:
    """A value for a cell of a table: whole sections are cut."""
    if isinstance(value, dict | list):
        text = msgspec.json.encode(value).decode()
        return text if len(text) <= _SHORT else f"{text[: _SHORT - 1]}…"
    return value


def _part(whole: dict[str, Any], path: str) -> Any:
    """What stands at `connectors[sim].timers`. CommandError where nothing does."""
    found: Any = whole
    for key in path.replace("[", ".").replace("]", "").split("."):
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif isinstance(found, list) and (at := _place(found, key)) is not None:
            found = found[at]
        else:
            raise CommandError(f"there is no option {path}")
    return found


def _place(rows: list[Any], key: str) -> int | None:
    """Where the element of that id is, or that stands at that place; None where there is none."""
    for place, row in enumerate(rows):
        if isinstance(row, dict) and row.get("id") == key:
            return place
    return int(key) if key.isascii() and key.isdigit() and int(key) < len(rows) else None
