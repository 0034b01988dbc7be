"""The command lines as processes: what they announce, print at the end, and refuse."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from smsgwd.cli.bench import bench
from smsgwd.cli.simulate import simulate
from smsgwd.simulator.esme import Esme, EsmeError
from smsgwd.simulator.lean_report import LeanReport
from smsgwd.simulator.sink_report import SinkReport

COMMAND = [sys.executable, "-c", "from smsgwd.cli.simulate import simulate; simulate()"]


def _heed_interrupts() -> None:
    """A shell's background jobs ignore SIGINT, and so would what they start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def start():
    children = []

    def run(*words: str) -> tuple[subprocess.Popen[bytes], int]:
        child = subprocess.Popen(
            [*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=_heed_interrupts
        )
        children.append(child)
        assert child.stdout is not None
        announced = json.loads(child.stdout.readline())
        assert announced["event"] == "listening"
        return child, announced["port"]

    yield run
    for child in children:
        if child.poll() is None:
            child.kill()
        child.communicate()


def test_smsc_prints_statistics_at_a_signal_and_at_the_end(start, tmp_path: Path):
    child, port = start("smsc", "--port", "0", "--record", str(tmp_path / "record"))
    assert port > 0
    child.send_signal(signal.SIGUSR1)
    assert json.loads(child.stderr.readline())["submits"] == 0
    child.send_signal(signal.SIGTERM)
    out, _ = child.communicate(timeout=10)
    assert json.loads(out)["binds"] == 0 and child.returncode == 0
    assert (tmp_path / "record").exists()


def test_webhook_serves_and_prints_statistics(start):
    child, port = start("webhook", "--port", "0", "--show")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("POST", "/dlr", json.dumps({"type": "message.delivered", "id": "1"}), {"webhook-id": "msg_1"})
    assert connection.getresponse().read() == b""
    assert json.loads(child.stdout.readline())["body"]["id"] == "1"
    connection.request("GET", "/stats")
    assert json.loads(connection.getresponse().read())["unique"] == 1
    connection.close()
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=10)
    assert json.loads(out)["pushes"] == 1 and child.returncode == 0


def test_the_lean_smsc_prints_the_same_statistics_and_writes_its_report(start, tmp_path: Path):
    child, port = start("smsc", "--port", "0", "--lean", "--report", str(tmp_path / "report"))
    shown = subprocess.run([*COMMAND, "esme", "--port", str(port), "--to", "306900000005"], capture_output=True)
    assert shown.returncode == 0, shown.stderr
    first, receipt = shown.stdout.decode().splitlines()
    assert first.startswith("message_id ") and first.removeprefix("message_id ") in receipt
    child.send_signal(signal.SIGUSR1)
    assert json.loads(child.stderr.readline())["accepted"] == 1
    child.send_signal(signal.SIGTERM)
    out, _ = child.communicate(timeout=10)
    assert json.loads(out)["receipts_acked"] == 1 and child.returncode == 0
    assert LeanReport.read(tmp_path / "report").copies[5] == 1


def test_the_lean_sink_prints_statistics_and_writes_its_report(start, tmp_path: Path):
    words = ("webhook", "--lean", "--port", "0", "--report", str(tmp_path / "report"), "--coalesce-us", "500")
    child, port = start(*words)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("POST", "/dlr", b'{"id":"77","to":"+3069000000009","state":"delivered"}')
    assert connection.getresponse().status == 204
    connection.close()
    child.send_signal(signal.SIGTERM)
    out, _ = child.communicate(timeout=10)
    assert json.loads(out.splitlines()[-1])["unique"] == 1
    report = SinkReport.read(tmp_path / "report")
    assert report.ids[9] == b"77" and report.arrived[9] > 0


def test_an_http_bench_against_another_gateway(start, tmp_path: Path):
    """One that takes everything and forwards nothing: the run ends, says so and blames it."""
    _, port = start("webhook", "--lean", "--port", "0", "--mark", "to=30690", "--good", "", "--reply", "Accepted")
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        smsc_port, sink_port = one.getsockname()[1], other.getsockname()[1]
    bench = [
        sys.executable, "-c", "from smsgwd.cli.bench import bench; bench()", "http", "--messages", "20",
        "--warmup", "0",
        "--target", f"http://127.0.0.1:{port}/send?key=secret7&to={{dest}}&text={{text}}", "--expect", "Accepted",
        "--smsc-port", str(smsc_port), "--sink-port", str(sink_port), "--dlr-mark", "d=30690", "--stalled-s", "0.3",
    ]  # fmt: skip
    running = subprocess.Popen(bench, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        _bind(smsc_port)
        out, err = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 1, err.decode()
    report = json.loads(out)
    (run,) = report["runs"]
    assert (run["counts"]["accepted"], run["counts"]["lost"], run["counts"]["never_pushed"]) == (20, 20, 20)
    assert not run["exact"] and b"secret7" not in out + err and "gateway" not in run["cpu_us_per_message"]


def _bind(port: int) -> None:
    """Bind to the SMSC as soon as it listens, as its gateway does."""
    end = time.monotonic() + 20
    while True:
        try:
            with Esme(("127.0.0.1", port), 5.0) as esme:
                esme.bind("gw", "gw")
                return
        except EsmeError:
            assert time.monotonic() < end
            time.sleep(0.05)


def test_an_esme_without_a_server_says_so():
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    shown = subprocess.run([*COMMAND, "esme", "--port", str(port), "--to", "1"], capture_output=True)
    assert shown.returncode == 1 and b"no connection" in shown.stderr and b"Traceback" not in shown.stderr


def test_a_port_in_use_is_an_error_without_a_traceback(start):
    _, port = start("smsc", "--port", "0")
    second = subprocess.run([*COMMAND, "webhook", "--port", str(port)], capture_output=True, timeout=20)
    assert second.returncode == 1
    assert b"Error: " in second.stderr and b"Traceback" not in second.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["smsc", "--reject-status", "many"], "no command_status"),
        (["smsc", "--state-mix", "LOST:1"], "no receipt state"),
        (["smsc", "--garbage-kinds", "9"], "digits 012345"),
        (["smsc", "--outbind", "nowhere"], "HOST:PORT"),
        (["smsc", "--drop-after", "3", "--drop-unanswered", "4"], "--drop-unanswered"),
        (["smsc", "--reject-pct", "101"], "range"),
        (["smsc", "--port", "70000"], "range"),
        (["smsc", "--frobnicate"], "No such option"),
        (["webhook", "--status", "99"], "range"),
        (["smsc", "--lean", "--mute"], "--mute is not for --lean"),
        (["smsc", "--report", "file"], "need --lean"),
        (["smsc", "--coalesce-us", "5"], "need --lean"),
        (["webhook", "--mark", "d="], "need --lean"),
        (["webhook", "--lean", "--delay-ms", "5"], "--delay-ms is not for --lean"),
    ],
)
def test_bad_options_are_named(words, says):
    result = CliRunner().invoke(simulate, words)
    assert result.exit_code == 2 and says in result.output


def test_a_bad_secret_is_named():
    result = subprocess.run([*COMMAND, "webhook", "--secret", "whsec_!"], capture_output=True, timeout=20)
    assert result.returncode == 2 and b"base64" in result.stderr and b"Traceback" not in result.stderr


@pytest.mark.parametrize("command", ["smsc", "webhook"])
def test_a_record_that_cannot_be_written_is_named(command, tmp_path: Path):
    words = [command, "--port", "0", "--record", str(tmp_path / "missing" / "record")]
    result = subprocess.run([*COMMAND, *words], capture_output=True, timeout=20)
    assert result.returncode == 1 and b"No such file" in result.stderr and b"Traceback" not in result.stderr


def test_bench_refuses_a_directory_that_has_a_run(tmp_path: Path):
    (tmp_path / "run-1").mkdir()
    for command in ("http", "batch", "smpp"):
        result = CliRunner().invoke(bench, [command, "--keep", str(tmp_path)])
        assert result.exit_code == 2 and "there already" in result.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--accounts", "2"], "--binds must be at least --accounts"),
        (["--target", "nowhere"], "HOST:PORT"),
        (["--target", "127.0.0.1:99999"], "HOST:PORT"),
        (["--target", ":2775"], "HOST:PORT"),
        (["--target", "127.0.0.1:2775", "--direct"], "exclude each other"),
        (["--target", "127.0.0.1:2775", "--pid", "999999999"], "--pid 999999999: no such process"),
        (["--system-id", "me"], "--system-id needs --target"),
        (["--rate", "nan"], "not a finite number"),
        (["--window", "0"], "range"),
    ],
)
def test_bad_options_of_the_smpp_bench_are_named(words, says):
    result = CliRunner().invoke(bench, ["smpp", *words])
    assert result.exit_code == 2 and says in result.output


BENCH = [
    sys.executable,
    "-c",
    "from smsgwd.cli.bench import bench; bench()",
    "smpp",
    "--messages",
    "3000",
    "--warmup",
    "100",
]


def test_the_smpp_bench_without_a_gateway():
    options = ["--direct", "--binds", "6", "--accounts", "3", "--window", "20", "--text", "Καλημέρα {n}", "--table"]
    result = subprocess.run([*BENCH, *options], capture_output=True, timeout=60)
    assert result.returncode == 0, result.stderr.decode()
    (run,) = json.loads(result.stdout)["runs"]
    assert run["counts"]["accepted"] == run["counts"]["smsc_unique"] == run["counts"]["receipts_unique"] == 3_100
    assert run["exact"] and run["messages"] == 3_000 and run["fairness"]["accounts"] == 3
    assert 0 < run["receipt_ms"]["p50"] <= run["life_ms"]["p99"] and run["accept_ms"]["p50"] > 0
    assert set(run["cpu_us_per_message"]) == {"smsc", "load"}
    assert b"least share of an account" in result.stderr


def test_the_smpp_bench_against_another_gateway(start):
    _, port = start("smsc", "--port", "0", "--system-id", "me", "--password", "secret1")
    target = ["--target", f"127.0.0.1:{port}", "--system-id", "me", "--password", "secret1", "--rate", "3000"]
    result = subprocess.run([*BENCH, *target], capture_output=True, timeout=60)
    assert result.returncode == 0, result.stderr.decode()
    report = json.loads(result.stdout)
    assert report["runs"][0]["counts"]["receipts_unique"] == 3_100 and "secret1" not in result.stdout.decode()
    wrong = subprocess.run(
        [*BENCH, "--target", f"127.0.0.1:{port}", "--system-id", "me"], capture_output=True, timeout=60
    )
    assert wrong.returncode == 1 and b"refused with 0x0E" in wrong.stderr and b"Traceback" not in wrong.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["http", "--target", "http://x/"], "--target needs --smsc-port"),
        (["http", "--smsc-port", "5"], "--smsc-port needs --target"),
        (["http", "--pid", "5"], "--pid needs --target"),
        (["http", "--expect", "Accepted"], "--expect needs --target"),
        (["http", "--method", "POST"], "--method needs --target"),
        (["http", "--header", "a: b"], "--header needs --target"),
        (["http", "--rate", "inf"], "not a finite number"),
        (["idle", "--seconds", "inf"], "not a finite number"),
        (["batch", "--messages", "150"], "--messages must be a multiple of --size"),
        (["batch", "--pid", "5"], "not for batch"),
        (["smpp", "--pid", "5"], "--pid needs --target"),
    ],
)
def test_bad_options_of_the_other_benches_are_named(words, says):
    result = CliRunner().invoke(bench, words)
    assert result.exit_code == 2 and says in result.output


def test_neither_command_is_loaded_by_the_daemon():
    code = (
        "import sys; import smsgwd.cli.simulate, smsgwd.cli.bench; "
        "sys.exit(any(name in sys.modules for name in ('twisted.internet.reactor', 'smsgwd.simulator.smsc')))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=20).returncode == 0
