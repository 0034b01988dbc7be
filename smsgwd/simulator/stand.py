"""A test stand: gateway, SMSC simulator and webhook catcher as processes, with free ports, in one directory."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from smsgwd.simulator import proc
from smsgwd.simulator.admin_client import AdminClient
from smsgwd.simulator.free_ports import free_ports

TOKEN = "bench-token"  # noqa: S105 - the credential of a gateway that lives for one measurement
TENANT = "bench"
ESME_PASSWORD = "bench"  # noqa: S105 - as above
ESME_WINDOW = 200  #: deliver_sm of an account's bind without an answer
_SIMULATE = "from smsgwd.cli.simulate import simulate; simulate()"
_SMSGWD = "from smsgwd.cli.main import main; main()"


class StandError(Exception):
    """A process of the stand did not do what it should; the text says which and shows the end of its log."""


class Process:
    """A child with its standard output and error in files."""

    def __init__(self, name: str, command: list[str], directory: Path) -> None:
        self.name = name
        self._command = command
        self._out = directory / f"{name}.out"
        self._log = directory / f"{name}.log"
        self.environment: dict[str, str] = {}  #: added to ours
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it (again); its log goes on, its output begins anew."""
        with self._out.open("wb") as out, self._log.open("ab") as log:
            self._child = subprocess.Popen(  # noqa: S603 - our own command
                self._command,
                stdout=out,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=os.environ | self.environment,
            )

    @property
    def started(self) -> bool:
        """Whether it has been started."""
        return self._child is not None

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._child is not None
        return self._child.pid

    def check(self) -> None:
        """Raise StandError when it has ended."""
        if self._child is None or self._child.poll() is not None:
            code = None if self._child is None else self._child.returncode
            raise StandError(f"{self.name} ended with status {code}:\n{self._tail()}")

    def port(self, patience_s: float = 30.0) -> int:
        """The port that it says it listens on. Raises StandError."""
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            with contextlib.suppress(ValueError, KeyError, IndexError):
                return int(json.loads(self._out.read_bytes().split(b"\n")[0])["port"])
            self.check()
            time.sleep(0.02)
        raise StandError(f"{self.name} did not say where it listens:\n{self._tail()}")

    def cpu_s(self) -> float:
        """CPU it has used so far, user and system, all threads (seconds)."""
        return proc.cpu_s(self.pid)

    def children_cpu_s(self) -> float:
        """CPU that its children, such as the gateway's workers, have used so far (seconds)."""
        return sum(proc.cpu_s(pid) for pid in proc.children(self.pid))

    def rss_peak_mb(self) -> float:
        """The most memory it has held at once (MB)."""
        return proc.memory_mb(self.pid, "VmHWM:")

    def rss_mb(self) -> float:
        """The memory it holds now (MB)."""
        return proc.memory_mb(self.pid, "VmRSS:")

    def summary_now(self, patience_s: float = 10.0) -> dict[str, Any]:
        """The statistics so far of a simulator. Raises StandError when it does not print them."""
        assert self._child is not None
        before = self._log.stat().st_size
        self._child.send_signal(signal.SIGUSR1)
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            self.check()
            with self._log.open("rb") as log:
                log.seek(before)
                line = log.read()
            if line.endswith(b"}\n"):
                return dict(json.loads(line.splitlines()[-1]))
            time.sleep(0.02)
        raise StandError(f"{self.name} printed no statistics:\n{self._tail()}")

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        assert self._child is not None
        self._child.kill()
        self._child.wait()

    def kill_if_running(self) -> None:
        """SIGKILL where there is something to kill."""
        if self._child is not None and self._child.poll() is None:
            self.kill()

    def stop(self, patience_s: float = 40.0) -> int:
        """SIGTERM, and wait; its exit status. Raises StandError when it had to be killed."""
        if self._child is None:
            return 0
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(patience_s)
            except subprocess.TimeoutExpired:
                self.kill()
                raise StandError(f"{self.name} did not stop within {patience_s:g} s:\n{self._tail()}") from None
        return self._child.returncode

    def summary(self) -> dict[str, Any]:
        """The statistics it printed when it stopped. Raises StandError when there are none."""
        try:
            return dict(json.loads(self._out.read_bytes().strip().split(b"\n")[-1]))
        except ValueError:
            raise StandError(f"{self.name} printed no statistics:\n{self._tail()}") from None

    def _tail(self) -> str:
        return self._log.read_text(errors="replace")[-2000:] if self._log.exists() else ""


class Stand:
    """The three processes. `smsc` and `webhook` are further options of the simulators, `overrides` of the gateway
    (`connector`, `tenant` and `http` of those parts of its configuration; `spares` are names of further connectors to
    the same SMSC).

    With `secret` ('whsec_...') pushes are signed with it and the catcher checks that. With `esmes` tenants come over
    SMPP: so many of them, one account each, and no catcher is started, unless `both`: then one more comes over HTTP.
    `lean` takes the lean SMSC, `sink` the lean sink of pushes instead of the catcher; `sink_report` is then its file.
    """

    def __init__(
        self,
        directory: Path,
        smsc: tuple[str, ...] = (),
        webhook: tuple[str, ...] = (),
        overrides: dict[str, Any] | None = None,
        secret: str | None = None,
        esmes: int = 0,
        lean: bool = False,
        both: bool = False,
        sink: bool = False,
        smsc_port: int = 0,
        sink_port: int = 0,
    ) -> None:
        if secret is not None:
            webhook = (*webhook, "--secret", secret)
        self._secret = secret
        self.directory = directory
        self.smsc_record = directory / "smsc.jsonl"
        self.push_record = directory / "pushes.jsonl"
        self.smsc_report = directory / "smsc.report"
        self.sink_report = directory / "sink.report"
        self._esmes = esmes
        self._pushes = both or not esmes
        simulate = [sys.executable, "-c", _SIMULATE]
        kept = ("--lean", "--report", str(self.smsc_report)) if lean else ("--record", str(self.smsc_record))
        self.smsc = Process("smsc", [*simulate, "smsc", "--port", str(smsc_port), *kept, *smsc], directory)
        kept = ("--lean", "--report", str(self.sink_report)) if sink else ("--record", str(self.push_record))
        self.webhook = Process("webhook", [*simulate, "webhook", "--port", str(sink_port), *kept, *webhook], directory)
        config = directory / "smsgwd.yaml"
        self.gateway = Process("gateway", [sys.executable, "-c", _SMSGWD, "run", "-c", str(config)], directory)
        self._config = config
        self._overrides = overrides or {}
        self.http_port = 0
        self.ops_port = 0
        self.webhook_port = 0
        self.smpp_port = 0

    def start(self) -> None:
        """Start all that is wanted; returns when the gateway is ready. Raises StandError."""
        self.smsc.start()
        if self._pushes:
            self.webhook.start()
            self.webhook_port = self.webhook.port()
        self.http_port, self.ops_port, self.smpp_port = free_ports(3)
        self._write_config(self.smsc.port())
        self.gateway.start()
        self.wait_ready()

    def start_peers(self, patience_s: float = 60.0) -> None:
        """Start SMSC and, where one is wanted, catcher; returns when some gateway has bound. Raises StandError."""
        self.smsc.start()
        if self._pushes:
            self.webhook.start()
            self.webhook_port = self.webhook.port()
        self.smsc.port()
        end = time.monotonic() + patience_s
        while not self.smsc.summary_now()["binds"]:
            if time.monotonic() > end:
                raise StandError(f"no gateway has bound to the SMSC within {patience_s:g} s")
            time.sleep(0.2)

    def wait_ready(self, patience_s: float = 30.0) -> float:
        """Wait until /ready answers 200; how long that took (s). Raises StandError."""
        begun = time.monotonic()
        while time.monotonic() < begun + patience_s:
            self.gateway.check()
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self._get(self.ops_port, "/ready")[0] == 200:
                    return time.monotonic() - begun
            time.sleep(0.02)
        raise StandError("the gateway did not become ready")

    def pushes(self) -> dict[str, Any]:
        """The catcher's counters. Raises StandError."""
        try:
            return dict(json.loads(self._get(self.webhook_port, "/stats")[1]))
        except OSError as problem:
            self.webhook.check()
            raise StandError(f"the catcher does not answer: {problem}") from None

    def wait_pushed(self, messages: int, stalled_s: float = 30.0) -> int:
        """Wait for so many messages with a receipt; the number reached when none came for `stalled_s`."""
        unique, changed = -1, time.monotonic()
        while time.monotonic() < changed + stalled_s:
            if self.gateway.started:
                self.gateway.check()
            seen = int(self.pushes()["unique"])
            if seen >= messages:
                return seen
            if seen != unique:
                unique, changed = seen, time.monotonic()
            time.sleep(0.05)
        return unique

    def admin(self) -> AdminClient:
        """The admin socket of the gateway, once it is ready."""
        return AdminClient(self.directory / "admin.sock")

    def stop(self) -> int:
        """Stop all three, the gateway first; its exit status. Raises StandError after having tried all."""
        problems: list[StandError] = []
        code = -1
        for process in (self.gateway, self.webhook, self.smsc):
            try:
                status = process.stop()
            except StandError as problem:
                problems.append(problem)
            else:
                code = status if process is self.gateway else code
        if problems:
            raise problems[0]
        return code

    def _get(self, port: int, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _write_config(self, smsc_port: int) -> None:
        """Configuration and tenants as JSON, which is YAML too."""
        config: dict[str, Any] = {
            "node": "bench",
            "data_dir": "data",
            "public_url": f"http://127.0.0.1:{self.http_port}",
            "listeners": {
                "http": {"listen": f"127.0.0.1:{self.http_port}"},
                "ops": {"listen": f"127.0.0.1:{self.ops_port}"},
            },
            "admin": {"socket": "admin.sock"},
            "notify": {"allow_private_targets": True, "max_connections_per_host": 32},
            "tenants_file": "tenants.yaml",
            "connectors": [
                {
                    "id": "sim",
                    "kind": "smpp",
                    "host": "127.0.0.1",
                    "port": smsc_port,
                    "system_id": "gw",
                    "password": "gw",
                    "binds": 1,
                    "window": 200,
                }
            ],
            "routes": [{"match": {"to": "*"}, "connectors": ["sim"]}],
            "log": {"level": "warning"},
        }
        tenant: dict[str, Any] = {
            "id": TENANT,
            "credit": "1000000.0000",
            "currency": "EUR",
            "price": "0.0400",
            "senders": ["*"],
            "dlr_url": f"http://127.0.0.1:{self.webhook_port}/dlr",
            "credentials": [{"kind": "token", "secret": TOKEN}],
        }
        if self._secret is not None:
            tenant["webhook"] = {"url": f"http://127.0.0.1:{self.webhook_port}/events", "secret": self._secret}
        tenant |= self._overrides.get("tenant", {})
        tenants = [tenant] if self._pushes else []
        if self._esmes:
            config["listeners"]["smpp"] = {"listen": f"127.0.0.1:{self.smpp_port}"}
            tenants += [_esme_tenant(number) for number in range(self._esmes)]
        connector = self._overrides.get("connector", {})
        first = config["connectors"][0]
        spares = self._overrides.get("spares", ())
        config["connectors"] += [first | {"id": name, "system_id": name} for name in spares]
        first |= connector
        config["listeners"]["http"] |= self._overrides.get("http", {})
        parts = ("connector", "tenant", "http", "spares")
        config |= {name: value for name, value in self._overrides.items() if name not in parts}
        self._config.write_text(json.dumps(config, indent=1))
        (self.directory / "tenants.yaml").write_text(json.dumps({"tenants": tenants}, indent=1))


def smsc_command(record: Path, *options: str) -> list[str]:
    """The command line of an SMSC simulator with a record."""
    return [sys.executable, "-c", _SIMULATE, "smsc", "--record", str(record), *options]


def esme_name(number: int) -> str:
    """system_id, and tenant, of the account with this number."""
    return f"{TENANT}{number}"


def _esme_tenant(number: int) -> dict[str, Any]:
    """A tenant with one SMPP account."""
    name = esme_name(number)
    return {
        "id": name,
        "credit": "1000000.0000",
        "currency": "EUR",
        "price": "0.0400",
        "senders": ["*"],
        "credentials": [
            {"kind": "smpp", "system_id": name, "secret": ESME_PASSWORD, "max_binds": 1000, "window": ESME_WINDOW}
        ],
    }
