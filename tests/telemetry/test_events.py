import ast
import re
from collections.abc import Iterator
from pathlib import Path

import smsgwd
from smsgwd.telemetry.events import EVENTS

SOURCE = Path(smsgwd.__file__).parent
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def log_calls(source: str) -> Iterator[tuple[int, str, ast.expr | None]]:
    """Line, method and first argument of every call of a logger: `log.info(...)`, `self._log.error(...)`."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS):
            continue
        owner = node.func.value
        name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
        if name.lstrip("_") in ("log", "logger"):
            yield node.lineno, node.func.attr, node.args[0] if node.args else None


def complaints(source: str, name: str) -> Iterator[str]:
    for line, method, first in log_calls(source):
        level = "error" if method in ("exception", "critical") else method
        if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
            yield f"{name}:{line}: the event's name must be written out"
        elif first.value not in EVENTS:
            yield f"{name}:{line}: event '{first.value}' is not in smsgwd/telemetry/events.py"
        elif EVENTS[first.value].level != level:
            yield f"{name}:{line}: event '{first.value}' is declared as {EVENTS[first.value].level}, logged as {level}"


def test_every_logged_event_is_in_the_catalogue_with_its_level() -> None:
    found = [
        complaint
        for path in sorted(SOURCE.rglob("*.py"))
        for complaint in complaints(path.read_text("utf-8"), str(path.relative_to(SOURCE)))
    ]
    assert found == []


def test_the_scan_finds_what_it_should() -> None:
    source = """
log.info("bind.up", connector="a")
self._log.warning("bind.up")
log.error("no.such_event")
logger.info(name)
self.log.exception("daemon.failed")
other.info("not a logger")
"""
    assert list(complaints(source, "x")) == [
        "x:3: event 'bind.up' is declared as info, logged as warning",
        "x:4: event 'no.such_event' is not in smsgwd/telemetry/events.py",
        "x:5: the event's name must be written out",
    ]


def test_names_and_descriptions_are_in_form() -> None:
    for name, event in EVENTS.items():
        assert name == event.name
        assert re.fullmatch(r"[a-z]+\.[a-z_]+", name)
        assert event.description.endswith(".")


def test_every_event_of_the_catalogue_is_logged_somewhere() -> None:
    logged = {
        first.value
        for path in SOURCE.rglob("*.py")
        for _, _, first in log_calls(path.read_text("utf-8"))
        if isinstance(first, ast.Constant)
    }
    assert set(EVENTS) - logged == set()
