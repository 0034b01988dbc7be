"""Which server is the master, as sentinels say.

txredisapi's own Sentinel does not get on with replies that stay bytes (it compares the role as text and connects for
ever), and it is asked less often than here: before each attempt to connect, so that after a failover the first attempts
find the new master as soon as there is one. A sentinel may be wrong for a while; the link asks the server its role.
"""

from __future__ import annotations

from typing import Any

from smsgwd.store.redis.address import Address
from smsgwd.store.redis.connection import Place, dial
from smsgwd.store.redis.errors import Refused, Unreachable

_LONGEST_S = 1.0  # one sentinel that does not answer must not hold up the next for long


class Sentinels:
    """Sentinels of one master. They are asked in turn, so that one that is wrong is not asked for ever."""

    def __init__(self, reactor: Any, address: Address, timeout_s: float = _LONGEST_S) -> None:
        self._reactor = reactor
        self._address = address
        self._timeout_s = timeout_s
        self._hosts = list(address.hosts)

    async def master(self) -> Place:
        """Where the master is. Raises Unreachable when no sentinel says so: with what each said instead."""
        said = []
        for host in list(self._hosts):
            self._hosts.remove(host)
            self._hosts.append(host)
            try:
                return await self._asked(host)
            except (Unreachable, Refused) as error:
                said.append(str(error))
        raise Unreachable(f"no sentinel names a master: {'; '.join(said)}")

    async def _asked(self, host: tuple[str, int]) -> Place:
        connection = await dial(
            self._reactor, host, self._timeout_s, login=self._address.sentinel_login, tls=self._address.tls
        )
        try:
            found = await connection.send("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._address.master)
        finally:
            connection.end("asked")
        if not found:
            raise Unreachable(f"{host[0]}:{host[1]} knows no master {self._address.master!r}")
        return found[0].decode(), int(found[1])
