"""Nodes that share a server, as their writers do it, step by step: so that a test says who is when between what.

a, b = nodes("a", "b")
first, second = a.begin(lambda work: ...), b.begin(lambda work: ...)
assert first.commit()
assert not second.commit()  # computed from what the first one changed
assert b.run(lambda work: ...) == ...  # computed until it is committed
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from smsgwd.store.redis import tx as _tx
from smsgwd.store.redis.keys import Keys
from smsgwd.store.redis.library import Library
from smsgwd.store.redis.memory import Memory
from smsgwd.store.redis.tx import Tx
from smsgwd.store.redis.work import RedisWork
from tests.store.redis_server import Client, ErrorReply, shared_server

LIBRARY = Library.of("nodes", (Path(_tx.__file__).parent / "functions.lua").read_text())
_prefixes = itertools.count(1)
_MOST_TRIES = 20


class Attempt:
    """A transaction that is computed and not committed; `result` is what was computed."""

    def __init__(self, node: Node, do: Callable[[RedisWork], Any]) -> None:
        self._node = node
        self._tx = Tx(node.ask, node.memory.cache)
        self._work = RedisWork(self._tx, node.memory)
        self.result = do(self._work)
        self._work.finish()
        self._stamp = node.next_stamp()
        self.program = self._tx.finish(self._stamp)

    def commit(self) -> bool:
        """False, and nothing written, when something that it was computed from is different now."""
        keys, args = self.program.encode()
        (conflicts,) = self._node.ask([("FCALL", "smsgwd_commit", len(keys), *keys, *args)])
        memory = self._node.memory
        if conflicts:
            self._tx.conflicted([keys[int(each[1:]) - 1] for each in conflicts if each[:1] == b"r"])
            if any(each[:1] == b"a" for each in conflicts):
                memory.sums.clear()
            for each in conflicts:
                if each[:1] == b"q":
                    memory.claimed.add(self.program.unqueued[int(each[1:]) - 1][2])
            return False
        self._tx.committed(self._stamp)
        self._work.committed()
        self._work.landed()
        memory.claimed.clear()
        return True


class Node:
    """One process's part of the store; `asked` counts round trips, commits included."""

    def __init__(self, prefix: str, name: str) -> None:
        self.keys = Keys(prefix)
        self.memory = Memory(self.keys, name)
        self.asked = 0
        self.tries = 0  #: of the last `run`
        self._client = Client(shared_server().path)
        self._own = os.urandom(4)
        self._stamps = itertools.count(1)

    def next_stamp(self) -> bytes:
        """Unlike any other."""
        return self._own + next(self._stamps).to_bytes(4, "big")

    def ask(self, commands: Sequence[Sequence[bytes | str | int]]) -> list[Any]:
        """See tx.Ask."""
        self.asked += 1
        return [self._client.call(*LIBRARY.call(command)) for command in commands]

    def begin(self, do: Callable[[RedisWork], Any]) -> Attempt:
        """Compute a transaction."""
        return Attempt(self, do)

    def run(self, do: Callable[[RedisWork], Any]) -> Any:
        """Compute a transaction until it is committed; its result."""
        for self.tries in range(1, _MOST_TRIES + 1):
            attempt = self.begin(do)
            if attempt.commit():
                return attempt.result
        raise AssertionError("it conflicts again and again")

    def stored(self) -> dict[str, Any]:
        """Everything under the prefix, read without what is remembered: rows without stamps, indexes as members with
        their scores, hashes."""
        found: dict[str, Any] = {}
        for key in sorted(self._client.call("KEYS", f"{self.keys.base}*")):
            name, kind = key.decode(), self._client.call("TYPE", key)
            if kind == b"string":
                found[name.removeprefix(self.keys.base)] = self._client.call("GET", key)[_tx.STAMP :]
            elif kind == b"zset":
                flat = self._client.call("ZRANGE", key, 0, -1, "WITHSCORES")
                found[name.removeprefix(self.keys.base)] = dict(zip(flat[::2], map(float, flat[1::2]), strict=True))
            else:
                flat = self._client.call("HGETALL", key)
                found[name.removeprefix(self.keys.base)] = dict(zip(flat[::2], flat[1::2], strict=True))
        return found

    def close(self) -> None:
        """Its connection."""
        self._client.close()


def nodes(*names: str) -> list[Node]:
    """Nodes of one gateway that has nothing yet. Close each."""
    try:
        shared_server().client.call("FUNCTION", "LOAD", "REPLACE", LIBRARY.code)
    except ErrorReply as error:
        raise AssertionError(f"functions.lua: {error}") from None
    prefix = f"nodes{next(_prefixes)}"
    return [Node(prefix, name) for name in names]
