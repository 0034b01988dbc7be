"""docs/write-a-provider.md, followed: the plugin of the page is built, tested, and sends through the gateway."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import urlopen

import pytest
import yaml

from smsgwd import providers
from tests.docs.provider_pages import ROOT, install, is_clean, new_provider, passing_tests, write_files
from tests.docs.tables import table
from tests.scenario.client import wait
from tests.scenario.harness import Gateway, Scene

PAGE = ROOT / "docs" / "write-a-provider.md"
_WORDS = {"1": "DELIVRD", "2": "UNDELIV", "3": "QUEUED"}  # by a number's last digit


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the page builds, beside a directory `site` that it is installed into."""
    directory = tmp_path_factory.mktemp("page")
    made = new_provider("hermes", str(directory))
    assert made.returncode == 0, made.stderr
    plugin = directory / "hermes"
    files = write_files(PAGE, plugin)
    assert sorted(files) == [
        "smsgwd.yaml",
        "smsgwd_hermes/__init__.py",
        "smsgwd_hermes/options.py",
        "smsgwd_hermes/provider.py",
        "tests/test_hermes_plugin.py",
    ]
    install(plugin, directory / "site")
    return plugin


def test_its_tests_pass(built: Path) -> None:
    assert re.search(r"1[0-9] passed", passing_tests(built))


def test_it_is_as_clean_as_ours(built: Path) -> None:
    is_clean(built, "smsgwd_hermes")


def test_the_verdicts_are_those_that_there_are() -> None:
    rows = table(PAGE, "verdict", "say it when", "what the host does")
    assert {row[0].partition("(")[0] for row in rows} == {
        kind.__name__
        for kind in providers.Verdict.__args__  # type: ignore[attr-defined]
    }


class Hermes(ThreadingHTTPServer):
    """The supplier of the page, on a free port: it takes everything, and calls back what a number's last digit says."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sent: list[dict[str, str]] = []
        self.asked: list[str] = []
        self.callbacks: list[int] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def take(self, fields: dict[str, str]) -> str:
        """The answer to /send."""
        if fields["key"] != "secret-key":
            return "ERR 1 bad key"
        lines = []
        with self.lock:
            self.sent.append(fields)
            for number in fields["to"].split(","):
                lines.append(f"ERR {number} 12 bad number" if number.endswith("0") else f"OK {number} id{number}")
        for number in fields["to"].split(","):
            if number[-1] in _WORDS:
                threading.Thread(target=self.tell, args=(fields["dlr"], number), daemon=True).start()
        return "\n".join(lines)

    def tell(self, url: str, number: str) -> None:
        """A callback."""
        query = urlencode({"id": f"id{number}", "status": _WORDS[number[-1]], "code": "000"})
        with urlopen(f"{url}?{query}", timeout=20) as answer:
            self.callbacks.append(answer.status)


class _Handler(BaseHTTPRequestHandler):
    server: Hermes

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.answer(self.server.take({name: values[0] for name, values in parse_qs(body).items()}))

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.server.asked.append(parts.path)
        self.answer("12.50 EUR" if parts.path == "/balance" else "")

    def answer(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def hermes() -> Iterator[Hermes]:
    server = Hermes()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(10)


def _shown(gateway: Gateway) -> str:
    """What `connector show` says, once the balance is there."""
    shown = json.dumps(gateway.command("connector", "show", id="hermes1"))
    return shown if "12.5" in shown else ""


@pytest.mark.scenario
@pytest.mark.parametrize("isolation", ["process", "none"])
def test_messages_through_the_gateway(built: Path, hermes: Hermes, scene: Scene, isolation: str) -> None:
    """From a tenant through the page's plugin to Hermes, and its states back to the tenant."""
    wanted = yaml.safe_load((built / "smsgwd.yaml").read_text("utf-8"))
    (connector,) = wanted["connectors"]
    connector |= {"isolation": isolation}
    connector["options"] |= {"base_url": hermes.url}
    catcher = scene.catcher()
    gateway = scene.gateway(
        catcher=catcher,
        wrapper=["env", f"PYTHONPATH={built.parent / 'site'}:{ROOT}", "HERMES_KEY=secret-key"],
        connectors=[connector],
        routes=wanted["routes"],
    )
    ids = {}
    for last in "0123":
        number = f"30690000000{last}"
        ids[last] = gateway.tenant.send(number, "Γειά σου, Ερμή")
    pushed = catcher.wait_all([ids["0"], ids["1"], ids["2"]])
    assert pushed[ids["0"]]["state"] == "rejected"
    assert pushed[ids["1"]]["state"] == "delivered"
    assert pushed[ids["2"]]["state"] == "undelivered"
    wait("all callbacks are answered", lambda: len(hermes.callbacks) == 3)
    assert set(hermes.callbacks) == {200}
    assert {fields["text"] for fields in hermes.sent} == {"Γειά σου, Ερμή"}
    wait("the balance is asked for", lambda: "/balance" in hermes.asked)
    shown = wait("the balance is shown", lambda: _shown(gateway))
    assert "secret-key" not in shown + gateway.log_path.read_text("utf-8")
