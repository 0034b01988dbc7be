"""Finding the plugins that are installed: entry points of group `smsgwd.providers`."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Final

from smsgwd.providers.plugin import VERSION, Plugin, Provider

GROUP: Final = "smsgwd.providers"


class PluginTrouble(Exception):  # noqa: N818 -- about somebody else's package
    """A plugin cannot be used; the text names it and says why."""


def installed() -> dict[str, EntryPoint]:
    """The entry points by name."""
    return {point.name: point for point in entry_points(group=GROUP)}


def load(name: str) -> Plugin:
    """A plugin by name. Raises PluginTrouble; a stranger's module is imported, which may do anything."""
    points = installed()
    point = points.get(name)
    if point is None:
        there = ", ".join(sorted(points)) or "none"
        raise PluginTrouble(f"provider plugin '{name}' is not installed; there are: {there}")
    try:
        found = point.load()
    except (Exception, SystemExit) as error:  # whatever a stranger's module raises
        raise PluginTrouble(f"provider plugin '{name}' cannot be loaded: {type(error).__name__}: {error}") from None
    return checked(name, found)


def checked(name: str, found: object) -> Plugin:
    """What an entry point led to, if it is a plugin for this API. Raises PluginTrouble."""
    if not isinstance(found, Plugin):
        raise PluginTrouble(f"provider plugin '{name}' leads to {type(found).__name__}, which is no Plugin")
    if found.version != VERSION:
        raise PluginTrouble(
            f"provider plugin '{name}' was written for version {found.version} of the plugin API; this is {VERSION}"
        )
    if found.name != name:
        raise PluginTrouble(f"provider plugin '{name}' calls itself '{found.name}'")
    if found.provider.send is Provider.send:
        raise PluginTrouble(f"provider plugin '{name}' sends nothing: its class has no `send`")
    return found
