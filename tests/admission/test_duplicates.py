"""The same text to the same number: remembered for a window, in bounded memory."""

from hypothesis import given
from hypothesis import strategies as st

from smsgwd.admission.duplicates import RecentTexts

T0 = 1_790_000_000_000


def _seen(
    texts: RecentTexts, at: int, *, tenant: str = "t", msisdn: str = "3069", body: bytes = b"hi", window: int = 120
) -> bool:
    return texts.seen(tenant, msisdn, body, window, T0 + at)


def test_the_same_within_the_window_is_seen():
    texts = RecentTexts()
    assert not _seen(texts, 0)
    assert _seen(texts, 1)
    assert _seen(texts, 119_999)
    assert not _seen(texts, 120_000)


def test_a_refused_one_does_not_begin_the_window_anew():
    texts = RecentTexts()
    assert not _seen(texts, 0)
    assert _seen(texts, 100_000)
    assert not _seen(texts, 120_001)
    assert _seen(texts, 240_000)  # the one at 120,001 was accepted


def test_another_text_number_or_tenant_is_another():
    texts = RecentTexts()
    assert not _seen(texts, 0)
    assert not _seen(texts, 0, body=b"ho")
    assert not _seen(texts, 0, msisdn="3068")
    assert not _seen(texts, 0, tenant="u")
    assert not _seen(texts, 0, tenant="t\0", msisdn="3069")
    assert not _seen(texts, 0, msisdn="306", body=b"9hi")


def test_a_forgotten_one_may_come_again():
    texts = RecentTexts()
    assert not _seen(texts, 0)
    texts.forget("t", "3069", b"hi")
    texts.forget("t", "3069", b"never seen")
    assert not _seen(texts, 1)
    assert _seen(texts, 2)


def test_learnt_ones_count_from_when_they_were_accepted():
    texts = RecentTexts()
    texts.learn("t", "3069", b"hi", T0 - 100_000)
    texts.learn("t", "3069", b"hi", T0 - 110_000)
    assert _seen(texts, 19_999)
    assert not _seen(texts, 20_000)


def test_a_clock_set_back_does_no_harm():
    texts = RecentTexts()
    assert not _seen(texts, 0)
    assert _seen(texts, -5_000)


def test_memory_is_bounded_and_the_oldest_go():
    texts = RecentTexts(most=100)
    for number in range(1000):
        assert not _seen(texts, number, msisdn=str(number))
        assert len(texts) <= 100
    assert _seen(texts, 1000, msisdn="999")
    assert _seen(texts, 1000, msisdn="950")
    assert not _seen(texts, 1000, msisdn="0")
    for number in range(1000):
        texts.learn("l", str(number), b"", T0)
    assert len(texts) <= 100


def test_what_no_window_reaches_is_dropped():
    texts = RecentTexts()
    for number in range(1000):
        _seen(texts, 0, msisdn=str(number))
    for number in range(400):
        _seen(texts, 120_000, msisdn=f"1{number:06}")
    assert len(texts) == 400


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 100)), max_size=60), st.integers(1, 100))
def test_as_a_list_of_all_acceptances_says(steps, window):
    texts = RecentTexts(most=1000)
    now = 0
    accepted: list[tuple[int, int]] = []
    for number, pause in steps:
        now += pause * 1000
        expected = any(which == number and now - at < window * 1000 for which, at in accepted)
        assert _seen(texts, now, msisdn=str(number), window=window) == expected
        if not expected:
            accepted.append((number, now))
