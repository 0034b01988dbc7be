"""Frames between the gateway and its HTTP workers: whole whatever the pieces, bounded, and unreadable ones refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.net.edge_frames import (
    MOST_IN_A_FRAME,
    Alive,
    Answered,
    Answers,
    Asked,
    Begun,
    Drain,
    End,
    FrameError,
    Gone,
    Log,
    More,
    Ping,
    Ready,
    Refused,
    Reload,
    Requests,
    Setup,
    Splitter,
    Taken,
    ToGateway,
    ToWorker,
    encode,
    encode_requests,
    request_frame_limit,
)
from smsgwd.net.http_message import HttpRequest

LATIN = st.text(st.characters(max_codepoint=255), max_size=20)
ASKED = st.builds(
    Asked,
    st.sampled_from(["GET", "POST"]),
    LATIN,
    st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"]), max_size=9), LATIN), max_size=3),
    st.dictionaries(LATIN, LATIN, max_size=3),
    st.binary(max_size=200),
    st.just("2001:db8::1"),
    LATIN,
    LATIN,
    number=st.integers(0, 1 << 53),
)
ANSWERED = st.builds(
    Answered,
    st.integers(0, 1 << 53),
    st.integers(100, 599),
    st.lists(st.tuples(LATIN, LATIN), max_size=3).map(tuple),
    st.binary(max_size=200),
)
TO_GATEWAY = st.one_of(
    st.just(Ready()),
    st.builds(Requests, st.floats(0, 1e9), st.lists(ASKED, max_size=4)),
    st.builds(Refused, st.lists(st.sampled_from([400, 413]), max_size=4)),
    st.builds(Alive, st.integers(0, 1000)),
    st.builds(Taken, st.integers(0, 1 << 53), st.integers(0, 1 << 20)),
    st.builds(Gone, st.integers(0, 1 << 53)),
)
TO_WORKER = st.one_of(
    st.just(Ping()),
    st.just(Reload()),
    st.builds(Drain, st.floats(0, 100)),
    st.builds(Answers, st.lists(ANSWERED, max_size=4)),
    st.builds(Begun, ANSWERED),
    st.builds(More, st.integers(0, 1 << 53), st.binary(max_size=200)),
    st.builds(End, st.integers(0, 1 << 53)),
    st.just(
        Setup(2, [(5, 2), (6, 10)], (7, 2), {"max_body": 7}, ["10.0.0.0/8"], "c", "k", Log("debug", "console", True))
    ),
)


def split(kinds, messages, cuts):
    """What a splitter finds when the stream comes in pieces of these lengths, and then the rest."""
    stream = b"".join(map(encode, messages))
    splitter = Splitter(kinds)
    found = []
    for cut in cuts:
        found += splitter.feed(stream[:cut])
        stream = stream[cut:]
    return found + splitter.feed(stream)


@given(st.lists(TO_GATEWAY, max_size=5), st.lists(st.integers(0, 90), max_size=20))
def test_what_a_worker_says_arrives_in_any_pieces(messages, cuts):
    assert split(ToGateway, messages, cuts) == messages


@given(st.lists(TO_WORKER, max_size=5), st.lists(st.integers(0, 90), max_size=20))
def test_what_the_gateway_says_arrives_in_any_pieces(messages, cuts):
    assert split(ToWorker, messages, cuts) == messages


def test_a_request_arrives_as_what_handlers_take():
    asked = Asked("GET", "/a", [("b", "c")], {"host": "x"}, b"", "::1", "b=c", number=3)
    ((found,),) = (message.asked for message in split(ToGateway, [Requests(1.5, [asked])], []))
    assert isinstance(found, HttpRequest)
    assert (found.query, found.raw_query, found.headers["host"]) == ([("b", "c")], "b=c", "x")


def test_a_frame_over_the_limit_is_refused_before_it_is_there():
    splitter = Splitter(ToGateway, 100)
    assert splitter.feed((100).to_bytes(4, "big")) == []
    with pytest.raises(FrameError, match="101 bytes; at most 100"):
        Splitter(ToGateway, 100).feed((101).to_bytes(4, "big"))


@pytest.mark.parametrize(
    "data",
    [
        b"\xc1",
        b"",
        b"\x91\xa5other",
        b"\x92\xa5alive\xa1x",
        encode(Ping())[4:],
        encode(Alive(1))[4:] + b"\x00",
        pytest.param(b"\x93\xa8requests\x00\x91\x91\xa1\xff", id="no UTF-8"),
        pytest.param(b"\x93\xa5alive\x00" + b"\x91" * 100_000, id="nested without end"),
    ],
)
def test_what_cannot_be_read_is_refused(data):
    with pytest.raises(FrameError, match="cannot be read"):
        Splitter(ToGateway).feed(len(data).to_bytes(4, "big") + data)


def request(number, body):
    return Asked("POST", "/", [], {}, body, "::1", number=number)


def read_all(frames, limit):
    splitter = Splitter(ToGateway, limit)
    return [message.asked for frame in frames for message in splitter.feed(frame)]


def test_many_requests_go_in_several_frames():
    asked = [request(n, b"x") for n in range(2 * MOST_IN_A_FRAME + 1)]
    found = read_all(encode_requests(0.0, asked, 1 << 20), 1 << 20)
    assert [len(each) for each in found] == [MOST_IN_A_FRAME, MOST_IN_A_FRAME, 1]
    assert [each for part in found for each in part] == asked


@given(st.lists(st.integers(0, 900), min_size=1, max_size=30))
def test_no_frame_is_larger_than_one_request_may_be(sizes):
    limit = 1000
    asked = [request(n, b"x" * size) for n, size in enumerate(sizes)]
    found = read_all(encode_requests(0.0, asked, limit), limit)
    assert [each for part in found for each in part] == asked


@given(
    st.integers(0, 2000).flatmap(
        lambda size: st.tuples(
            st.just(size),
            st.lists(st.text(st.characters(min_codepoint=160, max_codepoint=255), max_size=9), max_size=50),
        )
    )
)
def test_a_request_within_its_limits_fits_its_frame(given_):
    size, values = given_
    path, query = "/" + "a" * 500, "&".join(values[:20])
    headers = {f"é{n}": value for n, value in enumerate(values)}
    largest = len(path) + 1 + len(query) + sum(len(name) + len(value) for name, value in headers.items())
    fields = [(value, "") for value in values[:20]]
    asked = Asked("POST", path, fields, headers, b"x" * size, "::1", query, "x" * 40, number=1 << 53)
    (frame,) = encode_requests(0.0, [asked], 1)
    assert len(frame) - 4 <= request_frame_limit(size, largest)
