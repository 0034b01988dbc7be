"""Detail records of the running gateway: every message that ended has one line, kills included."""

from __future__ import annotations

import csv
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.scenario.harness import Scene, wait

_TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()


def rows(directory: Path) -> list[dict[str, str]]:
    """The lines of all files, those put aside first."""
    found: list[dict[str, str]] = []
    for path in [*sorted(directory.glob("cdr-*.csv")), directory / "cdr.csv"]:
        text = content(path)
        found += csv.DictReader(text[: text.rfind("\n") + 1].splitlines())
    return found


def content(path: Path) -> str:
    """What is in a file; nothing while it is put aside and the next one is not there yet."""
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return ""


def test_each_message_that_ends_has_one_line(scene: Scene) -> None:
    gateway = scene.gateway(scene.smsc(), cdr={"directory": "cdr", "max_mb": 0.002})
    ids = gateway.tenant.send_many(60)
    refused = gateway.tenant.send(text="later", schedule_at=_TOMORROW)
    wait("all lines", lambda: len(rows(scene.directory / "cdr")) == 60)
    found = {row["id"]: row for row in rows(scene.directory / "cdr")}
    assert found.keys() == set(ids)
    assert {
        (row["tenant"], row["state"], row["price"], row["charged"], row["connector"]) for row in found.values()
    } == {("shop", "delivered", "0.0400", "0.0400", "smsc1")}
    assert all(row["sent_at"] and row["smsc_id"] and row["to"].startswith("3069") for row in found.values())
    assert gateway.tenant.ask("DELETE", f"/v1/messages/{refused}").status == 200
    wait("the cancelled one", lambda: len(rows(scene.directory / "cdr")) == 61)
    [last] = [row for row in rows(scene.directory / "cdr") if row["id"] == refused]
    assert (last["state"], last["charged"], last["sent_at"]) == ("cancelled", "0.0000", "")
    # Counted once they are on the disk (fsync), so a moment after they can be read.
    wait("all counted", lambda: gateway.command("cdr", "show")["lines"] == 61)
    shown = gateway.command("cdr", "show")
    assert (shown["on"], shown["lines"], shown["trouble"]) == (True, 61, None)
    assert len(list((scene.directory / "cdr").glob("cdr-*.csv"))) >= 1
    assert gateway.command("cdr", "rotate")["path"].endswith("cdr.csv")
    wait("an empty file", lambda: content(scene.directory / "cdr" / "cdr.csv").count("\n") == 1)


def test_kills_lose_no_line_and_repeat_none(scene: Scene) -> None:
    gateway = scene.gateway(scene.smsc(), cdr={"directory": "cdr"})
    ids: list[str] = []
    for number in range(4):
        ids += gateway.tenant.send_many(150, first=150 * number)
        gateway.signal(signal.SIGKILL)
        gateway.wait_end()
        gateway.start()
        gateway.wait_ready()
    for message in ids:
        gateway.tenant.wait_state(message, "delivered", "unknown")
    wait("all lines", lambda: len(rows(scene.directory / "cdr")) >= len(ids))
    assert sorted(row["id"] for row in rows(scene.directory / "cdr")) == sorted(ids)


def test_a_directory_that_is_away_is_waited_for(scene: Scene) -> None:
    blocked = scene.directory / "cdr"
    blocked.write_text("a file where the directory should be")
    gateway = scene.gateway(scene.smsc(), cdr={"directory": "cdr"})
    message = gateway.tenant.send()
    gateway.tenant.wait_state(message, "delivered")
    gateway.wait_event("cdr.write_failed")
    assert gateway.command("cdr", "show")["trouble"]
    blocked.unlink()
    wait("its line", lambda: [row["id"] for row in rows(blocked)] == [message])
    gateway.wait_event("cdr.recovered")
