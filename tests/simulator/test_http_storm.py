"""The lean HTTP load against a scripted server on a real socket."""

import time
from collections.abc import Callable, Iterator

import pytest

from smsgwd.simulator.http_books import HttpBooks
from smsgwd.simulator.http_storm import HttpStorm
from smsgwd.simulator.request_template import RequestTemplate
from tests.simulator.test_http_load import Server

HEAD = b"HTTP/1.1 202 Accepted\r\n%bContent-Length: %d\r\n\r\n%b"


def accepted(request: bytes, more: bytes = b"") -> bytes:
    count = request.count(b'"to":') + request.count(b'"to" :')
    body = b'{"id":"1","messages":[%b]}' % b",".join(b'{"id":"%d"}' % (5 + place) for place in range(max(1, count)))
    return HEAD % (more, len(body), body)


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[int], bytes | None]], Server]]:
    servers = []

    def start(answer: Callable[[int], bytes | None]) -> Server:
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def storm(server: Server, size: int, connections: int = 3, batch: int = 0) -> tuple[HttpStorm, HttpBooks]:
    books = HttpBooks(size)
    template = RequestTemplate.native(server.address[1], "t", "x {n}", batch)
    return HttpStorm(template, books, connections), books


def test_every_number_is_sent_once_and_its_answer_noted(serve):
    server = serve(lambda number: accepted(b""))
    load, books = storm(server, 50)
    assert load.run(range(10)) and load.run(range(10, 50))
    load.close()
    assert books.accepted_count == len(books.requests) == 50 and all(books.accepted)
    sent = sorted(int(request[request.index(b"+30690") + 6 :][:8]) for request in server.requests)
    assert sent == list(range(50)) and server.connections == load.connects <= 3


def test_batches(serve):
    server = serve(lambda number: accepted(server.requests[-1]))
    load, books = storm(server, 40, batch=10)
    assert load.run(range(40))
    load.close()
    assert books.accepted_count == 40 and len(server.requests) == len(books.requests) == 4
    assert books.ids[10] == books.ids[0] == b"5" and books.ids[9] == b"14"


def test_a_paced_run_takes_its_time_and_counts_from_when_a_request_was_due(serve):
    def slow(number: int) -> bytes:
        if number == 1:
            time.sleep(0.1)
        return accepted(b"")

    server = serve(slow)
    load, books = storm(server, 30, connections=1)
    begun = time.monotonic()
    assert load.run(range(30), rate=150.0)
    assert 0.19 < time.monotonic() - begun < 2.0
    load.close()
    assert books.requests[1] > 0.05  # the one behind the slow one was due long before it could be sent
    assert all(after > before for before, after in zip(books.due, books.due[1:], strict=False))


def test_a_connection_closed_without_an_answer_is_counted_and_not_tried_again(serve):
    server = serve(lambda number: None if number == 3 else accepted(b""))
    load, books = storm(server, 10)
    assert load.run(range(10))
    load.close()
    assert (books.accepted_count, books.unanswered, len(server.requests)) == (9, 1, 10)


def test_an_answer_that_closes_is_followed_by_a_new_connection(serve):
    server = serve(lambda number: accepted(b"", b"Connection: close\r\n"))
    load, books = storm(server, 6, connections=2)
    assert load.run(range(6))
    load.close()
    assert books.accepted_count == 6 and books.unanswered == 0 and server.connections >= 6


def test_no_news_ends_it(serve):
    server = serve(lambda number: b"")
    load, books = storm(server, 3)
    assert not load.run(range(3), stalled_s=0.1)
    load.close()
    assert books.accepted_count == 0


def test_what_is_no_http_is_an_answer_that_did_not_come(serve):
    server = serve(lambda number: b"SSH-2.0-x\r\n\r\n")
    load, books = storm(server, 2)
    assert load.run(range(2))
    load.close()
    assert books.unanswered == 2
