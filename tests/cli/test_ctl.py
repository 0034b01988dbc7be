"""`smsgwctl` against a live daemon, and its errors."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from smsgwd import __version__
from smsgwd.cli.ctl import main
from tests.scenario.harness import TENANT, Gateway, Scene, wait


def ctl(*words: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, list(words), env=env)


@pytest.fixture(scope="module")
def gateway(shared: Scene) -> Gateway:
    gateway = shared.gateway(shared.smsc("--no-receipts"))
    wait("the SMSC is bound", lambda: gateway.status()["connectors"][0]["up"])
    gateway.tenant.wait_state(gateway.tenant.send(), "sent")
    return gateway


def test_status_is_one_screen(shared, gateway):
    result = ctl("--socket", str(gateway.admin_socket), "status")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0].startswith(f"smsgwd {__version__}  node test1  running  up ")
    assert f"http 127.0.0.1:{gateway.http_port}" in lines[1]
    assert lines[2] == "store: ok"
    assert "sent without receipt 1" in lines[3]
    head, row = (line.split() for line in lines[5:7])
    assert head[:3] == ["connector", "kind", "up"]
    assert row[:3] == ["smsc1", "smpp", "yes"]
    assert row[-1] == "bound(0/50)"
    assert all(len(line) <= 160 for line in lines)


def test_status_as_json(shared, gateway):
    result = ctl("--socket", str(gateway.admin_socket), "--json", "status")
    assert result.exit_code == 0, result.output
    status = json.loads(result.output)
    assert (status["node"], status["phase"], status["store"]["healthy"]) == ("test1", "running", True)
    [connector] = status["connectors"]
    assert (connector["id"], connector["up"], connector["sent"]) == ("smsc1", True, 1)


def test_the_secret_that_signs_a_tenants_pushes(shared, gateway):
    result = ctl("--socket", str(gateway.admin_socket), "--json", "tenant", "webhook-secret", f"id={TENANT}")
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["webhook_secret"].startswith("whsec_")
    unknown = ctl("--socket", str(gateway.admin_socket), "tenant", "webhook-secret", "id=nobody")
    assert unknown.exit_code == 1 and "there is no tenant nobody" in unknown.output


def test_the_socket_may_come_from_the_environment(shared, gateway):
    result = ctl("status", env={"SMSGWD_SOCKET": str(gateway.admin_socket)})
    assert result.exit_code == 0
    assert "smsc1" in result.output


def test_help_lists_what_the_daemon_offers(shared, gateway):
    result = ctl("--socket", str(gateway.admin_socket), "help")
    assert result.exit_code == 0
    assert "status" in result.output
    assert "State of the gateway" in result.output
    assert "id=" not in result.output


def test_help_of_a_noun_tells_the_parameters_of_its_commands(shared, gateway):
    result = ctl("--socket", str(gateway.admin_socket), "help", "tenant", "create")
    assert result.exit_code == 0
    assert "[parent=]" in result.output and "smsgwctl tenant set" not in result.output
    unknown = ctl("--socket", str(gateway.admin_socket), "help", "tenants")
    assert unknown.exit_code == 2
    assert "there is no command tenants; there are: " in unknown.output


def test_an_unknown_command_is_answered_with_the_known_ones(shared, gateway):
    result = ctl("--socket", str(gateway.admin_socket), "queue", "purge")
    assert result.exit_code == 1
    assert "no command queue purge" in result.output
    assert "status, store" in result.output
    near = ctl("--socket", str(gateway.admin_socket), "tenant", "delete")
    assert "tenant disable" in near.output and "status" not in near.output


def test_an_unknown_parameter_is_refused(shared, gateway):
    result = ctl("--socket", str(gateway.admin_socket), "status", "show", "colour=red")
    assert result.exit_code == 1
    assert "colour" in result.output


def test_a_noun_cannot_leave_the_path(shared, gateway):
    for noun in ("../status", "status/show?x=1", "sta tus", "sta\r\ntus", "κατάσταση"):
        result = ctl("--socket", str(gateway.admin_socket), noun)
        assert result.exit_code != 0
        assert "Traceback" not in result.output
        assert result.exception is None or isinstance(result.exception, SystemExit), noun


def test_words_that_are_no_parameters(shared):
    result = ctl("--socket", "nowhere", "status", "show", "colour")
    assert result.exit_code == 2
    assert "'colour'" in result.output


def test_parameters_may_be_written_as_options(shared, gateway):
    for words in (["--id", TENANT], [f"--id={TENANT}"], [f"id={TENANT}"]):
        result = ctl("--socket", str(gateway.admin_socket), "--json", "tenant", "webhook-secret", *words)
        assert result.exit_code == 0, result.output
        assert json.loads(result.output)["tenant"] == TENANT


@pytest.mark.parametrize(
    ("words", "params"),
    [
        (["--number", "+30 691", "--opt-out"], {"number": "+30 691", "opt_out": "yes"}),
        (["--deep", "--file=/b"], {"deep": "yes", "file": "/b"}),
        (["a=1", "--b", "2"], {"a": "1", "b": "2"}),
        (["--a=x=y"], {"a": "x=y"}),
        (["a="], {"a": ""}),
    ],
)
def test_how_parameters_are_read(tmp_path, words, params):
    asked: list[bytes] = []
    with answering(tmp_path, http(VERSION, "{}"), asked) as path:
        result = ctl("--socket", path, "--json", "store", "check", *words)
    assert result.exit_code == 0, result.output
    assert asked[0].startswith(b"POST /commands/store/check ")
    assert json.loads(asked[0].partition(b"\r\n\r\n")[2]) == params


def test_values_may_stand_in_files_and_on_standard_input(tmp_path):
    file = tmp_path / "rates.csv"
    file.write_text("\ufeffprefix,price\n30,0.01\n", "utf-8")
    asked: list[bytes] = []
    with answering(tmp_path, http(VERSION, "{}"), asked) as path:
        words = ["--socket", path, "price", "import", f"csv=@{file}", "--note", "@-", "name=@@a"]
        result = CliRunner().invoke(main, words, input="from stdin")
    assert result.exit_code == 0, result.output
    params = json.loads(asked[0].partition(b"\r\n\r\n")[2])
    assert params == {"csv": "prefix,price\n30,0.01\n", "note": "from stdin", "name": "@a"}


def test_files_that_cannot_be_read(tmp_path, monkeypatch):
    (tmp_path / "latin").write_bytes(b"\xff\xfe\xfd")
    monkeypatch.setattr("smsgwd.cli.ctl._LARGEST", 2)
    (tmp_path / "large").write_text("abc")
    for name, why in (("none", "No such file"), ("latin", "not UTF-8"), ("large", "is larger than")):
        result = ctl("--socket", "nowhere", "price", "import", f"csv=@{tmp_path / name}")
        assert result.exit_code == 2
        assert why in result.output, result.output


def test_the_verb_may_be_left_out_before_parameters(tmp_path):
    asked: list[bytes] = []
    with answering(tmp_path, http(VERSION, "{}"), asked) as path:
        assert ctl("--socket", path, "store", "--deep").exit_code == 0
    assert asked[0].startswith(b"POST /commands/store/show ")


@pytest.mark.parametrize("word", ["colour", "=red", "--=red"])
def test_what_is_no_parameter_is_a_mistake_of_use(word):
    result = ctl("--socket", "nowhere", "status", "show", "a=1", word)
    assert result.exit_code == 2
    assert f"'{word}' is no parameter" in result.output


def test_a_command_that_takes_its_time_is_waited_for_and_shown(tmp_path, monkeypatch):
    """The usual patience is over long before; meanwhile the daemon is asked how far it is."""
    monkeypatch.setattr("smsgwd.cli.ctl._TIMEOUT_S", 0.3)
    monkeypatch.setattr("smsgwd.cli.ctl._LOOK_EVERY_S", 0.05)
    asked: list[bytes] = []
    progress = http(VERSION, json.dumps({"upkeep": {"backup": {"done": 1, "total": 4}}}))
    with answering(tmp_path, http(VERSION, '{"bytes": 5}'), asked, after=10, meanwhile=progress) as path:
        result = ctl("--socket", path, "store", "backup", "file=/b")
    assert result.exit_code == 0, result.output
    assert result.output.strip() == "bytes: 5"
    assert len(asked) == 11
    assert all(each.startswith(b"POST /commands/store/show ") for each in asked[1:])


def test_ctrl_c_says_that_the_work_goes_on(tmp_path, monkeypatch):
    def pressed(*ways: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("smsgwd.cli.ctl.select.select", pressed)
    path = str(tmp_path / "works.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        result = ctl("--socket", path, "store", "backup", "file=/b")
    assert result.exit_code == 130
    assert "The daemon goes on with it" in result.output


def test_a_daemon_that_hangs_is_not_waited_for_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr("smsgwd.cli.ctl._TIMEOUT_S", 0.3)
    monkeypatch.setattr("smsgwd.cli.ctl._LOOK_EVERY_S", 0.05)
    path = str(tmp_path / "hangs.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        result = ctl("--socket", path, "store", "check")
    assert result.exit_code == 1
    assert "no answer on the admin socket" in result.output


def test_no_daemon(tmp_path):
    path = str(tmp_path / "none.sock")
    result = ctl("--socket", path, "status")
    assert result.exit_code == 1
    assert path in result.output
    assert "No such file" in result.output


def test_nobody_listens_on_a_stale_socket(tmp_path):
    path = str(tmp_path / "stale.sock")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(path)
    result = ctl("--socket", path, "status")
    assert result.exit_code == 1
    assert "refused" in result.output


VERSION = "X-Smsgwd-Protocol: 1\r\n"


@contextmanager
def answering(
    directory: Path, answer: bytes, asked: list[bytes] | None = None, after: int = 0, meanwhile: bytes = b""
) -> Iterator[str]:
    """A server that gives one answer, whatever it is asked; with `after` once it was asked so often meanwhile."""
    path = str(directory / "fake.sock")
    heard = [] if asked is None else asked
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def read(sock: socket.socket) -> None:
            request = b""
            while not request.endswith(b"}"):  # its body, which may come by itself
                request += sock.recv(65536)
            heard.append(request)

        def serve() -> None:
            first, _ = listener.accept()
            with first:
                read(first)
                for _ in range(after):
                    sock, _ = listener.accept()
                    with sock:
                        read(sock)
                        sock.sendall(meanwhile)
                first.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield path
        thread.join(10)


def http(headers: str, body: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{headers}\r\n{body}".encode()


def test_a_daemon_of_another_protocol_version(tmp_path):
    with answering(tmp_path, http("X-Smsgwd-Protocol: 99\r\n", "{}")) as path:
        result = ctl("--socket", path, "status")
    assert result.exit_code == 1
    assert "protocol 99, this is 1" in result.output


def test_something_that_is_no_daemon(tmp_path):
    with answering(tmp_path, http("", "<html>")) as path:
        result = ctl("--socket", path, "status")
    assert result.exit_code == 1
    assert "protocol unknown" in result.output


def test_an_answer_that_is_no_json(tmp_path):
    with answering(tmp_path, http("X-Smsgwd-Protocol: 1\r\n", "<html>")) as path:
        result = ctl("--socket", path, "status")
    assert result.exit_code == 1
    assert "without JSON" in result.output


def test_an_answer_that_is_no_http(tmp_path):
    with answering(tmp_path, b"hello\r\n") as path:
        result = ctl("--socket", path, "status")
    assert result.exit_code == 1
    assert "no answer on the admin socket" in result.output
