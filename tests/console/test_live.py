"""What moves: read once for all who look, sent where it changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping

import msgspec
import pytest

from smsgwd.accounts.directory import Account
from smsgwd.console.forms import Form
from smsgwd.console.given import Told
from smsgwd.console.live import CHECKED_S, LIFE_S, Live
from smsgwd.console.visit import Shown, Visit
from smsgwd.model.operators import Role
from smsgwd.model.tenant import Credential, Tenant
from smsgwd.net.http_message import HttpRequest, HttpResponse
from smsgwd.net.http_stream import Stream
from smsgwd.ports.store import StoreUnavailable
from tests.console.stand import Operators, Tenants


class Browser:
    """The other end of a stream: an engine's sink that remembers."""

    def __init__(self, answer: HttpResponse) -> None:
        assert answer.stream is not None
        self.got = answer.body
        self.full = False
        self.finished = False
        self.stream: Stream = answer.stream
        self.stream.attach(self)

    def more(self, data: bytes) -> None:
        self.got += data

    def finish(self) -> None:
        self.finished = True

    def taken(self) -> str:
        """What came since the last time."""
        got, self.got = self.got, b""
        return got.decode()


class World:
    """Figures that move, and those who look at them."""

    def __init__(self) -> None:
        self.stand = Operators()
        self.live: Live = self.stand.live
        self.reads = 0
        self.value: str | Exception = "one"

    async def produce(self) -> Mapping[str, str]:
        self.reads += 1
        if isinstance(self.value, Exception):
            raise self.value
        return {"figures": self.value, "still": "always\nthe same"}

    def look(
        self,
        key: str = "overview",
        language: str = "en",
        method: str = "GET",
        still: Callable[[Visit], Awaitable[bool]] | None = None,
        produce: Callable[[], Awaitable[Mapping[str, str]]] | None = None,
    ) -> Browser:
        session = self.stand.sessions.session
        assert session is not None
        shown = Shown("smsgwd", language, "", "/", lambda name: name, self.live)
        visit = Visit(HttpRequest(method, "/ui/", [], {}, b"", ""), session, shown, {}, Form())
        visit.still = still
        return Browser(self.live.follow(visit, key, 2.0, produce or self.produce))


def test_the_first_sees_what_there_is_and_then_what_changes() -> None:
    world = World()
    browser = world.look()
    world.stand.clock.advance(0)
    first = browser.taken()
    assert first.startswith("retry: 3000\n\n")
    assert "event: figures\ndata: one\n\nevent: still\ndata: always\ndata: the same\n\n" in first
    world.stand.clock.advance(2)
    assert browser.taken() == ": the same\n\n"
    world.value = "two"
    world.stand.clock.advance(2)
    assert browser.taken() == "event: figures\ndata: two\n\n"


def test_one_reading_is_for_all_who_look_at_the_same() -> None:
    world = World()
    browsers = [world.look() for _ in range(5)]
    world.stand.clock.advance(0)
    reads = world.reads
    world.value = "two"
    world.stand.clock.advance(2)
    assert world.reads == reads + 1
    assert all("data: two" in browser.taken() for browser in browsers)


def test_who_comes_later_gets_all_at_once() -> None:
    world = World()
    world.look()
    world.stand.clock.advance(0)
    assert "event: figures\ndata: one" in world.look().taken()


def test_another_language_is_read_for_itself() -> None:
    world = World()
    world.look()
    world.look(language="fr")
    world.stand.clock.advance(0)
    reads = world.reads
    world.stand.clock.advance(2)
    assert world.reads == reads + 2


def test_nothing_is_read_when_nobody_looks() -> None:
    world = World()
    browser = world.look()
    world.stand.clock.advance(0)
    browser.stream.gone()
    reads = world.reads
    assert world.stand.clock.getDelayedCalls() == []
    world.stand.clock.advance(10)
    assert world.reads == reads
    world.look()
    world.stand.clock.advance(0)
    assert world.reads == reads + 1


def test_a_stream_ends_after_its_life_so_that_the_session_is_asked_for() -> None:
    world = World()
    browser = world.look()
    for _ in range(int(LIFE_S / 2) + 1):
        world.stand.clock.advance(2)
    assert browser.finished and not browser.stream.open and world.stand.clock.getDelayedCalls() == []


def test_who_is_slow_gets_everything_when_he_is_back() -> None:
    world = World()
    browser = world.look()
    world.stand.clock.advance(2)
    browser.full = True
    world.value = "two"
    world.stand.clock.advance(2)
    browser.full = False
    browser.taken()
    world.stand.clock.advance(2)
    assert "data: two" in browser.taken()


def test_a_reading_that_is_refused_or_fails_ends_nothing() -> None:
    world = World()
    browser = world.look()
    world.value = Told("the store is away")
    world.stand.clock.advance(2)
    world.value = RuntimeError("a bug")
    world.stand.clock.advance(2)
    browser.taken()
    world.value = "two"
    world.stand.clock.advance(2)
    assert "data: two" in browser.taken() and not browser.finished


def test_who_asks_for_the_head_alone_leaves_nothing_behind() -> None:
    world = World()
    answer = world.look(method="HEAD")
    assert answer.finished and world.stand.clock.getDelayedCalls() == [] and world.reads == 0


def test_who_logs_out_looks_no_more() -> None:
    world = World()
    mine = world.look()
    session = world.stand.sessions.session
    assert session is not None
    world.stand.sessions.session = msgspec.structs.replace(session, csrf="another")
    other = world.look()
    world.live.leave(session)
    assert mine.finished and not other.finished


def test_all_streams_end_with_the_gateway() -> None:
    world = World()
    browsers = [world.look(), world.look("queues")]
    world.live.stop()
    assert all(browser.finished for browser in browsers) and world.stand.clock.getDelayedCalls() == []


async def over(visit: Visit) -> bool:
    return False


async def away(visit: Visit) -> bool:
    raise StoreUnavailable("no disk")


def test_who_may_no_more_looks_no_more_and_the_others_go_on() -> None:
    world = World()
    one, other, unknown = world.look(), world.look(still=over), world.look(still=away)
    for _ in range(int(CHECKED_S / 2) + 1):
        world.stand.clock.advance(2)
    assert other.finished and not one.finished and not unknown.finished
    other.taken()
    world.value = "two"
    world.stand.clock.advance(2)
    assert "data: two" in one.taken() and "data: two" in unknown.taken() and other.taken() == ""


def follow(world: Operators | Tenants, path: str) -> Browser:
    """A page's stream, as the site gives it."""
    browser = Browser(world.ask("GET", path))
    world.clock.advance(0)
    return browser


@pytest.mark.parametrize("role", ["", "read"])
def test_an_operator_who_may_less_is_cut_off_what_he_followed(role: Role) -> None:
    stand = Operators({"queue list": [], "queue shape": []}, role="admin")
    browser = follow(stand, "/live/queues")
    stand.sessions.role = role
    for _ in range(3):
        stand.clock.advance(5)
    assert browser.finished and stand.clock.getDelayedCalls() == []


def test_a_session_that_is_over_is_cut_off() -> None:
    stand = Operators({"queue list": [], "queue shape": []})
    browser = follow(stand, "/live/queues")
    stand.sessions.session = None
    for _ in range(3):
        stand.clock.advance(5)
    assert browser.finished


def test_what_a_network_may_see_is_not_shared_with_others() -> None:
    world = Tenants()
    account = Account(Tenant("shop"), Credential("password", "ann", allow=("192.0.2.0/24",)))

    def rights(address: str) -> Hashable:
        return world.visit(account, address).rights

    assert rights("192.0.2.1") == rights("192.0.2.1") != rights("198.51.100.1")


def test_what_who_came_last_reads_counts() -> None:
    """Who came first may be gone for days, while there always was somebody: the day is another one then."""
    world = World()
    first = world.look()
    world.stand.clock.advance(0)
    second = world.look(produce=_of_today)
    first.stream.gone()
    world.stand.clock.advance(2)
    assert "data: today" in second.taken()


async def _of_today() -> Mapping[str, str]:
    return {"figures": "today"}
