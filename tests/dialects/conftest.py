"""The stand, once for all tests here (of each worker)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dialects.stand import Stand, stand_in


@pytest.fixture(scope="package")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """The gateway between SMSCs and a catcher; see tests/dialects/stand.py."""
    with stand_in(tmp_path_factory.mktemp("stand")) as found:
        yield found
