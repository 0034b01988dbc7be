"""The screen of `smsgwctl top`: it asks the daemon in a thread, so that keys work while nobody answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final

import click
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import DataTable, Footer, Input, Static, TabbedContent, TabPane

from smsgwd.cli.tables import harmless
from smsgwd.cli.top_figures import CONNECTORS, NODES, QUEUES, TENANTS, History, Sample
from smsgwd.cli.top_text import head

_TABLES: Final = {"connectors": CONNECTORS, "queues": QUEUES, "tenants": TENANTS, "nodes": NODES}
_VERBS: Final = {"pause": "Pause", "resume": "Resume", "rebind": "Bind anew"}
_COLORS: Final = {
    "up": "green", "up, in part": "yellow", "paused": "yellow", "stopped": "yellow", "down": "red",
    "lost": "red", "draining": "yellow", "draining, closed": "yellow",
}  # fmt: skip
_NUMBERS: Final = ("queued", "in memory", "waiting", "accepted", "delivered", "failed", "claimed", "cpu", "lease")
_HELP: Final = """\
Keys

  Tab, Shift-Tab   next table, the one before
  Up, Down         choose a row; Left, Right: columns beyond the edge
  /                show only rows with a word; Esc shows all again
  p                pause the chosen connector: it sends nothing
  r                resume it
  b                bind it anew
  ?  q             this help; quit

Rates are those since the last look. `errors/s`: refusals, requests to
slow down, answers that never came. `answer`: half of the carrier's
answers are faster. Latencies, half and 99 %: accept (request to answer),
durable, queue (until written to the carrier), answer, receipt (durable),
push (to the tenant).
"""


class Confirm(ModalScreen[bool]):
    """A question: y or Enter, n or Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "answer(True)", "Yes"),
        Binding("n,escape,q", "answer(False)", "No"),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """See textual."""
        yield Vertical(Static(Text(harmless(self._question))), Static(Text("y = yes   n = no")), id="box")

    def action_answer(self, yes: bool) -> None:
        """Give the answer."""
        self.dismiss(yes)


class Help(ModalScreen[None]):
    """The keys; any of the usual ones closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,enter", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        """See textual."""
        yield Vertical(Static(Text(_HELP)), id="box")


class TopScreen(App[int]):
    """`call` asks the daemon (see `top.run`); it is asked again `interval_s` seconds after each answer or failure."""

    TITLE = "smsgwctl top"
    CSS = """
    #head { height: auto; padding: 0 1; }
    #said { height: 1; padding: 0 1; }
    #filter { display: none; height: 3; }
    #filter.shown { display: block; }
    TabbedContent { height: 1fr; }
    TabPane { padding: 0; }
    DataTable { height: 1fr; }
    Confirm, Help { align: center middle; }
    #box { width: auto; max-width: 100%; height: auto; padding: 1 2; border: round $primary; background: $surface; }
    #box Static { width: auto; }
    """
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit_well", "Quit"),
        Binding("tab", "table(1)", "Next table", priority=True),
        Binding("shift+tab", "table(-1)", "Table before", show=False, priority=True),
        Binding("p", "operate('pause')", "Pause"),
        Binding("r", "operate('resume')", "Resume"),
        Binding("b", "operate('rebind')", "Bind anew"),
        Binding("slash", "filter", "Filter"),
        Binding("escape", "all_rows", "All rows", show=False),
        Binding("question_mark", "help", "Help"),
    ]

    def __init__(
        self, call: Callable[[str, str, dict[str, str]], Any], interval_s: float, *, cluster: bool = False
    ) -> None:
        super().__init__()
        self._call = call
        self._interval_s = interval_s
        self._cluster = cluster
        self._history = History(cluster=cluster)
        self._sample: Sample | None = None
        self._filter = ""
        self._there = False  # nodes were told of

    def compose(self) -> ComposeResult:
        """See textual."""
        yield Static(Text("asking the daemon..."), id="head")
        with TabbedContent():
            for name in _TABLES:
                with TabPane(name.capitalize(), id=name):
                    yield DataTable[Text](id=f"{name}-table", cursor_type="row", zebra_stripes=True)
        yield Input(placeholder="show rows with this word; Enter keeps it, Escape shows all", id="filter")
        yield Static("", id="said")
        yield Footer()

    def on_mount(self) -> None:
        """See textual."""
        for name, columns in _TABLES.items():
            table = self._table(name)
            for column in columns:
                table.add_column(column, key=column)
        self.query_one(TabbedContent).hide_tab("nodes")  # as long as none are told of
        self._table("connectors").focus()
        self._look()

    # -- asking ----------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        self.run_worker(self._ask, thread=True, group="look")

    def _ask(self) -> None:
        """In a thread: the daemon may take its time, or be away."""
        try:
            figures = self._call("figures", "show", {})
        except (OSError, click.ClickException) as error:
            self._told(self._no_answer, _said(error))
        else:
            self._told(self._answered, figures)

    def _told(self, tell: Callable[[Any], None], what: Any) -> None:
        """Go on in the thread of the screen, unless that is closed."""
        if self.is_running:
            self.call_from_thread(tell, what)

    def _answered(self, figures: dict[str, Any]) -> None:
        self._sample = self._history.add(figures)
        self._fill()
        self._show_head()
        if self.query_one("#said", Static).has_class("away"):
            self._say("it answers again")
        self.set_timer(self._interval_s, self._look)

    def on_resize(self) -> None:
        """The lines of the head are as long as the screen is wide."""
        self._show_head()

    def _show_head(self) -> None:
        if self._sample is not None:
            lines = head(self._sample, self._history, self.size.width - 2)
            self.query_one("#head", Static).update(Text("\n".join(lines), no_wrap=True))

    def _no_answer(self, why: str) -> None:
        self._say(f"no answer, trying again: {why}", away=True)
        self.set_timer(self._interval_s, self._look)

    # -- showing ---------------------------------------------------------------------------------------------------

    def _table(self, name: str) -> DataTable[Text]:
        return self.query_one(f"#{name}-table", DataTable)

    def _fill(self) -> None:
        sample = self._sample
        if sample is not None:
            self._show("connectors", sample.connectors())
            self._show("queues", sample.queues())
            self._show("tenants", sample.tenants())
            self._show_nodes(sample.nodes())

    def _show_nodes(self, rows: Sequence[dict[str, str]]) -> None:
        """A table of its own where the store is shared; it is the first one where all nodes are asked for."""
        self._show("nodes", rows)
        if rows and not self._there:
            self._there = True
            tabs = self.query_one(TabbedContent)
            tabs.show_tab("nodes")
            if self._cluster:
                tabs.active = "nodes"
                self._table("nodes").focus()

    def _show(self, name: str, rows: Sequence[dict[str, str]]) -> None:
        """Put rows into a table, changing as little as possible: the chosen one stays chosen."""
        table, columns = self._table(name), _TABLES[name]
        wanted = {row[columns[0]]: row for row in rows if self._filter in row[columns[0]].lower()}
        if [str(key.value) for key in table.rows] == list(wanted):
            for key, row in wanted.items():
                for column in columns:
                    table.update_cell(key, column, _cell(column, row[column]), update_width=True)
            return
        chosen = self._chosen(name)
        table.clear()
        for key, row in wanted.items():
            table.add_row(*(_cell(column, row[column]) for column in columns), key=key)
        if chosen in wanted:
            table.move_cursor(row=list(wanted).index(chosen))

    def _chosen(self, name: str) -> str:
        table = self._table(name)
        if not table.row_count:
            return ""
        return str(list(table.rows)[min(table.cursor_row, table.row_count - 1)].value)

    def _say(self, text: str, *, away: bool = False) -> None:
        said = self.query_one("#said", Static)
        said.set_class(away, "away")
        said.update(Text(harmless(text), style="bold red" if away else "bold"))

    # -- keys ------------------------------------------------------------------------------------------------------

    def action_quit_well(self) -> None:
        """Leave."""
        self.exit(0)

    def action_table(self, step: int) -> None:
        """The next table."""
        tabs, names = self.query_one(TabbedContent), [name for name in _TABLES if name != "nodes" or self._there]
        name = names[(names.index(tabs.active) + step) % len(names)]
        tabs.active = name
        self._table(name).focus()

    def action_help(self) -> None:
        """Show the keys."""
        self.push_screen(Help())

    def action_filter(self) -> None:
        """Ask for a word."""
        field = self.query_one("#filter", Input)
        field.add_class("shown")
        field.focus()

    def action_all_rows(self) -> None:
        """Show all rows again."""
        self.query_one("#filter", Input).value = ""
        self._end_filter()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is typed."""
        self._filter = event.value.strip().lower()
        self._fill()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter and go back to the table."""
        self._end_filter()

    def _end_filter(self) -> None:
        self.query_one("#filter", Input).remove_class("shown")
        self._table(self.query_one(TabbedContent).active).focus()
        self._say(f"rows with {self._filter!r} only; Escape shows all" if self._filter else "")

    def action_operate(self, verb: str) -> None:
        """Ask whether the chosen connector is to be changed, and have the daemon do it."""
        connector = self._chosen("connectors") if self.query_one(TabbedContent).active == "connectors" else ""
        if not connector:
            self._say("choose a connector first")
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.run_worker(lambda: self._operate(verb, connector), thread=True, group="operate")

        self.push_screen(Confirm(f"{_VERBS[verb]} the connector {connector}?"), answered)

    def _operate(self, verb: str, connector: str) -> None:
        """In a thread: have it done."""
        try:
            self._call("connector", verb, {"id": connector})
        except (OSError, click.ClickException) as error:
            self._told(self._say, f"{verb} {connector}: {_said(error)}")
        else:
            self._told(self._say, f"{verb} {connector}: done")


def _cell(column: str, text: str) -> Text:
    """A cell: others' text as it is, without markup."""
    style = _COLORS.get(text, "red" if text.startswith("suspended") else "") if column == "state" else ""
    return Text(harmless(text), style=style, justify="right" if column.endswith("/s") or column in _NUMBERS else "left")


def _said(error: Exception) -> str:
    return error.message if isinstance(error, click.ClickException) else str(error)
