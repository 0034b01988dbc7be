"""docs/simulator.md and the command lines name the same options."""

import re
from dataclasses import fields
from pathlib import Path

import click

from smsgwd.cli.bench import bench
from smsgwd.cli.simulate import simulate
from smsgwd.simulator.soak import SoakOptions

TEXT = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text()
NAMED = set(re.findall(r"--[a-z][a-z-]*[a-z]", TEXT))


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
