"""docs/provider-apis.md: its configuration is used, its lines are carried out, and its table is whole."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

from smsgwd.dialects.registry import DIALECTS
from tests.dialects.test_docs import lines_of, pattern_of
from tests.scenario.harness import Scene

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "provider-apis.md").read_text("utf-8")


def test_every_api_is_in_the_table() -> None:
    assert sorted(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == sorted(DIALECTS)


def test_the_lines_do_what_they_say(scene: Scene) -> None:
    """In order, against a gateway with the dialects of the page's own configuration."""
    (configuration,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    tenant = {
        "id": "demo",
        "credentials": [
            {"kind": "password", "username": "demo", "secret": "demo"},
            {"kind": "token", "secret": "demo-token"},
        ],
    }
    gateway = scene.gateway(scene.smsc(), tenant=tenant, log={"format": "console"}, **yaml.safe_load(configuration))
    env = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "URL": f"http://127.0.0.1:{gateway.http_port}",
        "OPS": f"http://127.0.0.1:{gateway.ops_port}",
        "SMSGWD_SOCKET": str(gateway.admin_socket),
    }
    lines = lines_of(PAGE)
    assert len(lines) >= 7
    for line in lines:
        done = subprocess.run(
            ["bash", "-c", line.command],
            cwd=scene.directory,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=env,
        )
        said = re.sub(r"\s*\n\s*", "\n", done.stdout.strip())
        assert pattern_of(line.said).fullmatch(said), f"$ {line.command}{done.stdout}{done.stderr}"
    (logged,) = re.findall(r"^```text\n(.*?)\n```$", PAGE, re.DOTALL | re.MULTILINE)
    assert logged.partition("dialects=")[2].strip('"') in gateway.log_path.read_text()
