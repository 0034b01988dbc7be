"""The screen of `smsgwctl top`, with keys pressed by textual's Pilot; and `--once`."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import click
import pytest
from textual.pilot import Pilot
from textual.widgets import DataTable, Input, Static, TabbedContent

from smsgwd.cli import top
from smsgwd.cli.top_screen import Confirm, Help, TopScreen
from tests.cli.figures import connector, figures, lost, node, tenant


class Daemon:
    """Answers, each time a second later; `away` says why it does not."""

    def __init__(self) -> None:
        self.at = 0.0
        self.away: Exception | None = None
        self.refuses = ""
        self.connectors = [connector("alpha", sent=5), connector("beta", up=False, bound=0, last_error="refused")]
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.uptime_s: float | None = None
        self.nodes: list[dict[str, Any]] = []

    def __call__(self, noun: str, verb: str, params: dict[str, str]) -> Any:
        if self.away is not None:
            raise self.away
        if noun == "figures":
            self.at += 1
            return figures(
                self.at,
                uptime_s=self.at if self.uptime_s is None else self.uptime_s,
                counters={"accepted": self.at * 10},
                connectors=self.connectors,
                strays=[{"connector": "gone", "queued": 4, "oldest_s": 90.0}],
                tenants=[tenant("shop", 3), tenant("[red]evil", 1)],
                **({"nodes": self.nodes} if self.nodes else {}),
            )
        if self.refuses:
            raise click.ClickException(self.refuses)
        self.asked.append((noun, verb, params))
        return {}


def played(daemon: Daemon, play: Any, *, cluster: bool = False) -> None:
    """Run the screen, its looks so often that nobody waits for one, and play on it."""

    async def run() -> None:
        screen = TopScreen(daemon, 0.05, cluster=cluster)
        async with screen.run_test(size=(140, 40)) as pilot:
            await until(pilot, lambda: table(pilot, "connectors").row_count)
            await play(pilot)

    asyncio.run(run())


async def until(pilot: Pilot[int], condition: Any) -> None:
    """Let the screen go on until something holds."""
    for _ in range(500):
        if condition():
            return
        await pilot.pause(0.01)
    raise AssertionError("it never came")


def table(pilot: Pilot[int], name: str) -> DataTable[Any]:
    """One of the tables."""
    return pilot.app.query_one(f"#{name}-table", DataTable)


def said(pilot: Pilot[int], where: str = "said") -> str:
    """What a line says."""
    return str(pilot.app.query_one(f"#{where}", Static).render())


def first_column(pilot: Pilot[int], name: str) -> list[str]:
    """What the rows of a table begin with."""
    found = table(pilot, name)
    return [str(found.get_row_at(at)[0]) for at in range(found.row_count)]


def test_it_shows_all_tables() -> None:
    async def play(pilot: Pilot[int]) -> None:
        assert first_column(pilot, "connectors") == ["alpha", "beta"]
        assert first_column(pilot, "queues") == ["gone"]
        assert first_column(pilot, "tenants") == ["shop", "[red]evil"], "others' text is no markup"
        assert str(table(pilot, "connectors").get_cell("beta", "state")) == "down"
        await until(pilot, lambda: "10.0/s" in said(pilot, "head"))

    played(Daemon(), play)


def test_keys_go_through_the_tables() -> None:
    async def play(pilot: Pilot[int]) -> None:
        tabs = pilot.app.query_one(TabbedContent)
        seen = []
        for key in ("tab", "tab", "tab", "shift+tab"):
            await pilot.press(key)
            seen.append(tabs.active)
        assert seen == ["queues", "tenants", "connectors", "tenants"]
        assert pilot.app.focused is table(pilot, "tenants")
        await pilot.press("p")
        assert said(pilot) == "choose a connector first"

    played(Daemon(), play)


@pytest.mark.parametrize(("key", "verb"), [("p", "pause"), ("r", "resume"), ("b", "rebind")])
def test_a_connector_is_operated_once_it_is_confirmed(key: str, verb: str) -> None:
    daemon = Daemon()

    async def play(pilot: Pilot[int]) -> None:
        await pilot.press("down", key)
        assert isinstance(pilot.app.screen, Confirm)
        await pilot.press("n")
        await pilot.pause(0.05)
        assert daemon.asked == []
        await pilot.press(key, "y")
        await until(pilot, lambda: said(pilot) == f"{verb} beta: done")
        assert daemon.asked == [("connector", verb, {"id": "beta"})]

    played(daemon, play)


def test_a_refusal_is_shown() -> None:
    daemon = Daemon()
    daemon.refuses = "connector pause needs the role operate"

    async def play(pilot: Pilot[int]) -> None:
        await pilot.press("p", "enter")
        await until(pilot, lambda: said(pilot) == "pause alpha: connector pause needs the role operate")

    played(daemon, play)


def test_rows_are_filtered() -> None:
    async def play(pilot: Pilot[int]) -> None:
        await pilot.press("slash", "E", "T")
        assert first_column(pilot, "connectors") == ["beta"]
        await pilot.press("enter")
        assert pilot.app.focused is table(pilot, "connectors")
        assert "'et'" in said(pilot)
        await until(pilot, lambda: first_column(pilot, "connectors") == ["beta"])
        await pilot.press("escape")
        assert first_column(pilot, "connectors") == ["alpha", "beta"]
        assert pilot.app.query_one("#filter", Input).value == ""

    played(Daemon(), play)


def test_letters_of_a_filter_are_no_keys() -> None:
    daemon = Daemon()

    async def play(pilot: Pilot[int]) -> None:
        await pilot.press("slash", "p", "q")
        assert pilot.app.query_one("#filter", Input).value == "pq"
        assert not isinstance(pilot.app.screen, Confirm)
        assert pilot.app.is_running

    played(daemon, play)


def test_a_daemon_that_is_away_is_waited_for() -> None:
    daemon = Daemon()

    async def play(pilot: Pilot[int]) -> None:
        daemon.away = click.ClickException("no answer on the admin socket")
        await until(pilot, lambda: said(pilot) == "no answer, trying again: no answer on the admin socket")
        assert first_column(pilot, "connectors") == ["alpha", "beta"], "what was known last"
        await pilot.press("question_mark")
        assert isinstance(pilot.app.screen, Help), "keys work meanwhile"
        await pilot.press("escape")
        daemon.uptime_s, daemon.at = 0.5, 0
        daemon.connectors = [connector("alpha")]
        daemon.away = None
        await until(pilot, lambda: said(pilot) == "it answers again")
        assert first_column(pilot, "connectors") == ["alpha"]

    played(daemon, play)


def test_the_chosen_row_stays_chosen_when_rows_come_and_go() -> None:
    daemon = Daemon()

    async def play(pilot: Pilot[int]) -> None:
        await pilot.press("down")
        daemon.connectors = [connector("aaa"), connector("alpha"), connector("beta"), connector("zzz")]
        await until(pilot, lambda: len(first_column(pilot, "connectors")) == 4)
        await pilot.press("p", "y")
        await until(pilot, lambda: daemon.asked)
        assert daemon.asked[0][2] == {"id": "beta"}

    played(daemon, play)


def test_q_ends_it_well() -> None:
    async def run() -> None:
        screen = TopScreen(Daemon(), 0.01)
        async with screen.run_test() as pilot:
            await pilot.press("q")
        assert screen.return_value == 0

    asyncio.run(run())


def test_once_prints_the_difference_of_two_looks() -> None:
    waited: list[float] = []
    text = top.snapshot(Daemon(), waited.append)
    assert waited == [1.0]
    assert "accepted      10.0/s" in text
    for word in ("alpha", "beta: refused", "gone", "shop", "nobody sends it"):
        assert word in text


def test_without_a_terminal_it_says_what_to_do() -> None:
    with pytest.raises(click.UsageError, match="--once"):
        top.run(Daemon(), False, 1.0)


def test_once_needs_no_textual() -> None:
    code = (
        "import sys; from smsgwd.cli import top; from tests.cli.figures import figures;"
        "top.snapshot(lambda *words: figures(1.0), lambda seconds: None);"
        "assert 'textual' not in sys.modules and 'rich' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_all_nodes_together() -> None:
    daemon = Daemon()
    daemon.nodes = [node("a", here=True), node("b"), lost("c")]
    text = top.snapshot(daemon, lambda seconds: None, cluster=True)
    lines = text.splitlines()
    assert "all of 3 nodes, 1 LOST" in lines[0]
    assert "accepted      20.0/s" in lines[1]
    assert "sent      18.0/s" in lines[1]
    [of_c] = [line for line in lines if line.startswith("c ")]
    assert of_c.split() == ["c", "lost", "h1", "0.1.0", *"-" * 8]
    [of_b] = [line for line in lines if line.startswith("b ")]
    assert " ".join(of_b.split()) == "b up h1 0.1.0 2/2 10.0 9.0 8.0 6.0 12.3k 25% 0.3 s"
    assert "node n1 of 3 nodes, 1 LOST" in top.snapshot(daemon, lambda seconds: None)


def test_all_nodes_where_there_is_but_one() -> None:
    with pytest.raises(click.UsageError, match="shares its store with no other"):
        top.run(Daemon(), True, 1.0, cluster=True)


def test_the_table_of_nodes_is_there_where_the_store_is_shared() -> None:
    async def play(pilot: Pilot[int]) -> None:
        screen = pilot.app
        tabs = screen.query_one(TabbedContent)
        await until(pilot, lambda: table(pilot, "nodes").row_count == 2)
        assert tabs.active == "connectors"
        for name in ("queues", "tenants", "nodes", "connectors"):
            await pilot.press("tab")
            assert tabs.active == name

    daemon = Daemon()
    daemon.nodes = [node("a", here=True), node("b")]
    played(daemon, play)


def test_the_table_of_nodes_is_first_where_all_are_asked_for() -> None:
    async def play(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: table(pilot, "nodes").row_count == 1)
        assert pilot.app.query_one(TabbedContent).active == "nodes"

    daemon = Daemon()
    daemon.nodes = [node("a", here=True)]
    played(daemon, play, cluster=True)


def test_a_connector_that_other_nodes_have_is_not_down_here() -> None:
    daemon = Daemon()
    daemon.connectors = [connector("alpha"), connector("beta", up=False, bound=0, binds=0, elsewhere=True)]
    lines = top.snapshot(daemon, lambda seconds: None).splitlines()
    assert "connectors 1/1 up" in lines[0]
    [of_beta] = [line for line in lines if line.startswith("beta ")]
    assert of_beta.split()[1] == "elsewhere"
