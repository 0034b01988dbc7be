"""The configuration: strict YAML in, a frozen `Config` out, or every mistake at once.

Here live the declared options (`model/`, `tenants.py`), the YAML reader (`yaml_loader.py`), values from outside the
file (`sources.py`), the checks, and the reference generated from the declarations. The way of a file: parse → resolve
sources → cross checks → fit to types → pydantic → frozen. No section reads a file by itself but through a declared
path type; nothing here opens sockets or knows the reactor, and nothing outside reads YAML.

To change an option, edit its section in `model/`; of tenants in `tenants.py` (their credentials in `credentials.py`,
what their messages may be in `policy.py`, provider APIs in `tenant_dialects.py`); how settings come at run time,
`given.py`; what a reload compares, `diff.py`; to change the order of the steps, `load.py`; to change a message, edit
`messages.py`; what a mistake is made of, `errors.py`; to change what YAML may say, edit `yaml_loader.py`; how plain
data becomes the declared type, `coerce.py`; to check something between sections, edit `checks.py`; to add a type of
value, `types.py` (countries: `countries.py`); how an option is declared, `option.py`; what the reference looks like,
`reference.py`, and what it reads of a section, `shape.py`. Then run `scripts/gen_config_docs.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smsgwd.config.errors import ConfigError, ConfigErrors
from smsgwd.config.load import check_options, load, load_tenants
from smsgwd.config.model.root import Config
from smsgwd.config.tenants import Tenant

if TYPE_CHECKING:
    from smsgwd.config.reference import config_schema, describe, markdown, tenants_schema

__all__ = [
    "Config",
    "ConfigError",
    "ConfigErrors",
    "Tenant",
    "check_options",
    "config_schema",
    "describe",
    "load",
    "load_tenants",
    "markdown",
    "tenants_schema",
]


def __getattr__(name: str) -> Any:
    """What the reference offers, once somebody asks for it: the daemon has no use for it, and it is a megabyte."""
    if name in ("config_schema", "describe", "markdown", "tenants_schema"):
        from smsgwd.config import reference

        return getattr(reference, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
