"""docs/simulator.md and provider-simulators.md name the same options as the command lines."""

import re
from dataclasses import fields
from pathlib import Path

import click

from smsgwd.cli.bench import bench
from smsgwd.cli.simulate import simulate
from smsgwd.simulator.soak import SoakOptions

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "simulator.md").read_text() + (DOCS / "provider-simulators.md").read_text()
NAMED = set(re.findall(r"--[0-9a-z][a-z-]*[a-z]", TEXT))


def _options() -> set[str]:
    commands: list[click.Command] = [*simulate.commands.values(), *bench.commands.values()]
    return {
        name
        for command in commands
        for option in command.params
        if isinstance(option, click.Option)
        for name in (*option.opts, *option.secondary_opts)
    }


def test_every_option_is_documented():
    aliases = {"--dlr", "--dlr-tlv"}  # the positive halves of documented pairs
    assert sorted(_options() - NAMED - aliases) == []


def test_every_documented_option_exists():
    of_the_checks = {"--keyed", "--unknowable-ms", "--kills", "--settled", "--growth-mb"}
    of_the_checks |= {f"--{field.name.replace('_', '-')}" for field in fields(SoakOptions)}
    assert sorted(NAMED - _options() - of_the_checks) == []
