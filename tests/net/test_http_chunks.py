"""Chunked bodies, in whatever pieces they come."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.net.http_chunks import BadChunkError, ChunkReader, ChunksTooLongError

BODY = b"3;a=b\r\nabc\r\n0A\r\n0123456789\r\n0\r\nT: 1\r\nU: 2\r\n\r\n"


@given(st.lists(st.integers(0, len(BODY) + 4), max_size=8))
def test_the_body_and_what_follows_it_are_told_apart(cuts):
    data = BODY + b"next"
    reader, rest, found = ChunkReader(13), b"", None
    edges = sorted({0, len(data), *cuts})
    for start, end in pairwise(edges):
        if found is None:
            found = reader.feed(data[start:end])
            rest = found or b""
        else:
            rest += data[start:end]
    assert found is not None
    assert (bytes(reader.body), rest) == (b"abc0123456789", b"next")


def test_one_byte_more_than_the_limit():
    reader = ChunkReader(5)
    assert reader.feed(b"FFFF\r\nabcde") is None
    with pytest.raises(ChunksTooLongError):
        reader.feed(b"f")
    assert reader.body == b"abcde"


@pytest.mark.parametrize(
    "data",
    [
        *(b"x\r\n", b"\r\n", b"1 \r\n", b" 1\r\n", b"+1\r\n", b"0x1\r\n", b"1" * 13 + b"\r\n", b"1;" + b"x" * 1024),
        *(b"1\n", b"1\r\nab", b"1\r\na\n", b"1\r\na\rb", b"1;\0\r\n", b"0\r\nno trailer\r\n", b"0\r\nT: \0\r\n"),
        b"0\r\n" + (b"T: " + b"x" * 1000 + b"\r\n") * 17,
        (b"1;" + b"x" * 1000 + b"\r\na\r\n") * 20,
    ],
)
def test_what_is_refused(data):
    with pytest.raises(BadChunkError):
        ChunkReader(1 << 20).feed(data)
    reader = ChunkReader(1 << 20)
    with pytest.raises(BadChunkError):
        for byte in data:
            assert reader.feed(bytes([byte])) is None


def test_extensions_of_large_chunks_are_read():
    reader = ChunkReader(1 << 20)
    assert reader.feed((b"400;" + b"x" * 900 + b"\r\n" + b"a" * 0x400 + b"\r\n") * 100 + b"0\r\n\r\n") == b""
    assert len(reader.body) == 100 * 0x400


def test_blanks_behind_a_size_are_for_whoever_asks_for_them():
    data = b"1  \r\na\r\n0\t;x\r\n\r\n"
    reader = ChunkReader(10, padded=True)
    assert reader.feed(data) == b""
    assert reader.body == b"a"
    with pytest.raises(BadChunkError):
        ChunkReader(10).feed(data)
