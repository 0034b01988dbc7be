"""`smsgwd simulate provider` as a process: what it announces, answers, prints at the end, and refuses."""

import json
import signal
import subprocess
import sys
import urllib.request

from click.testing import CliRunner

from smsgwd.cli.simulate import simulate
from smsgwd.cli.simulate_provider import provider
from smsgwd.simulator.provider_options import SimulatorOptions

COMMAND = [sys.executable, "-c", "from smsgwd.cli.simulate import simulate; simulate()", "provider"]


def test_it_serves_and_prints_statistics_at_the_end():
    words = ["isms", "--port", "0", "--user", "we", "--password", "know", "--numbers", "99:Failed"]
    child = subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        port = json.loads(child.stdout.readline())["port"]
        query = "username=we&password=know&from=me&message=x&to=306900000099"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/http/send.php?{query}", timeout=10) as answer:
            assert answer.read().startswith(b"ID:")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_sim/stats", timeout=10) as answer:
            assert json.load(answer)["messages"] == 1
        child.send_signal(signal.SIGUSR1)
        assert json.loads(child.stderr.readline())["requests"] == 1
        child.send_signal(signal.SIGTERM)
        out, _ = child.communicate(timeout=10)
        assert json.loads(out)["messages"] == 1 and child.returncode == 0
    finally:
        child.kill()
        child.communicate()


def test_what_it_refuses():
    for words, said in (
        (["acme"], "isms"),
        (["isms", "--error", "nope"], "no error 'nope'"),
        (["isms", "--numbers", "99:DELIVRD"], "no final state 'DELIVRD'"),
        (["isms", "--numbers", "x"], "DIGITS:STATE"),
        (["isms", "--fail-pct", "101"], "101"),
    ):
        done = CliRunner().invoke(simulate, ["provider", *words])
        assert done.exit_code == 2 and said in done.output, words


def test_every_option_has_its_word_on_the_command_line():
    words = {name for param in provider.params for name in param.opts}
    singular = {"senders": "sender", "errors": "error"}
    for name in SimulatorOptions.__struct_encode_fields__:
        assert f"--{singular.get(name, name).replace('_', '-')}" in words
