"""Loading: both files read, every source resolved, everything checked; all mistakes at once or a frozen `Config`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from smsgwd.config.checks import check_config, check_tenants
from smsgwd.config.coerce import coerce
from smsgwd.config.errors import ConfigError, ConfigErrors, key_text
from smsgwd.config.messages import hidden, sentence, without_echoes
from smsgwd.config.model.root import Config
from smsgwd.config.option import Section
from smsgwd.config.shape import Shape
from smsgwd.config.sources import External, resolve
from smsgwd.config.tenants import Tenant, TenantsFile
from smsgwd.config.yaml_loader import MAX_BYTES, Document, parse
from smsgwd.config.yaml_loader import Path as KeyPath

T = TypeVar("T", bound=Section)


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """Load and check the main file and its tenants file.

    `environ` is what `{env: NAME}` and `$CREDENTIALS_DIRECTORY` are looked up in. Raises ConfigErrors with every
    mistake of both files, the main file's first, in order of lines.
    """
    document = _open(path)
    config: Config | None = None
    tenants: tuple[Tenant, ...] = ()
    errors: list[ConfigError] = []
    if document.data is not None:
        base = path.parent.absolute()
        _defaults(document.data, base)
        config = _check(document, base, environ, Config, check_config, frozenset({("secret_key",)}))
        tenants, errors = _tenants(document.data, path.parent, environ)
    errors = _ordered(document.errors) + errors
    if errors or config is None:
        raise ConfigErrors(errors)
    config._tenants = tenants
    config._path = path
    return config


def load_tenants(path: Path, environ: Mapping[str, str]) -> tuple[Tenant, ...]:
    """Load and check a tenants file by itself. Raises ConfigErrors."""
    document = _open(path)
    base = path.parent.absolute()
    file = _check(document, base, environ, TenantsFile, check_tenants) if document.data is not None else None
    if document.errors or file is None:
        raise ConfigErrors(_ordered(document.errors))
    return file.tenants


def _ordered(errors: list[ConfigError]) -> list[ConfigError]:
    return sorted(errors, key=lambda error: error.line)


def _open(path: Path) -> Document:
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        message = f"cannot read the file: {error.strerror or 'unreadable'}"
        return Document(str(path), errors=[ConfigError(str(path), 1, "", message)])
    document = parse(raw, str(path))
    if document.data is None and not document.errors:
        document.error((), "the file is empty")
    return document


def _defaults(data: Any, base: Path) -> None:
    """Defaults that depend on where the file is or on another option."""
    if not isinstance(data, dict):
        return
    data.setdefault("admin", {})
    directory = data.get("data_dir")
    if isinstance(directory, str):
        data.setdefault("secret_key", External("", file=base / directory / "secret.key"))


def _check(
    document: Document,
    base: Path,
    environ: Mapping[str, str],
    model: type[T],
    cross: Callable[[Document], None],
    may_be_absent: frozenset[KeyPath] = frozenset(),
) -> T | None:
    """Validate one document; mistakes are added to it."""
    resolve(document, base, environ, may_be_absent)
    cross(document)
    if not isinstance(document.data, dict):
        document.error((), "must be a mapping of options")
        return None
    known = {error.key for error in document.errors}
    data = coerce(document.data, Shape("section", section=model))
    try:
        return model.model_validate(data, context={"base": base})
    except ValidationError as invalid:
        for entry in without_echoes(invalid.errors(include_url=False)):
            path = _data_path(document.data, entry["loc"])
            if key_text(path) not in known:
                value = _at(document.data, path)
                shown = {**entry, "input": value} if isinstance(value, External) else entry
                document.error(path, sentence(model, shown))
    outside = dict(_externals(document.data, ()))
    document.errors = [
        replace(error, message=hidden(error.message, outside[error.key])) if error.key in outside else error
        for error in document.errors
    ]
    return None


def _externals(data: Any, path: KeyPath) -> Iterator[tuple[str, str]]:
    """Key and text of every value that came from outside the file; a section's `kind` speaks for the section too."""
    if isinstance(data, External):
        yield key_text(path), str(data)
        if path and path[-1] == "kind":
            yield key_text(path[:-1]), str(data)
    elif isinstance(data, dict | tuple):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _externals(value, (*path, key))


def _at(data: Any, path: KeyPath) -> Any:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _data_path(data: Any, loc: tuple[str | int, ...]) -> KeyPath:
    """A pydantic location as a path of the file: the tags of unions are no keys of it."""
    path: list[str | int] = []
    for index, part in enumerate(loc):
        if part == "[key]":
            continue
        if isinstance(data, dict):
            last = index == len(loc) - 1
            if part not in data and part == data.get("kind") and not last:
                continue
            path.append(part)
            data = data.get(str(part))
        elif isinstance(data, tuple) and isinstance(part, int) and part < len(data):
            path.append(part)
            data = data[part]
        elif isinstance(part, str):
            path.append(part)
    return tuple(path)


def _tenants(data: Any, base: Path, environ: Mapping[str, str]) -> tuple[tuple[Tenant, ...], list[ConfigError]]:
    """Tenants of the file the main data names, and its mistakes; an unreadable one is the main file's mistake."""
    name = data.get("tenants_file") if isinstance(data, dict) else None
    if not isinstance(name, str) or not name:
        return (), []
    path = base / name
    if not path.is_file():
        return (), []
    try:
        return load_tenants(path, environ), []
    except ConfigErrors as invalid:
        return (), invalid.errors
