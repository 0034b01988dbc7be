"""The edge of provider styles, with a style of its own: who asks, how often, for what, and whatever goes wrong."""

import pytest
from twisted.internet.defer import Deferred, fail, succeed

from smsgwd.delivery.bucket import TokenBucket
from smsgwd.dialects.commands import Money, Send, Senders
from smsgwd.dialects.http import Answer, Answered, Asked, Password, Token, Unproven
from smsgwd.dialects.mounts import Mount, Mounts
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Item
from smsgwd.net.http_message import HttpRequest, HttpResponse, Later
from smsgwd.northbound.dialect_edge import DialectEdge
from smsgwd.northbound.intake import Intake
from smsgwd.ports.store import StoreUnavailable
from tests.app.fakes import FakeClock
from tests.northbound.fakes import DEMO, FakeGateway


class Style:
    """Paths: /style/KIND?NAME:SECRET; KIND = send, dry, none, money, end (it ends in read), bug, bug-answer, ...; the
    body is the recipients."""

    name = "style"
    owns = ("/style/",)
    labels = ("style any",)

    def read(self, request):
        kind = request.path.rpartition("/")[2]
        if kind == "end":
            raise Answered(Answer(418, b"over"))
        if kind == "bug-read":
            raise ZeroDivisionError
        name, _, secret = request.raw_query.partition(":")
        credential = Token(secret, name[1:] or None) if name.startswith("@") else Password(name, secret)
        return Asked(credential, "style any", "send", (kind, request.body.decode().split()))

    def command(self, asked, tenant, now):
        kind, numbers = asked.what
        if kind == "refused":
            raise Refused(Refusal.INVALID, "no")
        if kind == "bug-command":
            raise ZeroDivisionError
        if kind == "money":
            return Money()
        if kind == "senders":
            return Senders()
        found = Send([Item("Me", number, "Hi") for number in numbers], dry=kind == "dry", whole=True, keep_refused=True)
        if kind == "push":
            found.pushes = lambda outcome: [entry.id for entry in outcome.entries]
        if kind == "bug-push":
            found.pushes = lambda outcome: 1 // 0
        return found

    def answer(self, asked, command, result, tenant):
        kind, _ = asked.what
        if kind == "bug-answer":
            raise ZeroDivisionError
        if kind == "late":
            raise Refused(Refusal.NO_CREDIT)
        if isinstance(command, Send):
            said = " ".join("ok" if entry.error is None else entry.error.code for entry in result.entries)
        else:
            said = repr(result)
        return Answer(200, f"{tenant.id}: {said}".encode(), "text/x-style", (("X-Style", "1"),))

    def refused(self, request, asked, refused):
        known = f" {refused.name_known}" if isinstance(refused, Unproven) else ""
        return Answer(599, f"{refused.refusal.code}{known}".encode())


class Desk:
    def __init__(self):
        self.result = "much"
        self.pushed = []

    async def push(self, pushes):
        self.pushed.append(pushes)
        if isinstance(self.result, Exception):
            raise self.result

    async def run(self, command, tenant):
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


class Gateway(FakeGateway):
    def password(self, name, secret, address, scope=""):
        if name == "slow":
            self.proof = Deferred()
            return self.proof
        good = (name, secret) == ("demo", "demo")
        return succeed(DEMO) if good else fail(Refused(Refusal.UNAUTHENTICATED))

    def knows(self, name):
        return name == "demo"


class World:
    def __init__(self, rate=0.0, **mount):
        self.gateway = Gateway()
        self.desk = Desk()
        self.clock = FakeClock()
        self.edge = DialectEdge(
            Mounts([Mount(Style(), **mount)]),
            lambda request: HttpResponse(200, (), b"native"),
            intake=Intake(self.gateway),
            desk=self.desk,
            authenticator=self.gateway,
            clock=self.clock,
            rates={"style": rate},
        )

    def begin(self, path, body="", who="demo:demo", **headers):
        path, _, query = path.partition("?")
        request = HttpRequest("POST", path, [], headers, body.encode(), "192.0.2.7", query or who)
        answer = self.edge(request)
        if not isinstance(answer, Later):
            return [answer]
        got = []
        answer.on_answer(lambda response, _: got.append(response), None)
        return got

    def ask(self, *args, **headers):
        [response] = self.begin(*args, **headers)
        return response

    def said(self, *args, **headers):
        response = self.ask(*args, **headers)
        return response.status, response.body.decode()


@pytest.fixture
def world():
    return World()


def test_what_is_no_dialects_is_the_native_api(world):
    assert world.said("/v1/messages") == (200, "native")


def test_a_submission_is_answered_after_it_was_taken(world):
    world.gateway.held = []
    got = world.begin("/style/send", "306912345678 12")
    assert got == []
    [(done, outcome)] = world.gateway.held
    done.callback(outcome)
    [response] = got
    assert (response.status, response.body) == (200, b"demo: ok invalid_recipient")
    assert dict(response.headers) == {"Content-Type": "text/x-style", "X-Style": "1", "Cache-Control": "no-store"}
    assert response.route == "POST style any"
    [submission] = world.gateway.submissions
    assert submission.whole and submission.keep_refused and not submission.dry


def test_a_rehearsal_is_submitted_as_one(world):
    assert world.said("/style/dry", "306912345678") == (200, "demo: ok")
    assert world.gateway.submissions[0].dry


def test_nothing_to_send_is_not_submitted(world):
    assert world.said("/style/none") == (200, "demo: ")
    assert world.gateway.submissions == []


def test_a_query_goes_to_the_desk(world):
    assert world.said("/style/money") == (200, "demo: 'much'")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Refused(Refusal.NO_SUCH), "no_such"),
        (StoreUnavailable("gone"), "store_unavailable"),
        (ZeroDivisionError("bug"), "internal"),
    ],
)
def test_what_goes_wrong_at_the_desk_is_told_in_the_style(world, error, code):
    world.desk.result = error
    assert world.said("/style/money") == (599, code)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/style/refused", "invalid"),
        ("/style/bug-read", "internal"),
        ("/style/bug-command", "internal"),
        ("/style/bug-answer", "internal"),
        ("/style/late", "no_credit"),
    ],
)
def test_whatever_goes_wrong_is_told_in_the_style(world, path, code):
    assert world.said(path, "306912345678") == (599, code)


def test_a_request_may_end_before_anybody_is_asked(world):
    assert world.said("/style/end") == (418, "over")
    assert world.gateway.attempts == []


def test_a_store_that_takes_nothing(world):
    world.gateway.refuse = Refused(Refusal.STORE_UNAVAILABLE)
    assert world.said("/style/send", "306912345678") == (599, "store_unavailable")
    world.gateway.refuse = ZeroDivisionError()
    assert world.said("/style/send", "306912345678") == (599, "internal")


def test_credentials(world):
    assert world.said("/style/money", who="demo:wrong") == (599, "unauthenticated True")
    assert world.said("/style/money", who="nobody:wrong") == (599, "unauthenticated False")
    assert world.said("/style/money", who="@:wrong") == (599, "unauthenticated False")
    assert world.said("/style/money", who="@:demo-token") == (200, "demo: 'much'")
    assert world.said("/style/money", who="@demo:demo-token") == (200, "demo: 'much'")
    assert world.said("/style/money", who="@other:demo-token") == (599, "unauthenticated False")


def test_other_refusals_of_credentials_are_told_as_they_are(world):
    world.gateway.password = lambda *_: fail(Refused(Refusal.OUT_OF_SCOPE))
    assert world.said("/style/money") == (599, "out_of_scope")
    world.gateway.password = lambda *_: fail(ZeroDivisionError())
    assert world.said("/style/money") == (599, "internal")


def test_who_asks_may_take_a_while_to_find_out(world):
    got = world.begin("/style/money", who="slow:x")
    assert got == []
    world.gateway.proof.errback(Refused(Refusal.UNAUTHENTICATED))
    assert got[0].body == b"unauthenticated False"


def test_so_many_requests_a_second_and_no_more():
    world = World(rate=9)
    assert [world.ask("/style/money").status for _ in range(10)] == [200] * 9 + [599]
    assert world.said("/style/money") == (599, "over_rate")
    assert world.said("/style/money", who="@:post-token") == (200, "postpaid: 'much'")  # each tenant its own
    world.clock.advance(1 / 9)
    assert world.ask("/style/money").status == 200
    assert world.ask("/style/money").status == 599


def test_requests_without_good_credentials_take_nobody_elses_share():
    world = World(rate=2)
    for _ in range(5):
        world.ask("/style/money", who="demo:wrong")
    assert world.ask("/style/money").status == 200


def test_the_buckets_are_bounded(monkeypatch):
    monkeypatch.setattr("smsgwd.northbound.dialect_edge._MOST_BUCKETS", 1)
    world = World(rate=1)
    assert world.ask("/style/money").status == 200
    assert world.ask("/style/money", who="@:post-token").status == 200
    assert list(world.edge._buckets) == [("style", "postpaid")]
    assert isinstance(world.edge._buckets["style", "postpaid"], TokenBucket)


def test_a_dialect_below_a_prefix_sees_its_own_paths():
    world = World(prefix="/presto")
    assert world.said("/presto/style/money") == (200, "demo: 'much'")
    assert world.said("/style/money") == (200, "native")


def test_an_intake_that_is_closed_refuses_in_the_style(world):
    world.edge._intake.close()
    assert world.said("/style/send", "306912345678") == (599, "shutting_down")


@pytest.mark.parametrize("result", ["much", StoreUnavailable()])
def test_what_a_tenant_is_owed_for_a_submission_is_kept_before_it_is_answered(world, result):
    world.desk.result = result  # what was taken is told as taken, whatever becomes of the rest
    assert world.said("/style/push", "306912345678") == (200, "demo: ok")
    [[number]] = world.desk.pushed
    assert number


def test_a_bug_in_what_is_owed_is_told_as_one(world):
    status, said = world.said("/style/bug-push", "306912345678")
    assert (status, said) == (599, "internal")
