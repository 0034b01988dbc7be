"""A master that sentinels name, and another after it."""

from __future__ import annotations

from smsgwd.store.redis.errors import Unreachable
from tests.store.redis.calls import LinkCase
from tests.store.redis_server import Server, free_port
from tests.store.redis_sets import SentinelSet


class Failover(LinkCase):
    """Another server becomes the master."""

    async def test_calls_work_again_after_the_master_is_killed(self):
        with SentinelSet() as servers:
            link = await self.linked(servers.url)
            assert await link.confirmed("put", ["a"], ["1"], ("WAIT", 1, 4000)) == [b"OK", 1]
            servers.master.kill()
            assert await self.soon(lambda: link.function("put", ["b"], ["2"])) == b"OK"
            assert await link.function("got", ["a"], [], read=True) == b"1"
            assert servers.current() is servers.replicas[0]
            assert servers.replicas[0].client.call("GET", "b") == b"2"
            # what was the master comes back as a replica, and nobody talks to it
            servers.master.start()
            assert await link.call("GET", "b") == b"2"

    async def test_a_master_that_hangs_is_left(self):
        with SentinelSet() as servers:
            link = await self.linked(servers.url, timeout_s=1.0)
            servers.master.pause()
            error = await self.assertFailure(link.call("SET", "a", 1), Unreachable)
            assert error.unknown
            assert await self.soon(lambda: link.call("SET", "a", 2)) == b"OK"
            assert servers.replicas[0].client.call("GET", "a") == b"2"
            servers.master.resume()


class Asking(LinkCase):
    """What sentinels say, or do not."""

    async def test_one_that_is_away_and_one_that_is_wrong(self):
        with Server() as master, Server(replicaof=f"127.0.0.1 {master.port}") as replica:
            right = Server(watches=(f"monitor main 127.0.0.1 {master.port} 1",))
            wrong = Server(watches=(f"monitor main 127.0.0.1 {replica.port} 1",))
            with right, wrong:
                ports = (free_port(), wrong.port, right.port)
                link = self.link(f"redis+sentinel://{','.join(f'127.0.0.1:{port}' for port in ports)}/main")
                error = await self.assertFailure(link.connect(), Unreachable)
                assert "not a master but a slave" in str(error)
                await link.connect()
                assert await link.call("SET", "a", 1) == b"OK"
                assert master.client.call("GET", "a") == b"1"

    async def test_a_name_nobody_knows(self):
        with Server(watches=(f"monitor main 127.0.0.1 {free_port()} 1",)) as sentinel:
            link = self.link(f"redis+sentinel://127.0.0.1:{sentinel.port},127.0.0.1:{free_port()}/other")
            error = await self.assertFailure(link.connect(), Unreachable)
            assert f"127.0.0.1:{sentinel.port} knows no master 'other'" in str(error)
            assert "refused" in str(error)

    async def test_passwords_of_servers_and_of_sentinels(self):
        with Server(requirepass="one", password="one") as master:
            watches = (f"monitor main 127.0.0.1 {master.port} 1", "auth-pass main one")
            with Server(watches=watches, requirepass="two", password="two") as sentinel:
                place = f"127.0.0.1:{sentinel.port}/main"
                link = await self.linked(f"redis+sentinel://:one@{place}?sentinel_password=two&db=3")
                assert await link.call("SET", "a", 1) == b"OK"
                master.client.call("SELECT", 3)
                assert master.client.call("GET", "a") == b"1"
                error = await self.assertFailure(self.link(f"redis+sentinel://:one@{place}").connect(), Unreachable)
                assert "NOAUTH" in str(error)
