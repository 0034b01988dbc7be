"""What differs between two loaded configurations, and which of it a reload may put in force.

Whether a reload is enough is said where each option is declared (`option(..., reloadable=...)`). Values of secrets are
compared and never shown. Pure: this may run in a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit, urlunsplit

import msgspec
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from smsgwd.config.model.root import Config
from smsgwd.config.option import Section, is_reloadable
from smsgwd.config.shape import Shape, fields_of
from smsgwd.config.types import Address, SecretKey

S = TypeVar("S", bound=Section)

HIDDEN: Final = "***"
#: In the place of a value where there is none: an element that came or went.
ABSENT: Final = "(none)"


class Difference(msgspec.Struct, frozen=True):
    """One option that differs: `before` and `after` as they would stand in YAML, secrets hidden."""

    path: str  #: connectors[sim].throughput; list elements without an id by their place, from 0
    before: Any
    after: Any
    live: bool  #: True where a reload puts it in force


def differences(old: Config, new: Config) -> list[Difference]:
    """What differs, in the order of declaration; elements of lists that have ids are told apart by them."""
    return list(_between(old, new, "", False))


def kept(old: S, new: S, holds: Callable[[str], bool] = lambda path: False) -> S:
    """`new`, with what takes a restart as it is in `old`, and what `holds` says of a path of a live option, too."""
    return _kept(old, new, "", False, holds)


def shown(section: Section) -> dict[str, Any]:
    """A section as it would stand in YAML, with its defaults; secrets are hidden."""
    return {key: _plain(getattr(section, name), info, shape) for key, name, info, shape in _options(type(section))}


def is_live(path: tuple[str, ...], section: type[Section] = Config) -> bool:
    """Whether a reload is enough for an option by its keys. KeyError for one that there is not."""
    live = False
    where: list[type[Section]] = [section]
    for key in path:
        info, shape = next(fields_of(each)[key] for each in where if key in fields_of(each))
        live = is_reloadable(info, live)
        where = shape.item.sections() if shape.item is not None else shape.sections()
    return live


def _options(section: type[Section]) -> Iterator[tuple[str, str, FieldInfo, Shape]]:
    """Key, name, declaration and shape of each option."""
    names = {info.alias or name: name for name, info in section.model_fields.items()}
    for key, (info, shape) in fields_of(section).items():
        yield key, names[key], info, shape


def _between(old: Section, new: Section, path: str, around: bool) -> Iterator[Difference]:
    for key, name, info, shape in _options(type(new)):
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        where = f"{path}.{key}" if path else key
        live = is_reloadable(info, around)
        if isinstance(before, Section) and type(before) is type(after):
            yield from _between(before, after, where, live)
        elif shape.kind == "list" and shape.item is not None and shape.item.sections():
            yield from _elements(before or (), after or (), where, live)
        else:
            yield Difference(where, _plain(before, info, shape), _plain(after, info, shape), live)


def _elements(before: tuple[Section, ...], after: tuple[Section, ...], path: str, live: bool) -> Iterator[Difference]:
    """Elements of a list of sections."""
    old, new = _named(before), _named(after)
    if old is None or new is None:
        yield from _by_place(before, after, path, live)
        return
    for name, section in old.items():
        if name not in new:
            yield Difference(f"{path}[{name}]", shown(section), ABSENT, live)
    for name, section in new.items():
        known = old.get(name)
        if known is None:
            yield Difference(f"{path}[{name}]", ABSENT, shown(section), live)
        elif known != section:
            yield from _changed(known, section, f"{path}[{name}]", live)
    in_old, in_new = [name for name in old if name in new], [name for name in new if name in old]
    if in_old != in_new:
        yield Difference(f"{path} (order)", in_old, in_new, live)


def _by_place(before: tuple[Section, ...], after: tuple[Section, ...], path: str, live: bool) -> Iterator[Difference]:
    """Elements without ids: what is the same at the beginning and at the end is left out, the rest told one by one."""
    first = 0
    while first < min(len(before), len(after)) and before[first] == after[first]:
        first += 1
    last = 0
    while last < min(len(before), len(after)) - first and before[-1 - last] == after[-1 - last]:
        last += 1
    old, new = before[first : len(before) - last], after[first : len(after) - last]
    for place in range(max(len(old), len(new))):
        where = f"{path}[{first + place}]"
        if place >= len(new):
            yield Difference(where, shown(old[place]), ABSENT, live)
        elif place >= len(old):
            yield Difference(where, ABSENT, shown(new[place]), live)
        elif old[place] != new[place]:
            yield from _changed(old[place], new[place], where, live)


def _changed(old: Section, new: Section, path: str, live: bool) -> Iterator[Difference]:
    if type(old) is type(new):
        yield from _between(old, new, path, live)
    else:
        yield Difference(path, shown(old), shown(new), live)


def _named(sections: tuple[Section, ...]) -> dict[str, Section] | None:
    """Sections by their ids; None where one has none."""
    names = [getattr(section, "id", None) for section in sections]
    if any(name is None for name in names) or len(set(names)) < len(names):
        return None
    return {str(name): section for name, section in zip(names, sections, strict=True)}


def _kept(old: S, new: S, path: str, around: bool, holds: Callable[[str], bool]) -> S:
    """See `kept`."""
    values: dict[str, Any] = {}
    for key, name, info, _ in _options(type(new)):
        before, after = getattr(old, name), getattr(new, name)
        where = f"{path}.{key}" if path else key
        live = is_reloadable(info, around)
        if isinstance(before, Section) and type(before) is type(after):
            values[name] = _kept(before, after, where, live, holds)
        else:
            values[name] = after if live and not holds(where) else before
    return new.model_copy(update=values)


def _plain(value: Any, info: FieldInfo | None, shape: Shape | None) -> Any:
    """A value as it would stand in YAML."""
    if info is not None and info.repr is False:
        return HIDDEN if value else None
    if isinstance(value, str):  # first: there may be thousands of them
        return _without_key(value)
    if isinstance(value, SecretStr):
        return HIDDEN
    if isinstance(value, SecretKey):
        return {"file": str(value.file)} if value.file is not None else HIDDEN
    if isinstance(value, Section):
        return shown(value)
    if isinstance(value, tuple | list):
        return [_plain(each, None, None if shape is None else shape.item) for each in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(each, None, None if shape is None else shape.item) for key, each in value.items()}
    if isinstance(value, Path | Address):
        return str(value)
    if shape is not None and shape.name == "octal file mode" and isinstance(value, int):
        return f"0{value:o}"
    return value


def _without_key(text: str) -> str:
    """A URL without what may be a key in it: its query, and user and password before the host."""
    if not text.lower().startswith(("http://", "https://")):
        return text
    parts = urlsplit(text)
    host = f"{HIDDEN}@{parts.netloc.rpartition('@')[2]}" if "@" in parts.netloc else parts.netloc
    return urlunsplit((parts.scheme, host, parts.path, HIDDEN if parts.query else "", ""))
