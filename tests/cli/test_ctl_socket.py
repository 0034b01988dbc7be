"""What `smsgwctl` makes of a daemon that is slow, away, of another release or none at all; exit statuses."""

import base64
import contextlib
import fcntl
import json
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import termios
import threading

import pytest

from tests.cli.fake_daemon import answer, ctl, daemon, http, raw

RUN = [sys.executable, "-c", "from smsgwd.cli.ctl import main; main()"]


def test_a_command_that_takes_its_time_is_waited_for_and_shown(tmp_path, monkeypatch):
    """The usual patience is over long before; meanwhile the daemon is asked how far it is."""
    monkeypatch.setattr("smsgwd.cli.ctl_socket._TIMEOUT_S", 0.5)
    monkeypatch.setattr("smsgwd.cli.ctl_socket._LOOK_EVERY_S", 0.05)
    enough = threading.Event()
    looks = []

    def answers(name, params):
        if name == "store/backup":
            assert enough.wait(20)
            return answer({"bytes": 5})
        looks.append(name)
        if len(looks) == 12:
            enough.set()
        return answer({"upkeep": {"backup": {"done": 1, "total": 4}}})

    with daemon(tmp_path, answers) as fake:
        result = ctl("--socket", fake.path, "store", "backup", "/b")
    assert result.exit_code == 0, result.output
    assert result.output.strip() == "bytes: 5"
    assert set(looks) == {"store/show"}


def test_ctrl_c_says_that_the_work_goes_on(tmp_path, monkeypatch):
    def pressed(*ways: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("smsgwd.cli.ctl_socket.select.select", pressed)
    with daemon(tmp_path) as fake:
        result = ctl("--socket", fake.path, "store", "backup", "file=/b")
        short = ctl("--socket", fake.path, "status")
    assert result.exit_code == 130
    assert "The daemon goes on with it" in result.stderr
    assert (short.exit_code, short.output) == (130, "")


def test_a_daemon_that_hangs_is_not_waited_for_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr("smsgwd.cli.ctl_socket._TIMEOUT_S", 0.3)
    path = str(tmp_path / "hangs.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        result = ctl("--socket", path, "store", "check")
    assert result.exit_code == 3
    assert "no answer on the admin socket" in result.stderr


def test_no_daemon(tmp_path):
    path = str(tmp_path / "none.sock")
    result = ctl("--socket", path, "status")
    assert result.exit_code == 3
    assert result.stderr.startswith(f"Error: no answer on the admin socket {path}: ")
    assert "No such file or directory (does the daemon run?" in result.stderr
    assert "Errno" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_top_has_no_json(tmp_path):
    result = ctl("--socket", str(tmp_path / "none.sock"), "top", "--once", "--json")
    assert result.exit_code == 2
    assert "figures show --json" in result.stderr


def test_nobody_listens_on_a_stale_socket(tmp_path):
    path = str(tmp_path / "stale.sock")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(path)
    result = ctl("--socket", path, "status")
    assert result.exit_code == 3
    assert "refused" in result.stderr


@pytest.mark.parametrize(
    ("octets", "code", "said"),
    [
        (http("X-Smsgwd-Protocol: 99\r\n", "{}"), 1, "protocol 99, this is 2"),
        (http("", "<html>"), 1, "protocol unknown"),
        (http("X-Smsgwd-Protocol: 2\r\n", "<html>"), 1, "without JSON"),
        (http("X-Smsgwd-Protocol: 2\r\n", "[" * 200_000), 1, "without JSON"),
        (b"hello\r\n", 3, "no answer on the admin socket"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", 3, "no answer on the admin socket"),
        (answer({"detail": "nobody has no role here"}, "403 Forbidden"), 4, "Error: nobody has no role here"),
        (answer({"detail": "a\x1b[2Jb"}, "422 No"), 1, "Error: a\\x1b[2Jb"),
        (answer([], "500 No"), 1, "the daemon answered 500"),
    ],
)
def test_answers_that_are_none(tmp_path, octets, code, said):
    with raw(tmp_path, octets) as path:
        result = ctl("--socket", path, "status")
    assert result.exit_code == code, result.stderr
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_exit_statuses(tmp_path):
    """What the daemon refuses is 1, wrong use 2, a role that is not enough 4, a check that finds something 5."""
    answers = {
        "store/backup": answer({"detail": "the disk is full"}, "422 No"),
        "connector/pause": answer({"detail": "needs the role operate"}, "403 Forbidden"),
        "store/check": answer({"ok": False, "problems": ["a page is lost"]}),
        "store/show": answer({"problems": ["this is no check"]}),
    }
    with daemon(tmp_path, lambda name, params: answers[name]) as fake:
        assert ctl("--socket", fake.path, "store", "backup", "/b").exit_code == 1
        assert ctl("--socket", fake.path, "store", "backup").exit_code == 2  # its parameter is missing
        assert ctl("--socket", fake.path, "store", "backup", "/b", "colour=red").exit_code == 2
        assert ctl("--socket", fake.path, "connector", "pause", "sim").exit_code == 4
        assert ctl("--socket", fake.path, "store", "show").exit_code == 0
        found = ctl("--socket", fake.path, "--json", "store", "check")
    assert (found.exit_code, json.loads(found.stdout)["problems"]) == (5, ["a page is lost"])


def test_large_answers(tmp_path):
    rows = [{"id": number, "text": "x" * 1000} for number in range(20_000)]
    with daemon(tmp_path, rows) as fake:
        result = ctl("--socket", fake.path, "--json", "connector", "list")
    assert json.loads(result.output) == rows


def test_what_goes_on_is_shown_as_it_comes(tmp_path):
    answers = {
        None: {"rows": [{"at": "1", "event": "a"}], "next": "n1", "ended": False},
        "n1": {"rows": [], "next": "n2", "ended": False},
        "n2": {"rows": [{"at": "2", "event": "longer"}, {"at": "3", "event": "b", "more": 1}], "next": "n3"},
        "n3": {"rows": [], "next": "", "ended": True},
    }
    answers["n2"]["ended"] = False
    with daemon(tmp_path, lambda name, params: answer(answers[params.get("after")])) as fake:
        shown = ctl("--socket", fake.path, "log", "tail", "level=info")
        as_json = ctl("--socket", fake.path, "log", "tail", "--json")
        chosen = ctl("--socket", fake.path, "log", "tail", "--columns", "event", "--no-headers")
    assert fake.asked[:2] == [("log/tail", {"level": "info"}), ("log/tail", {"level": "info", "after": "n1"})]
    assert shown.output.splitlines() == [
        "at  event",
        "1   a",
        "at  event   more",
        "2   longer     -",
        "3   b          1",
    ]
    assert [json.loads(line)["event"] for line in as_json.output.splitlines()] == ["a", "longer", "b"]
    assert [line.strip() for line in chosen.output.splitlines()] == ["a", "longer", "b"]


def test_lines_that_go_on_are_shown_as_they_are(tmp_path):
    with daemon(tmp_path, {"rows": [{"line": "a\x1b b"}, {"line": "c"}], "ended": True}) as fake:
        assert ctl("--socket", fake.path, "log", "tail").output == "a\\x1b b\nc\n"


def test_what_goes_on_ends_after_some_seconds(tmp_path):
    with daemon(tmp_path, {"rows": [{"n": 1}], "next": "x", "ended": False}) as fake:
        result = ctl("--socket", fake.path, "log", "tail", "--seconds", "0.2")
        wrong = ctl("--socket", fake.path, "log", "tail", "--seconds", "soon")
        nothing = ctl("--socket", fake.path, "status", "--seconds", "1")
    assert result.exit_code == 0
    assert result.output.splitlines()[:2] == ["n", "1"]
    assert wrong.exit_code == nothing.exit_code == 2


def test_a_daemon_that_goes_away_while_it_is_followed(tmp_path):
    first = {"rows": [{"n": 1}], "next": "x", "ended": False}
    with daemon(tmp_path, lambda name, params: None if params else answer(first)) as fake:
        result = ctl("--socket", fake.path, "log", "tail")
    assert result.exit_code == 3
    assert result.stdout.splitlines() == ["n", "1"]
    assert "the daemon went away while it was followed" in result.stderr


def test_an_answer_may_be_a_file(tmp_path):
    file = tmp_path / "out.pcap"
    said = {"data": base64.b64encode(b"\xd4\xc3\0").decode(), "packets": 7}
    with daemon(tmp_path, said) as fake:
        result = ctl("--socket", fake.path, "pdu", "pcap", "sim", str(file))
        again = ctl("--socket", fake.path, "pdu", "pcap", "sim", str(file))
        nowhere = ctl("--socket", fake.path, "pdu", "pcap", "sim", str(tmp_path / "none" / "a"))
        lacking = ctl("--socket", fake.path, "pdu", "pcap", "sim")
        piped = ctl("--socket", fake.path, "pdu", "pcap", "sim", "-")
    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [f"file: {file}", "bytes: 3", "packets: 7"]
    assert file.read_bytes() == b"\xd4\xc3\0"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert again.exit_code == nowhere.exit_code == lacking.exit_code == 2
    assert "there is a file" in again.stderr and "needs the parameter file" in lacking.stderr
    assert piped.stdout_bytes == b"\xd4\xc3\0"
    assert fake.asked == [("pdu/pcap", {"connector": "sim"})] * 2  # the file's name stays here; a mistake asks nothing


def test_who_reads_may_have_had_enough(tmp_path):
    """As `smsgwctl ... | head` does: no complaint."""
    with daemon(tmp_path, {"rows": [{"n": n} for n in range(50_000)], "next": "x", "ended": False}) as fake:
        done = subprocess.Popen(
            [*RUN, "--socket", fake.path, "log", "tail"], stdout=-1, stderr=-1, preexec_fn=_heeds_ctrl_c
        )
        assert done.stdout is not None and done.stderr is not None
        assert done.stdout.readline() == b"    n\n"
        done.stdout.close()
        assert done.wait(60) == 0
        assert done.stderr.read() == b""
        done.stderr.close()


def _heeds_ctrl_c() -> None:
    """Tests that run in the background of a shell ignore it, and what they start would, too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_ends_what_goes_on(tmp_path):
    with daemon(tmp_path, {"rows": [{"n": 1}], "next": "x", "ended": False}) as fake:
        done = subprocess.Popen([*RUN, "--socket", fake.path, "log", "tail"], stdout=-1, stderr=-1)
        assert done.stdout is not None and done.stderr is not None
        done.stdout.readline()
        os.kill(done.pid, signal.SIGINT)
        assert done.communicate(timeout=60)[1] == b""
        assert done.returncode == 130


def test_help_needs_no_daemon_to_say_how_to_use_it(tmp_path):
    help_ = ctl("--help")
    assert help_.exit_code == 0
    for word in ("NOUN", "@FILE", "3    no answer", "smsgwctl status", "completion"):
        assert word in help_.output
    assert ctl("--version").output.startswith("smsgwctl, version ")
    assert ctl().exit_code == 2
    assert "Usage:" in ctl().stderr


def on_a_terminal(path: str, *words: str, columns: int = 60, **env: str) -> bytes:
    """What the real program prints on a terminal of that width."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    with subprocess.Popen(
        [*RUN, "--socket", path, *words], stdin=theirs, stdout=theirs, stderr=theirs, env={**inherited, **env}
    ) as child:
        os.close(theirs)
        said = b""
        with contextlib.suppress(OSError):  # the other end is closed
            while more := os.read(ours, 65536):
                said += more
        os.close(ours)
        assert child.wait(60) == 0
    return said


def test_a_terminal_gets_colours_and_no_longer_lines_than_it_has(tmp_path):
    rows = [{"id": "sim", "state": "bound", "why": "x" * 200}]
    with daemon(tmp_path, rows) as fake:
        shown = on_a_terminal(fake.path, "connector", "list", TERM="xterm")
        plain = on_a_terminal(fake.path, "connector", "list", TERM="xterm", NO_COLOR="1")
        dumb = on_a_terminal(fake.path, "connector", "list", TERM="dumb")
        piped = ctl("--socket", fake.path, "connector", "list").output
    assert b"\x1b[32mbound\x1b[0m" in shown
    assert plain == dumb and b"\x1b" not in plain
    assert max(len(line.decode()) for line in plain.split(b"\r\n")) == 60
    assert plain.decode().rstrip().endswith("x…")
    assert "x" * 200 in piped and "\x1b" not in piped


def test_a_terminal_without_the_letters_gets_something_else_and_no_traceback(tmp_path):
    with daemon(tmp_path, [{"name": "καλημέρα"}]) as fake:
        shown = on_a_terminal(fake.path, "connector", "list", PYTHONIOENCODING="latin-1", TERM="dumb")
    assert b"\\u03ba\\u03b1" in shown


def test_top_is_handed_what_it_asks_with(tmp_path, monkeypatch):
    calls = []

    def run(call, once, interval_s, *, cluster):
        calls.append((call("status", "show", {}), once, interval_s, cluster))
        return 0

    monkeypatch.setattr("smsgwd.cli.top.run", run)
    with daemon(tmp_path, {"phase": "running"}) as fake:
        assert ctl("--socket", fake.path, "top", "--once").exit_code == 0
        assert ctl("top", "--interval", "2.5", "--cluster", "--socket", fake.path).exit_code == 0
        assert ctl("--socket", fake.path, "top", "--often").exit_code == 2
        assert ctl("--socket", fake.path, "top", "--interval", "0").exit_code == 2
    assert calls == [({"phase": "running"}, True, 1.0, False), ({"phase": "running"}, False, 2.5, True)]
    assert ctl("--socket", str(tmp_path / "none"), "top", "--once").exit_code == 3


def test_where_many_connect_it_waits_for_its_turn(tmp_path, monkeypatch):
    """A unix socket whose queue is full refuses at once (connect(2)): nobody is away for that."""
    path = tmp_path / "admin.sock"
    waits = []
    with socket.socket(socket.AF_UNIX) as crowded, contextlib.ExitStack() as crowd:
        crowded.bind(str(path))
        crowded.listen(0)
        others = socket.socket(socket.AF_UNIX)
        crowd.enter_context(others)
        others.connect(str(path))

        def wait(seconds):
            waits.append(seconds)
            crowd.enter_context(crowded.accept()[0])

        monkeypatch.setattr("smsgwd.cli.ctl_socket.time.sleep", wait)
        monkeypatch.setattr("smsgwd.cli.ctl_socket._TIMEOUT_S", 0.3)
        result = ctl("--socket", str(path), "status")
    assert (result.exit_code, waits) == (3, [0.05])
    assert "timed out" in result.stderr  # of the answer: it is connected
