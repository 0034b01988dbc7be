"""The registry of operators' commands: one list, faces on the admin socket, smsgwctl and (later) the console.

Each command says which role may run it, what it changes and how to look at that before and after; the registry asks and
writes down (`Journal`), the families only carry out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any, Protocol

import msgspec
from twisted.internet.defer import Deferred, DeferredLock, maybeDeferred

from smsgwd.model.operators import GATEWAY, PROTOCOL_VERSION, AuditEntry, Caller, Role
from smsgwd.ports.store import StoreUnavailable
from smsgwd.telemetry import get_logger

__all__ = [
    "PROTOCOL_VERSION",
    "Command",
    "CommandError",
    "Journal",
    "NotPermittedError",
    "Outcome",
    "Parameter",
    "Params",
    "Registry",
]

Params = Mapping[str, str]
_log = get_logger("daemon")

#: For whom a command runs: for those that keep who wanted something. Asked at the beginning of `run`.
CALLER: ContextVar[Caller] = ContextVar("caller", default=GATEWAY)


class CommandError(Exception):
    """A command could not be carried out; the text is for the operator."""


class Parameter(msgspec.Struct, frozen=True):
    """One parameter of a command."""

    name: str
    text: str
    required: bool = False
    values: str = ""  #: what completion offers: yes, connector, tenant, account, list, target, or words joined by '|'
    role: Role = ""  #: who may give it, where that takes more than the command


class NotPermittedError(CommandError):
    """The caller's role does not allow this command."""


class Command(msgspec.Struct, frozen=True):
    """One operator's command: `run` gets the parameters as text and gives JSON-ready data, or a Deferred of it.

    `look` gives what the command is about to change, JSON-ready, from the same parameters: it is asked before and
    after, and what differs stands in the audit. Without it the audit has the answer as what is after.

    With `follow` the answer is `{"rows": [...], "next": TEXT, "ended": BOOL}`: a face shows the rows and asks again
    with `after=TEXT` until it is ended or somebody interrupts. With `saves` that parameter never reaches the daemon:
    it names a local file into which the face writes `data` of the answer (base64).
    """

    noun: str
    verb: str
    text: str
    run: Callable[[Params], Any | Deferred[Any]]
    parameters: tuple[Parameter, ...] = ()
    changes: bool = False  #: True for a command that changes something
    long: bool = False  #: True for one that may take long: faces wait for it, however long
    instead: Mapping[str, str] = {}  #: what to do instead of giving a parameter that it does not take, by its name
    role: Role = ""  #: who may: read, operate, admin; left out it is admin for one that changes something, else read
    look: Callable[[Params], Any | Deferred[Any]] | None = None
    examples: tuple[str, ...] = ()  #: lines as one would type them, without `smsgwctl`
    follow: bool = False
    saves: str = ""
    hides: tuple[str, ...] = ()  #: parameters that are secrets or somebody's data: the audit has `***` in their place

    @property
    def needs(self) -> Role:
        """The least role that may run it."""
        return self.role or ("admin" if self.changes else "read")


class Journal(Protocol):
    """Writes down what operators change."""

    def begin(self, caller: Caller, command: Command, params: Params) -> Deferred[AuditEntry]:
        """A command that changes something begins; its entry, with `id` 0 where it could only be logged."""
        ...

    def end(self, entry: AuditEntry, outcome: Outcome) -> Deferred[None]:
        """It is over; fires when that is kept as well as can be. Never fails."""
        ...


class Outcome(msgspec.Struct, frozen=True):
    """How a command ended: `before` and `after` are what was looked at, or None."""

    error: str = ""
    before: Any = None
    after: Any = None


class Registry:
    """Commands by noun and verb. What changes something is told to `journal`, one such command at a time unless it is a
    long one."""

    def __init__(self, commands: Iterable[Command] = (), journal: Journal | None = None) -> None:
        self._commands: dict[tuple[str, str], Command] = {}
        self._journal = journal
        self._turns = DeferredLock()
        for command in commands:
            self.add(command)

    def add(self, command: Command) -> None:
        """Register a command; ValueError when there is one of that name."""
        name = (command.noun, command.verb)
        if name in self._commands:
            raise ValueError(f"there is a command {command.noun} {command.verb} already")
        self._commands[name] = command

    def commands(self) -> list[Command]:
        """All of them, in the order of their registration."""
        return list(self._commands.values())

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

    def run(self, noun: str, verb: str, params: Params, caller: Caller = GATEWAY) -> Any | Deferred[Any]:
        """Carry a command out for a caller. CommandError for an unknown one, an unknown parameter or a missing one;
        NotPermittedError where the caller's role is not enough."""
        command = self.find(noun, verb)
        if not caller.may(command.needs):
            raise NotPermittedError(
                f"{noun} {verb} needs the role {command.needs}; {caller.who} has {caller.role or 'none'} (admin.roles)"
            )
        _check(command, params)
        for parameter in command.parameters:
            if parameter.role and parameter.name in params and not caller.may(parameter.role):
                raise NotPermittedError(
                    f"{parameter.name} of {noun} {verb} needs the role {parameter.role}; {caller.who} has {caller.role}"
                )
        goes_on = command.follow and params.get("after")  # what is asked for again stands in the audit once
        if not command.changes or goes_on or self._journal is None:
            return _run(command, params, caller)
        if command.long:
            return Deferred.fromCoroutine(self._carried_out(command, params, caller))
        return self._turns.run(lambda: Deferred.fromCoroutine(self._carried_out(command, params, caller)))

    async def _carried_out(self, command: Command, params: Params, caller: Caller) -> Any:
        """A command that changes something: looked at before and after, and written down."""
        journal = self._journal
        assert journal is not None
        entry = await journal.begin(caller, command, params)
        before = await _looked(command, params)
        try:
            answer = await maybeDeferred(_run, command, params, caller)
        except Exception as error:
            said = str(error) if isinstance(error, CommandError) else repr(error)
            if isinstance(error, NotPermittedError):
                before = None  # the audit is everybody's: whoever may not change it may not read it there
            await journal.end(entry, Outcome(said or type(error).__name__, before))
            raise
        after = await _looked(command, params) if command.look is not None else answer
        await journal.end(entry, Outcome("", before, after))
        return answer

    def describe(self) -> list[dict[str, Any]]:
        """Every command, for the faces' help and completion."""
        return [
            {
                "noun": command.noun,
                "verb": command.verb,
                "text": command.text,
                "changes": command.changes,
                "long": command.long,
                "role": command.needs,
                "follow": command.follow,
                "saves": command.saves,
                "examples": list(command.examples),
                "parameters": [
                    {
                        "name": parameter.name,
                        "text": parameter.text,
                        "required": parameter.required,
                        "values": parameter.values,
                    }
                    for parameter in command.parameters
                ],
            }
            for command in self._commands.values()
        ]


def _run(command: Command, params: Params, caller: Caller) -> Any:
    """Carry it out, with CALLER saying for whom."""
    token = CALLER.set(caller)
    try:
        return command.run(params)
    finally:
        CALLER.reset(token)


def _check(command: Command, params: Params) -> None:
    """Raise CommandError for a parameter that is unknown or missing."""
    name = f"{command.noun} {command.verb}"
    names = {parameter.name for parameter in command.parameters}
    for given in params:
        if given not in names:
            raise CommandError(f"{name} takes no parameter {given}; {command.instead.get(given) or _taken(command)}")
    for parameter in command.parameters:
        if parameter.required and parameter.name not in params and parameter.name != command.saves:
            raise CommandError(f"{name} needs the parameter {parameter.name}: {parameter.text}")


async def _looked(command: Command, params: Params) -> Any:
    """What the command is about, as it is now; None where that cannot be told (it is not there, the store is away).

    Whatever goes wrong here keeps no command from being carried out, nor one that was from being told as done."""
    if command.look is None:
        return None
    try:
        return await maybeDeferred(command.look, params)
    except (CommandError, StoreUnavailable):
        return None
    except Exception as error:
        _log.error("daemon.unhandled_error", reason=f"a look at {command.noun} {command.verb}", exc_info=error)
        return None


def _taken(command: Command) -> str:
    """Which parameters a command takes."""
    names = [parameter.name for parameter in command.parameters]
    if not names:
        return "it takes none"
    rest = "; other options stand in json" if "json" in names else ""
    return f"it takes {', '.join(names)}{rest}"
