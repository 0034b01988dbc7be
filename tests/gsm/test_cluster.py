"""Where a text may be cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.gsm.cluster import joined, last_cut


def cuts(text: str) -> list[str]:
    """Split at every place that is not joined."""
    pieces = [text[:1]]
    for at in range(1, len(text)):
        if joined(text, at):
            pieces[-1] += text[at]
        else:
            pieces.append(text[at])
    return pieces


@pytest.mark.parametrize(
    "clusters",
    [
        ["a", "b", " ", "c"],
        ["e\u0301", "x"],
        ["a\u0301\u0302\u0303", "b"],
        ["👨\u200d👩\u200d👧\u200d👦", "!"],
        ["👍🏽", "👍🏽"],
        ["❤\ufe0f", "❤"],
        ["🇬🇷", "🇨🇾", "🇬🇷"],
        ["x", "🇬🇷", "🇨"],
        ["1\ufe0f\u20e3", "2"],
        ["🏴\U000e0067\U000e0062\U000e007f", "x"],
        ["\u0928", "\u092e", "\u0938\u094d\u0924\u0947"],
        ["\u1100\u1161\u11a8", "\u1100\u1161"],
        ["\u1100가", "나"],
        ["Κ", "α", "λ"],
        ["日", "本"],
        ["\uff76\uff9e", "\uff77"],
    ],
)
def test_clusters_stay_together(clusters: list[str]) -> None:
    assert cuts("".join(clusters)) == clusters


def test_last_cut_steps_back_to_the_cluster() -> None:
    text = "abc" + "👨\u200d👩\u200d👧"
    assert last_cut(text, 0, 5) == 3
    assert last_cut(text, 0, 3) == 3
    assert last_cut(text, 0, len(text)) == len(text)


def test_a_cluster_longer_than_the_part_is_cut() -> None:
    text = "e" + "\u0301" * 50
    assert last_cut(text, 0, 10) == 10
    assert last_cut(text, 10, 20) == 20


@given(st.text(alphabet="a\u0301\u200d👩🇬🇷\u094d\u0915\u1100가", min_size=1, max_size=40), st.data())
def test_last_cut_makes_progress(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    cut = last_cut(text, start, end)
    assert start < cut <= end
    if cut != end:
        assert not joined(text, cut)
