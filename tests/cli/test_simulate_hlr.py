"""`smsgwd simulate hlr`: says where it listens, answers, and tells what it answered at its end."""

import json
import signal
import subprocess
import sys
import urllib.request

from click.testing import CliRunner

from smsgwd.cli.simulate import simulate


def test_it_listens_and_answers():
    command = [
        sys.executable,
        "-m",
        "smsgwd.cli.main",
        "simulate",
        "hlr",
        "--port",
        "0",
        "--network",
        "99:XX:999:99:Far",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = json.loads(process.stdout.readline())["port"]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/hlr/99123456710", timeout=10) as answer:
                found = json.load(answer)
        finally:
            process.send_signal(signal.SIGTERM)
        assert json.loads(process.communicate(timeout=10)[0]) == {"delivered": 1}
    assert (found["state"], found["country"], found["operator"]) == ("delivered", "XX", "Far")


def test_a_network_that_is_none_is_refused():
    result = CliRunner().invoke(simulate, ["hlr", "--network", "Cosmote"])
    assert result.exit_code == 2 and "PREFIX:COUNTRY:MCC:MNC:NAME" in result.output
