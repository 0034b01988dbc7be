"""Calls to one server, and what breaks them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import DeferredQueue, gatherResults
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from smsgwd.store.redis.errors import Refused, Unreachable
from smsgwd.store.redis.library import Library, tidy
from tests.scenario.certificates import Authority
from tests.store.redis.calls import LIBRARY, LinkCase
from tests.store.redis_server import Server, shared_server
from tests.store.redis_sets import TlsFront

TEXT = """
local function which(keys, args) return 'WHICH' end
redis.register_function{ function_name = 'smsgwd_which', callback = which, flags = { 'no-writes' } }
"""


class Calls(LinkCase):
    """A server that is well."""

    async def setUp(self):
        self.server = shared_server()
        self.server.flush()
        self.calls = await self.linked(f"unix://{self.server.path}?db=1")

    async def test_replies_stay_what_they_are(self):
        call = self.calls.call
        for text in (b"+447700900123", b"0012", b"1.5", b"", b"\xff\x00\r\n", b"QUEUED"):
            assert await call("SET", "a", text) == b"OK"
            assert await call("GET", "a") == text
        assert await call("GET", "none") is None
        assert await call("SADD", "s", 1, "2", b"3") == 3
        assert sorted(await call("SMEMBERS", "s")) == [b"1", b"2", b"3"]
        assert await call("EVAL", "return {1, {'0012', {}}, false}", 0) == [1, [b"0012", []], None]

    async def test_functions_and_the_database(self):
        assert await self.calls.function("put", ["a"], ["é"]) == b"OK"
        assert await self.calls.function("got", ["a"], [], read=True) == "é".encode()
        assert await self.calls.each("DBSIZE") == [1]
        assert self.server.client.call("DBSIZE") == 0  # database 0

    async def test_calls_keep_their_order(self):
        replies = await gatherResults([self.calls.call("RPUSH", "l", n) for n in range(1000)])
        assert replies == list(range(1, 1001))
        assert await self.calls.call("LRANGE", "l", 0, -1) == [b"%d" % n for n in range(1000)]

    async def test_a_read_does_not_wait_behind_a_commit(self):
        done = []
        blocked = self.calls.call("BLPOP", "empty", 0)
        blocked.addCallback(done.append)
        assert await self.calls.call("GET", "a", read=True) is None
        assert done == []
        await self.calls.call("RPUSH", "empty", "x", read=True)
        await blocked
        assert done == [[b"empty", b"x"]]

    async def test_a_function_and_what_it_waits_for(self):
        assert await self.calls.confirmed("put", ["a"], ["1"], ("WAITAOF", 1, 0, 4000)) == [b"OK", [1, 0]]
        await self.assertFailure(self.calls.confirmed("nothing", ["a"], ["1"], ("WAIT", 0, 1)), Unreachable)

    async def test_an_error_is_its_words_and_breaks_nothing(self):
        await self.calls.call("SET", "a", "x")
        others = gatherResults([self.calls.call("GET", "a") for _ in range(3)])
        error = await self.assertFailure(self.calls.call("LPUSH", "a", 1), Refused)
        assert str(error).startswith("WRONGTYPE ")
        error = await self.assertFailure(self.calls.call("EVAL", "return redis.call('LPUSH', 'a', 1)", 1, "a"), Refused)
        assert str(error).startswith("WRONGTYPE ")
        error = await self.assertFailure(self.calls.call("EVAL", "error('so')", 0), Refused)
        assert "so" in str(error)
        assert await others == [b"x"] * 3
        assert self.changes == [True]

    async def test_an_error_within_a_reply_is_no_failure(self):
        await self.calls.call("MULTI")
        await gatherResults([self.calls.call("SET", "a", 1), self.calls.call("LPUSH", "a", 1)])
        ok, error = await self.calls.call("EXEC")
        assert ok == b"OK"
        assert "WRONGTYPE" in str(error)

    async def test_a_closed_link(self):
        outstanding = self.calls.call("BLPOP", "empty", 0)
        closed = self.calls.close()
        error = await self.assertFailure(outstanding, Unreachable)
        assert error.unknown
        await closed
        error = await self.assertFailure(self.calls.call("PING"), Unreachable)
        assert (str(error), error.unknown) == ("closed", False)
        assert self.changes == [True]


class Listening(LinkCase):
    """What is published."""

    async def test_heard_also_after_a_break(self):
        with Server() as server:
            link = self.link(server.url, timeout_s=1.0)
            heard: DeferredQueue[tuple[bytes, bytes]] = DeferredQueue()
            link.listen("wake:*", lambda channel, message: heard.put((channel, message)))
            link.listen("b", lambda *_: heard.put((b"b", b"")))
            await link.connect()
            assert await link.call("PUBLISH", "wake:1", b"\xff") == 1
            assert await heard.get() == (b"wake:1", b"\xff")
            await link.call("PUBLISH", "b", "")
            assert await heard.get() == (b"b", b"")
            up = self.next_change(True)
            server.restart()
            await up
            assert await link.call("PUBLISH", "other", "x") == 0
            await link.call("PUBLISH", "wake:2", "x")
            assert await heard.get() == (b"wake:2", b"x")

    async def test_an_idle_one_is_asked_for_a_sign_of_life(self):
        with Server() as server:
            link = self.link(server.url, timeout_s=0.2)
            link.listen("wake", lambda *_: None)
            await link.connect()
            for _ in range(3):  # commands outstanding longer than one limit would be the end
                server.client.call("CONFIG", "RESETSTAT")
                while b"cmdstat_ping:calls=3" not in server.client.call("INFO", "commandstats"):
                    await deferLater(reactor, 0.01)
            assert self.changes == [True]


class Libraries(LinkCase):
    """Functions are there after each connection."""

    async def setUp(self):
        self.server = shared_server()
        self.server.client.call("FUNCTION", "FLUSH")

    def libraries(self):
        found = self.server.client.call("FUNCTION", "LIST", "WITHCODE")
        return sorted(dict(zip(each[::2], each[1::2], strict=True))[b"library_code"].decode() for each in found)

    async def test_loaded_once_and_replaced_when_it_differs(self):
        link = await self.linked(self.server.url)
        assert self.libraries() == [LIBRARY.code]
        loads = self.server.client.call("INFO", "commandstats").count(b"cmdstat_function|load")
        await link.close()
        self.server.client.call("CONFIG", "RESETSTAT")
        await self.linked(self.server.url)
        assert loads == 1
        assert b"cmdstat_function|load" not in self.server.client.call("INFO", "commandstats")
        newer = Library(LIBRARY.name, LIBRARY.source.replace("'GET'", "'STRLEN'"))
        link = await self.linked(self.server.url, library=newer)
        assert self.libraries() == [newer.code]
        await link.function("put", ["a"], ["four"])
        assert await link.function("got", ["a"], []) == 4

    async def test_versions_side_by_side(self):
        older, newer = (Library.of("one", TEXT.replace("WHICH", which)) for which in ("older", "newer"))
        beside = Library.of("another {gateway}", TEXT.replace("WHICH", "older"))
        links = [await self.linked(self.server.url, library=each) for each in (older, newer, beside, older)]
        for link, which in zip(links, (b"older", b"newer", b"older", b"older"), strict=True):
            assert await link.function("smsgwd_which", ["a"], []) == which
            assert await link.call("FCALL", "smsgwd_which", 1, "a", read=True) == which
            assert await link.call("FCALL_RO", "smsgwd_which", 1, "a") == which

    async def test_what_nobody_uses_any_more_is_removed(self):
        older, old, new = (Library.of("one", TEXT.replace("WHICH", which)) for which in ("older", "old", "new"))
        beside = Library.of("two", TEXT)
        links = [await self.linked(self.server.url, library=each) for each in (older, old, beside, new)]
        assert await tidy(links[-1], new, {old.name}) == [older.name]
        assert self.libraries() == sorted(each.code for each in (old, beside, new))
        assert await tidy(links[-1], new, {old.name}) == []
        # One that used it nevertheless has it again.
        error = await self.assertFailure(links[0].function("smsgwd_which", ["a"], []), Unreachable)
        assert not error.unknown
        assert await self.soon(lambda: links[0].function("smsgwd_which", ["a"], [])) == b"older"

    async def test_gone_from_the_server_it_is_loaded_again(self):
        link = await self.linked(self.server.url)
        await link.function("put", ["a"], ["x"])
        self.server.client.call("FUNCTION", "FLUSH")
        error = await self.assertFailure(link.function("got", ["a"], []), Unreachable)
        assert "not found" in str(error)
        assert not error.unknown
        assert await self.soon(lambda: link.function("got", ["a"], [])) == b"x"
        assert self.changes == [True, False, True]

    async def test_one_that_the_server_does_not_take(self):
        link = self.link(self.server.url, library=Library("wrong", "this is not Lua"))
        error = await self.assertFailure(link.connect(), Refused)
        assert "Error compiling function" in str(error)
        assert self.changes == []


class Breaks(LinkCase):
    """Servers that go away, hang, or come back."""

    async def test_kill_and_restart(self):
        with Server(appendfsync="always") as server:
            link = await self.linked(server.url)
            await link.function("put", ["a"], ["1"])
            down = self.next_change(False)
            server.kill()
            await down
            error = await self.assertFailure(link.call("GET", "a"), Unreachable)
            assert not error.unknown
            assert "connect" in link.why
            server.start()
            await self.next_change(True)
            assert await link.function("got", ["a"], []) == b"1"
            assert self.changes == [True, False, True]

    async def test_calls_on_the_way_when_the_server_dies_are_unknown(self):
        with Server() as server:
            link = await self.linked(f"unix://{server.path}")
            calls = [link.call("BLPOP", "empty", 0), link.call("SET", "a", 1), link.call("BLPOP", "b", 0, read=True)]
            server.kill()
            for each in calls:
                error = await self.assertFailure(each, Unreachable)
                assert error.unknown

    async def test_a_server_that_hangs_is_left_and_found_again(self):
        with Server() as server:
            link = await self.linked(server.url, timeout_s=0.3)
            server.pause()
            waiting = [link.call("SET", "a", 1), link.call("GET", "a", read=True)]
            for each in waiting:
                error = await self.assertFailure(each, Unreachable)
                assert (str(error), error.unknown) == ("no answer within 0.3 s", True)
            assert self.changes == [True, False]
            up = self.next_change(True)
            server.resume()
            await up
            assert await link.function("put", ["a"], [2]) == b"OK"

    async def test_an_idle_link_notices_too(self):
        with Server() as server:
            await self.linked(server.url, timeout_s=0.2)
            down = self.next_change(False)
            server.pause()
            await down
            server.resume()

    async def test_what_comes_back_read_only_is_left_until_it_is_not(self):
        with Server() as server:
            link = await self.linked(server.url)
            server.client.call("REPLICAOF", "127.0.0.1", 1)
            error = await self.assertFailure(link.call("SET", "a", 1), Unreachable)
            assert str(error).startswith("READONLY")
            assert not error.unknown
            assert self.changes == [True, False]
            up = self.next_change(True)
            server.client.call("REPLICAOF", "NO", "ONE")
            await up
            assert await link.call("SET", "a", 1) == b"OK"

    async def test_a_full_server_may_have_room_later(self):
        with Server(maxmemory="3mb", maxmemory_policy="noeviction") as server:
            link = await self.linked(server.url)
            server.client.call("CONFIG", "SET", "maxmemory", "1")
            error = await self.assertFailure(link.call("SET", "a", "x"), Unreachable)
            assert str(error).startswith("OOM")
            assert not error.unknown
            server.client.call("CONFIG", "SET", "maxmemory", "0")
            assert await link.call("SET", "a", "x") == b"OK"
            assert self.changes == [True]

    async def test_nobody_there(self):
        link = self.link("unix:///nowhere/s")
        error = await self.assertFailure(link.connect(), Unreachable)
        assert "/nowhere/s" in str(error)
        error = await self.assertFailure(link.call("PING"), Unreachable)
        assert "/nowhere/s" in str(error)

    async def test_a_link_that_failed_may_be_connected_later(self):
        with Server() as server:
            link = self.link(server.url)
            server.kill()
            await self.assertFailure(link.connect(), Unreachable)
            server.start()
            await link.connect()
            assert await link.call("PING") == b"PONG"

    async def test_closed_while_connecting(self):
        with Server() as server:
            link = self.link(server.url)
            server.pause()
            connecting = link.connect()
            await link.close()
            error = await self.assertFailure(connecting, Unreachable)
            assert str(error) == "closed"

    async def test_closed_while_looking_for_the_master(self):
        with Server() as server:
            server.pause()
            link = self.link(f"redis+sentinel://127.0.0.1:{server.port},localhost:{server.port}/main")
            connecting = link.connect()
            await deferLater(reactor, 0.0)
            await link.close()
            error = await self.assertFailure(connecting, Unreachable)
            assert str(error) == "closed"  # and it did not go on to the next: trial would see its timers

    async def test_something_else_answers(self):
        class Web(Protocol):
            def dataReceived(self, data):
                self.transport.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        port = reactor.listenTCP(0, Factory.forProtocol(Web), interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        link = self.link(f"redis://127.0.0.1:{port.getHost().port}")
        error = await self.assertFailure(link.connect(), Unreachable)
        assert "does not speak Redis's protocol" in str(error)


class Imports(TestCase):
    """Gateways with the embedded store do not pay for this one."""

    def test_only_where_the_store_is_redis(self):
        code = (
            "import sys, smsgwd.app.daemon, smsgwd.cli.main, smsgwd.store.embedded.store; "
            "print(sorted({'txredisapi', 'hiredis', 'smsgwd.store.redis'} & set(sys.modules)))"
        )
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=128)
        assert told.stdout == "[]\n"


class Users(LinkCase):
    """Passwords and rights."""

    async def test_named_in_what_is_refused(self):
        acl = ("default off", "node on >right ~a* +@all -flushall", "reader on >right ~* +get +ping")
        with Server(acl=acl, user="node", password="right") as server:
            place = f"127.0.0.1:{server.port}"
            link = await self.linked(f"redis://node:right@{place}")
            error = await self.assertFailure(link.call("SET", "b", 1), Refused)
            assert str(error).startswith("NOPERM ")
            error = await self.assertFailure(link.call("FLUSHALL"), Refused)
            assert "flushall" in str(error)
            assert await link.function("put", ["a"], [1]) == b"OK"
            for url, why in {
                f"redis://node:wrong@{place}": "WRONGPASS ",
                f"redis://{place}": "NOAUTH ",
                f"redis://reader:right@{place}": "NOPERM ",
            }.items():
                error = await self.assertFailure(self.link(url).connect(), Refused)
                assert why in str(error)

    async def test_a_password_alone(self):
        with Server(requirepass="right", password="right") as server:
            link = await self.linked(f"unix://{server.path}?password=right")
            assert await link.call("ACL", "WHOAMI") == b"default"


class Tls(LinkCase):
    """TLS with authorities that are ours, and that are not."""

    def setUp(self):
        self.directory = Path(tempfile.mkdtemp())
        self.authority = Authority(self.directory, "ca")
        self.files = self.authority.sign("server")

    async def test_of_our_authority(self):
        with TlsFront(shared_server(), *self.files) as front:
            link = await self.linked(f"{front.url}?ca={self.authority.cert}")
            await link.function("put", ["a"], [b"x" * 1_000_000])
            assert len(await link.call("GET", "a", read=True)) == 1_000_000

    async def test_of_another(self):
        other = Authority(self.directory, "other")
        with TlsFront(shared_server(), *self.files) as front:
            error = await self.assertFailure(self.link(f"{front.url}?ca={other.cert}").connect(), Unreachable)
            assert "certificate verify failed" in str(error)

    async def test_that_asks_who_we_are(self):
        own = self.authority.sign("node")
        with TlsFront(shared_server(), *self.files, client_ca=self.authority.cert) as front:
            ca = f"{front.url}?ca={self.authority.cert}"
            link = await self.linked(f"{ca}&cert={own.cert}&key={own.key}")
            assert await link.call("PING") == b"PONG"
            error = await self.assertFailure(self.link(ca).connect(), Unreachable)
            assert "certificate required" in str(error)

    async def test_with_a_file_that_is_not_there(self):
        error = await self.assertFailure(
            self.link(f"rediss://localhost?ca={self.directory}/none").connect(), ValueError
        )
        assert "none" in str(error)
