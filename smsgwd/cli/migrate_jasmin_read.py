"""Reading jcli commands: what was added, changed and removed, as an operator typed it or as a terminal shows it.

Where a file has prompts (`jcli :`, `>`), only what follows them was typed; the rest is what Jasmin answered. Answers
to `-s` (show) are read, too: a connector, user or HTTP connector can be given by them alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from smsgwd.cli.migrate_output import MigrateError, Output, Place

_MAX_BYTES = 8 * 1024 * 1024
_PROMPT = re.compile(r"jcli\s*:\s*(.*)\Z")
#: Manager -> the parameter that names a thing of it.
KEYS = {
    "smppccm": "cid",
    "httpccm": "cid",
    "user": "uid",
    "group": "gid",
    "filter": "fid",
    "mtrouter": "order",
    "morouter": "order",
    "mtinterceptor": "order",
    "mointerceptor": "order",
}
_ACTIONS = {
    "-a": "add", "--add": "add", "-u": "update", "--update": "update", "-r": "remove", "--remove": "remove",
    "-s": "show", "--show": "show", "-f": "flush", "--flush": "flush", "-l": "list", "--list": "list",
    "-1": "start", "--start": "start", "-0": "stop", "--stop": "stop", "-e": "enable", "--enable": "enable",
    "-d": "disable", "--disable": "disable", "--smpp-unbind": "unbind", "--smpp-ban": "ban",
}  # fmt: skip
_QUIET = {"persist", "quit", "exit", "help", "stats", ""}
_SHOWS = {"smppccm", "user", "httpccm"}


@dataclass(slots=True)
class Thing:
    """One thing of a manager: its parameters with the place of each. What is taken out is converted."""

    place: Place
    said: dict[str, tuple[str, Place]] = field(default_factory=dict)
    shown: bool = False
    stopped: bool = False
    disabled: bool = False

    def text(self, key: str, default: str = "") -> str:
        """A parameter, which then counts as dealt with; Jasmin's 'None' and 'ND' are no values."""
        value, _ = self.said.pop(key, (default, self.place))
        return default if value in ("None", "none", "ND", "") else value

    def where(self, key: str) -> Place:
        """Where a parameter was said, or else the thing."""
        return self.said[key][1] if key in self.said else self.place

    def number(self, key: str, default: float | None = None) -> float | None:
        """The same as a number. Raises MigrateError."""
        place = self.where(key)
        text = self.text(key)
        if not text:
            return default
        if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,9})?", text):
            raise MigrateError(f"{place}: {key}: '{text[:40]}' is not a number")
        return float(text)

    def yes(self, key: str, default: bool) -> bool:
        """The same as a truth."""
        text = self.text(key).lower()
        return default if not text else text in ("yes", "true", "1", "y", "t")


Things = dict[str, dict[str, Thing]]


def read(path: Path, output: Output) -> Things:
    """What there is after all commands, by manager and name. Raises MigrateError with file and line."""
    reader = _Reader(str(path), output)
    lines = _text(path).split("\n")
    transcript = any(_PROMPT.match(line.strip()) for line in lines)
    for number, line in enumerate(lines, 1):
        reader.line(line.strip(), Place(str(path), number), transcript)
    reader.end()
    if not reader.commands:
        raise MigrateError(f"{path}:1: there is no jcli command in it")
    return reader.things


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            raw = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise MigrateError(f"{path}: cannot read it: {error.strerror or 'unreadable'}") from None
    if len(raw) > _MAX_BYTES:
        raise MigrateError(f"{path}:1: larger than 8 MiB: are these jcli commands?")
    if b"\0" in raw:
        raise MigrateError(f"{path}:{raw.count(10, 0, raw.index(0)) + 1}: binary data: are these jcli commands?")
    try:
        return raw.decode("utf-8-sig").replace("\r", "")
    except UnicodeDecodeError:
        return raw.decode("latin-1").replace("\r", "")


class _Reader:
    """Goes through the lines, and keeps what they do."""

    def __init__(self, file: str, output: Output) -> None:
        self.things: Things = {manager: {} for manager in KEYS}
        self.commands = 0
        self._output = output
        self._file = file
        self._session: tuple[str, str, Thing] | None = None  # manager, name of what is updated, what was typed
        self._show: tuple[str, str, Thing] | None = None
        self._login = 0

    def line(self, line: str, place: Place, transcript: bool) -> None:
        """One line. Raises MigrateError where it is no command and no parameter."""
        prompt = _PROMPT.match(line)
        if prompt is not None:
            self._command(prompt[1].strip(), place)
        elif line.startswith(">"):
            self._parameter(line[1:].strip(), place)
        elif not line or line.startswith("#"):
            return
        elif transcript:
            self._answer(line, place)
        elif self._session is not None:
            self._parameter(line, place)
        else:
            self._command(line, place)

    def end(self) -> None:
        """The file is over."""
        self._keep_shown()
        if self._session is not None:
            self._output.tell(
                self._session[2].place, f"{self._session[0]}: there is no 'ok' after it: nothing came of it"
            )

    def _command(self, line: str, place: Place) -> None:
        self._keep_shown()
        words = line.replace("=", " ").split()
        manager = words[0].lower() if words else ""
        if manager in _QUIET:
            return
        if manager == "load":
            self._output.tell(place, "load: what was persisted is not in this file: give the commands that made it")
            return
        if manager not in KEYS:
            if not self.commands and self._login < 2 and len(words) == 1:
                self._login += 1  # user name and password of the telnet session
                return
            raise MigrateError(f"{place}: '{line[:40]}' is no jcli command")
        action = _ACTIONS.get(words[1]) if len(words) > 1 else None
        if action is None:
            raise MigrateError(f"{place}: {manager}: '{' '.join(words[1:])[:40]}' is no option of it")
        if self._session is not None:
            self._output.tell(
                self._session[2].place, f"{self._session[0]}: there is no 'ok' after it: nothing came of it"
            )
            self._session = None
        self.commands += 1
        self._act(manager, action, " ".join(words[2:]), place)

    def _act(self, manager: str, action: str, name: str, place: Place) -> None:
        mine = self.things[manager]
        if action == "add":
            self._session = (manager, "", Thing(place))
        elif action == "flush":
            mine.clear()
        elif action == "list":
            return
        elif not name:
            raise MigrateError(f"{place}: {manager}: it is not said which")
        elif action == "update":
            self._session = (manager, name, Thing(place))
        elif action == "remove":
            mine.pop(name, None)
        elif action == "show":
            self._show = (manager, name, Thing(place, shown=True)) if manager in _SHOWS else None
        elif action in ("start", "stop") and name in mine:
            mine[name].stopped = action == "stop"
        elif action in ("enable", "disable") and name in mine:
            mine[name].disabled = action == "disable"
        elif action == "disable" and manager == "group":
            mine.setdefault(name, Thing(place)).disabled = True

    def _parameter(self, line: str, place: Place) -> None:
        if self._session is None:
            raise MigrateError(f"{place}: '{line.split(' ')[0][:40]}' is outside of any -a and -u")
        manager, name, thing = self._session
        if line == "ko":
            self._session = None
            return
        if line == "ok":
            self._save(manager, name, thing)
            return
        key, value = _split(line)
        if key:
            thing.said[key] = (value, place)

    def _save(self, manager: str, name: str, thing: Thing) -> None:
        key = KEYS[manager]
        if not name:
            if key == "order" and "order" not in thing.said:
                thing.said["order"] = ("0", thing.place)  # a DefaultRoute's
            name = thing.said.get(key, ("", thing.place))[0]
            if not name:
                return  # Jasmin asks again: "You must set these options before saving"
        self._session = None
        mine = self.things[manager]
        if name in mine and thing.said.get(key, (name,))[0] == name:
            mine[name].said |= thing.said
            return
        mine[name] = thing

    def _answer(self, line: str, place: Place) -> None:
        """A line that Jasmin wrote: of interest after -s alone."""
        if self._show is None:
            return
        key, value = _split(line.replace(" = ", " ", 1))
        if re.fullmatch(r"[a-z_]+( [a-z_]+){0,2}", key):
            self._show[2].said["url" if key == "baseurl" else key] = (value, place)

    def _keep_shown(self) -> None:
        """What was typed counts for more than what was shown, which has no password of a user."""
        if self._show is None:
            return
        manager, name, thing = self._show
        self._show = None
        if KEYS[manager] not in thing.said:
            return
        before = self.things[manager].get(name)
        self.things[manager][name] = thing
        if before is not None:
            thing.said = {**thing.said, **before.said}


def _split(line: str) -> tuple[str, str]:
    """Key and value; credentials have three words before it."""
    words = line.split()
    many = 3 if words and words[0] in ("mt_messaging_cred", "smpps_cred") else 1
    if len(words) <= many:
        return " ".join(words), ""
    return " ".join(words[:many]), line.split(None, many)[many].strip()
