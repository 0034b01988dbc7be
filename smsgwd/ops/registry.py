"""The registry of operators' commands: one list, faces on the admin socket, smsgwctl and (later) the console."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

#: Bumped when a face of an older release could misread an answer.
PROTOCOL_VERSION = 1

Params = Mapping[str, str]


class CommandError(Exception):
    """A command could not be carried out; the text is for the operator."""


class Parameter(msgspec.Struct, frozen=True):
    """One parameter of a command."""

    name: str
    text: str
    required: bool = False


class Command(msgspec.Struct, frozen=True):
    """One operator's command: `run` gets the parameters as text and gives JSON-ready data, or a Deferred of it."""

    noun: str
    verb: str
    text: str
    run: Callable[[Params], Any | Deferred[Any]]
    parameters: tuple[Parameter, ...] = ()
    changes: bool = False  #: True for a command that changes something
    long: bool = False  #: True for one that may take long: faces wait for it, however long
    instead: Mapping[str, str] = {}  #: what to do instead of giving a parameter that it does not take, by its name


class Registry:
    """Commands by noun and verb."""

    def __init__(self, commands: Iterable[Command] = ()) -> None:
        self._commands: dict[tuple[str, str], Command] = {}
        for command in commands:
            self.add(command)

    def add(self, command: Command) -> None:
        """Register a command; ValueError when there is one of that name."""
        name = (command.noun, command.verb)
        if name in self._commands:
            raise ValueError(f"there is a command {command.noun} {command.verb} already")
        self._commands[name] = command

    def find(self, noun: str, verb: str) -> Command:
        """The command of that name; CommandError when there is none."""
        found = self._commands.get((noun, verb))
        if found is None:
            raise CommandError(f"there is no command {noun} {verb}; there are: {self._near(noun)}")
        return found

    def _near(self, noun: str) -> str:
        """What might have been meant: the commands of the noun, or the nouns where it is none."""
        verbs = sorted(verb for name, verb in self._commands if name == noun)
        if verbs:
            return ", ".join(f"{noun} {verb}" for verb in verbs)
        return ", ".join(sorted({name for name, _ in self._commands})) + " (help lists them)"

    def run(self, noun: str, verb: str, params: Params) -> Any | Deferred[Any]:
        """Carry a command out; CommandError for an unknown one, an unknown parameter or a missing one."""
        command = self.find(noun, verb)
        names = {parameter.name for parameter in command.parameters}
        for name in params:
            if name not in names:
                raise CommandError(
                    f"{noun} {verb} takes no parameter {name}; {command.instead.get(name) or _taken(command)}"
                )
        for parameter in command.parameters:
            if parameter.required and parameter.name not in params:
                raise CommandError(f"{noun} {verb} needs the parameter {parameter.name}: {parameter.text}")
        return command.run(params)

    def describe(self) -> list[dict[str, Any]]:
        """Every command, for the faces' help."""
        return [
            {
                "noun": command.noun,
                "verb": command.verb,
                "text": command.text,
                "changes": command.changes,
                "long": command.long,
                "parameters": [
                    {"name": parameter.name, "text": parameter.text, "required": parameter.required}
                    for parameter in command.parameters
                ],
            }
            for command in self._commands.values()
        ]


def _taken(command: Command) -> str:
    """Which parameters a command takes."""
    names = [parameter.name for parameter in command.parameters]
    if not names:
        return "it takes none"
    rest = "; other options stand in json" if "json" in names else ""
    return f"it takes {', '.join(names)}{rest}"
