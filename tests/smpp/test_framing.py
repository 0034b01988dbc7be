import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsgwd.smpp.codec import encode
from smsgwd.smpp.framing import MAX_FRAME, Framer
from smsgwd.smpp.pdu import EnquireLink, SubmitSmResp

from .strategies import submit

FRAMES = [
    encode(submit(sequence=1)),
    encode(EnquireLink(sequence=2)),
    encode(SubmitSmResp(sequence=3, message_id=b"4711")),
]
STREAM = b"".join(FRAMES)


@pytest.mark.parametrize("at", range(len(STREAM) + 1))
def test_split_at_every_octet(at):
    framer = Framer()
    assert framer.feed(STREAM[:at]) + framer.feed(STREAM[at:]) == FRAMES
    assert framer.pending == 0


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=60))
def test_any_chunking(sizes):
    framer, got, at = Framer(), [], 0
    for size in sizes:
        got += framer.feed(STREAM[at : at + size])
        at += size
    got += framer.feed(STREAM[at:])
    assert got == FRAMES


def test_octet_by_octet():
    framer = Framer()
    assert [frame for octet in STREAM for frame in framer.feed(bytes((octet,)))] == FRAMES


@pytest.mark.parametrize("length", [0, 4, 15, MAX_FRAME + 1, 0x47455420, 0x80000000, 0xFFFFFFFF])
def test_a_bad_length_is_seen_at_the_fourth_octet_and_nothing_is_buffered_after(length):
    framer = Framer()
    head = struct.pack(">I", length)
    assert framer.feed(FRAMES[0] + head[:3]) == FRAMES[:1]
    assert framer.fault is None
    assert framer.feed(head[3:]) == []
    assert framer.fault is not None and framer.fault.length == length
    assert framer.feed(STREAM * 10) == []
    assert framer.pending == 0


def test_frames_before_the_bad_length_are_handed_out():
    framer = Framer()
    assert framer.feed(STREAM + b"GET / HTTP/1.1\r\n") == FRAMES
    assert framer.fault is not None


def test_the_shortest_and_the_longest_frame_pass():
    framer = Framer(cap=100)
    longest = struct.pack(">IIII", 100, 4, 0, 1) + bytes(84)
    assert framer.feed(FRAMES[1] + longest) == [FRAMES[1], longest]
    assert framer.fault is None


def test_feeding_a_long_frame_octet_by_octet_is_linear():
    def cost(size):
        frame = struct.pack(">IIII", size, 4, 0, 1) + bytes(size - 16)
        framer = Framer(cap=size)
        begin = time.perf_counter()
        for at in range(0, size, 16):
            got = framer.feed(frame[at : at + 16])
        assert got == [frame]
        return time.perf_counter() - begin

    small = min(cost(1 << 15) for _ in range(3))
    large = min(cost(1 << 19) for _ in range(3))
    assert large < small * 16 * 6, "16 times the octets must not cost 16² times the time"
