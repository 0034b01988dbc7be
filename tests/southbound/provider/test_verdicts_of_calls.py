"""What the verdicts of one call say of the provider as a whole."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from smsgwd.providers import Accepted, Permanent, SlowDown, Temporary, Unknown, Verdict
from smsgwd.southbound.provider.verdicts import bad


@pytest.mark.parametrize(
    "verdicts",
    [
        [Temporary("503")],
        [Unknown("time-out"), Temporary("503")],
        [Unknown("time-out"), SlowDown("its group took too long"), SlowDown("its group took too long")],
    ],
)
def test_nothing_done_is_bad_also_where_the_rest_was_not_asked_for(verdicts: Sequence[Verdict]) -> None:
    assert bad(verdicts)


@pytest.mark.parametrize(
    "verdicts",
    [
        [SlowDown("429")],
        [Accepted("7"), Unknown("time-out"), SlowDown("x")],
        [Permanent("no such number"), Temporary("503")],
    ],
)
def test_a_word_of_the_provider_is_not_bad(verdicts: Sequence[Verdict]) -> None:
    assert not bad(verdicts)
