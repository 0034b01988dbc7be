"""`smsgwd`: help, version, describe, check."""

import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from smsgwd import __version__
from smsgwd.cli.main import main
from smsgwd.config import load

CONNECTOR = "{id: sim, kind: smpp, host: 127.0.0.1, port: 2776, system_id: gw, password: gw}"


def run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def written(directory: Path, text: str) -> str:
    path = directory / "smsgwd.yaml"
    path.write_text(text)
    return str(path)


def test_help_lists_the_commands():
    for flag in ("--help", "-h"):
        result = run(flag)
        assert result.exit_code == 0
        assert {"run", "check", "config", "simulate", "bench"} <= set(result.output.split())


def test_every_command_has_help():
    for words in (["run"], ["check"], ["config", "describe"], ["simulate", "smsc"], ["simulate", "webhook"], ["bench"]):
        result = run(*words, "--help")
        assert result.exit_code == 0, result.output
        assert "Usage:" in result.output


def test_version():
    result = run("--version")
    assert (result.exit_code, result.output) == (0, f"smsgwd, version {__version__}\n")


def test_an_unknown_command_is_named():
    result = run("frobnicate")
    assert result.exit_code == 2
    assert "frobnicate" in result.output


def test_the_configuration_file_must_be_named():
    result = run("run")
    assert result.exit_code == 2
    assert "--config" in result.output


def test_config_describe_is_a_configuration(tmp_path):
    result = run("config", "describe")
    assert result.exit_code == 0
    document = yaml.safe_load(result.output.split("\n---\n")[0])
    assert {"node", "data_dir", "store", "listeners", "connectors", "routes"} <= document.keys()


def test_check_accepts_a_good_file(tmp_path):
    path = written(tmp_path, f"node: one\ndata_dir: data\nconnectors:\n  - {CONNECTOR}\n")
    result = run("check", "-c", path)
    assert (result.exit_code, result.output) == (0, f"{path}: ok\n")
    assert load(Path(path), {}).node == "one"
    assert not (tmp_path / "data").exists()  # checking makes nothing


def test_check_says_what_this_release_leaves_closed(tmp_path):
    path = written(tmp_path, "node: one\ndata_dir: data\nlisteners: {smpp: {listen: '127.0.0.1:2775'}}\n")
    result = run("check", "-c", path)
    assert result.exit_code == 0
    assert result.output.endswith(f"{path}: ok\n")


@pytest.mark.parametrize(
    ("section", "wrong"),
    [
        ("{url: 'redis://127.0.0.1:6379/0'}", ""),
        ("{url: 'rediss://h', tls: {ca: smsgwd.yaml}}", ""),
        ("{url: 'redis://127.0.0.1:99999/0'}", "store.url: a port is a number from 1 to 65535"),
        ("{url: 'redis+sentinel://h:1,i:2/'}", "store.url: the name the sentinels call the master by"),
        ("{url: 'redis://u:secret:x@h'}", "store.url: in user and password write : as %3A"),
        ("{url: 'redis://h', tls: {ca: smsgwd.yaml}}", "store.tls: the address has no TLS"),
        ("{url: 'rediss://h', tls: {cert: smsgwd.yaml}}", "store.tls: cert and key are given together"),
        ("{url: 'rediss://h', tls: {ca: nowhere.pem}}", "store.tls.ca: cannot read file"),
        ("{url: 'http://h'}", "smsgwd.yaml:3: store.url: must start with redis://"),
        ("{url: 'redis://h', archive: {kind: postgresql, url: 'postgresql://u:secret@h/a?sslmode=verify-full'}}", ""),
        ("{url: 'redis://h', archive: {kind: postgresql}}", "store.archive: kind postgresql needs a url"),
        ("{url: 'redis://h', archive: {url: 'postgresql://u:secret@h/a'}}", "kind files has none"),
        (
            "{url: 'redis://h', archive: {kind: postgresql, url: 'mysql://u:secret@h/a'}}",
            "must start with postgresql://",
        ),
        (
            "{url: 'redis://h', archive: {kind: postgresql, url: 'postgresql://u@h/a?secret=1'}}",
            "store.archive.url: no address of a database",
        ),
        ("{url: 'redis://h', replicas: 17}", "smsgwd.yaml:3: store.replicas"),
        ("{url: 'redis://h', prefix: 'a b'}", "smsgwd.yaml:3: store.prefix"),
    ],
)
def test_check_says_what_is_wrong_with_the_store(tmp_path, monkeypatch, section, wrong):
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path, f"node: one\ndata_dir: data\nstore: {{kind: redis, {section[1:]}\n")
    result = run("check", "-c", path)
    assert (result.exit_code, wrong in result.output) == (2 if wrong else 0, True), result.output
    assert "secret" not in result.output


def test_check_refuses_shared_addresses_where_the_store_is_not_shared(tmp_path):
    path = written(tmp_path, "node: one\ndata_dir: data\nlisteners: {shared: true}\n")
    result = run("check", "-c", path)
    assert result.exit_code == 2
    assert "listeners.shared: the embedded store belongs to one process" in result.output


def test_check_says_which_packages_traces_need(tmp_path, monkeypatch):
    path = written(tmp_path, "node: one\ndata_dir: data\ntracing: {endpoint: 'http://127.0.0.1:4318'}\n")
    assert run("check", "-c", path).exit_code == 0
    monkeypatch.setattr("smsgwd.app.support.available", lambda: False)
    result = run("check", "-c", path)
    assert result.exit_code == 2
    assert "tracing.endpoint: needs packages that are not installed: pip install 'smsgwd[otel]'" in result.output


def test_check_says_which_packages_the_archive_needs(tmp_path, monkeypatch):
    section = "{kind: redis, url: 'redis://h', archive: {kind: postgresql, url: 'postgresql://h/a'}}"
    path = written(tmp_path, f"node: one\ndata_dir: data\nstore: {section}\n")
    assert run("check", "-c", path).exit_code == 0
    monkeypatch.setitem(sys.modules, "psycopg", None)
    result = run("check", "-c", path)
    assert result.exit_code == 2
    assert "store.archive: needs packages that are not installed: pip install 'smsgwd[postgresql]'" in result.output


def test_run_refuses_a_bad_file_before_anything_starts(tmp_path):
    path = written(tmp_path, "node: one\ndata_dir: data\ncolour: red\n")
    result = run("run", "-c", path)
    assert result.exit_code == 2
    assert f"{path}:3: colour" in result.output
    assert not (tmp_path / "data").exists()


def test_simulate_names_a_bad_option():
    result = run("simulate", "smsc", "--state-mix", "NONSENSE:5")
    assert result.exit_code == 2
    assert "NONSENSE" in result.output
