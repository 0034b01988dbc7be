"""A scene: the gateway as a process, with as many SMSC simulators and webhook catchers as a fact needs.

Everything listens on free ports, writes into one temporary directory and is stopped at the end by its process id.
Nothing sleeps for a fixed time: `wait` polls a condition with a deadline.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from smsgwd.simulator.free_ports import free_ports
from smsgwd.simulator.record import SubmitLine, read_submits
from smsgwd.simulator.stand import Process, StandError
from tests.scenario import fork_server, stores
from tests.scenario.client import PATIENCE_S, TOKEN, Answer, Tenant, ask, wait
from tests.scenario.received import Text, texts

__all__ = [
    "PATIENCE_S",
    "SMSGWD",
    "TENANT",
    "TOKEN",
    "Answer",
    "Catcher",
    "Child",
    "Gateway",
    "Scene",
    "Smsc",
    "Tenant",
    "ask",
    "json_lines",
    "scene_in",
    "wait",
]

TENANT = "shop"

SIMULATE = [sys.executable, "-c", "from smsgwd.cli.simulate import simulate; simulate()"]
SMSGWD = [sys.executable, "-c", "from smsgwd.cli.main import main; main()"]


class Child(Process):
    """A process of a scene."""

    def __init__(self, name: str, command: list[str], directory: Path) -> None:
        super().__init__(name, command, directory)
        self.out_path = directory / f"{name}.out"
        self.log_path = directory / f"{name}.log"

    def start(self) -> None:
        """Start it (again), forked off a process that has done its imports where that is possible."""
        if not fork_server.can_start(self._command):
            super().start()
            return
        with self.out_path.open("wb") as out, self.log_path.open("ab") as log:
            self._child = cast("subprocess.Popen[bytes]", fork_server.server().start(self._command, out, log))

    @property
    def running(self) -> bool:
        """True while it has not ended."""
        try:
            self.check()
        except StandError:
            return False
        return True

    def signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def wait_end(self, patience_s: float = PATIENCE_S) -> int:
        """Its exit status, once it has ended by itself."""
        wait(f"{self.name} ends", lambda: not self.running, patience_s)
        return self.stop()

    def log_lines(self) -> list[dict[str, Any]]:
        """Its log so far, where it is JSON."""
        return json_lines(self.log_path)

    def wait_event(self, event: str, patience_s: float = PATIENCE_S, running: bool = True) -> dict[str, Any]:
        """The first log line of that event; with `running` it must not have ended without it."""

        def look() -> dict[str, Any] | None:
            for line in self.log_lines():
                if line.get("event") == event:
                    return line
            if running:
                self.check()
            return None

        found = wait(f"{self.name} logs {event}", look, patience_s)
        assert found is not None
        return found


class Smsc(Child):
    """An SMSC simulator."""

    def __init__(self, name: str, options: tuple[str, ...], directory: Path) -> None:
        self.record = directory / f"{name}.jsonl"
        super().__init__(name, [*SIMULATE, "smsc", "--record", str(self.record), *options], directory)

    def submits(self) -> list[SubmitLine]:
        """Every submit it has accepted by now, in order. The record is written in slices, so it is waited for."""
        accepted = self.stats()["accepted"]

        def look() -> list[SubmitLine] | None:
            lines = self._recorded()
            return lines if len(lines) >= accepted else None

        return wait(f"{self.name} has recorded {accepted} submits", look) or [] if accepted else []

    def texts(self) -> list[Text]:
        """What it has accepted by now, parts joined and decoded."""
        return texts(self.submits())

    def _recorded(self) -> list[SubmitLine]:
        return read_submits(self.record) if self.record.exists() else []

    def stats(self) -> dict[str, Any]:
        """Its counters now."""
        before = len(self.log_lines())
        os.kill(self.pid, 10)  # SIGUSR1
        return wait(f"{self.name} prints its counters", lambda: self.log_lines()[before:])[-1]

    def wait_texts(self, count: int, patience_s: float = PATIENCE_S) -> list[Text]:
        """Its texts, once there are `count` at least."""

        def look() -> list[Text] | None:
            found = texts(self._recorded())
            return found if len(found) >= count else None

        found = wait(f"{self.name} has {count} messages", look, patience_s, 0.05)
        assert found is not None
        return found


class Catcher(Child):
    """A webhook catcher."""

    def __init__(self, name: str, options: tuple[str, ...], directory: Path) -> None:
        super().__init__(name, [*SIMULATE, "webhook", "--port", "0", "--show", *options], directory)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port()}/dlr"

    def pushes(self) -> list[dict[str, Any]]:
        """Every push so far: the catcher's `status` and `webhook_id`, and the `body`."""
        return [line for line in json_lines(self.out_path) if line.get("event") == "push"]

    def taken(self) -> dict[str, dict[str, Any]]:
        """The last body that was answered with success, by message id."""
        return {push["body"]["id"]: push["body"] for push in self.pushes() if 200 <= push["status"] < 300}

    def wait_push(self, message_id: str, patience_s: float = PATIENCE_S) -> dict[str, Any]:
        """The body of the push of a message."""
        return wait(f"the push of message {message_id}", lambda: self.taken().get(message_id), patience_s)

    def wait_all(self, ids: list[str], patience_s: float = PATIENCE_S) -> dict[str, dict[str, Any]]:
        """The bodies once every message of `ids` has been pushed."""

        def look() -> dict[str, dict[str, Any]] | None:
            found = self.taken()
            return found if found.keys() >= set(ids) else None

        found = wait(f"{len(ids)} receipts pushed", look, patience_s, 0.05)
        assert found is not None
        return found


class Gateway(Child):
    """The gateway, and the ways to talk to it."""

    def __init__(self, name: str, config: Path, wrapper: list[str], directory: Path) -> None:
        super().__init__(name, [*wrapper, *SMSGWD, "run", "-c", str(config)], directory)
        written = yaml.safe_load(config.read_text())
        self.config = config
        self.admin_socket = directory / written["admin"]["socket"]
        self.http_port = int(written["listeners"]["http"]["listen"].rpartition(":")[2])
        self.ops_port = int(written["listeners"]["ops"]["listen"].rpartition(":")[2])
        self.smpp_port = _port(written["listeners"].get("smpp"))
        self.smpps_port = _port(written["listeners"].get("smpps"))
        self.tenant = Tenant(self.http_port)

    def wait_ready(self) -> None:
        """Until /ready answers 200."""

        def look() -> bool:
            self.check()
            with contextlib.suppress(OSError, http.client.HTTPException):
                return ask(self.ops_port, "GET", "/ready").status == 200
            return False

        wait(f"{self.name} is ready", look)

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that have these labels."""
        page = ask(self.ops_port, "GET", "/metrics").body.decode()
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        return sum(
            float(line.rpartition(" ")[2])
            for line in page.splitlines()
            if line.partition("{")[0].partition(" ")[0] == name and all(label in line for label in wanted)
        )

    def status(self) -> Any:
        """`status show` from the admin socket."""
        return self.command("status", "show")

    def command(self, noun: str, verb: str, **params: str) -> Any:
        """An operator's command, from the admin socket."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(20)
            sock.connect(str(self.admin_socket))
            connection = http.client.HTTPConnection("localhost")
            connection.sock = sock
            body = json.dumps(params)
            connection.request("POST", f"/commands/{noun}/{verb}", body, {"Content-Type": "application/json"})
            return json.loads(connection.getresponse().read())


class Scene:
    """Starts processes in one directory and stops them at the end, gateways first."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._children: list[Child] = []

    def smsc(self, *options: str, name: str = "smsc", port: int = 0, start: bool = True) -> Smsc:
        """An SMSC simulator. Receipts come at once unless the options say otherwise."""
        smsc = Smsc(name, ("--port", str(port), *options), self.directory)
        self._children.append(smsc)
        if start:
            smsc.start()
            smsc.port()
        return smsc

    def provider(self, api: str, *options: str, name: str = "") -> Child:
        """A simulated HTTP provider, started."""
        provider = Child(name or api, [*SIMULATE, "provider", api, "--port", "0", *options], self.directory)
        self._children.append(provider)
        provider.start()
        provider.port()
        return provider

    def hlr(self, *options: str, name: str = "hlr") -> Child:
        """A simulated HLR, started."""
        hlr = Child(name, [*SIMULATE, "hlr", "--port", "0", *options], self.directory)
        self._children.append(hlr)
        hlr.start()
        hlr.port()
        return hlr

    def add(self, child: Child) -> None:
        """Have one more process stopped at the end."""
        self._children.append(child)

    def catcher(self, *options: str, name: str = "webhook") -> Catcher:
        """A webhook catcher, started."""
        catcher = Catcher(name, options, self.directory)
        self._children.append(catcher)
        catcher.start()
        catcher.port()
        return catcher

    def gateway(
        self,
        *smscs: Smsc | int,
        catcher: Catcher | None = None,
        connector: Mapping[str, object] | None = None,
        tenant: Mapping[str, object] | None = None,
        tenants: list[dict[str, object]] | None = None,
        http: Mapping[str, object] | None = None,
        smpp: Mapping[str, object] | None = None,
        smpps: Mapping[str, object] | None = None,
        wrapper: list[str] | None = None,
        name: str = "gateway",
        start: bool = True,
        **config: object,
    ) -> Gateway:
        """A gateway with a connector `smscN` for each SMSC (or port of one), ready when it is returned.

        `connector` and `tenant` are settings over the usual ones, `config` further top-level sections, `tenants`
        further tenants, `http` settings of that listener, `smpp` and `smpps` open those listeners with these settings
        (a free port where they name no `listen`), `wrapper` a command that runs the gateway's command.
        """
        ports = [smsc if isinstance(smsc, int) else smsc.port() for smsc in smscs]
        listeners = {
            name: {"listen": f"127.0.0.1:{free_ports(1)[0]}", **section}
            for name, section in (("smpp", smpp), ("smpps", smpps))
            if section is not None
        }
        listeners["http"] = dict(http or {})
        path = self.write_config(
            ports, catcher, connector or {}, tenant or {}, tenants or [], config, f"{name}.yaml", listeners
        )
        gateway = Gateway(name, path, wrapper or [], self.directory)
        self._children.insert(0, gateway)
        if start:
            gateway.start()
            gateway.wait_ready()
        return gateway

    def write_config(
        self,
        smsc_ports: list[int],
        catcher: Catcher | None,
        connector: Mapping[str, object],
        tenant: Mapping[str, object],
        more_tenants: list[dict[str, object]],
        config: Mapping[str, object],
        file_name: str,
        listeners: Mapping[str, Mapping[str, object]] | None = None,
    ) -> Path:
        """Write the configuration and the tenants file."""
        http_port, ops_port = free_ports(2)
        connectors = [
            {
                "id": f"smsc{number}",
                "kind": "smpp",
                "host": "127.0.0.1",
                "port": port,
                "system_id": "gw",
                "password": "gw",
                "window": 50,
                "timers": {"reconnect_min_s": 0.1, "reconnect_max_s": 0.3},
                **connector,
            }
            for number, port in enumerate(smsc_ports, 1)
        ]
        whole: dict[str, object] = {
            "node": "test1",
            "data_dir": "data",
            "public_url": f"http://127.0.0.1:{http_port}",
            "listeners": {
                "ops": {"listen": f"127.0.0.1:{ops_port}"},
                **(listeners or {}),
                "http": {"listen": f"127.0.0.1:{http_port}", **(listeners or {}).get("http", {})},
            },
            "admin": {"socket": "admin.sock"},
            "notify": {"allow_private_targets": True, "retry_s": [1]},
            "tenants_file": "tenants.yaml",
            "connectors": connectors,
            "routes": [{"match": {"to": "*"}, "connectors": [connector["id"] for connector in connectors]}]
            if connectors
            else [],
            **stores.section(self.directory / str(config.get("data_dir", "data"))),
            **config,
        }
        first = {
            "id": TENANT,
            "credit": "1000.0000",
            "currency": "EUR",
            "price": "0.0400",
            "senders": ["*"],
            "dlr_url": None if catcher is None else catcher.url,
            "credentials": [{"kind": "token", "secret": TOKEN}],
            **tenant,
        }
        (self.directory / "tenants.yaml").write_text(yaml.safe_dump({"tenants": [first, *more_tenants]}))
        path = self.directory / file_name
        path.write_text(yaml.safe_dump(whole))
        return path

    def logs(self) -> str:
        """The end of every log, for a failure's report."""
        found = []
        for child in self._children:
            if child.log_path.exists():
                found.append(f"--- {child.log_path.name}\n{child.log_path.read_text(errors='replace')[-4000:]}")
        return "\n".join(found)

    def stop(self) -> None:
        """Stop everything that runs."""
        for child in self._children:
            try:
                child.stop(20)
            except StandError:
                child.kill_if_running()


@contextlib.contextmanager
def scene_in(directory: Path) -> Iterator[Scene]:
    """A scene that is stopped at the end."""
    scene = Scene(directory)
    try:
        yield scene
    finally:
        scene.stop()


def _port(listener: Mapping[str, Any] | None) -> int:
    return int(listener["listen"].rpartition(":")[2]) if listener else 0


def json_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON objects of a file with one a line; a last line without end, and what is no JSON, is left out."""
    found = []
    if path.exists():
        for line in path.read_bytes().split(b"\n")[:-1]:
            with contextlib.suppress(ValueError):
                value = json.loads(line)
                if isinstance(value, dict):
                    found.append(value)
    return found
