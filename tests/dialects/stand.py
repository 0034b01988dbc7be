"""What the conformance tables run against: the gateway as a process, two SMSCs, a simulated HLR, a catcher.

Numbers. What becomes of a message is in the last four digits of its number, at either SMSC:

    0091  undelivered          0094  refused by the SMSC with 0x0B (rejected)
    0092  expired              0095  accepted, and no receipt ever comes (stays `sent`)
    0093  rejected by receipt  0096  refused with 0x0B by the phone alone: the network delivers it
    0097  the same with 0x08, an error that may pass
    else  delivered at once

Channels. Everything goes by the connector `net` (network). What asks for a device goes by `phone`, which takes numbers
that begin with 30, 33, 40 or 49; a number of any other country has no phone (no_route).

Lookups. The HLR answers by a number's last two digits: see docs/simulator.md.

Tenants. Of each dialect: NAME (credit 1000, any sender), NAME-poor (credit 0.0400: one part), NAME-strict (sender
`Allowed` alone); each logs in as user of its name with secret `secret-` + name, and by token `token-` + name. A part
costs 0.0400, a lookup 0.0050. Nobody has a `dlr_url`. Those of Ardary and SMSAdvert have the default sender `Info`
(-strict: `Allowed`). Ardary's callbacks go to {catcher}/ardary of the whole stand.

Gateways. `main` has each dialect as it comes, but without a limit of requests. `other` (`at: other` in a table) has
what the first has not: SMS Club's nine requests a second and no duplicate window, SMSPresto's tell_which, SMSAdvert in
English, iSMS below the prefix /isms, and an HTTP worker.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from smsgwd.simulator.free_ports import free_ports
from tests.dialects.sent import Record
from tests.scenario.harness import Child, Gateway, Scene, Smsc, Tenant, scene_in, wait
from tests.scenario.ways import connector, wait_up

NAMES = ("ardary", "isms", "jasmin", "kannel", "smsadvert", "smsclub", "smspresto")

_FATES = "0091:UNDELIV,0092:EXPIRED,0093:REJECTD,0094:0x0B,0095:none"
_PHONE_FATES = f"{_FATES},0096:0x0B,0097:0x08"
_WITH_PHONES = ["30*", "33*", "40*", "49*"]
PROBED = "+4915100000000"
_PROBE = "probe"
_PROBE_TOKEN = "token-of-the-probe"
_UNLIMITED = {"max_failures": 10_000, "max_failures_address": 100_000}


class Caught(NamedTuple):
    """A request that the catcher got."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]  #: names in lower case
    body: bytes


class Catcher:
    """Takes whatever comes to it, and answers as Kannel's and Jasmin's customers do."""

    def __init__(self) -> None:
        self.caught: list[Caught] = []
        self.refused: list[Caught] = []  #: while it was `refusing`
        self.refusing = False  #: answers 503
        catcher = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # an answer is one packet: of two, the second waits for the other side's delayed ACK

            def _take(self) -> None:
                path, _, query = self.path.partition("?")
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                fields = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
                refusing = catcher.refusing
                kept = catcher.refused if refusing else catcher.caught
                kept.append(Caught(self.command, path, fields, headers, body))
                self.send_response(503 if refusing else 200)
                self.send_header("Content-Length", "10")
                self.end_headers()
                self.wfile.write(b"ACK/Jasmin")

            do_GET = do_POST = _take

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing is printed."""

        class Server(ThreadingHTTPServer):
            request_queue_size = 64

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Somebody hung up: the gateway, when it is stopped."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def stop(self) -> None:
        """Take no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Stand:
    """The running processes. Made by `stand_in`."""

    def __init__(self, scene: Scene, catcher: Catcher) -> None:
        self.scene = scene
        self.catcher = catcher
        self.net: Smsc = scene.smsc("--numbers", _FATES, name="net")
        self.phone: Smsc = scene.smsc("--numbers", _PHONE_FATES, name="phone")
        self._hlr: Child = scene.hlr()
        self._gateways: dict[str, Gateway] = {}
        self.records = {"net": Record(self.net.record), "phone": Record(self.phone.record)}
        self.settled = True  #: what was taken has reached the SMSC, as far as anybody looked
        self._probes = 0
        self.cases = 0  #: how many have run: each has its own number

    def gateway(self, name: str = "main") -> Gateway:
        """`main` or `other`, started when it is asked for first."""
        found = self._gateways.get(name)
        if found is None:
            found = self._gateways[name] = self._start(name)
        return found

    def _start(self, name: str) -> Gateway:
        port = free_ports(1)[0]
        public = f"http://127.0.0.1:{port}"
        sections: dict[str, dict[str, dict[str, object]]] = {
            "main": {"smsclub": {"requests_per_s": 0}},
            "other": {
                "smsclub": {"duplicate_s": 0},
                "smspresto": {"tell_which": True},
                "smsadvert": {"language": "en"},
                "isms": {"prefix": "/isms"},
            },
        }
        source = {"kind": "http", "name": "hlr", "url": f"http://127.0.0.1:{self._hlr.port()}/hlr/{{msisdn}}"}
        gateway = self.scene.gateway(
            name=name,
            http={"listen": f"127.0.0.1:{port}", "workers": 1 if name == "other" else 0},
            tenant={"id": _PROBE, "credentials": [{"kind": "token", "secret": _PROBE_TOKEN}]},
            tenants=[tenant for dialect in NAMES for tenant in self._tenants(dialect)],
            connectors=[
                connector("net", self.net, channel="network"),
                connector("phone", self.phone, channel="device"),
            ],
            routes=[
                {"id": "carriers", "connectors": ["net"]},
                {"id": "phones", "match": {"to": _WITH_PHONES}, "connectors": ["phone"]},
            ],
            public_url=public,
            data_dir=f"data-{name}",
            admin={"socket": f"{name}.sock"},
            auth=_UNLIMITED,
            lookups={"sources": [source], "retry_s": 0.05, "retries": 2},
            dialects=sections[name],
        )
        wait_up(gateway, "net", "phone")
        return gateway

    def _tenants(self, dialect: str) -> Iterator[dict[str, object]]:
        special: dict[str, dict[str, object]] = {
            dialect: {},
            f"{dialect}-poor": {"credit": "0.0400"},
            f"{dialect}-strict": {"senders": ["Allowed"]},
        }
        usual: dict[str, object] = {}
        if dialect in ("ardary", "smsadvert"):  # whose requests name no sender
            usual["default_sender"] = "Info"
            special[f"{dialect}-strict"]["default_sender"] = "Allowed"
        if dialect == "ardary":
            usual["callbacks"] = {"style": "ardary", "url": f"{self.catcher.url}/ardary"}
        for name, settings in special.items():
            yield {
                "id": name,
                "credit": "1000.0000",
                "currency": "EUR",
                "price": "0.0400",
                "lookup_price": "0.0050",
                "senders": ["*"],
                "credentials": [
                    {"kind": "password", "username": name, "secret": f"secret-{name}"},
                    {"kind": "token", "secret": f"token-{name}"},
                ],
                **usual,
                **settings,
            }

    def native(self, tenant: str, gateway: str = "main") -> Tenant:
        """The native API as a tenant of a dialect."""
        return Tenant(self.gateway(gateway).http_port, f"token-{tenant}")

    def settle(self, gateway: str = "main") -> None:
        """Until what was taken before has reached the SMSC: a message of our own, sent behind it, is there."""
        self._probes += 1
        text = f"probe {self._probes}"
        Tenant(self.gateway(gateway).http_port, _PROBE_TOKEN).send(PROBED, text)
        body = text.encode().hex()
        wait(
            "the probe arrives",
            lambda: any(line.body == body for line in reversed(self.records["net"].submits())),
            every_s=0.005,
        )
        self.settled = True


@contextmanager
def stand_in(directory: Path) -> Iterator[Stand]:
    """A stand that is stopped at the end."""
    catcher = Catcher()
    try:
        with scene_in(directory) as scene:
            yield Stand(scene, catcher)
    finally:
        catcher.stop()
