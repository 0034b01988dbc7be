"""A configuration is read with what installed plugins say of their options, all mistakes at once.

A plugin is loaded once a process: another version of it counts after a restart (a worker that starts again has the new
code, the gateway's view of its options is the old one).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from smsgwd.config import Config, check_options, load
from smsgwd.config.shape import fields_of
from smsgwd.config.yaml_loader import Document
from smsgwd.config.yaml_loader import Path as KeyPath
from smsgwd.providers import loading
from smsgwd.providers.loading import PluginTrouble
from smsgwd.providers.plugin import Plugin


@cache
def plugin_of(name: str) -> Plugin:
    """An installed plugin whose options can be declared in a configuration. Raises PluginTrouble."""
    plugin = loading.load(name)
    try:
        fields_of(plugin.options)
    except TypeError as error:
        raise PluginTrouble(f"provider plugin '{name}' has an option that YAML cannot hold: {error}") from None
    return plugin


def load_config(path: Path, environ: Mapping[str, str]) -> Config:
    """`config.load`, with what plugins say of their options. Raises ConfigErrors with every mistake."""
    return load(path, environ, check_providers)


def check_providers(document: Document, base: Path) -> None:
    """What is wrong with provider connectors, and with what names them; a `config.load.Also`."""
    data = document.data if isinstance(document.data, dict) else {}
    plugins: dict[str, Plugin | None] = {}  # by connector; None = of another kind, or in trouble itself
    accounts: dict[str, tuple[KeyPath, dict[str, Any]]] = {}  # the first connector of each that several may share
    for path, connector in _entries(data.get("connectors"), ("connectors",)):
        plugin = None
        if connector.get("kind") == "provider":
            plugin = _checked(document, path, connector, base)
        group = connector.get("account_group")
        if isinstance(group, str):
            _check_account(document, path, connector, *accounts.setdefault(group, (path, connector)))
        if isinstance(connector.get("id"), str):
            plugins[connector["id"]] = plugin
    lookups = data.get("lookups")
    for path, source in _entries(lookups.get("sources") if isinstance(lookups, dict) else (), ("lookups", "sources")):
        if source.get("kind") == "provider":
            _check_source(document, path, source, plugins, data)


def _checked(document: Document, path: KeyPath, connector: dict[str, Any], base: Path) -> Plugin | None:
    """The plugin of a connector; mistakes are added to the document."""
    name = connector.get("provider")
    if not isinstance(name, str) or not name:
        return None  # its section says so
    try:
        plugin = plugin_of(name)
    except PluginTrouble as trouble:
        document.error((*path, "provider"), str(trouble))
        return None
    try:
        options = check_options(document, (*path, "options"), plugin.options, base)
        if options is None:
            return None
        plugin = plugin.fitted_to(options)
    except Exception as error:  # whatever a stranger's check raises; its text may quote a secret
        document.error((*path, "options"), f"the plugin '{name}' failed to check them: {type(error).__name__}")
        return None
    if connector.get("push_contacts") is True and not plugin.can("push_contacts"):
        document.error((*path, "push_contacts"), f"the plugin '{name}' cannot tell its provider of contacts")
    group = connector.get("group")
    if isinstance(group, int) and group > plugin.group:
        document.error(
            (*path, "group"), f"the plugin '{name}' takes {plugin.group} messages a request at most, not {group}"
        )
    return plugin


def _check_account(
    document: Document, path: KeyPath, connector: dict[str, Any], first_path: KeyPath, first: dict[str, Any]
) -> None:
    """Connectors of one account share its limit, and have one form of ids."""
    if "provider" not in (connector.get("kind"), first.get("kind")):
        return
    for key in ("kind", "provider", "requests_per_s"):
        if _plain(connector.get(key)) != _plain(first.get(key)):
            line = document.line((*first_path, key))
            what = f"is another one than line {line} has, of the same account_group"
            document.error((*path, key if key in connector else "account_group"), f"'{key}' {what}")
            return


def _plain(value: Any) -> object:
    """A scalar however it was written: 9, 9.0, or text from outside the file."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def _check_source(
    document: Document, path: KeyPath, source: dict[str, Any], plugins: Mapping[str, Plugin | None], data: Any
) -> None:
    name = source.get("connector")
    if not isinstance(name, str):
        return  # its section says so
    where = (*path, "connector")
    if name not in plugins:
        document.error(where, f"no connector has the id '{name[:60]}'")
        return
    plugin = plugins[name]
    kinds = {each.get("id"): each.get("kind") for _, each in _entries(data.get("connectors"), ())}
    if kinds[name] != "provider":
        document.error(where, f"connector '{name[:60]}' is not of kind provider: it can look nothing up")
    elif plugin is not None and not plugin.can("lookup"):
        document.error(where, f"the plugin '{plugin.name}' of connector '{name[:60]}' cannot look numbers up")


def _entries(items: Any, path: KeyPath) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    for index, item in enumerate(items if isinstance(items, tuple) else ()):
        if isinstance(item, dict):
            yield (*path, index), item
