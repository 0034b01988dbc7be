"""What a converter makes: a configuration, tenants, secrets, and what it has to tell. Writing and checking it all."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from smsgwd.app.provider_checks import load_config
from smsgwd.app.support import Unsupported, refuse_unsupported
from smsgwd.config import ConfigErrors

MAIN = "smsgwd.yaml"
TENANTS = "tenants.yaml"
SECRETS = "secrets"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")


class MigrateError(Exception):
    """The file cannot be converted; the text is for the operator, `file:line: what is wrong`."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was said."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(slots=True)
class Output:
    """What comes out. `told` has one line for each thing that is different or is not there any more."""

    made_from: str
    settings: dict[str, Any] = field(default_factory=dict)
    connectors: list[dict[str, Any]] = field(default_factory=list)
    routes: list[dict[str, Any]] = field(default_factory=list)
    mo_routes: list[dict[str, Any]] = field(default_factory=list)
    tenants: list[dict[str, Any]] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def tell(self, place: Place, what: str) -> None:
        """Say something of a line of the old file. Never a secret."""
        line = f"{place}: {what}"
        if line not in self.told:
            self.told.append(line)

    def secret(self, name: str, text: str) -> Any:
        """The configuration's value for a secret: a reference to a file of its own."""
        if not text:
            return ""
        self.secrets[name] = text
        return {"file": f"{SECRETS}/{name}"}

    def add_tenant(self, tenant: dict[str, Any]) -> None:
        """Add a tenant, under a name that no other has."""
        tenant["id"] = unique(tenant["id"], {other["id"] for other in self.tenants})
        self.tenants.append(tenant)

    def main(self) -> dict[str, Any]:
        """The main file's data."""
        data = {"node": "gw1", "data_dir": "var", **self.settings}
        if self.tenants:
            data["tenants_file"] = TENANTS
        if any(_is_private(url) for url in _urls(self.tenants)):
            data["notify"] = {"allow_private_targets": True}
        for key in ("connectors", "routes", "mo_routes"):
            if entries := getattr(self, key):
                data[key] = entries
        return data


def name_of(text: str) -> str:
    """A name that connectors and tenants may have, as near to `text` as can be."""
    if _NAME.match(text):
        return text
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-._")[:60] or "unnamed"


def unique(name: str, taken: Iterable[str]) -> str:
    """`name`, with a number behind it when it is taken."""
    used = set(taken)
    number, found = 1, name
    while found in used:
        number += 1
        found = f"{name[:58]}-{number}"
    return found


def _urls(data: Any) -> list[str]:
    if isinstance(data, Mapping):
        return [url for value in data.values() for url in _urls(value)]
    if isinstance(data, list):
        return [url for value in data for url in _urls(value)]
    return [data] if isinstance(data, str) and data.startswith(("http://", "https://")) else []


def _is_private(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    if host == "localhost":
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def write(output: Output, directory: Path, force: bool) -> list[Path]:
    """Write everything below `directory`; return the files. Secrets are readable by their owner alone.

    Raises MigrateError when a file is there already (and not `force`), or cannot be written.
    """
    main = output.main()
    if any(_is_private(url) for url in _urls(output.tenants)):
        output.told.append(
            f"{output.made_from}: URLs of tenants lead to private addresses: notify.allow_private_targets is true"
        )
    texts = {directory / MAIN: (_head(output) + _yaml(main), 0o644)}
    if output.tenants:
        head = f"# Tenants, made from {output.made_from}. It has passwords in it: keep it to yourself.\n"
        texts[directory / TENANTS] = (head + _yaml({"tenants": output.tenants}), 0o600)
    for name, secret in output.secrets.items():
        texts[directory / SECRETS / name] = (secret, 0o600)
    there = [path for path in texts if path.exists()]
    if there and not force:
        raise MigrateError(f"{there[0]}: is there already; use another directory (-o), or --force to write over it")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if output.secrets:
            (directory / SECRETS).mkdir(mode=0o700, exist_ok=True)
        for path, (text, mode) in texts.items():
            _write(path, text, mode)
    except OSError as error:
        raise MigrateError(f"{error.filename}: {error.strerror or 'cannot be written'}") from None
    return list(texts)


def _write(path: Path, text: str, mode: int) -> None:
    """Never readable by others in between, not even when it was there before."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as stream:
        os.fchmod(stream.fileno(), mode)
        stream.write(text)


def _yaml(data: dict[str, Any]) -> str:
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None))


class _Dumper(yaml.SafeDumper):
    """Without anchors: each value stands where it is used."""

    def ignore_aliases(self, data: Any) -> bool:
        """Always."""
        return True


def _head(output: Output) -> str:
    lines = [f"Made from {output.made_from} by `smsgwd migrate`. Passwords are in {TENANTS} and {SECRETS}/."]
    if output.told:
        lines += ["", "What is different, or has no counterpart:"]
        lines += [f"- {line}" for line in output.told]
    return "".join(f"# {_printable(line)}".rstrip() + "\n" for line in lines) + "\n"


def _printable(line: str) -> str:
    """A comment ends with its line, and YAML takes no control characters even there."""
    return "".join(char if char.isprintable() else "?" for char in line)


def check(directory: Path) -> str:
    """What `smsgwd check` says to the result; '' = nothing."""
    try:
        refuse_unsupported(load_config(directory / MAIN, os.environ))
    except (ConfigErrors, Unsupported) as errors:
        return str(errors)
    return ""
