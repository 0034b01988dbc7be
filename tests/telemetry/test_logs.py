import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from smsgwd.telemetry import LogSetup, configure_logging, get_logger
from smsgwd.telemetry.levels import IN_FORCE, Levels
from smsgwd.telemetry.logs import render_console, render_json, set_format, set_level, set_redaction


@pytest.fixture(autouse=True)
def _defaults() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    IN_FORCE.set_base("debug")


def setup(**changes: Any) -> LogSetup:
    made = LogSetup(io.BytesIO(), clock=lambda: 0.0, wall_clock=lambda: 1_795_275_042.5, cache=False, **changes)
    configure_logging(made)
    return made


def lines(made: LogSetup) -> list[str]:
    assert isinstance(made.stream, io.BytesIO)
    return made.stream.getvalue().decode().splitlines()


def test_a_json_line() -> None:
    made = setup()
    get_logger("southbound").info("bind.up", connector="sim", to="+306912345678", text="hush")
    (line,) = lines(made)
    assert json.loads(line) == {
        "time": "2026-11-21T15:30:42.500Z",
        "level": "info",
        "component": "southbound",
        "event": "bind.up",
        "connector": "sim",
        "to": "+30691***",
    }
    assert list(json.loads(line))[:4] == ["time", "level", "component", "event"]


def test_a_process_of_several_says_which_it_is() -> None:
    made = setup(fields={"worker": 2})
    get_logger("http").info("worker.up", pid=7)
    assert json.loads(lines(made)[0])["worker"] == 2


def test_a_console_line_stays_one_line() -> None:
    made = setup(format="console")
    get_logger("net").warning("session.protocol_error", reason="a\nb c", n=1, empty="", who="x=y", plain="ok")
    assert lines(made) == [
        "2026-11-21T15:30:42.500Z warning [net] session.protocol_error reason='a\\nb c' n=1 empty='' who='x=y' plain=ok"
    ]


def test_levels_below_are_not_written() -> None:
    made = setup(level="warning")
    log = get_logger("x")
    log.info("daemon.ready")
    log.warning("bind.lost")
    log.error("daemon.failed")
    assert [json.loads(line)["level"] for line in lines(made)] == ["warning", "error"]


def test_an_exception_carries_its_traceback_and_level_error() -> None:
    made = setup()
    try:
        raise ValueError("went wrong for +306912345678")
    except ValueError:
        get_logger("x").exception("daemon.unhandled_error")
    (line,) = lines(made)
    event = json.loads(line)
    assert event["level"] == "error"
    assert event["exception"].startswith("Traceback")
    assert event["exception"].endswith("ValueError: went wrong for +30691***")


def test_a_traceback_on_the_console_follows_its_line() -> None:
    made = setup(format="console")
    try:
        raise ValueError("boom\n2026-11-21T15:30:42.500Z info    [ops] operator.command who=root\x1b[2J")
    except ValueError:
        get_logger("x").exception("daemon.unhandled_error", a=1)
    written = lines(made)
    assert written[0].endswith("[x] daemon.unhandled_error a=1")
    assert written[1].startswith("  | Traceback")
    assert written[-2:] == [
        "  | ValueError: boom",
        "  | 2026-11-21T15:30:42.500Z info    [ops] operator.command who=root\\x1b[2J",
    ]


def test_a_storm_is_cut() -> None:
    made = setup(burst=5)
    for _ in range(100):
        get_logger("x").warning("auth.failed", address="192.0.2.1")
    assert len(lines(made)) == 5


class _Full(io.BytesIO):
    def write(self, data: Any) -> int:
        raise OSError(28, "No space left on device")


def test_a_stream_that_fails_does_not_fail_the_caller() -> None:
    made = LogSetup(_Full(), clock=lambda: 0.0, wall_clock=lambda: 0.0, cache=False)
    configure_logging(made)
    get_logger("x").info("daemon.ready")
    get_logger("x").info("daemon.ready")
    assert made.lost_lines == 2


@pytest.mark.parametrize("render", [render_json, render_console])
def test_anything_can_be_rendered(render: Any) -> None:
    recursive: list[Any] = []
    recursive.append(recursive)
    for value in (object(), "\ud800", {1: object()}, {(1, 2): 3}, float("nan"), recursive, 1 << 80):
        line = render(None, "info", {"event": "daemon.ready", "value": value})
        assert b"daemon.ready" in line
        assert b"\n" not in line


@pytest.fixture
def levels() -> Iterator[Levels]:
    yield IN_FORCE
    for component in IN_FORCE.own():
        IN_FORCE.reset(component)


@pytest.mark.parametrize("cache", [True, False])
def test_a_logger_that_was_used_follows_its_level(levels: Levels, cache: bool) -> None:
    made = LogSetup(io.BytesIO(), clock=lambda: 0.0, wall_clock=lambda: 0.0, cache=cache)
    configure_logging(made)
    log, other = get_logger("one"), get_logger("two")
    bound = log.bind(connector="sim")
    for each in (log, other, bound):
        each.debug("a")
    levels.set("one", "debug")
    for each in (log, other, bound):
        each.debug("b")
    levels.set("one", "error")
    for each in (log, other, bound):
        each.warning("c")
    set_level("error")
    other.warning("d")
    levels.reset("one")
    set_level("info")
    bound.info("e")
    found = [json.loads(line) for line in lines(made)]
    assert [(each["component"], each["event"]) for each in found] == [
        ("one", "b"),
        ("one", "b"),
        ("two", "c"),
        ("one", "e"),
    ]
    assert found[1]["connector"] == "sim"


def test_format_and_redaction_change_while_it_runs() -> None:
    made = LogSetup(io.BytesIO(), clock=lambda: 0.0, wall_clock=lambda: 0.0, cache=True)
    configure_logging(made)
    log = get_logger("one")
    log.info("a", to="+306912345678", text="hush")
    set_redaction(True, True)
    log.info("b", to="+306912345678", text="hush", password="pw")
    set_format("console")
    log.info("c", to="+306912345678")
    set_redaction(False, False)
    set_format("json")
    log.info("d", to="+306912345678", text="hush")
    first, second, third, fourth = lines(made)
    assert json.loads(first)["to"] == json.loads(fourth)["to"] == "+30691***" and "hush" not in first + fourth
    assert json.loads(second)["to"] == "+306912345678" and json.loads(second)["text"] == "hush" and "pw" not in second
    assert third == "1970-01-01T00:00:00.000Z info    [one] c to=+306912345678"


def test_a_json_line_does_nothing_to_a_terminal() -> None:
    made = setup()
    evil = "a\x7f\x85\x9b2J\u202e\u2028\u2066\u061cäß€\U0001f600"
    get_logger("net").warning("session.protocol_error", reason=evil)
    [line] = lines(made)
    assert json.loads(line)["reason"] == evil
    assert not set(line) & set("\x7f\x85\x9b\u202e\u2028\u2066\u061c") and "äß€\U0001f600" in line
