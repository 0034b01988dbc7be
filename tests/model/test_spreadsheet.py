"""Cells that no spreadsheet runs, and that are read back as they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.model.spreadsheet import guarded, unguarded


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+30", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\u00a0=1", "|x", "%x", "\uff1d1", "'=1", "''"],
)
def test_what_would_run_has_an_apostrophe_in_front(text):
    assert guarded(text) == "'" + text


@pytest.mark.parametrize("text", ["", "Shop", "3+4", "payment =1", "O'Hara", " note"])
def test_what_would_not_stays(text):
    assert guarded(text) == text


@given(st.text(alphabet=st.sampled_from("=+-@'|% \t\r\nab"), max_size=6))
def test_read_back(text):
    assert unguarded(guarded(text)) == text
