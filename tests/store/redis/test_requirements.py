"""Which servers are refused at the start, and why."""

import pytest
from twisted.internet import reactor
from twisted.internet.defer import inlineCallbacks
from twisted.trial.unittest import TestCase

from smsgwd.store.redis.address import parse
from smsgwd.store.redis.requirements import facts, refused
from smsgwd.store.redis.store import RedisStore
from smsgwd.store.writer import CannotOpen
from tests.store.redis_server import Server

GOOD = {"valkey_version": "8.1.0", "redis_version": "7.2.4", "aof_enabled": "1", "maxmemory_policy": "noeviction"}
ALWAYS = {"maxmemory-policy": "noeviction", "appendfsync": "always"}


@pytest.mark.parametrize(
    ("info", "settings", "strict", "reason"),
    [
        ({}, {}, True, ""),
        ({"valkey_version": "", "redis_version": "7.0.15"}, {}, False, "it is of version 7.0.15"),
        ({}, {"maxmemory-policy": "allkeys-lru"}, False, "maxmemory-policy is allkeys-lru"),
        ({"maxmemory_policy": "volatile-lru"}, None, False, "maxmemory-policy is volatile-lru"),
        ({"aof_enabled": "0"}, {}, True, "appendonly is no"),
        ({"aof_enabled": "0"}, {}, False, ""),
        ({}, {"appendfsync": "no"}, True, "appendfsync is no"),
        ({}, {"appendfsync": "no"}, False, ""),
        ({}, {"appendfsync": "everysec"}, True, ""),
    ],
)
def test_reasons(info, settings, strict, reason):
    """`settings` None: the user may not ask for them."""
    found = refused(GOOD | info, {} if settings is None else ALWAYS | settings, strict=strict)
    assert [each.startswith(reason) for each in found] == [True] * bool(reason), found


def test_facts_are_those_of_info():
    assert facts(b"# Server\r\nredis_version:7.2.4\r\n\r\naof_enabled:1\r\n") == {
        "redis_version": "7.2.4",
        "aof_enabled": "1",
    }


class Refusing(TestCase):
    @inlineCallbacks
    def test_a_server_that_never_says_what_is_safe(self):
        with Server(appendfsync="no") as server:
            strict = RedisStore(reactor, parse(server.url), prefix="strict")
            with pytest.raises(CannotOpen, match="appendfsync is no"):
                yield strict.open()
            other = RedisStore(reactor, parse(server.url), prefix="other", strict=False)
            assert (yield other.open()) == 0
            yield other.close()
