"""Where no browser starts: its tests are skipped, which the run says in a line; where required, they fail."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, NoReturn

import pytest

_SAID = "no browser: "


def did_not_run(reason: str) -> NoReturn:
    """Skip, or fail where SMSGWD_BROWSER=required (`.ci/run`) or CI=true says that they are to run."""
    if os.environ.get("SMSGWD_BROWSER") == "required" or os.environ.get("CI") == "true":
        pytest.fail(_SAID + reason, pytrace=False)
    pytest.skip(_SAID + reason)


def summary_line(skipped: Iterable[Any]) -> str:
    """What the run's summary says of these reports; empty where every browser test ran."""
    reasons = [
        report.longrepr[2].partition(_SAID)[2]
        for report in skipped
        if isinstance(report.longrepr, tuple) and _SAID in report.longrepr[2]
    ]
    if not reasons:
        return ""
    return f"browser tests did not run ({len(reasons)}): {' '.join(reasons[0].split())}"
