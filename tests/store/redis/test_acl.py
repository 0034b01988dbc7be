"""The user that docs/redis.md tells to make on the server can do all that a gateway does, and nothing beside."""

import functools
import itertools
import re
from pathlib import Path

import pytest
from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from smsgwd.store.redis.address import parse
from smsgwd.store.redis.store import RedisStore
from tests.store import contract, contract_retention
from tests.store.redis_server import Client, ErrorReply, Server

PAGE = Path(__file__).resolve().parents[3] / "docs" / "redis.md"
PASSWORD = "told-in-the-page"
_prefixes = itertools.count(1)


def user(prefix="smsgwd"):
    """The page's user, for keys under this prefix."""
    [line] = re.findall(r"^ACL SETUSER (smsgwd .*)$", PAGE.read_text("utf-8"), re.MULTILINE)
    return line.replace("PASSWORD", PASSWORD).replace("{smsgwd}", f"{{{prefix}}}")


@functools.cache
def server():
    """One server, its first user being the administrator."""
    return Server(appendfsync="always")


class AsThatUser:
    """Makes stores that are that user, under a prefix of its own for each test."""

    def new_store(self, **options):
        if not hasattr(self, "prefix"):
            self.prefix = f"acl{next(_prefixes)}"
            server().client.call("ACL", "SETUSER", *user(self.prefix).split())
            server().client.call("ACL", "LOG", "RESET")
            self.addCleanup(self._nothing_was_refused)
        url = server().url.replace("://", f"://smsgwd:{PASSWORD}@")
        return RedisStore(reactor, parse(url), prefix=self.prefix, node="n1", **options)

    def _nothing_was_refused(self):
        assert server().client.call("ACL", "LOG") == []


class TestSubmit(AsThatUser, contract.SubmitContract, TestCase):
    pass


class TestReceipts(AsThatUser, contract.ReceiptContract, TestCase):
    pass


class TestRetention(AsThatUser, contract_retention.RetentionContract, TestCase):
    pass


@pytest.mark.parametrize(
    "command",
    [
        ("GET", "other"), ("SET", "{smsgwd2}:m", "x"), ("FLUSHALL",), ("KEYS", "*"), ("CONFIG", "SET", "dir", "/"),
        ("ACL", "LIST"), ("SHUTDOWN",), ("MONITOR",), ("PUBLISH", "other", "x"),
        ("REPLICAOF", "NO", "ONE"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_it_may_not_do(command):
    server().client.call("ACL", "SETUSER", "narrow", *user().split()[1:])
    client = Client(server().path, user="narrow", password=PASSWORD)
    assert client.call("SET", "{smsgwd}:x", "1") == b"OK"
    with pytest.raises(ErrorReply, match="NOPERM"):
        client.call(*command)
    client.close()
