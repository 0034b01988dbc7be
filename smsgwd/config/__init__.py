"""The configuration: strict YAML in, a frozen `Config` out, or every mistake at once.

Here live the declared options (`model/`, `tenants.py`), the YAML reader (`yaml_loader.py`), values from outside the
file (`sources.py`), the checks, and the reference generated from the declarations. The way of a file: parse → resolve
sources → cross checks → fit to types → pydantic → frozen. No section reads a file by itself but through a declared
path type; nothing here opens sockets or knows the reactor, and nothing outside reads YAML.

To change an option, edit its section in `model/`; of tenants in `tenants.py` (their credentials in `credentials.py`,
what their messages may be in `policy.py`); how settings come at run time, `given.py`; to change a message, edit
`messages.py`; to change what YAML may say, edit `yaml_loader.py`; to check something between sections, edit
`checks.py`. Then run `scripts/gen_config_docs.py`.
"""

from smsgwd.config.errors import ConfigError, ConfigErrors
from smsgwd.config.load import load, load_tenants
from smsgwd.config.model.root import Config
from smsgwd.config.reference import config_schema, describe, markdown, tenants_schema
from smsgwd.config.tenants import Tenant

__all__ = [
    "Config",
    "ConfigError",
    "ConfigErrors",
    "Tenant",
    "config_schema",
    "describe",
    "load",
    "load_tenants",
    "markdown",
    "tenants_schema",
]
