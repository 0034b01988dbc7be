"""`plugin list`, `show`, `test`: the provider plugins that are installed, what they can, who uses them, and a message
sent through one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from smsgwd.config import Config
from smsgwd.config.shape import fields_of
from smsgwd.ops.params import carried_out, flag, phone_digits, whole_number
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.providers.loading import GROUP, PluginTrouble, checked
from smsgwd.providers.plugin import Plugin, Provider

_MOST_TEXT: Final = 1600
_MOST_SENDER: Final = 32
_MOST_WAIT_S: Final = 600
_MOST_README: Final = 16_000
_TEXT: Final = "Test of smsgwd"


class Tester(Protocol):
    """Sends through a connector's plugin, past queue and books."""

    def connector(self, name: str) -> str:
        """The id of the connector of that name, or of the only one that uses the plugin of that name. Raises Refused,
        naming those there are."""
        ...

    def test(self, connector: str, to: str, sender: str, text: str, wait_s: int) -> Deferred[dict[str, Any]]:
        """Send one message and ask for its state for `wait_s`: verdict, states, HTTP exchanges, secrets masked."""
        ...

    def look(self, connector: str) -> dict[str, Any]:
        """What a test may change: the balance as it was last told, requests so far."""
        ...


def installed() -> Iterable[EntryPoint]:
    """The plugins that are installed beside this package."""
    return entry_points(group=GROUP)


class Plugins:
    """Commands about plugins. `config` gives what is in force."""

    def __init__(
        self,
        config: Callable[[], Config],
        tester: Tester,
        installed: Callable[[], Iterable[EntryPoint]] = installed,
    ) -> None:
        self._config = config
        self._tester = tester
        self._installed = installed

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "plugin",
                "list",
                "Provider plugins: version, whether they can be used, what they can, which connectors use them;"
                " and lookup sources",
                lambda params: deferToThread(self._rows),  # importing a plugin may take long
                examples=("plugin list",),
            ),
            Command(
                "plugin",
                "show",
                "One plugin: its options, its limits, what it can, which package it is of",
                lambda params: deferToThread(
                    self._show, params["name"], readme=flag(params, "readme"), yaml=flag(params, "yaml")
                ),
                (
                    Parameter("name", "Its name", required=True),
                    Parameter(
                        "yaml", "All its options instead, as they stand under `options`, explained", values="yes"
                    ),
                    Parameter("readme", "The text of its package instead", values="yes"),
                ),
                examples=("plugin show isms", "plugin show isms yaml=yes", "plugin show isms readme=yes"),
            ),
            Command(
                "plugin",
                "test",
                "Send ONE message through a plugin, past queue and books, and show what was said over HTTP, secrets"
                " masked. It is really sent, and costs what the provider takes",
                self._test,
                (
                    Parameter("name", "A connector, or a plugin that one connector uses", True, values="connector"),
                    Parameter("to", "Who gets it", required=True),
                    Parameter("from", "Sender"),
                    Parameter("text", f"What it says; `{_TEXT}` if not given"),
                    Parameter("wait", f"Ask for its state for so many seconds, {_MOST_WAIT_S} at most; 0 if not given"),
                ),
                changes=True,
                long=True,
                look=lambda params: carried_out(self._look(params["name"])),
                hides=("to", "text"),
                examples=(
                    "plugin test isms1 to=+306912345678 from=Shop text='Does it go?'",
                    "plugin test isms to=+306912345678 from=Shop wait=60",
                ),
            ),
        ]

    # -- looking ---------------------------------------------------------------------------------------------------

    def _rows(self) -> list[dict[str, Any]]:
        config = self._config()
        users = self._users()
        rows = [_row(point, users.pop(point.name, [])) for point in sorted(self._installed(), key=lambda one: one.name)]
        rows += [_as_row("provider", name, trouble="it is not installed", used_by=used) for name, used in users.items()]
        for source in config.lookups.sources:
            name = str(getattr(source, "name", None) or getattr(source, "connector", source.kind))
            rows.append(_as_row("lookup", name, "smsgwd", used_by=["lookups.sources"]))
        return rows

    def _users(self) -> dict[str, list[str]]:
        users: dict[str, list[str]] = {}
        for connector in self._config().connectors:
            if connector.kind == "provider":
                users.setdefault(connector.provider, []).append(connector.id)
        return users

    def _show(self, name: str, *, readme: bool = False, yaml: bool = False) -> dict[str, Any] | str:
        points = {point.name: point for point in self._installed()}
        if name not in points:
            raise CommandError(f"there is no plugin {name}; there are: {', '.join(sorted(points)) or 'none'}")
        point = points[name]
        if readme:
            return _readme(point)
        plugin, trouble = _loaded(point)
        if yaml:
            if plugin is None:
                raise CommandError(trouble)
            from smsgwd.config import describe  # a megabyte that a gateway has no other use for

            return describe(plugin.options)
        told = _as_row("provider", name, *_package(point), trouble, self._users().get(name, []), plugin)
        return told if plugin is None else told | _declared(plugin)

    async def _look(self, name: str) -> dict[str, Any]:
        return self._tester.look(self._tester.connector(name))

    # -- sending ---------------------------------------------------------------------------------------------------

    def _test(self, params: Params) -> Deferred[dict[str, Any]]:
        to, sender, text = phone_digits(params, "to"), params.get("from", "").strip(), params.get("text", _TEXT)
        if not text or len(text) > _MOST_TEXT:
            raise CommandError(f"text has 1 to {_MOST_TEXT} characters")
        if len(sender) > _MOST_SENDER or not (sender.isprintable() or not sender):
            raise CommandError(f"from has at most {_MOST_SENDER} printable characters")
        wait_s = whole_number(params, "wait", 0, _MOST_WAIT_S)
        return carried_out(self._tested(params["name"], to, sender, text, wait_s))

    async def _tested(self, name: str, to: str, sender: str, text: str, wait_s: int) -> dict[str, Any]:
        return await self._tester.test(self._tester.connector(name), to, sender, text, wait_s)


def _row(point: EntryPoint, used: list[str]) -> dict[str, Any]:
    plugin, trouble = _loaded(point)
    return _as_row("provider", point.name, *_package(point), trouble, used, plugin)


def _loaded(point: EntryPoint) -> tuple[Plugin | None, str]:
    """A plugin, or why it cannot be used."""
    try:
        return checked(point.name, point.load()), ""
    except PluginTrouble as trouble:
        return None, str(trouble)
    except (Exception, SystemExit) as error:  # whatever a stranger's module raises
        return None, f"{type(error).__name__}: {error}"


def _package(point: EntryPoint) -> tuple[str, str]:
    return ("", "") if point.dist is None else (point.dist.name, point.dist.version)


def _readme(point: EntryPoint) -> str:
    """The description that a package was made with."""
    message: Any = None if point.dist is None else point.dist.metadata
    text = "" if message is None else str(message.get_payload() or "").strip()
    return text[:_MOST_README] or f"the package of the plugin {point.name} has none"


def _as_row(
    kind: str,
    name: str,
    package: str = "",
    version: str = "",
    trouble: str = "",
    used_by: list[str] | None = None,
    plugin: Plugin | None = None,
) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": name,
        "package": package,
        "version": version,
        "api": None if plugin is None else plugin.version,
        "ok": not trouble,
        "used_by": used_by or [],
        "can": [] if plugin is None else [each for each in Provider.ABILITIES if plugin.can(each)],
        "trouble": trouble[:200],
    }


def _declared(plugin: Plugin) -> dict[str, Any]:
    """What a plugin says of itself, JSON-ready."""
    poll = plugin.poll
    return {
        "summary": plugin.summary,
        "depends_on_options": plugin.fitted is not None,
        "group": plugin.group,
        "together": list(plugin.together),
        "requests_per_s": plugin.requests_s,
        "window": plugin.window,
        "binary": plugin.binary,
        "unknown_after_s": plugin.unknown_after_s,
        "polling": {
            "first_s": poll.first_s,
            "factor": poll.factor,
            "longest_s": poll.longest_s,
            "group": poll.group,
            "after_callbacks_s": poll.after_callbacks_s,
        }
        if plugin.can("states")
        else None,
        "options": _options(plugin),
    }


def _options(plugin: Plugin) -> list[dict[str, Any]]:
    """Its options in their order: name, type, whether one must be given, default, unit, text."""
    from smsgwd.config.reference import default_text, type_text  # as above

    found = []
    for name, (info, shape) in fields_of(plugin.options).items():
        extra = info.json_schema_extra
        unit = extra.get("unit", "") if isinstance(extra, dict) else ""
        found.append(
            {
                "option": name,
                "type": type_text(info, shape),
                "required": info.is_required(),
                "default": None if info.is_required() else default_text(info, shape),
                "unit": unit,
                "text": info.description or "",
            }
        )
    return found
