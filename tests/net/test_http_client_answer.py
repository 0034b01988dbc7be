"""The parser of answers: whole, in pieces, and what it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.net import http_client_answer
from smsgwd.net.http_client_answer import MAX_BODY, MAX_HEAD, AnswerParser, BadAnswerError, whole_answer

COUNTED = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nTrailer: x\r\n\r\n"
)
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n" + COUNTED
EMPTY = b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n"


def parsed(data: bytes, size: int = 1 << 20) -> AnswerParser:
    parser = AnswerParser()
    done = False
    for start in range(0, len(data), size):
        assert not done
        done = parser.feed(data[start : start + size])
    assert done
    return parser


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("data", "status", "body"),
    [(COUNTED, 200, b"hello"), (CHUNKED, 202, b"hello world"), (INTERIM, 200, b"hello"), (EMPTY, 204, b"")],
)
def test_whole_and_in_pieces(data: bytes, status: int, body: bytes, size: int) -> None:
    parser = parsed(data, size)
    assert (parser.status, parser.body, parser.reusable) == (status, body, True)


def test_headers_in_lower_case_joined_and_stripped() -> None:
    parser = parsed(b"HTTP/1.1 503 Busy\r\nRetry-After:  7 \r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 0\r\n\r\n")
    assert parser.headers == {"retry-after": "7", "x-a": "1, 2", "content-length": "0"}


@pytest.mark.parametrize(
    ("head", "reusable"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: Close\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, close\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n", False),
        (COUNTED + b"!", False),
    ],
)
def test_when_the_connection_may_be_used_again(head: bytes, reusable: bool) -> None:
    assert parsed(head).reusable is reusable


def test_until_close() -> None:
    parser = AnswerParser()
    assert not parser.feed(b"HTTP/1.1 200 OK\r\n\r\nhel")
    assert not parser.feed(b"lo")
    assert parser.end()
    assert (parser.body, parser.reusable) == (b"hello", False)


def test_a_close_before_the_end_is_not_an_end() -> None:
    for data in (COUNTED[:-1], CHUNKED[:-1], COUNTED[:20]):
        parser = AnswerParser()
        assert not parser.feed(data)
        assert not parser.end()


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY * 4) + b"x" * (MAX_BODY + 10),
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (MAX_BODY + 10),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n" + b"x" * (MAX_BODY + 10),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"1000\r\n" + b"x" * 4096 + b"\r\n") * 17,
    ],
)
def test_a_large_body_is_cut_and_the_connection_given_up(data: bytes) -> None:
    for size in (1000, 1 << 20):
        parser = AnswerParser()
        fed = 0
        while not parser.feed(data[fed : fed + size]):
            fed += size
        assert (parser.body, parser.reusable) == (b"x" * MAX_BODY, False)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"SSH-2.0-OpenSSH_9\r\n", "not an HTTP"),
        (b"\x00\x01\x02", "not an HTTP"),
        (b"HTTP/2.0 200 OK\r\n\r\n", "not an HTTP"),
        (b"HTTP/1.1 2x0 OK\r\n\r\n", "status line"),
        (b"HTTP/1.1 999 OK\r\n\r\n", "status line"),
        (b"HTTP/1.1  200 OK\r\n\r\n", "status line"),
        (b"HTTP/1.1 200 OK\n\nbody", "without CR"),
        (b"HTTP/1.1 200 OK\r\nNo colon\r\n\r\n", "header"),
        (b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "header"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n", "header"),
        (b"HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n", "header"),
        (b"HTTP/1.1 200 OK\r\nA: \x00\r\n\r\n", "header"),
        (b"HTTP/1.1 101 Switching\r\n\r\n", "interim"),
        (b"HTTP/1.1 100 C\r\n\r\n" * 9, "interim"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "Content-Length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "Content-Length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n", "Content-Length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n", "Content-Length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "both"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "Transfer-Encoding"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "chunk"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", "chunk"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc", "chunk"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 2000, "chunk"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nbad trailer\r\n\r\n", "trailer"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 4000, "trailer"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 4000, "longer"),
        (b"HTTP/1.1 200 " + b"x" * MAX_HEAD, "longer"),
    ],
)
def test_refused(data: bytes, why: str) -> None:
    with pytest.raises(BadAnswerError, match=why):
        AnswerParser().feed(data)


@given(st.binary(max_size=200), st.integers(1, 50))
def test_garbage_is_refused_or_waits(data: bytes, size: int) -> None:
    for prefix in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"):
        parser = AnswerParser()
        whole = prefix + data
        try:
            for start in range(0, len(whole), size):
                if parser.feed(whole[start : start + size]):
                    assert 200 <= parser.status <= 599
                    break
        except BadAnswerError:
            pass


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=5), st.integers(1, 40))
def test_chunks_come_together_again(chunks: list[bytes], size: int) -> None:
    wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    wire += b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    assert parsed(wire, size).body == b"".join(chunks)


@pytest.mark.parametrize("data", [COUNTED, CHUNKED, INTERIM, EMPTY])
def test_a_whole_answer_is_what_the_parser_reads(data: bytes) -> None:
    answer, parser = whole_answer(data), parsed(data)
    assert answer is not None
    assert (answer.status, answer.headers, answer.body) == (parser.status, parser.headers, parser.body)
    assert whole_answer(data) is answer, "looked up the second time"


@pytest.mark.parametrize(
    "data",
    [
        COUNTED[:-1],
        COUNTED + b"!",
        COUNTED + COUNTED,
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nuntil close",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"garbage",
        b"",
    ],
)
def test_what_is_no_whole_answer_or_ends_its_connection_is_left_to_the_parser(data: bytes) -> None:
    assert whole_answer(data) is None


def test_large_heads_are_read_and_not_remembered() -> None:
    before = http_client_answer._remembered.cache_info().currsize
    for number in range(20):
        fields = b"".join(b"%x:\r\n" % (name + 4096 * number) for name in range(1000))
        parser = parsed(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + fields + b"\r\n")
        assert (len(parser.headers), parser.reusable) == (1001, True)
    assert http_client_answer._remembered.cache_info().currsize == before
