"""A cluster: calls find their servers, and find them again."""

from __future__ import annotations

import functools

import pytest
from twisted.internet.defer import Deferred, DeferredQueue, gatherResults

from smsgwd.store.redis.errors import Refused, Unreachable
from smsgwd.store.redis.slots import CrossSlot, keys_of, slot_of
from tests.store.redis.calls import LIBRARY, LinkCase
from tests.store.redis_server import ErrorReply
from tests.store.redis_sets import ClusterSet


@functools.cache
def shared_cluster():
    """Three masters for all tests that leave them as they were."""
    return ClusterSet()


KEYS = ("a", "{x}a", "a{x}b{y}", "{}a", "{}{x}", "a{b", "a}{b}", "", "é", "{smsgwd}:m:1", "{{x}}")


def test_slots_are_counted_as_the_servers_do():
    cluster = shared_cluster()
    assert [slot_of([key]) for key in KEYS] == [cluster.slot_of(key) for key in KEYS]
    assert slot_of([b"\xff{\xfe}"]) == cluster.slot_of(b"\xff{\xfe}")
    assert slot_of([]) is None
    assert slot_of(["{x}a", b"b{x}", "x"]) == slot_of(["x"])
    with pytest.raises(CrossSlot, match="keys 'a' and 'b' are in different slots: give them one hash tag"):
        slot_of(["a", "b"])


@pytest.mark.parametrize(
    ("command", "keys"),
    [
        (("FCALL", "put", 2, "a", "b", "c"), ("a", "b")),
        (("evalsha", "0f", b"1", "a", "b"), ("a",)),
        (("GET", "a"), ("a",)),
        ((b"DEL", "a", "b"), ("a", "b")),
        (("MSET", "a", 1, "b", 2), ("a", "b")),
        (("PING",), ()),
        (("WAIT", 1, 0), ()),
    ],
)
def test_keys_of_commands(command, keys):
    assert tuple(keys_of(command)) == keys


class Calls(LinkCase):
    """A cluster that is well."""

    async def setUp(self):
        self.cluster = shared_cluster()
        for each in self.cluster.masters:
            each.flush()
        self.calls = await self.linked(self.cluster.url)

    async def test_keys_on_three_masters(self):
        names = [f"k{number}" for number in range(300)]
        await gatherResults([self.calls.function("put", [name], [name]) for name in names])
        kept = [each.client.call("DBSIZE") for each in self.cluster.masters]
        assert sum(kept) == 300
        assert min(kept) > 50
        reads = [self.calls.function("got", [name], [], read=True) for name in names]
        assert await gatherResults(reads) == [name.encode() for name in names]
        assert sorted(await self.calls.each("DBSIZE")) == sorted(kept)
        assert await self.calls.confirmed("put", ["a"], [1], ("WAITAOF", 1, 0, 4000)) == [b"OK", [1, 0]]
        assert self.changes == [True]

    async def test_what_no_one_server_can_do_is_refused(self):
        error = await self.assertFailure(self.calls.function("put", ["a", "b"], [1]), Refused)
        assert "keys 'a' and 'b' are in different slots" in str(error)
        error = await self.assertFailure(self.calls.call("PING"), Refused)
        assert "which server" in str(error)
        error = await self.assertFailure(self.calls.call("LPUSH", "l"), Refused)
        assert "wrong number of arguments" in str(error)

    async def test_what_is_published_anywhere_is_heard_once(self):
        link = self.link(self.cluster.url)
        heard: DeferredQueue[bytes] = DeferredQueue()
        link.listen("wake:*", lambda channel, _: heard.put(channel))
        await link.connect()
        for number, each in enumerate(self.cluster.masters):
            each.client.call("PUBLISH", f"wake:{number}", "x")
        assert sorted([await heard.get() for _ in range(3)]) == [b"wake:0", b"wake:1", b"wake:2"]
        self.cluster.masters[0].client.call("PUBLISH", "wake:last", "x")
        assert await heard.get() == b"wake:last"

    async def test_a_closed_link(self):
        outstanding = self.calls.call("BLPOP", "empty", 0)
        closed = self.calls.close()
        error = await self.assertFailure(outstanding, Unreachable)
        assert error.unknown
        await closed
        error = await self.assertFailure(self.calls.call("GET", "a"), Unreachable)
        assert str(error) == "closed"
        assert self.changes == [True]

    async def test_not_a_cluster_or_nobody_there(self):
        await self.assertFailure(self.link("redis+cluster://127.0.0.1:1").connect(), Unreachable)
        link = self.link(f"redis+cluster://127.0.0.1:1,127.0.0.1:{self.cluster.masters[2].port}")
        await link.connect()
        assert await link.call("SET", "a", 1) == b"OK"


class Moves(LinkCase):
    """Slots go from one master to another while calls are made."""

    async def test_ask_then_moved(self):
        with ClusterSet() as cluster:
            link = await self.linked(cluster.url)
            slot = cluster.slot_of("{x}")
            await link.call("MSET", "{x}a", 1, "{x}b", 2)
            target = next(each for each in cluster.masters if each is not cluster.owner(slot))
            source = cluster.begin_move(slot, target)
            # some keys here, some there: what is there, or nowhere, is asked for there
            source.client.call("MIGRATE", "127.0.0.1", target.port, "{x}a", 0, 5000)
            with self.assertRaisesRegex(ErrorReply, "^ASK "):
                source.client.call("GET", "{x}a")
            assert await link.call("GET", "{x}a") == b"1"
            assert await link.function("got", ["{x}b"], []) == b"2"
            assert await link.function("put", ["{x}new"], [3]) == b"OK"
            split = link.call("MGET", "{x}a", "{x}b")  # TRYAGAIN until all are there
            cluster.move_keys(slot, source, target)
            assert await split == [b"1", b"2"]
            cluster.end_move(slot, target)
            with self.assertRaisesRegex(ErrorReply, "^MOVED "):
                source.client.call("GET", "{x}a")
            replies = [link.call("GET", "{x}a"), link.call("GET", "{x}new"), link.function("got", ["{x}b"], [])]
            assert await gatherResults(replies) == [b"1", b"3", b"2"]
            assert target.client.call("DBSIZE") == 3
            assert self.changes == [True]
            source.client.call("CONFIG", "RESETSTAT")
            assert await link.call("GET", "{x}a") == b"1"
            assert b"cmdstat_get:" not in source.client.call("INFO", "commandstats")  # the map is the new one

    async def test_to_a_server_that_was_not_there(self):
        with ClusterSet() as cluster:
            link = await self.linked(cluster.url)
            slot = cluster.slot_of("a")
            await link.call("SET", "a", 1)
            target = cluster.add()
            source = cluster.begin_move(slot, target)
            cluster.move_keys(slot, source, target)
            cluster.end_move(slot, target)
            calls = [link.function("got", ["a"], []), link.call("GET", "a"), link.call("GET", "a", read=True)]
            assert await gatherResults(calls) == [b"1"] * 3
            libraries = target.client.call("FUNCTION", "LIST")
            assert [dict(zip(each[::2], each[1::2], strict=True))[b"library_name"] for each in libraries] == [
                LIBRARY.name.encode()
            ]


class Deaths(LinkCase):
    """A master dies."""

    async def test_and_comes_back(self):
        with ClusterSet(cluster_require_full_coverage="no", appendfsync="always") as cluster:
            home = next(f"k{n}" for n in range(100) if cluster.owner(cluster.slot_of(f"k{n}")) is cluster.masters[0])
            other = next(f"k{n}" for n in range(100) if cluster.owner(cluster.slot_of(f"k{n}")) is cluster.masters[1])
            link = await self.linked(cluster.url, home=home)
            await gatherResults([link.call("SET", key, 1) for key in (home, other)])
            cluster.masters[1].kill()
            error = await self.assertFailure(Deferred.fromCoroutine(self.until_down(link, other)), Unreachable)
            assert "connect" in str(error)
            assert await link.call("GET", home) == b"1"
            assert self.changes == [True]
            cluster.masters[1].start()
            assert await self.soon(lambda: link.call("GET", other)) == b"1"
            down = self.next_change(False)
            cluster.masters[0].kill()
            await down
            error = await self.assertFailure(link.call("GET", home), Unreachable)
            assert not error.unknown
            up = self.next_change(True)
            cluster.masters[0].start()
            await up
            assert await self.soon(lambda: link.call("GET", home)) == b"1"

    async def until_down(self, link, key):
        while True:
            await link.call("GET", key)

    async def test_and_its_replica_takes_over(self):
        with ClusterSet(replicas=1) as cluster:
            link = await self.linked(cluster.url)
            names = [f"k{number}" for number in range(30)]
            for name in names:
                assert await link.confirmed("put", [name], [name], ("WAIT", 1, 4000)) == [b"OK", 1]
            down = self.next_change(False)
            cluster.masters[0].kill()
            await down
            await self.next_change(True)
            for name in names:
                assert await self.soon(functools.partial(link.function, "got", [name], [])) == name.encode()
