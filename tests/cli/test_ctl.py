"""`smsgwctl` against a live daemon, and its errors."""

import json

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
    assert unknown.exit_code == 1 and unknown.stderr == "Error: there is no tenant nobody\n"


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
    assert unknown.stderr == "Error: there is no command 'tenants'; did you mean tenant?\n"
    for words in (("tenant", "create", "--help"), ("tenant", "help", "create"), ("tenant", "create", "-h")):
        assert ctl("--socket", str(gateway.admin_socket), *words).output == result.output


def test_an_unknown_command_is_answered_with_the_known_ones(shared, gateway):
    result = ctl("--socket", str(gateway.admin_socket), "zzzz", "purge")
    assert result.exit_code == 2
    assert "no command 'zzzz'" in result.stderr
    assert "status, store" in result.stderr
    near = ctl("--socket", str(gateway.admin_socket), "tenant", "enabel")
    assert "did you mean tenant enable" in near.stderr and "status" not in near.stderr
    far = ctl("--socket", str(gateway.admin_socket), "tenant", "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq")
    assert "tenant create, tenant set" in far.stderr


def test_a_noun_alone_shows_what_there_is(shared, gateway):
    listed = ctl("--socket", str(gateway.admin_socket), "tenant")
    assert listed.exit_code == 0
    assert listed.output.split()[:2] == ["id", "parent"]
    assert f"id: {TENANT}" in ctl("--socket", str(gateway.admin_socket), "tenant", f"id={TENANT}").output.splitlines()
    told = ctl("--socket", str(gateway.admin_socket), "event")
    assert told.exit_code == 0
    assert "smsgwctl event send TENANT KIND DATA" in told.output


def test_an_unknown_parameter_is_refused(shared, gateway):
    result = ctl("--socket", str(gateway.admin_socket), "status", "show", "colour=red")
    assert result.exit_code == 2
    assert "colour" in result.output
    lacking = ctl("--socket", str(gateway.admin_socket), "tenant", "show")
    assert lacking.exit_code == 2
    assert "needs the parameter id" in lacking.stderr


def test_a_noun_cannot_leave_the_path(shared, gateway):
    for noun in ("../status", "status/show?x=1", "sta tus", "sta\r\ntus", "κατάσταση"):
        result = ctl("--socket", str(gateway.admin_socket), noun)
        assert result.exit_code != 0
        assert "Traceback" not in result.output
        assert result.exception is None or isinstance(result.exception, SystemExit), noun


def test_parameters_may_be_written_as_options(shared, gateway):
    for words in (["--id", TENANT], [f"--id={TENANT}"], [f"id={TENANT}"], [TENANT]):
        result = ctl("--socket", str(gateway.admin_socket), "--json", "tenant", "webhook-secret", *words)
        assert result.exit_code == 0, result.output
        assert json.loads(result.output)["tenant"] == TENANT
