"""Inbound parts become messages."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsgwd.gsm import alphabet, udh
from smsgwd.gsm.charset import CHARSETS, Charset
from smsgwd.gsm.reassembly import Assembled, Part, Reassembler, SetKey, join_text
from smsgwd.gsm.segment import segments


def key(total: int = 3, ref: int = 1, **changes: object) -> SetKey:
    """Return a key, some of it changed."""
    return SetKey("carrier", "3069", "12345", ref, total, "udh8")._replace(**changes)


def part(seq: int, body: bytes = b"", context: object = None) -> Part:
    """Return a GSM part whose body tells its number."""
    return Part(seq, 0, body or b"part%d " % seq, b"", context)


def test_any_order_joins_in_order() -> None:
    box = Reassembler()
    assert box.add(key(), part(3), 0) == []
    assert box.add(key(), part(1), 1) == []
    assert len(box) == 1
    (done,) = box.add(key(), part(2), 2)
    assert done == Assembled(key(), (part(1), part(2), part(3)), True, "complete")
    assert done.text() == "part1 part2 part3 "
    assert done.data() == b"part1 part2 part3 "
    assert (len(box), box.octets, box.wake_at()) == (0, 0, None)


def test_a_message_of_one_part_is_complete_at_once() -> None:
    (done,) = Reassembler().add(key(1), part(1), 0)
    assert done.complete


def test_duplicates_are_ignored_while_open_and_after() -> None:
    box = Reassembler(timeout=60)
    assert box.add(key(2), part(1), 0) == []
    assert box.add(key(2), part(1), 1) == []
    assert box.wake_at() == 60  # a repeated part does not keep a set alive
    assert len(box.add(key(2), part(2), 2)) == 1
    assert box.add(key(2), part(1), 3) == []
    assert box.add(key(2), part(2), 4) == []
    assert len(box) == 0
    assert box.add(key(2), part(2), 63) == []  # forgotten by now: a new message
    assert len(box) == 1


def test_a_reused_reference_starts_a_new_message_after_a_finished_one() -> None:
    box = Reassembler()
    box.add(key(2), part(1), 0)
    box.add(key(2), part(2), 0)
    assert box.add(key(2), part(2, b"other 2"), 1) == []
    assert len(box) == 1
    (done,) = box.add(key(2), part(1), 1)  # the same words as before, but now of the open message
    assert done.text() == "part1 other 2"
    assert box.add(key(2), part(2, b"other 2"), 2) == []
    assert len(box) == 0


def test_another_body_under_the_same_number_releases_the_older_message() -> None:
    box = Reassembler()
    box.add(key(3), part(1), 0)
    (old,) = box.add(key(3), part(1, b"new"), 1)
    assert (old.reason, old.complete) == ("replaced", False)
    assert old.parts == (part(1), None, None)
    box.add(key(3), part(2), 2)
    (new,) = box.add(key(3), part(3), 3)
    assert new.text() == "newpart2 part3 "


@pytest.mark.parametrize(
    "other",
    [
        {"account": "x"},
        {"source": "x"},
        {"destination": "x"},
        {"ref": 2},
        {"total": 4},
        {"width": "udh16"},
        {"width": "sar"},
    ],
)
def test_every_field_of_the_key_separates(other: dict[str, object]) -> None:
    box = Reassembler()
    box.add(key(3), part(1), 0)
    box.add(key(3), part(2), 0)
    assert box.add(key(**{"total": 3, **other}), part(3), 0) == []  # type: ignore[arg-type]
    assert len(box) == 2


def test_timeout_delivers_what_is_there() -> None:
    box = Reassembler(timeout=60)
    box.add(key(3), part(2, context="row 7"), 100)
    assert box.wake_at() == 160
    box.add(key(3), part(1), 130)
    assert box.wake_at() == 190
    assert box.expire(189.9) == []
    (late,) = box.expire(190)
    assert (late.complete, late.reason) == (False, "timeout")
    assert late.parts[1] is not None
    assert late.parts[1].context == "row 7"
    assert late.text() == "part1 part2 \ufffd"
    assert box.expire(1000) == []


def test_add_also_releases_what_timed_out() -> None:
    box = Reassembler(timeout=60)
    box.add(key(2), part(1), 0)
    (late,) = box.add(key(2, ref=9), part(1), 60)
    assert late.reason == "timeout"


def test_bounded_by_count_the_stalest_goes_first() -> None:
    box = Reassembler(max_sets=2)
    box.add(key(3, ref=1), part(1), 0)
    box.add(key(3, ref=2), part(1), 1)
    box.add(key(3, ref=1), part(2), 2)
    (out,) = box.add(key(3, ref=3), part(1), 3)
    assert (out.key.ref, out.reason) == (2, "evicted")
    assert len(box) == 2


def test_bounded_by_octets() -> None:
    box = Reassembler(max_octets=100)
    box.add(key(3, ref=1), part(1, bytes(60)), 0)
    (out,) = box.add(key(3, ref=2), part(1, bytes(60)), 1)
    assert out.key.ref == 1
    assert box.octets == 60
    (out,) = box.add(key(3, ref=3), Part(1, 0, bytes(60), bytes(50)), 1)[1:] or [None]
    assert out is not None
    assert out.key.ref == 3  # larger than the bound on its own: handed back, not held
    assert box.octets == 0


def test_finished_messages_are_remembered_within_the_bound() -> None:
    box = Reassembler(max_sets=2)
    for ref in (1, 2, 3):
        assert len(box.add(key(1, ref=ref), part(1), 0)) == 1
    assert box.add(key(1, ref=3), part(1), 1) == []
    assert box.add(key(1, ref=2), part(1), 1) == []
    assert len(box.add(key(1, ref=1), part(1), 1)) == 1  # pushed out of the memory: taken for a new message


def test_drain_returns_everything() -> None:
    box = Reassembler()
    box.add(key(3, ref=1), part(1), 0)
    box.add(key(3, ref=2), part(1), 0)
    assert [out.key.ref for out in box.drain(1)] == [1, 2]
    assert (len(box), box.octets) == (0, 0)


@pytest.mark.parametrize(("seq", "total"), [(0, 3), (4, 3), (1, 0), (1, 256)])
def test_senseless_numbers_are_refused(seq: int, total: int) -> None:
    with pytest.raises(ValueError, match="makes no sense"):
        Reassembler().add(key(total), part(seq), 0)


@pytest.mark.parametrize("bounds", [{"max_sets": 0}, {"max_octets": 0}, {"timeout": 0}])
def test_bounds_must_be_positive(bounds: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="positive"):
        Reassembler(**bounds)  # type: ignore[arg-type]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(["€", "a", "hello ", "x" * 60, "ж", "😀", "e\u0301"]), max_size=60).map("".join),
    st.sampled_from(CHARSETS),
    st.randoms(use_true_random=False),
)
def test_segments_come_back_in_any_order_with_repeats(text: str, default: Charset, rng: random.Random) -> None:
    sent = segments(text, ref=3, alphabet=default)
    arriving = [Part(s.seq, s.data_coding, s.body, s.udh) for s in sent]
    arriving += rng.sample(arriving, rng.randint(0, len(arriving)))
    rng.shuffle(arriving)
    box = Reassembler()
    out = [done for one in arriving for done in box.add(key(len(sent)), one, 0)]
    assert [done.text(default) for done in out] == [text]
    assert len(box) == 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 3), st.binary(max_size=4), st.integers(0, 30))))
def test_nothing_is_lost_and_bounds_hold(arrivals: list[tuple[int, int, bytes, int]]) -> None:
    box = Reassembler(max_sets=3, max_octets=20, timeout=50)
    now = 0
    out: list[Assembled] = []
    for ref, seq, body, wait in arrivals:
        now += wait
        out += box.add(key(3, ref=ref), Part(seq, 0, body), now)
        assert len(box) <= 3
        assert box.octets <= 20
    out += box.drain(now)
    given_back = [(done.key.ref, p.seq, p.body) for done in out for p in done.parts if p is not None]
    assert set(given_back) == {(ref, seq, body) for ref, seq, body, _ in arrivals}
    assert all(done.complete == (None not in done.parts) for done in out)


def test_cut_escape_and_surrogate_pairs_read_right() -> None:
    assert join_text([Part(1, 0, b"a\x1b"), Part(2, 0, b"eb")]) == "a€b"
    wire = "😀".encode("utf-16-be")
    assert join_text([Part(1, 8, wire[:2]), Part(2, 8, wire[2:])]) == "😀"
    assert join_text([Part(1, 8, wire[:2]), None, None, Part(4, 8, wire[2:])]) == "\ufffd\ufffd\ufffd"


def test_parts_in_different_codings() -> None:
    assert join_text([Part(1, 0, b"a"), Part(2, 8, "ж".encode("utf-16-be")), Part(3, 0, b"b")]) == "aжb"
    assert join_text([Part(1, 0, b"a"), Part(2, 4, b"\x00")]) is None


def test_national_tables_and_malformed_headers() -> None:
    header = udh.build([udh.concat_8(1, 1, 1), *udh.languages(6, 0)])
    assert join_text([Part(1, 0, b"\x02", header)]) == "\u0903"
    assert join_text([Part(1, 0, b"\x02", b"\x09\x00")]) == "$"


def test_packed_parts_have_their_own_fill_bits() -> None:
    header = udh.build([udh.concat_8(1, 2, 1)])
    body = alphabet.pack(b"abc", alphabet.fill_bits(len(header)))
    packed = [Part(1, 0, body, header), Part(2, 0, alphabet.pack(b"def"))]
    assert join_text(packed, "gsm-packed") == "abcdef"
