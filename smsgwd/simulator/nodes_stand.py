"""A stand with several gateways on one shared store: the SMSC, the catcher and the tenants are common to all."""

from __future__ import annotations

import contextlib
import http.client
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from smsgwd.simulator.admin_client import AdminClient
from smsgwd.simulator.free_ports import free_ports
from smsgwd.simulator.stand import Process, Stand, StandError

_SMSGWD: Final = "from smsgwd.cli.main import main; main()"
CONNECTOR: Final = "sim"  #: the one to the SMSC


class Node(Process):
    """A gateway. Its files are in a directory named after it."""

    def __init__(self, name: str, config: dict[str, Any], directory: Path) -> None:
        place = directory / name
        place.mkdir(exist_ok=True)
        path = place / "smsgwd.yaml"
        path.write_text(json.dumps(config, indent=1))
        super().__init__(name, [sys.executable, "-c", _SMSGWD, "run", "-c", str(path)], directory)
        self.http_port, self.smpp_port, self.ops_port = (
            int(config["listeners"][each]["listen"].rpartition(":")[2]) for each in ("http", "smpp", "ops")
        )
        self._socket = place / "admin.sock"

    def admin(self) -> AdminClient:
        """Its admin socket."""
        return AdminClient(self._socket)

    def ready(self) -> bool:
        """Whether /ready answers 200. Raises StandError when it has ended."""
        self.check()
        connection = http.client.HTTPConnection("127.0.0.1", self.ops_port, timeout=5)
        try:
            connection.request("GET", "/ready")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def wait_ready(self, patience_s: float = 30.0) -> None:
        """Until it is ready. Raises StandError."""
        end = time.monotonic() + patience_s
        while not self.ready():
            if time.monotonic() > end:
                raise StandError(f"{self.name} did not become ready:\n{self._tail()}")
            time.sleep(0.02)


class NodesStand(Stand):
    """A stand whose gateways are `nodes`, one for each section `store`; the others as of Stand, with ESMEs and, unless
    not `both`, a tenant over HTTP. `binds`: of the one connector, over all nodes; each with this `window`. `level` is
    what they log."""

    def __init__(
        self,
        directory: Path,
        stores: Sequence[dict[str, Any]],
        *,
        smsc: tuple[str, ...],
        esmes: int,
        binds: int,
        window: int = 100,
        both: bool = True,
        lean: bool = False,
        level: str = "info",
    ) -> None:
        timers = {"reconnect_min_s": 0.1, "reconnect_max_s": 0.3}
        overrides = {
            "connector": {"binds": binds, "window": window, "timers": timers},
            "secret_key": {"file": str(directory / "secret.key")},
            "log": {"level": level},
        }
        super().__init__(directory, smsc=smsc, overrides=overrides, secret=_SECRET, esmes=esmes, both=both, lean=lean)
        self._binds = binds
        self._stores = stores
        self.nodes: list[Node] = []

    def start(self) -> None:
        """See Stand: all nodes are ready."""
        self.smsc.start()
        if self._pushes:
            self.webhook.start()
            self.webhook_port = self.webhook.port()
        self.http_port, self.ops_port, self.smpp_port = free_ports(3)
        self._write_config(self.smsc.port())
        for number, store in enumerate(self._stores, 1):
            self.nodes.append(Node(f"node{number}", self._config_of(f"node{number}", store), self.directory))
        self.nodes[0].start()
        self.nodes[0].wait_ready()  # it makes the secret key
        for node in self.nodes[1:]:
            node.start()
        for node in self.nodes[1:]:
            node.wait_ready()

    def wait_spread(self, patience_s: float = 30.0) -> None:
        """Until all binds are up, and each node has its part of them. Raises StandError."""
        end = time.monotonic() + patience_s
        fewest = self._binds // len(self.nodes)
        with self.nodes[0].admin() as admin:
            while True:
                bound = [int(each["bound"]) for each in admin.run("node", "list")]
                if sum(bound) == self._binds and min(bound) >= fewest:
                    return
                if time.monotonic() > end:
                    raise StandError(f"the binds were not spread over the nodes: {bound}")
                time.sleep(0.1)

    def stop(self) -> int:
        """See Stand: the sum of the nodes' exit statuses."""
        status = 0
        problems: list[StandError] = []
        for process in (*self.nodes, self.webhook, self.smsc):
            try:
                code = abs(process.stop())
            except StandError as problem:
                problems.append(problem)
            else:
                status += code if process in self.nodes else 0
        if problems:
            raise problems[0]
        return status

    def kill_all(self) -> None:
        """Nothing of it runs any more."""
        for process in (*self.nodes, self.webhook, self.smsc):
            with contextlib.suppress(OSError):
                process.kill_if_running()

    def _config_of(self, name: str, store: dict[str, Any]) -> dict[str, Any]:
        config: dict[str, Any] = json.loads((self.directory / "smsgwd.yaml").read_text())
        http, ops, smpp = free_ports(3)
        config |= {
            "node": name,
            "data_dir": "data",
            "public_url": f"http://127.0.0.1:{http}",
            "tenants_file": str(self.directory / "tenants.yaml"),
            "store": store,
            "listeners": {
                "http": {"listen": f"127.0.0.1:{http}"},
                "ops": {"listen": f"127.0.0.1:{ops}"},
                "smpp": {"listen": f"127.0.0.1:{smpp}"},
            },
        }
        return config


_SECRET: Final = "whsec_c2VjcmV0IG9mIG9uZSBjcmFzaCBjaGVjaw=="  # noqa: S105 - of gateways that live for one check
