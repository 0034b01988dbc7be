"""Each command of the operators' is run by `smsgwctl` against a live daemon; the cases stand in verbs_*.py."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenario.harness import TOKEN, Gateway, Scene, scene_in
from tests.scenario.stand_esme import credential
from tests.scenario.verbs import Group, Stage, covered, groups, play, stage_of

GROUPS = groups()


@pytest.fixture(scope="module")
def stage(shared: Scene) -> Stage:
    """The daemon of all groups that make none of their own."""
    tenant = {"credentials": [{"kind": "token", "secret": TOKEN}, credential("esme")]}
    return stage_of(shared, smpp={}, tenant=tenant)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Scene]:
    """A directory for a group with a daemon of its own."""
    with scene_in(tmp_path) as found:
        yield found


@pytest.mark.parametrize("group", [each for each in GROUPS if each.stage is None], ids=lambda group: group.name)
def test_commands(stage: Stage, group: Group) -> None:
    """The cases of a group, in their order."""
    play(stage, group)


@pytest.mark.parametrize("group", [each for each in GROUPS if each.stage], ids=lambda group: group.name)
def test_commands_of_another_daemon(own: Scene, group: Group) -> None:
    """The cases of a group that would trouble the others."""
    assert group.stage is not None
    play(group.stage(own), group)


def test_no_command_is_left_out(stage: Stage) -> None:
    """What the live daemon offers is run by some test."""
    there = {(command["noun"], command["verb"]) for command in _commands(stage.gateway)}
    assert len(there) > 60
    assert there - covered() == set()


def _commands(gateway: Gateway) -> list[dict[str, str]]:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(20)
        sock.connect(str(gateway.admin_socket))
        connection = http.client.HTTPConnection("localhost")
        connection.sock = sock
        connection.request("GET", "/commands")
        found: list[dict[str, str]] = json.loads(connection.getresponse().read())
        return found
