"""The units are what systemd takes, shut in as far as the daemon allows, and alike."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
UNITS = ROOT / "systemd"
MOST_EXPOSED = 1.5
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")


def _lines(name: str) -> list[str]:
    text = (UNITS / name).read_text()
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _analyze(*words: str) -> tuple[int, str]:
    done = subprocess.run(
        ["systemd-analyze", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "SYSTEMD_COLORS": "0"},
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A file system with the units in it, and what they run."""
    place = tmp_path / "etc/systemd/system"
    place.mkdir(parents=True)
    for unit in UNITS.glob("smsgwd*.s*"):
        shutil.copy(unit, place)
    programs = tmp_path / "opt/smsgwd/bin"
    programs.mkdir(parents=True)
    for name in ("smsgwd", "smsgwctl"):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
    docs = tmp_path / "opt/smsgwd/current/docs"
    docs.mkdir(parents=True)
    return tmp_path


@needs_systemd
@pytest.mark.parametrize("unit", ["smsgwd.service", "smsgwd@gw2.service", "smsgwd.socket", "smsgwd@gw2.socket"])
def test_systemd_finds_no_fault(tree: Path, unit: str) -> None:
    """`systemd-analyze verify` says nothing about ours; what other units of an empty tree lack is not asked."""
    code, said = _analyze("verify", "--man=no", f"--root={tree}", "--recursive-errors=no", unit)
    ours = [line for line in said.splitlines() if "smsgwd" in line]
    assert (code, ours) == (0, []), said


@needs_systemd
def test_a_fault_would_be_found(tree: Path) -> None:
    """Otherwise the test above could pass for the wrong reason."""
    unit = tree / "etc/systemd/system/smsgwd.service"
    unit.write_text(unit.read_text().replace("\nType=notify\n", "\nType=nothing\nColour=blue\n"))
    _, said = _analyze("verify", "--man=no", f"--root={tree}", "--recursive-errors=no", "smsgwd.service")
    assert "Failed to parse service type" in said and "Unknown key 'Colour'" in said


@needs_systemd
@pytest.mark.parametrize("unit", ["smsgwd.service", "smsgwd@gw2.service"])
def test_it_is_shut_in(tree: Path, unit: str) -> None:
    """`systemd-analyze security` gives 1.5 at most."""
    _, said = _analyze("security", "--offline=true", f"--root={tree}", "--no-pager", unit)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert found is not None, said
    assert float(found[1]) <= MOST_EXPOSED, said


@pytest.mark.parametrize("kind", ["service", "socket"])
def test_an_instance_differs_in_its_places_only(kind: str) -> None:
    """So that what is changed in one is changed in the other."""
    one = "\n".join(_lines(f"smsgwd.{kind}"))
    many = "\n".join(_lines(f"smsgwd@.{kind}"))
    places = {
        "gateway %i": "gateway",
        "/etc/smsgwd/%i.yaml": "/etc/smsgwd/smsgwd.yaml",
        "smsgwd-%i": "smsgwd",
        "Directory=smsgwd/%i": "Directory=smsgwd",
    }
    for instance, alone in places.items():
        many = many.replace(instance, alone)
    assert many == one


def test_the_sockets_are_those_of_the_configuration_that_is_installed() -> None:
    """A first try of socket activation needs no editing."""
    import yaml

    config = yaml.safe_load((ROOT / "etc/install/smsgwd.yaml").read_text())
    listening = {section["listen"] for section in config["listeners"].values()}
    streams = {line.partition("=")[2] for line in _lines("smsgwd.socket") if line.startswith("ListenStream=")}
    assert streams == listening


def test_users_and_directories() -> None:
    """The service's user is made, and owns nothing of the configuration."""
    assert _lines("sysusers.d/smsgwd.conf") == ['u smsgwd - "SMS gateway" /var/lib/smsgwd /usr/sbin/nologin']
    owners = {line.split()[1]: line.split()[3] for line in _lines("tmpfiles.d/smsgwd.conf")}
    assert owners == {"/etc/smsgwd": "root", "/etc/smsgwd/credentials": "root", "/var/backups/smsgwd": "smsgwd"}


@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="systemd-sysusers is not here")
def test_systemd_takes_the_users(tmp_path: Path) -> None:
    """In a tree of its own, dry."""
    done = subprocess.run(
        ["systemd-sysusers", "--dry-run", f"--root={tmp_path}", str(UNITS / "sysusers.d/smsgwd.conf")],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "smsgwd" in done.stdout + done.stderr


def test_the_unit_runs_what_the_scripts_install() -> None:
    """Paths of the unit and of the scripts are the same."""
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read_string("\n".join(_lines("smsgwd.service")))
    assert unit["Service"]["ExecStart"] == "/opt/smsgwd/bin/smsgwd run -c /etc/smsgwd/smsgwd.yaml"
    script = (ROOT / "scripts/_install.sh").read_text()
    assert "/opt/smsgwd/bin" in script and "/etc/smsgwd/smsgwd.yaml" in script
