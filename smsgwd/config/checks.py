"""Checks across sections: ids given twice, routes to nowhere, addresses used twice.

They work on the plain data, so that they speak also when another part of the file is wrong; what has the wrong type is
skipped here, since its own section already says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from smsgwd.config.yaml_loader import Document, Path

MOST_SECRETS: Final = 5  #: of one name, as in `accounts.directory`


def check_config(document: Document) -> None:
    """Cross checks of the main file; mistakes are added to `document.errors`."""
    data = document.data if isinstance(document.data, dict) else {}
    ids = _unique(document, _entries(data, "connectors"), "id", "connector id")
    _statuses(document, data)
    _unique(document, _entries(data, "routes"), "id", "route id")
    console = data.get("console")
    if isinstance(console, dict):
        _unique(document, _entries(console, "accounts", ("console",)), "name", "operator")
    _routes(document, data, ids)
    _mo_routes(document, data, ids)
    _opt_out_words(document, data)
    _addresses(document, data)


def check_tenants(document: Document) -> None:
    """Cross checks of the tenants file; mistakes are added to `document.errors`."""
    data = document.data if isinstance(document.data, dict) else {}
    _unique(document, _entries(data, "tenants"), "id", "tenant id")
    seen: dict[tuple[str, str], tuple[Path, list[int]]] = {}
    names = {"password": "username", "smpp": "system_id", "token": "secret"}
    for path, tenant in _entries(data, "tenants"):
        for inner, credential in _entries(tenant, "credentials", path):
            kind = credential.get("kind")
            field = names.get(kind) if isinstance(kind, str) else None
            value = credential.get(field) if field else None
            if field is None or not _is_scalar(value):
                continue
            key = (str(kind), _text(value))
            where = (*inner, field)
            what = "this token" if field == "secret" else f"{field} '{key[1][:60]}'"
            owner, lines = seen.setdefault(key, (path, []))
            if lines and (field == "secret" or owner != path):  # a name of one tenant may have several secrets
                document.error(where, f"{what} is given twice (first on line {lines[0]})")
            elif len(lines) == MOST_SECRETS:
                document.error(where, f"{what} has more than {MOST_SECRETS} secrets (first on line {lines[0]})")
            lines.append(document.line(where))


def _entries(data: dict[str, Any], key: str, base: Path = ()) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The mappings of a list, with their paths."""
    items = data.get(key)
    for index, item in enumerate(items if isinstance(items, tuple) else ()):
        if isinstance(item, dict):
            yield (*base, key, index), item


def _is_scalar(value: Any) -> bool:
    return value is not None and not isinstance(value, (dict, tuple))


def _text(value: Any) -> str:
    text: str = getattr(value, "text", None) or str(value)
    return text


def _unique(document: Document, items: Iterator[tuple[Path, dict[str, Any]]], field: str, what: str) -> set[str]:
    first: dict[str, int] = {}
    for path, item in items:
        if not _is_scalar(item.get(field)):
            continue
        value = _text(item[field])
        if value in first:
            document.error((*path, field), f"{what} '{value[:60]}' is given twice (first on line {first[value]})")
        first.setdefault(value, document.line((*path, field)))
    return set(first)


def _statuses(document: Document, data: dict[str, Any]) -> None:
    """One command_status may be written in several ways: 0x58, 88."""
    for path, connector in _entries(data, "connectors"):
        statuses = connector.get("statuses")
        first: dict[int, str] = {}
        for key in statuses if isinstance(statuses, dict) else ():
            try:
                status = int(_text(key), 16 if "x" in _text(key).lower() else 10)
            except ValueError:
                continue  # its type says so
            if status in first:
                document.error((*path, "statuses", key), f"is the same command_status as '{first[status][:60]}'")
            first.setdefault(status, _text(key))


def _routes(document: Document, data: dict[str, Any], ids: set[str]) -> None:
    for path, route in _entries(data, "routes"):
        names = route.get("connectors")
        used: set[str] = set()
        for index, name in enumerate(names if isinstance(names, tuple) else ()):
            if not _is_scalar(name):
                continue
            text, where = _text(name), (*path, "connectors", index)
            if text not in ids:
                known = f" (known: {', '.join(sorted(ids)[:10])})" if ids else " (there are no connectors)"
                document.error(where, f"no connector has the id '{text[:60]}'{known}")
            elif text in used:
                document.error(where, f"connector '{text[:60]}' is named twice in this route")
            used.add(text)


def _mo_routes(document: Document, data: dict[str, Any], ids: set[str]) -> None:
    for path, route in _entries(data, "mo_routes"):
        match = route.get("match")
        name = match.get("connector") if isinstance(match, dict) else None
        if _is_scalar(name) and _text(name) not in ids:
            document.error((*path, "match", "connector"), f"no connector has the id '{_text(name)[:60]}'")
        words = match.get("keyword") if isinstance(match, dict) else None
        many = isinstance(words, tuple)
        for index, word in enumerate(words if isinstance(words, tuple) else (words,)):
            if _is_scalar(word) and len(_words(word)) != 1:
                where = (*path, "match", "keyword", index) if many else (*path, "match", "keyword")
                document.error(where, f"'{_text(word)[:60]}' is not one word: the first word of a text is compared")


def _opt_out_words(document: Document, data: dict[str, Any]) -> None:
    section = data.get("mo")
    for key in ("stop_words", "start_words"):
        words = section.get(key) if isinstance(section, dict) else None
        for index, word in enumerate(words if isinstance(words, tuple) else ()):
            if _is_scalar(word) and not _words(word):
                document.error(("mo", key, index), "must have a letter or digit")


def _words(value: Any) -> list[str]:
    """The words of a text that have a letter or digit, without case."""
    return [word for word in _text(value).casefold().split() if any(char.isalnum() for char in word)]


def _addresses(document: Document, data: dict[str, Any]) -> None:
    listeners = data.get("listeners")
    first: dict[str, str] = {}
    for name, listener in listeners.items() if isinstance(listeners, dict) else ():
        listen = listener.get("listen") if isinstance(listener, dict) else None
        many = listen if isinstance(listen, tuple) else (listen,)
        for index, address in enumerate(many):
            if not isinstance(address, str) or address.endswith(":0"):
                continue
            path = ("listeners", name, "listen", index) if many is listen else ("listeners", name, "listen")
            if address in first:
                document.error(path, f"'{address[:60]}' is already taken by the {first[address]} listener")
            first.setdefault(address, name)
