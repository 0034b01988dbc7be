"""Octets that are cut where one part does not hold them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.admission.raw import checked_part
from smsgwd.dialects.raw_parts import OCTETS, SEPTETS, UDHI, UTF16, cut
from smsgwd.gsm.udh import parse
from smsgwd.model.refusals import Refusal, Refused

PORTS = bytes.fromhex("060504158A0000")


def test_one_part():
    """Nothing is added."""
    assert cut(b"x" * 160, SEPTETS, b"", 1) == [b"x" * 160]
    assert cut(b"x" * 140, OCTETS, b"", 1) == [b"x" * 140]
    assert cut(b"", OCTETS, PORTS, 1) == [PORTS]


@pytest.mark.parametrize(("udh", "reason"), [(b"\x01\x05", Refusal.INVALID_TEXT), (b"\x05\0\3\1\2\1", None)])
def test_headers_that_cannot_be(udh, reason):
    """One that is none; one that says already which part it is."""
    with pytest.raises(Refused) as refused:
        cut(b"x" * 150, OCTETS, udh, 1)
    assert refused.value.refusal is (reason or Refusal.TOO_MANY_PARTS)


@pytest.mark.parametrize(("size", "udh"), [(1341, b""), (100_000, b""), (200, bytes([135]) + b"\x05\x85" + b"x" * 133)])
def test_too_much(size, udh):
    """Ten parts at most, and none that holds next to nothing."""
    with pytest.raises(Refused) as refused:
        cut(b"x" * size, OCTETS, udh, 1)
    assert refused.value.refusal is Refusal.TOO_MANY_PARTS


def test_pairs_stay_together():
    """Escape sequences and surrogate pairs."""
    septets = cut(b"a" * 152 + b"\x1be" + b"b" * 20, SEPTETS, b"", 7)
    assert [part[6:] for part in septets] == [b"a" * 152, b"\x1be" + b"b" * 20]
    text = "a" * 66 + "\N{GRINNING FACE}" + "b" * 10
    pieces = cut(text.encode("utf-16-be"), UTF16, b"", 7)
    assert [piece[6:].decode("utf-16-be") for piece in pieces] == ["a" * 66, "\N{GRINNING FACE}" + "b" * 10]


@given(st.binary(max_size=1200), st.sampled_from([b"", PORTS]), st.integers(0, 2**32))
def test_parts_join_to_what_was_cut(body, udh, ref):
    """In order, with one reference, each no more than one part holds."""
    parts = cut(body, OCTETS, udh, ref)
    joined = b""
    for number, part in enumerate(parts, 1):
        wire = UDHI if udh or len(parts) > 1 else 0
        assert checked_part(part, wire, 4) == part
        header, rest = parse(part) if wire else (None, part)
        if header is not None and len(parts) > 1:
            found = header.concatenation
            assert found is not None
            assert (found.ref, found.total, found.seq) == (ref & 0xFF, len(parts), number)
        joined += rest
    assert joined == body
