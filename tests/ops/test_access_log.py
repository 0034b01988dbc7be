"""The access log."""

import json
from pathlib import Path

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from smsgwd.config.model.operations import AccessLog as Section
from smsgwd.net.http_message import HttpRequest, HttpResponse, Later
from smsgwd.net.http_stream import Stream
from smsgwd.ops import access_log as module
from smsgwd.ops.access_log import AccessLog


class Times:
    def __init__(self):
        self.now = 10.0

    def now_ms(self):
        return 1_780_000_000_000

    def monotonic(self):
        return self.now


def asked(path="/v1/messages", **more):
    return HttpRequest(
        "POST",
        path,
        [("to", "306912345678")],
        {"user-agent": "curl/8"},
        b"12345",
        "192.0.2.7",
        "to=306912345678",
        **more,
    )


def at_once(call, *args):
    try:
        return succeed(call(*args))
    except Exception as error:
        return fail(error)


class TestAccessLog(TestCase):
    def setUp(self):
        self.patch(module, "deferToThread", at_once)
        self.clock, self.times = Clock(), Times()
        self.path = Path(self.mktemp()).absolute() / "access.log"
        self.log = AccessLog(self.clock, self.times, Section(path=str(self.path)))

    def lines(self):
        return [json.loads(line) for line in self.path.read_bytes().splitlines()] if self.path.exists() else []

    def test_an_answer_that_goes_on_has_its_line_when_it_begins_and_goes_on(self):
        for kind in (HttpResponse, Later, Deferred):
            stream, answers = Stream(), []
            response = HttpResponse(200, (), b": hello", "live", stream)
            waiting = response if kind is HttpResponse else kind()
            found = self.log.over(lambda request, waiting=waiting: waiting)(asked())
            self.times.now += 2.0
            if kind is Later:
                found.on_answer(lambda answer, arg, answers=answers: answers.append(answer), None)
                waiting.answer(response)
            elif kind is Deferred:
                found.addCallback(answers.append)
                waiting.callback(response)
            else:
                answers.append(found)
            self.assertIs(answers[0].stream, stream)
            self.assertTrue(stream.open)
            stream.end()
        self.clock.advance(1)
        lines = [(line["status"], line["route"], line["seconds"], line["sent"]) for line in self.lines()]
        self.assertEqual(lines, [(200, "live", 0.0, 7), (200, "live", 2.0, 7), (200, "live", 2.0, 7)])

    def test_a_line_says_who_asked_what_and_what_came_of_it(self):
        handle = self.log.over(lambda request: HttpResponse(202, (), b"taken", route="/v1/messages"))
        self.assertEqual(handle(asked()).status, 202)
        self.assertEqual(self.lines(), [])
        self.clock.advance(1)
        self.assertEqual(
            self.lines(),
            [
                {
                    "time": "2026-05-28T20:26:40.000Z",
                    "address": "192.0.2.7",
                    "method": "POST",
                    "path": "/v1/messages",
                    "route": "/v1/messages",
                    "status": 202,
                    "seconds": 0.0,
                    "received": 5,
                    "sent": 5,
                    "agent": "curl/8",
                }
            ],
        )
        self.assertNotIn("306912345678", self.path.read_text())

    def test_numbers_in_a_path_are_cut_and_ids_are_not(self):
        handle = self.log.over(lambda request: HttpResponse(200, (), b""))
        for path in ("/v1/groups/5/members/+306912345678", "/306912345678/x", "/v1/messages/7400000000000000001"):
            handle(asked(path))
        handle(asked("/a\n{}\x1b\x85/\u2028"))
        self.clock.advance(1)
        paths = [line["path"] for line in self.lines()]
        self.assertEqual(
            paths[:3], ["/v1/groups/5/members/+30691***", "/30691***/x", "/v1/messages/7400000000000000001"]
        )
        self.assertEqual(len(self.path.read_text().splitlines()), 4)
        self.assertEqual(paths[3], "/a\n{}\x1b\x85/\u2028")

    def test_the_token_of_a_providers_callback_is_not_written_however_it_is_escaped(self):
        handle = self.log.over(lambda request: HttpResponse(200, (), b""))
        for path in (
            "/callback/isms1/SECRET",
            "/sms/callback/isms1/SECRET/7400000000000000001",
            "/callback%2Fisms1%2fSECRET",
            "/callback//isms1//SECRET",
            "/CALLBACK/isms1/SECRET%0a\nSECRET",
            "/callback/" + "x" * 470 + "/SECRET" * 10,
        ):
            handle(asked(path))
        handle(asked("/callback/isms1"))
        self.clock.advance(1)
        self.assertNotIn("SECRET", self.path.read_text())
        paths = [line["path"] for line in self.lines()]
        self.assertEqual(paths[:2], ["/callback/isms1/***", "/sms/callback/isms1/***"])
        self.assertEqual(paths[-1], "/callback/isms1")

    def test_answers_that_come_later_are_noted_then(self):
        later, deferred = Later(), Deferred()
        self.log.over(lambda request: deferred)(asked("/b"))
        answer = self.log.over(lambda request: later)(asked("/a"))
        got = []
        answer.on_answer(lambda response, arg: got.append((response.status, arg)), 7)
        self.times.now += 2.5
        later.answer(HttpResponse(200))
        deferred.callback(HttpResponse(503))
        self.clock.advance(1)
        self.assertEqual(got, [(200, 7)])
        self.assertEqual(
            [(line["path"], line["status"], line["seconds"]) for line in self.lines()],
            [("/a", 200, 2.5), ("/b", 503, 2.5)],
        )

    def test_without_a_path_the_handler_is_asked_and_nothing_else(self):
        log = AccessLog(self.clock, self.times, Section())
        answer = HttpResponse(200)
        self.assertIs(log.over(lambda request: answer)(asked()), answer)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_it_can_be_turned_on_and_moved_while_it_runs(self):
        log = AccessLog(self.clock, self.times, Section())
        handle = log.over(lambda request: HttpResponse(200))
        handle(asked())
        log.become(Section(path=str(self.path)))
        handle(asked("/seen"))
        self.clock.advance(1)
        other = self.path.with_name("other.log")
        log.become(Section(path=str(other)))
        handle(asked("/elsewhere"))
        self.clock.advance(1)
        self.assertEqual([line["path"] for line in self.lines()], ["/seen"])
        self.assertIn("/elsewhere", other.read_text())

    def test_a_disk_that_is_full_costs_lines_and_no_request(self):
        self.path.parent.parent.mkdir(exist_ok=True)
        self.path.parent.write_text("no directory")
        handle = self.log.over(lambda request: HttpResponse(200))
        for _ in range(3):
            self.assertEqual(handle(asked()).status, 200)
        self.clock.advance(1)
        self.assertEqual(self.log.lost, 3)
        self.path.parent.unlink()
        handle(asked())
        self.clock.advance(1)
        self.assertEqual(len(self.lines()), 1)

    def test_a_stop_writes_what_was_gathered(self):
        self.log.over(lambda request: HttpResponse(200))(asked())
        self.successResultOf(self.log.stop())
        self.assertEqual(len(self.lines()), 1)

    def test_what_comes_while_lines_are_written_is_written_at_the_stop_by_the_configuration_of_then(self):
        gates = []

        def later(call, *args):
            gate = Deferred()
            gates.append(lambda: gate.callback(call(*args)))
            return gate

        self.patch(module, "deferToThread", later)
        handle = self.log.over(lambda request: HttpResponse(200))
        handle(asked("/first"))
        self.clock.advance(1)
        other = self.path.with_name("other.log")
        self.log.become(Section(path=str(other)))
        handle(asked("/second"))
        stopped = self.log.stop()
        self.assertNoResult(stopped)
        while gates:
            gates.pop()()
        self.successResultOf(stopped)
        self.assertEqual([line["path"] for line in self.lines()], ["/first"])
        self.assertIn("/second", other.read_text())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_lines_that_wait_are_bounded(self):
        self.patch(module, "_MOST", 2)
        handle = self.log.over(lambda request: HttpResponse(200))
        for _ in range(5):
            handle(asked())
        self.clock.advance(1)
        self.assertEqual((len(self.lines()), self.log.lost), (2, 3))
