"""The bench of traces takes no message for told that comes without its push."""

import pytest

from smsgwd.simulator.stand import StandError
from smsgwd.simulator.trace_bench import _traced


class _Told:
    def __init__(self, pushes):
        self._pushes = pushes

    def run(self, noun, verb, **params):
        return {"id": params["id"], "pushes": self._pushes}


def test_one_without_its_push_is_a_failure():
    assert _traced(_Told([{"type": "message.delivered"}]), [7])["max"] >= 0
    with pytest.raises(StandError, match="message 7 was told without its push"):
        _traced(_Told([]), [7])
