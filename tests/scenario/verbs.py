"""Operators' commands as they are typed: groups of cases, each run by `smsgwctl` against a live daemon.

A file `verbs_*.py` beside this one has `GROUPS`; test_every_verb.py runs them all and looks that nothing is left out.
The groups of a file share a daemon unless a group makes its own (`stage`), so a group uses names of its own.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from smsgwd.cli.ctl import main
from tests.scenario.harness import Catcher, Gateway, Scene, Smsc

HERE = Path(__file__).parent
#: Verbs that change nothing: what they answer is shown in words, too.
LOOKS = ("list", "show", "check", "find", "trace", "peek", "shape", "explain", "statement", "status", "orphans", "diff")
CTL = [sys.executable, "-c", "from smsgwd.cli.ctl import main; main()"]


@dataclasses.dataclass
class Stage:
    """What a group plays on. What a case keeps under a name stands in later cases' words as `{name}`."""

    scene: Scene
    gateway: Gateway
    smsc: Smsc
    catcher: Catcher
    known: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def directory(self) -> Path:
        """Where the daemon and its files are."""
        return self.scene.directory


#: What is asserted of an answer: the whole of it, or a function that looks at it (false or an AssertionError fails).
Expected = Callable[[Any], object] | Mapping[str, Any] | Sequence[Any]


@dataclasses.dataclass(frozen=True)
class Case:
    """`smsgwctl NOUN VERB WORDS...` and what must come of it.

    `words` may have `{socket}`, `{directory}`, `{smsc}` (its port) and what was kept. A mapping or a list that is
    expected is compared whole; see `has`, `row` and `rows` for less. With `code` other than 0 the expected is a part
    of what stands on standard error. `lines`: it goes on, and its answer is the list of its rows. `process`: by the
    real program in a process of its own (else its main function is called); the first case of each noun in a group
    always is. `before` is called before it, `after` with the answer.
    """

    noun: str
    verb: str
    words: str | Sequence[str] = ()
    expects: Expected | str = lambda answer: True
    code: int = 0
    keeps: Mapping[str, Callable[[Any], Any]] = dataclasses.field(default_factory=dict)
    process: bool = False
    lines: bool = False
    before: Callable[[Stage], object] | None = None
    after: Callable[[Stage, Any], object] | None = None


@dataclasses.dataclass(frozen=True)
class Group:
    """Cases that follow one another. `prepare` is called before them, `stage` makes a daemon for this group alone."""

    name: str
    cases: Sequence[Case]
    prepare: Callable[[Stage], object] | None = None
    stage: Callable[[Scene], Stage] | None = None


def has(**fields: Any) -> Callable[[Any], bool]:
    """An object with these fields (`a__b` is b inside a); a value may be a function that looks at it."""

    def look(answer: Any) -> bool:
        for name, wanted in fields.items():
            value = answer
            for key in name.split("__"):
                assert isinstance(value, dict) and key in value, f"no {name} in {answer}"
                value = value[key]
            assert wanted(value) if callable(wanted) else value == wanted, f"{name} is {value!r} in {answer}"
        return True

    return look


def row(at: str = "", **fields: Any) -> Callable[[Any], bool]:
    """A list, the answer itself or its field `at`, in which a row has these fields."""

    def look(answer: Any) -> bool:
        found = answer[at] if at else answer
        assert isinstance(found, list), answer
        wanted = has(**fields)
        for each in found:
            try:
                return wanted(each)
            except AssertionError:
                continue
        raise AssertionError(f"no row with {fields} in {found}")

    return look


def rows(count: int, at: str = "") -> Callable[[Any], bool]:
    """A list, the answer itself or its field `at`, of so many."""
    return lambda answer: len(answer[at] if at else answer) == count


def stage_of(scene: Scene, **config: Any) -> Stage:
    """The usual daemon with a carrier (receipts at once) and a webhook catcher; `config` as for Scene.gateway."""
    smsc, catcher = scene.smsc(), scene.catcher()
    return Stage(scene, scene.gateway(smsc, catcher=catcher, **config), smsc, catcher)


def groups() -> list[Group]:
    """The groups of all files beside this one."""
    found: list[Group] = []
    for file in sorted(HERE.glob("verbs_*.py")):
        found += importlib.import_module(f"tests.scenario.{file.stem}").GROUPS
    return found


def smsgwctl(gateway: Gateway, *words: str, process: bool = False) -> tuple[int, str, str]:
    """Run it; exit status, standard output, standard error."""
    command = ["--socket", str(gateway.admin_socket), *words]
    if process:
        done = subprocess.run([*CTL, *command], capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr
    result = CliRunner().invoke(main, command)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def run(stage: Stage, case: Case, process: bool) -> None:
    """Run a case and look at what came of it. AssertionError tells the command and its output."""
    if case.before is not None:
        case.before(stage)
    words = case.words.split() if isinstance(case.words, str) else case.words
    there = {
        "socket": str(stage.gateway.admin_socket),
        "directory": str(stage.directory),
        "smsc": str(stage.smsc.port()),
        **stage.known,
    }
    typed = [case.noun, case.verb, *(_filled(word, there) for word in words)]
    code, out, err = smsgwctl(stage.gateway, "--json", *typed, process=process or case.process)
    assert code == case.code, f"{' '.join(typed)} exits {code}: {out}{err}"
    if case.code:
        assert isinstance(case.expects, str), "a refusal is expected as a text"
        assert case.expects in err, f"{' '.join(typed)} says {err}"
        return
    answer = [json.loads(line) for line in out.splitlines()] if case.lines else json.loads(out)
    if callable(case.expects):
        assert case.expects(answer), f"{' '.join(typed)} answers {out}"
    else:
        assert answer == case.expects, f"{' '.join(typed)} answers {out}"
    for name, look in case.keeps.items():
        stage.known[name] = str(look(answer))
    if case.verb in LOOKS:
        again, shown, err = smsgwctl(stage.gateway, *typed)
        assert (again, err) == (code, ""), f"{' '.join(typed)} exits {again} without --json: {err}"
        assert shown.strip(), f"{' '.join(typed)} shows nothing"
    if case.after is not None:
        case.after(stage, answer)


def play(stage: Stage, group: Group) -> None:
    """Run the cases of a group, the first of each noun as a process."""
    if group.prepare is not None:
        group.prepare(stage)
    nouns: set[str] = set()
    for case in group.cases:
        run(stage, case, case.noun not in nouns)
        nouns.add(case.noun)


def covered() -> set[tuple[str, str]]:
    """Commands that a case runs, or that a scenario test asks the daemon for (`"noun", "verb"` in its text)."""
    found = {(case.noun, case.verb) for group in groups() for case in group.cases if not case.code}
    for file in HERE.glob("test_*.py"):
        if file.name != "test_every_verb.py":
            found |= set(re.findall(r'"([a-z]+)",\s*"([a-z-]+)"', file.read_text("utf-8")))
    return found


def _filled(word: str, there: Mapping[str, str]) -> str:
    """A word with what is known in the place of `{name}`; other braces, as those of JSON, stay."""
    return re.sub(r"\{([a-z_]+)\}", lambda each: there.get(each[1], each[0]), word)
