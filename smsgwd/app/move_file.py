"""`store.move` in the data directory: a move into another store that is under way, and which of the two stores counts.

It has both sections as the configuration has them, secrets too (mode 0600), and is replaced as a whole, fsynced. While
its phase is `copying` the store counts that it came from, once it is `moved` the other one. `store.moved` tells where
an embedded store went that was here: what is left of it (`store.db.moved`) is not to be opened by a gateway.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from pydantic import SecretStr, TypeAdapter, ValidationError

from smsgwd.config.model.root import Config, Store
from smsgwd.config.model.store import EmbeddedStore, RedisStore
from smsgwd.store.writer import CannotOpen

FILE: Final = "store.move"
GONE: Final = "store.moved"
_DATABASE: Final = "store.db"
_LEFT: Final = ("", "-wal", "-shm")  # what SQLite's files end with
Section = EmbeddedStore | RedisStore


class Move(msgspec.Struct, frozen=True, rename={"source": "from", "target": "to"}):
    """What the file says. Times are milliseconds since 1970, UTC, 0 = not yet."""

    phase: Literal["copying", "moved"]
    source: dict[str, Any]  #: section `store` that it came from
    target: dict[str, Any]  #: the section it goes to
    node: str  #: whose gateway it is
    begun_at: int
    moved_at: int = 0
    failed: str = ""  #: why it is not gone on with; '' = it is, or was broken off


class Gone(msgspec.Struct, frozen=True):
    """Where the store went that was in this directory."""

    to: str
    at: int


def read(directory: Path) -> Move | None:
    """The move that is under way in a data directory; None = none is. Raises CannotOpen: it cannot be read."""
    path = directory / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Move)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise CannotOpen(f"{path}: it cannot be read, so it is not known which store counts: {error}") from None


def write(directory: Path, move: Move) -> None:
    """Put another one in its place. It is on the disk then. Raises OSError."""
    _put(directory / FILE, msgspec.json.encode(move))


def remove(directory: Path) -> None:
    """No move is under way any more; nothing to do where none was. Raises OSError."""
    (directory / FILE).unlink(missing_ok=True)
    _synced(directory)


def plain(section: Section) -> dict[str, Any]:
    """A section as the file has it: with its secrets."""
    found: dict[str, Any] = _plain(section.model_dump())
    return found


def section_of(written: Mapping[str, Any]) -> Section:
    """The section that was written so. Raises CannotOpen; none of its words are told, which may be secret."""
    adapter: TypeAdapter[Section] = TypeAdapter(Store)  # made here: it costs memory that most starts do not need
    try:
        return adapter.validate_python(dict(written))
    except ValidationError as error:
        places = sorted({".".join(map(str, each["loc"])) for each in error.errors(include_input=False)})
        raise CannotOpen(f"{FILE}: a section in it is none any more: {', '.join(places)}") from None


def place(section: Section) -> tuple[str, ...]:
    """What tells stores from each other: other options of the section may change. An embedded store is the one of its
    data directory."""
    if isinstance(section, RedisStore):
        return section.kind, section.url.get_secret_value(), section.prefix
    return (section.kind,)


def shown(section: Section) -> str:
    """A store in words for operators, without what is secret."""
    return f"redis, prefix {section.prefix}" if isinstance(section, RedisStore) else "embedded"


def close_old(directory: Path, move: Move) -> None:
    """What was moved away from here is not opened any more; may be done again. Raises OSError, CannotOpen."""
    if isinstance(section_of(move.source), RedisStore):
        (directory / GONE).unlink(missing_ok=True)  # of an earlier move: the store is here again
        _synced(directory)
        return
    _put(directory / GONE, msgspec.json.encode(Gone(shown(section_of(move.target)), move.moved_at)))
    for end in _LEFT:
        old = directory / f"{_DATABASE}{end}"
        if old.exists():
            old.rename(directory / f"{_DATABASE}.moved{end}")
    _synced(directory)


def refuse_gone(directory: Path) -> None:
    """Raise CannotOpen where the embedded store of a directory went into another one."""
    path = directory / GONE
    if not path.exists() or (directory / _DATABASE).exists():
        return
    where = ""
    with contextlib.suppress(OSError, msgspec.MsgspecError):  # that it is there says enough
        where = f" ({msgspec.json.decode(path.read_bytes(), type=Gone).to})"
    raise CannotOpen(
        f"{directory}: the store that was here was moved into another one{where}, where its messages are. To begin with"
        f" an empty store remove {path.name}. Only if that other store has accepted nothing since: rename"
        f" {_DATABASE}.moved to {_DATABASE}, and the files beside it"
    )


def refuse_while_moving(config: Config) -> None:
    """Raise CannotOpen while a move of the configuration's store is under way, unless the configuration has the store
    again that counts."""
    move = read(config.data_dir)
    if move is not None and (move.phase == "moved" or place(section_of(move.source)) != place(config.store)):
        raise CannotOpen(f"{config.data_dir / FILE}: a move of the store is under way: start the gateway first")


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value


def _put(path: Path, data: bytes) -> None:
    """A file in the place of another, on the disk before that one goes."""
    new = path.with_name(f"{path.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    new.replace(path)
    _synced(path.parent)


def _synced(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
