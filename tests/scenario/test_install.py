"""scripts/install and scripts/upgrade into an empty tree, without root, with a stand-in for systemctl that runs the
gateway for real: installed, upgraded, back again where the new version does not get ready."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from smsgwd.simulator.free_ports import free_ports
from tests.scenario.client import TOKEN, Tenant, wait

ROOT = Path(__file__).resolve().parent.parent.parent

#: Knows `restart`, `start`, `stop`, `show` of one unit; says what systemd would: whether it got ready.
SYSTEMCTL = """#!{python}
import os, signal, socket, subprocess, sys, time
root, verb = {root!r}, sys.argv[1]
pid_file, notify = root + "/pid", root + "/notify"
def pid():
    try:
        number = int(open(pid_file).read())
        os.kill(number, 0)
        with open(f"/proc/{{number}}/stat") as file:
            return number if file.read().rpartition(")")[2].split()[0] != "Z" else 0
    except (OSError, ValueError):
        return 0
if verb == "show":
    print(pid())
if verb in ("stop", "restart") and pid():
    os.kill(pid(), signal.SIGTERM)
    while pid():
        time.sleep(0.05)
if verb in ("start", "restart"):
    if os.path.exists(notify):
        os.unlink(notify)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, open(root + "/log", "ab") as log:
        manager.bind(notify)
        manager.settimeout(0.2)
        child = subprocess.Popen([root + "/opt/smsgwd/bin/smsgwd", "run", "-c", root + "/etc/smsgwd/smsgwd.yaml"],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, env={{**os.environ, "NOTIFY_SOCKET": notify}},
            start_new_session=True)
        open(pid_file, "w").write(str(child.pid))
        while child.poll() is None:
            try:
                if b"READY=1" in manager.recv(4096):
                    sys.exit(0)
            except TimeoutError:
                pass
    sys.exit(1)
"""
NEXT_STEP = '''

def _later(connection):
    """Version of a later day."""
    connection.execute("CREATE TABLE later (x)")


MIGRATIONS = (*MIGRATIONS, _later)
migrate.__defaults__ = (MIGRATIONS, *migrate.__defaults__[1:])
'''
NO_LUCK = """

async def _no_luck(self, services):
    raise OSError("the new version has no luck")


Daemon._listen = _no_luck
"""


class Place:
    """A tree that stands for /, and a copy of the sources to install from."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "root"
        self.source = directory / "source"
        self.source.mkdir()
        for name in ("smsgwd", "plugins", "scripts", "systemd", "etc", "docs"):
            there = ROOT / name
            if there.exists():
                shutil.copytree(there, self.source / name, ignore=shutil.ignore_patterns("__pycache__", "var"))
        for name in ("pyproject.toml", "README.md", "CHANGELOG.md"):
            shutil.copy(ROOT / name, self.source / name)
        programs = directory / "bin"
        programs.mkdir()
        systemctl = programs / "systemctl"
        systemctl.write_text(SYSTEMCTL.format(python=sys.executable, root=str(self.root)))
        systemctl.chmod(0o755)
        self._environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
        self._environment.pop("PYTHONPATH", None)

    def run(self, script: str, *words: str, code: int = 0, environment: Mapping[str, str] | None = None) -> str:
        """Run a script of the copied tree; what it said."""
        done = subprocess.run(
            [str(self.source / "scripts" / script), "--root", str(self.root), *words],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
            env={**self._environment, **(environment or {})},
        )
        said = done.stdout + done.stderr
        assert done.returncode == code, said + (self.log() if code == 0 else "")
        return said

    def systemctl(self, verb: str) -> int:
        """Ask the stand-in."""
        return subprocess.run(["systemctl", verb, "smsgwd"], check=False, env=self._environment, timeout=60).returncode

    def said_by(self, verb: str) -> str:
        """What the stand-in writes; `show` the process that runs, 0 for none."""
        command = ["systemctl", verb, "smsgwd"]
        done = subprocess.run(command, check=True, env=self._environment, timeout=60, capture_output=True, text=True)
        return done.stdout.strip()

    def log(self) -> str:
        """The end of the gateway's log."""
        path = self.root / "log"
        return path.read_text()[-3000:] if path.exists() else ""

    @property
    def current(self) -> str:
        """The version in use."""
        return (self.root / "opt/smsgwd/current").readlink().name

    def next_version(self, number: int, **more: str) -> str:
        """Change the sources, and put that version beside the others as if it was built (packages take a while): a copy
        of the one in use, with `more` behind what stands in its modules. Its name."""
        (self.source / "smsgwd/__init__.py").write_text(f'"""Changed."""\n\n__version__ = "0.1.{number}"\n')
        name = subprocess.run(
            ["bash", "-c", f'source={self.source}; . "$source/scripts/_install.sh"; tree_name'],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        versions = self.root / "opt/smsgwd/versions"
        shutil.copytree(versions / self.current, versions / name, symlinks=True, copy_function=os.link)
        [package] = (versions / name).glob("lib/python3.*/site-packages/smsgwd")
        for module, text in more.items():
            path = package / (module.replace("__", "/") + ".py")
            text = path.read_text() + text
            path.unlink()  # the file is the other version's too
            path.write_text(text)
        return name


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Installed once, for all tests of this file, in their order."""
    made = Place(tmp_path_factory.mktemp("install"))
    # pip would fetch what builds a package anew for ours and for each plugin.
    builder = made.source.parent / "builder"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(builder), "hatchling>=1.27"]
    subprocess.run(pip, check=True, timeout=300)
    once = {"PIP_NO_BUILD_ISOLATION": "0", "PYTHONPATH": str(builder)}  # 0: none, pip reads it that way
    made.said = made.run("install", "--no-start", environment=once)  # type: ignore[attr-defined]
    yield made
    made.systemctl("stop")


def _config(place: Place) -> Tenant:
    """A configuration of this tree, with a tenant, in place of the one that came with it."""
    ports = free_ports(2)
    directory = place.root / "etc/smsgwd"
    config = {
        "node": "gw1",
        "data_dir": str(place.root / "var/lib/smsgwd"),
        "listeners": {"http": {"listen": f"127.0.0.1:{ports[0]}"}, "ops": {"listen": f"127.0.0.1:{ports[1]}"}},
        "admin": {"socket": str(place.root / "admin.sock")},
        "tenants_file": "tenants.yaml",
        "connectors": [
            {"id": "c", "kind": "smpp", "host": "127.0.0.1", "port": 1, "system_id": "gw", "password": "gw"},
            {
                "id": "isms1",
                "kind": "provider",
                "provider": "isms",
                "balance_every_s": 0,
                "options": {"base_url": "http://127.0.0.1:1/", "username": "user", "password": "password"},
            },
        ],
        "routes": [{"match": {"to": "*"}, "connectors": ["c"]}],
    }
    (directory / "smsgwd.yaml").write_text(yaml.safe_dump(config))
    tenant = {"id": "shop", "currency": "EUR", "credentials": [{"kind": "token", "secret": TOKEN}]}
    (directory / "tenants.yaml").write_text(yaml.safe_dump({"tenants": [tenant]}))
    return Tenant(ports[0])


def test_it_is_installed_and_says_what_is_left_out(place: Place) -> None:
    """Every file is in its place; the template is good as it is."""
    said = place.said  # type: ignore[attr-defined]
    assert "/etc/smsgwd/smsgwd.yaml: ok" in said
    assert "find:" not in said and "No such file" not in said
    assert "Left out, since this is not /: the user smsgwd, owners, the service." in said
    for name in (
        "usr/local/lib/systemd/system/smsgwd.service",
        "usr/local/lib/systemd/system/smsgwd@.service",
        "usr/local/lib/sysusers.d/smsgwd.conf",
        "usr/local/lib/tmpfiles.d/smsgwd.conf",
        "usr/local/share/bash-completion/completions/smsgwctl",
        "usr/local/share/zsh/site-functions/_smsgwctl",
        "etc/fish/completions/smsgwctl.fish",
        "opt/smsgwd/current/docs/install.md",
    ):
        assert (place.root / name).is_file(), name
    assert (place.root / "usr/local/bin/smsgwctl").readlink() == Path("/opt/smsgwd/bin/smsgwctl")
    assert stat.S_IMODE((place.root / "etc/smsgwd/smsgwd.yaml").stat().st_mode) == 0o640
    found = subprocess.run([str(place.root / "opt/smsgwd/bin/smsgwctl"), "--version"], capture_output=True, check=True)
    assert b"smsgwctl" in found.stdout


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is not here")
def test_a_debian_package_has_what_the_script_installs(place: Place, tmp_path: Path) -> None:
    """Built, and listed: the places are a package's, the owners root, the configuration the administrator's."""
    done = subprocess.run(
        [
            *(str(place.source / "scripts/build_deb"), "--out", str(tmp_path)),
            *("--built", str(place.root / "opt/smsgwd/versions" / place.current)),  # it takes a while
        ],
        env={**os.environ, "SMSGWD_DEB_COMPRESSION": "none"},  # what takes longest, and changes nothing in it
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    [package] = tmp_path.glob("smsgwd_*.deb")

    def asked(*words: str) -> str:
        return subprocess.run(["dpkg-deb", *words], capture_output=True, text=True, check=True).stdout

    assert asked("--field", str(package), "Package").strip() == "smsgwd"
    assert "systemd" in asked("--field", str(package), "Depends")
    listed = asked("--contents", str(package))
    for name in (
        "./usr/lib/systemd/system/smsgwd.service",
        "./usr/lib/sysusers.d/smsgwd.conf",
        "./usr/lib/tmpfiles.d/smsgwd.conf",
        "./usr/share/smsgwd/smsgwd.yaml",
        "./usr/share/bash-completion/completions/smsgwctl",
        "./usr/share/zsh/site-functions/_smsgwctl",
        "./usr/share/fish/vendor_completions.d/smsgwctl.fish",
        "./usr/bin/smsgwctl -> /opt/smsgwd/bin/smsgwctl",
    ):
        assert name in listed, name
    for plugin in (ROOT / "plugins").glob("*/pyproject.toml"):
        assert f"/site-packages/smsgwd_{plugin.parent.name}/__init__.py" in listed, plugin
    assert "./etc" not in listed and "/usr/local/" not in listed
    assert {line.split()[1] for line in listed.splitlines()} == {"root/root"}
    asked("--extract", str(package), str(tmp_path / "x"))
    [program] = (tmp_path / "x/opt/smsgwd/versions").glob("*/bin/smsgwd")
    assert "smsgwd" in subprocess.run([str(program), "--version"], capture_output=True, text=True, check=True).stdout


def test_a_second_time_nothing_changes_and_the_configuration_stays(place: Place) -> None:
    """It may be run again whenever somebody is in doubt."""
    tenant = _config(place)
    before = (place.root / "etc/smsgwd/smsgwd.yaml").read_text()
    said = place.run("install", "--no-start")
    assert "is there already" in said and "stays as it is" in said
    assert (place.root / "etc/smsgwd/smsgwd.yaml").read_text() == before
    assert place.systemctl("start") == 0, place.log()
    assert tenant.ask("GET", "/v1/balance").status == 200


def test_the_plugins_are_there_and_run(place: Place) -> None:
    """All that the sources have, each in a process of the installed interpreter."""

    def asked(*words: str) -> Any:
        command = [str(place.root / "opt/smsgwd/bin/smsgwctl"), "--socket", str(place.root / "admin.sock"), "--json"]
        return json.loads(subprocess.run([*command, *words], capture_output=True, check=True, timeout=60).stdout)

    _config(place)
    assert place.systemctl("restart") == 0, place.log()
    have = {path.parent.name for path in (ROOT / "plugins").glob("*/pyproject.toml")}
    assert {each["name"] for each in asked("plugin", "list")} >= have > {"isms", "generic_http"}
    wait("the plugin runs", lambda: asked("connector", "show", "isms1")["provider"]["state"] == "running")


def test_an_upgrade_keeps_everything_and_leaves_a_backup(place: Place) -> None:
    """Messages of before are there; the version before is one command away."""
    tenant = _config(place)
    assert place.systemctl("restart") == 0, place.log()
    first, message = place.current, tenant.send()
    second = place.next_version(2)
    said = place.run("upgrade")
    assert f"Version {second} runs." in said and place.current == second
    assert tenant.message(message)["state"] == "queued"
    assert len(list((place.root / "var/backups/smsgwd").glob("before-upgrade-smsgwd-*.db"))) == 1
    assert "is in use already" in place.run("upgrade")
    said = place.run("upgrade", "--rollback")
    assert f"Version {first} runs." in said and place.current == first
    assert tenant.message(message)["state"] == "queued"


def test_a_version_that_does_not_get_ready_gives_way_to_the_one_before(place: Place) -> None:
    """It is told, and the old one takes messages again."""
    tenant = _config(place)
    assert place.systemctl("restart") == 0, place.log()
    first, message = place.current, tenant.send()
    third = place.next_version(3, app__daemon=NO_LUCK)
    said = place.run("upgrade", "--wait", "20", code=1)
    assert f"is not ready with {third}: going back to {first}" in said
    assert f"Version {first} runs again" in said and place.current == first
    assert tenant.message(message)["state"] == "queued"
    assert tenant.send()


def test_a_store_that_was_rewritten_is_put_back(place: Place) -> None:
    """An older version cannot open it: the copy made while nobody wrote takes its place, and nothing is lost."""
    tenant = _config(place)
    assert place.systemctl("restart") == 0, place.log()
    first, message = place.current, tenant.send()
    place.next_version(4, app__daemon=NO_LUCK, store__embedded__migrations=NEXT_STEP)
    said = place.run("upgrade", "--wait", "20", code=1)
    assert "the new version rewrites the store; stopping, and copying it" in said
    assert "the store is too new" in said and f"Version {first} runs again" in said
    assert place.current == first
    assert tenant.message(message)["state"] == "queued"
    [aside] = (place.root / "var/lib/smsgwd").glob("store.db.after-*[0-9]")
    assert aside.stat().st_size > 0


def test_a_configuration_that_the_new_version_refuses_changes_nothing(place: Place) -> None:
    """It is asked before anything is switched."""
    _config(place)
    assert place.systemctl("restart") == 0, place.log()
    first = place.current
    path = place.root / "etc/smsgwd/smsgwd.yaml"
    path.write_text(path.read_text() + "colour: blue\n")
    place.next_version(5)
    said = place.run("upgrade", code=1)
    assert "colour" in said and "nothing was changed" in said
    assert place.current == first and place.systemctl("show") == 0


def test_it_is_removed_but_for_what_is_the_administrators(place: Place) -> None:
    """Configuration, data and backups stay."""
    place.systemctl("stop")
    said = place.run("install", "--remove")
    assert "What is left: /etc/smsgwd" in said
    assert not (place.root / "opt/smsgwd").exists()
    assert not list(place.root.glob("usr/local/**/*smsgw*"))
    assert (place.root / "etc/smsgwd/smsgwd.yaml").is_file()
    assert (place.root / "var/lib/smsgwd/store.db").is_file()
    assert place.said_by("show") == "0"
