"""Helpers of the configuration tests."""

import textwrap
from pathlib import Path

import pytest

from smsgwd.config import Config, ConfigErrors, load

HEAD = """\
node: gw1
data_dir: var
"""


def write(directory: Path, text: str, name: str = "smsgwd.yaml") -> Path:
    path = directory / name
    path.write_text(textwrap.dedent(text), "utf-8")
    return path


def good(directory: Path, text: str, environ: dict[str, str] | None = None) -> Config:
    return load(write(directory, HEAD + textwrap.dedent(text)), environ or {})


def bad(directory: Path, text: str, environ: dict[str, str] | None = None) -> list[str]:
    """Mistakes as 'line: key: message' of HEAD + text; lines count from the text's first."""
    with pytest.raises(ConfigErrors) as caught:
        good(directory, text, environ)
    return [f"{error.line - 2}: {error.key}: {error.message}" for error in caught.value.errors]
