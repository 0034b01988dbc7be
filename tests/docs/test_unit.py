"""The systemd unit against what the gateway is: several processes, and a drain that takes its time."""

from configparser import ConfigParser
from pathlib import Path

from smsgwd.config.model.runtime import Shutdown

UNIT = Path(__file__).parents[2] / "systemd" / "smsgwd.service"


def _service() -> dict[str, str]:
    parser = ConfigParser(strict=False, interpolation=None)
    parser.read(UNIT)
    return dict(parser["Service"])


def test_a_worker_that_runs_out_of_memory_does_not_end_the_gateway():
    assert _service()["oompolicy"] == "continue"


def test_what_stops_has_time_to_drain():
    assert int(_service()["timeoutstopsec"]) > Shutdown().drain_s


def test_what_starts_has_time_until_it_asks_for_more():
    """A store that is rewritten takes longer: the gateway asks for more time meanwhile (tests/ops/test_systemd.py)."""
    assert int(_service()["timeoutstartsec"]) >= 60
