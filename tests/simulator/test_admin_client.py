import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from smsgwd.simulator.admin_client import AdminClient, AdminError


class _Handler(BaseHTTPRequestHandler):
    """Answers with what it was asked; refuses `drop`, answers `garble` with something else."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        verb = self.path.rpartition("/")[2]
        status, body = 200, json.dumps([self.path, asked])
        if verb == "drop":
            status, body = 422, json.dumps({"detail": "there is no price list x"})
        elif verb == "garble":
            body = "no JSON"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass

    def address_string(self) -> str:
        return ""


@pytest.fixture
def admin(tmp_path: Path) -> Iterator[AdminClient]:
    folder = tmp_path / ("a-long-name-" * 12)  # longer than a socket's address may be
    folder.mkdir()
    (tmp_path / "s").mkdir()
    with socketserver.ThreadingUnixStreamServer(str(tmp_path / "s" / "x"), _Handler) as server:
        server.daemon_threads = True
        (tmp_path / "s" / "x").rename(folder / "admin.sock")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with AdminClient(folder / "admin.sock") as client:
            yield client
        server.shutdown()
        thread.join()


def test_a_command_and_its_answer(admin: AdminClient):
    assert admin.run("price", "list", name="x") == ["/commands/price/list", {"name": "x"}]
    assert admin.send("price", "list", b'{"a": "b"}') == ["/commands/price/list", {"a": "b"}]


def test_what_goes_wrong_says_why(admin: AdminClient, tmp_path: Path):
    with pytest.raises(AdminError, match="price drop: there is no price list x"):
        admin.run("price", "drop", name="x")
    with pytest.raises(AdminError, match="price garble: answered 200 without JSON"):
        admin.run("price", "garble")
    with pytest.raises(AdminError, match=r"price list: no answer on nobody\.sock"):
        AdminClient(tmp_path / "nobody.sock").run("price", "list")
