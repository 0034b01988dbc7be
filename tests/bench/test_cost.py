"""CPU a message, as a multiple of a calibration loop beside it, must not pass 1.5 times the reference."""

import json
import sys
from pathlib import Path

import pytest

from smsgwd.simulator.cost_check import KINDS, LIMIT, Cost, best, calibration_us, reference_for

REFERENCE = Path(__file__).parent / "reference.json"


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_costs_no_more_than_it_did(kind, tmp_path):
    expected = reference_for(json.loads(REFERENCE.read_text())["ratios"], sys.version_info[:2])[kind]
    found = best(kind, tmp_path, enough=LIMIT * expected)
    told = (
        f"{kind}: {found.us:.1f} us a message, {found.calibration_us:.2f} us calibration: {found.ratio:.2f};"
        f" reference {expected:.2f}: {found.ratio / expected:.2f} times"
    )
    print(told)
    assert found.ratio <= LIMIT * expected, told


def test_the_calibration_is_steady():
    found = [calibration_us() for _ in range(3)]
    assert 0 < max(found) < 3 * min(found)


def test_a_reference_is_that_of_the_python_or_the_next_older_one():
    known = {"3.9": {"smpp": 0.9}, "3.11": {"smpp": 1.1}, "3.13": {"smpp": 1.3}}
    assert reference_for(known, (3, 11))["smpp"] == 1.1
    assert reference_for(known, (3, 12))["smpp"] == 1.1
    assert reference_for(known, (3, 14))["smpp"] == 1.3
    assert reference_for(known, (3, 8))["smpp"] == 0.9
    with pytest.raises(ValueError, match="bench_reference"):
        reference_for({}, (3, 11))


def test_the_ratio_is_of_both():
    assert Cost(60.0, 12.0).ratio == 5.0
