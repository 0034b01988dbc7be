"""The client of smpplib."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.esme import MODES, Run, check_ids, check_octets, check_session, check_states, check_texts, run
from tests.scenario.harness import scene_in


@pytest.fixture(scope="module", params=MODES)
def done(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The ESME as one transceiver, and as a transmitter with a receiver."""
    directory: Path = tmp_path_factory.mktemp(request.param)
    with scene_in(directory) as scene:
        yield run("smpplib", request.param, scene)


def test_session(done: Run) -> None:
    """Bind, probe, unbind."""
    check_session(done)


def test_texts_arrive(done: Run) -> None:
    """Short, in parts of its own making, longer than a part, and Unicode."""
    check_texts(done, "short", "udh", "payload", "unicode")


def test_octets_arrive(done: Run) -> None:
    """Binary."""
    check_octets(done)


def test_receipts(done: Run) -> None:
    """One for every submit_sm, with its id."""
    check_ids(done, ids=7)


def test_states(done: Run) -> None:
    """What HTTP says of the same messages."""
    check_states(done)
