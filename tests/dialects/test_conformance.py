"""The conformance tables of all dialects, against one running gateway."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dialects.conformance import Case, TableError, read
from tests.dialects.runner import Runner
from tests.dialects.stand import NAMES, Stand

HERE = Path(__file__).parent
LEAST = 40

_known: dict[str, dict[str, str]] = {name: {} for name in NAMES}


def _tables() -> list[tuple[str, Case | TableError]]:
    """Every case there is; a table that cannot be read is one that fails."""
    found: list[tuple[str, Case | TableError]] = []
    for name in NAMES:
        path = HERE / f"{name}.yaml"
        if path.exists():
            try:
                found += [(name, case) for case in read(path)]
            except TableError as error:
                found.append((name, error))
    return found


_CASES = [
    pytest.param(name, case, id=f"{name}: {case.name if isinstance(case, Case) else 'table'}")
    for name, case in _tables()
]


@pytest.mark.parametrize("name", NAMES)
def test_there_is_a_table(name: str) -> None:
    """Of each dialect, with enough cases, and none without the page's examples."""
    cases = read(HERE / f"{name}.yaml")
    assert len(cases) >= LEAST
    assert any(case.page for case in cases)
    assert any(case.sent or any(step.sent for step in case.then) for case in cases)
    assert any(step.nothing_sent for case in cases for step in case.steps)


@pytest.mark.parametrize(("name", "case"), _CASES)
def test_conformance(stand: Stand, name: str, case: Case | TableError) -> None:
    """Request, answer, what was sent, state, callback."""
    if isinstance(case, TableError):
        raise case
    Runner(stand, case, name, _known[name]).run()
