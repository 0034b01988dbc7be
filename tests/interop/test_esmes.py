"""Six clients that others wrote, each as one transceiver and as a transmitter with a receiver."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.interop.esme import MODES, Run, check_ids, check_octets, check_session, check_states, check_texts, run
from tests.scenario.harness import scene_in

_ALL = ("short", "udh", "payload", "unicode")


class Client(NamedTuple):
    """What a library can do."""

    name: str
    texts: tuple[str, ...] = _ALL
    octets: bool = True
    ids: int = 7  #: that it is told: one a submit_sm


CLIENTS = (
    Client("npm"),  # npm `smpp`
    Client("smpplib"),
    Client("smpp34"),
    Client("aiosmpplib", octets=False, ids=4),  # of a long message it shows the first part; it cannot send octets
    Client("rusmppyc"),  # rusmpp: SMPP 5.0
    Client("twisted3", texts=("short", "udh", "unicode"), ids=6),  # the stack Jasmin runs; it has no message_payload
)


@pytest.fixture(
    scope="module", params=[(client, mode) for client in CLIENTS for mode in MODES], ids=lambda p: f"{p[0].name}-{p[1]}"
)
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Run]]:
    """The client has done all it does."""
    client, mode = request.param
    directory: Path = tmp_path_factory.mktemp(f"{client.name}-{mode}")
    with scene_in(directory) as scene:
        yield client, run(client.name, mode, scene)


def test_session(ran: tuple[Client, Run]) -> None:
    """Bind, probe, unbind."""
    check_session(ran[1])


def test_texts_arrive(ran: tuple[Client, Run]) -> None:
    """Short, in parts of its own making, longer than a part, and Unicode."""
    check_texts(ran[1], *ran[0].texts)


def test_octets_arrive(ran: tuple[Client, Run]) -> None:
    """Binary."""
    if ran[0].octets:
        check_octets(ran[1])


def test_receipts(ran: tuple[Client, Run]) -> None:
    """One for every submit_sm, with its id."""
    check_ids(ran[1], ids=ran[0].ids)


def test_states(ran: tuple[Client, Run]) -> None:
    """What HTTP says of the same messages."""
    check_states(ran[1])
