"""Pushes without a Deferred: what goes on the wire, what comes back, deadlines, and askers that fail."""

from smsgwd.net.http_client import BadRequest, TargetRefused
from smsgwd.ports.push import HttpFailure
from tests.net.test_http_client_pool import OK, PoolCase

URL = "http://8.8.8.8/x"


class PushTests(PoolCase):
    def setUp(self):
        super().setUp()
        self.ended = []

    def push(self, number, url=URL, body=b"body", timeout=10.0):
        fields = b"content-type: text/plain\r\nwebhook-id: msg_%d\r\n" % number
        self.client.post_to(url, fields, body, timeout, lambda result, arg: self.ended.append((arg, result)), number)

    def test_the_request_on_the_wire_is_that_of_a_post(self):
        self.push(7)
        wire = self.reactor.attempts[0].succeed()
        head = (
            b"POST /x HTTP/1.1\r\nhost: 8.8.8.8\r\nuser-agent: smsgwd\r\n"
            b"content-type: text/plain\r\nwebhook-id: msg_7\r\ncontent-length: 4\r\n\r\n"
        )
        self.assertEqual(wire.value(), head + b"body")
        self.client.post(URL, {"content-type": "text/plain", "webhook-id": "msg_7"}, b"body", 10.0)
        self.assertEqual(self.reactor.attempts[1].succeed().value(), head + b"body")

    def test_answers_come_with_their_argument_and_the_connection_goes_on(self):
        self.push(1)
        wire = self.reactor.attempts[0].succeed()
        self.answer(wire, b"HTTP/1.1 503 Busy\r\nRetry-After: 3\r\nContent-Length: 2\r\n\r\nno")
        self.push(2)
        self.answer(wire)
        [(first, busy), (second, well)] = self.ended
        self.assertEqual((first, busy.status, busy.headers["retry-after"], busy.body), (1, 503, "3", b"no"))
        self.assertEqual((second, well.status), (2, 200))
        self.assertEqual(len(self.reactor.attempts), 1)

    def test_an_answer_in_pieces_and_the_next_one_whole(self):
        self.push(1)
        wire = self.reactor.attempts[0].succeed()
        for octet in OK:
            wire.protocol.dataReceived(bytes([octet]))
        self.push(2)
        self.answer(wire)
        self.push(3)
        self.answer(wire, OK[:20])
        self.answer(wire, OK[20:])
        self.assertEqual([(arg, result.status) for arg, result in self.ended], [(1, 200), (2, 200), (3, 200)])
        self.assertEqual(len(self.reactor.attempts), 1)

    def test_the_next_push_may_begin_in_the_answer_of_the_last(self):
        self.client.post_to(URL, b"", b"1", 10.0, lambda *_: self.push(2), None)
        wire = self.reactor.attempts[0].succeed()
        self.answer(wire)
        self.assertTrue(wire.value().endswith(b"body"))
        self.answer(wire)
        self.assertEqual([arg for arg, _ in self.ended], [2])

    def test_deadlines_hold_while_connecting_waiting_and_unanswered(self):
        for number in range(4):
            self.push(number, timeout=3)
        wire = self.reactor.attempts[0].succeed()
        self.run_for(3.25)
        words = {arg: (str(result), result.sent) for arg, result in self.ended}
        self.assertEqual(
            words,
            {
                0: ("timed out waiting for the answer", True),
                1: ("timed out connecting", False),
                2: ("timed out waiting for a connection", False),
                3: ("timed out waiting for a connection", False),
            },
        )
        self.assertTrue(wire.aborted)
        self.run_for(1)
        self.assertEqual((self.client.connections, self.client._pools), (0, {}))
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_those_behind_lookups_that_hang_have_their_deadline_too(self):
        for number in range(3):
            self.push(number, "http://slow.example/", timeout=1 + 5 * number)
        self.run_for(12)
        self.assertEqual([str(result) for _, result in self.ended[:2]], ["timed out looking up the host"] * 2)
        self.assertEqual(str(self.ended[2][1]), "timed out waiting for a connection")

    def test_a_bad_url_a_private_target_and_a_closed_client(self):
        self.push(1, "http://user@host/")
        self.push(2, "ftp://host/")
        self.push(3, "http://127.0.0.1/")
        self.client.close()
        self.push(4)
        kinds = [(arg, type(result)) for arg, result in self.ended]
        self.assertEqual(kinds, [(1, BadRequest), (2, BadRequest), (3, TargetRefused), (4, HttpFailure)])
        self.assertEqual(self.reactor.attempts, [])

    def test_closing_ends_what_is_under_way(self):
        for number in range(3):
            self.push(number)
        self.reactor.attempts[0].succeed()
        closed = self.client.close()
        self.assertEqual(sorted(arg for arg, _ in self.ended), [0, 1, 2])
        self.reactor.advance(0)
        self.successResultOf(closed)

    def test_an_asker_that_fails_costs_nobody_the_connection(self):
        def fail(*_):
            raise ValueError("in the asker")

        self.client.post_to(URL, b"", b"", 10.0, fail, None)
        wire = self.reactor.attempts[0].succeed()
        self.answer(wire)
        self.push(2)
        self.answer(wire)
        self.assertEqual([(arg, result.status) for arg, result in self.ended], [(2, 200)])
        self.assertFalse(wire.aborted)

    def test_a_replay_is_made_once_for_a_push_too(self):
        self.push(1)
        self.answer(self.reactor.attempts[0].succeed())
        for number in (2, 3):
            self.push(number)
        self.reactor.attempts[0].wire.protocol.connectionLost(self.clean_end())
        self.reactor.attempts[1].succeed().protocol.connectionLost(self.clean_end())
        fresh = self.reactor.attempts[2].succeed()
        self.assertIn(b"msg_2", fresh.value())
        self.answer(fresh)
        results = dict(self.ended)
        self.assertEqual((results[2].status, str(results[3])), (200, "closed without an answer"))
