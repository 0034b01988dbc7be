"""Section `listeners.callbacks`, and what connectors say of callbacks."""

from pathlib import Path

import pytest

from smsgwd.config import ConfigErrors, load
from smsgwd.config.diff import differences
from tests.config.files import bad, good

OWN = "listeners: {http: {listen: '127.0.0.1:8080'}, callbacks: {listen: '127.0.0.1:8090'%s}}"


def test_what_it_has_without_being_told(tmp_path: Path) -> None:
    section = good(tmp_path, OWN % "").listeners.callbacks
    assert section is not None
    assert (section.also_on_http, section.max_body, section.max_connections, section.tls) == (True, 1 << 20, 1024, None)
    assert good(tmp_path, "").listeners.callbacks is None


def test_what_is_wrong_is_told(tmp_path: Path) -> None:
    errors = bad(tmp_path, OWN.replace("8090", "8080") % ", workers: 2, also_on_http: maybe, trusted_proxies: [x]")
    told = "\n".join(errors)
    assert "listeners.callbacks.listen: '127.0.0.1:8080' is already taken by the http listener" in told
    assert "listeners.callbacks.workers: unknown key" in told
    assert "listeners.callbacks.also_on_http" in told
    assert "listeners.callbacks.trusted_proxies[0]: not an address or network" in told


def test_a_new_one_needs_a_restart(tmp_path: Path) -> None:
    before, after = good(tmp_path, ""), good(tmp_path, OWN % "")
    found = {each.path: each.live for each in differences(before, after)}
    assert found == {"listeners.http": False, "listeners.callbacks": False}


@pytest.mark.parametrize("given", ["callbacks: {allow_from: [nowhere]}", "callbacks: {base_url: 'ftp://x.example/'}"])
def test_callbacks_of_a_connector(tmp_path: Path, given: str) -> None:
    path = tmp_path / "smsgwd.yaml"
    path.write_text(f"connectors: [{{id: a, kind: provider, provider: isms, {given}}}]\n")
    with pytest.raises(ConfigErrors, match=r"connectors\[0\]\.callbacks"):
        load(path, {})
