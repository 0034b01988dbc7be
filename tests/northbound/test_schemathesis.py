"""The document is true: schemathesis asks the real server everything the document says, and what it forbids."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from smsgwd.northbound.routes import ROUTES

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
EXAMPLES = 10


@pytest.fixture
def server():
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.northbound.server"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.stdin.close()
        assert process.wait(10) == 0
        process.stdout.close()


def test_schemathesis_finds_nothing(server, tmp_path):
    report = tmp_path / "report.json"
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "--config-file", str(HERE / "schemathesis.toml"), "run", f"{server}/openapi.json",
            "--header", "Authorization: Bearer demo-token",
            "--checks", "all",
            "--max-examples", str(EXAMPLES),
            "--seed", "20261121",
            "--phases", "coverage,fuzzing",
            "--generation-database", "none",
            "--suppress-health-check", "all",
            "--report-json-path", str(report),
            "--no-color",
        ],
        cwd=tmp_path,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.northbound.schemathesis_hooks", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    found = json.loads(report.read_text())
    assert found["operations"]["tested"] == len(ROUTES) - 1  # all but the document itself
    for operation in ("POST /v1/messages", "POST /v1/messages/batch"):  # or nothing was tried behind the checks
        rates = found["valid_rates"][operation]
        assert rates["coverage"]["accepted"] + rates["fuzzing"]["accepted"] > 0
