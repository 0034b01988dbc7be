"""Values that stand elsewhere: `{env: NAME}`, `{file: PATH}` and `{credential: NAME}` in place of any scalar.

A file is read relative to the directory of the configuration file, a credential from `$CREDENTIALS_DIRECTORY`
(systemd `LoadCredential=`). One trailing line end is dropped. What could not be read is a mistake naming the key;
the text itself never appears in a message.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from smsgwd.config.yaml_loader import Document
from smsgwd.config.yaml_loader import Path as KeyPath

SOURCES = ("env", "file", "credential")
MAX_VALUE_BYTES = 64 * 1024


class External(str):
    """Text read from outside the YAML file; `file` is its path where that is a file that does not exist yet."""

    __slots__ = ("file",)
    file: Path | None

    def __new__(cls, text: str, file: Path | None = None) -> External:
        """Text with the path of the file it stands in, or will stand in."""
        value = super().__new__(cls, text)
        value.file = file
        return value


class _UnreadableError(Exception):
    """The message to show."""


def is_source(data: Any) -> bool:
    """Whether `data` is `{env: ...}`, `{file: ...}` or `{credential: ...}`."""
    return isinstance(data, dict) and len(data) == 1 and next(iter(data)) in SOURCES


def resolve(
    document: Document,
    base: Path,
    environ: Mapping[str, str],
    may_be_absent: frozenset[KeyPath] = frozenset(),
) -> None:
    """Replace every source in `document.data` by its `External` text.

    `base` is the directory relative paths start from. At the key paths of `may_be_absent` a `{file: ...}` that does
    not exist becomes an empty External that carries the path, for whoever makes the file.
    """

    def walk(data: Any, path: KeyPath) -> Any:
        if is_source(data):
            ((kind, name),) = data.items()
            try:
                return _read(kind, name, base, environ, path in may_be_absent)
            except _UnreadableError as error:
                document.error(path, str(error))
                return External("")
        if isinstance(data, dict):
            return {key: walk(value, (*path, key)) for key, value in data.items()}
        if isinstance(data, tuple):
            return tuple(walk(value, (*path, index)) for index, value in enumerate(data))
        return data

    document.data = walk(document.data, ())


def _read(kind: str, name: Any, base: Path, environ: Mapping[str, str], may_be_absent: bool) -> External:
    if isinstance(name, (dict, tuple, bool)) or name is None or name == "":
        raise _UnreadableError(f"{{{kind}: ...}} needs a name")
    name = getattr(name, "text", name)
    if kind == "env":
        if name not in environ:
            raise _UnreadableError(f"environment variable {name} is not set")
        return External(environ[name])
    if kind == "credential":
        directory = environ.get("CREDENTIALS_DIRECTORY")
        if not directory:
            raise _UnreadableError(f"credential {name}: CREDENTIALS_DIRECTORY is not set")
        if "/" in name or name.startswith("."):
            raise _UnreadableError(f"credential {name}: a plain name, not a path")
        return External(_file_text(Path(directory) / name))
    path = base / name
    if may_be_absent and not path.exists():
        return External("", file=path)
    return External(_file_text(path), file=path if may_be_absent else None)


def _file_text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_VALUE_BYTES + 1)
        text = raw.decode("utf-8")
    except OSError as error:
        raise _UnreadableError(f"cannot read file {path}: {error.strerror or 'unreadable'}") from None
    except ValueError:
        raise _UnreadableError(f"file {path} is not UTF-8 text") from None
    if len(raw) > MAX_VALUE_BYTES:
        raise _UnreadableError(f"file {path} is larger than {MAX_VALUE_BYTES // 1024} KiB")
    if not text.strip():
        raise _UnreadableError(f"file {path} is empty")
    return text.removesuffix("\n").removesuffix("\r")
