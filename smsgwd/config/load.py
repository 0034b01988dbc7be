"""Loading: both files read, every source resolved, everything checked; all mistakes at once or a frozen `Config`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr, ValidationError

from smsgwd.config.checks import check_config, check_tenants
from smsgwd.config.coerce import coerce, plain
from smsgwd.config.errors import ConfigError, ConfigErrors, key_text
from smsgwd.config.messages import hidden, sentence, without_echoes
from smsgwd.config.model.root import Config
from smsgwd.config.option import Section
from smsgwd.config.shape import Shape, fields_of
from smsgwd.config.sources import External, resolve
from smsgwd.config.tenants import Tenant, TenantsFile
from smsgwd.config.yaml_loader import MAX_BYTES, Document, parse
from smsgwd.config.yaml_loader import Path as KeyPath

T = TypeVar("T", bound=Section)
Also = Callable[[Document, Path], None]
"""A further check of the main file: its mistakes are added to the document; the path is that of relative ones in it."""


def load(path: Path, environ: Mapping[str, str], also: Also = lambda document, base: None) -> Config:
    """Load and check the main file and its tenants file.

    `environ` is what `{env: NAME}` and `$CREDENTIALS_DIRECTORY` are looked up in. `also` sees the data once sources are
    resolved: what plugins say of their options. Raises ConfigErrors with every mistake of both files, the main file's
    first, in order of lines.
    """
    document = _open(path)
    config: Config | None = None
    tenants: tuple[Tenant, ...] = ()
    errors: list[ConfigError] = []
    if document.data is not None:
        base = path.parent.absolute()
        _defaults(document.data, base)

        def cross(found: Document) -> None:
            check_config(found)
            also(found, base)

        config = _check(document, base, environ, Config, cross, frozenset({("secret_key",)}))
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
    data = coerce(document.data, Shape("section", section=model))
    try:
        return model.model_validate(data, context={"base": base})
    except ValidationError as invalid:
        _tell(document, (), model, invalid)
    return None


def check_options(document: Document, at: KeyPath, section: type[Section], base: Path) -> dict[str, Any] | None:
    """Check the free options at a path as `section` declares them: mistakes are added to the document, and values are
    as the types there want them. Given back as the configuration will have them; None where something is wrong. For an
    `Also`; what is no mapping is left to the section around it."""
    around = _at(document.data, at[:-1])
    options = around.get(at[-1], {}) if isinstance(around, dict) else None
    if not isinstance(options, dict):
        return None
    data = coerce(options, Shape("section", section=section))
    before = list(document.errors)
    try:
        section.model_validate(plain(data), context={"base": base})
    except ValidationError as invalid:
        _tell(document, at, section, invalid)
        secrets = _secrets(data, section)
        document.errors = before + [
            replace(error, message=_without(error.message, secrets)) for error in document.errors[len(before) :]
        ]
        return None
    around[at[-1]] = data
    return {key: plain(value) for key, value in data.items()}


def _secrets(data: Any, section: type[Section]) -> list[str]:
    """The secrets of a section that was written like this: what checks them may quote them."""
    return list(_secrets_in(data, Shape("section", section=section)))


def _secrets_in(data: Any, shape: Shape) -> Iterator[str]:
    if shape.leaf is SecretStr and isinstance(data, str) and data:
        yield str(data)
    elif isinstance(data, dict):
        for section in shape.sections():
            for key, (_, inner) in fields_of(section).items():
                yield from _secrets_in(data.get(key), inner)
        if shape.kind == "map" and shape.item is not None:
            for value in data.values():
                yield from _secrets_in(value, shape.item)
    elif isinstance(data, tuple) and shape.item is not None:
        for value in data:
            yield from _secrets_in(value, shape.item)


def _without(message: str, secrets: list[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        message = message.replace(secret, "***")
    return message


def _tell(document: Document, at: KeyPath, model: type[Section], invalid: ValidationError) -> None:
    """Add what is wrong with the data at a path. A key that has a mistake already gets no second one, and nothing that
    came from outside the file is quoted."""
    known = {error.key for error in document.errors}
    here = _at(document.data, at)
    for entry in without_echoes(invalid.errors(include_url=False)):
        path = _data_path(here, entry["loc"], entry.get("input"))
        if key_text((*at, *path)) not in known:
            value = _at(here, path)
            shown = {**entry, "input": value} if isinstance(value, External) else entry
            document.error((*at, *path), sentence(model, shown))
    outside = dict(_externals(document.data, ()))
    document.errors = [
        replace(error, message=hidden(error.message, outside[error.key])) if error.key in outside else error
        for error in document.errors
    ]


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


def _data_path(data: Any, loc: tuple[str | int, ...], value: Any) -> KeyPath:
    """A pydantic location as a path of the file, `value` what is wrong: the tags of unions are no keys of it."""
    path: list[str | int] = []
    tagged: Any = None
    for index, part in enumerate(loc):
        if part == "[key]":
            continue
        if isinstance(data, dict):
            # As the last part a tag means the section itself, which then is what is wrong.
            last = index == len(loc) - 1 and not (isinstance(value, dict) and value.get("kind") == part)
            # The tag comes first, also where the section has an option of that name.
            if part == data.get("kind") and not last and tagged is not data:
                tagged = data
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
