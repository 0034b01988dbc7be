"""Several servers that belong together, for tests: watched by sentinels, as a cluster, or behind TLS."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import socketserver
import ssl
import threading
from pathlib import Path

from tests.store.redis_server import LONGEST_S, Server, eventually, free_port

SLOTS = 16384


class SentinelSet:
    """A master (called `name`), its replicas, and three sentinels that make one of those the master when it is away for
    a second. `options` are the servers'."""

    name = "main"

    def __init__(self, replicas: int = 1, **options: str | int | list[str]) -> None:
        self.master = Server(**options)
        self.replicas = [Server(replicaof=f"127.0.0.1 {self.master.port}", **options) for _ in range(replicas)]
        watches = (
            f"monitor {self.name} 127.0.0.1 {self.master.port} 2",
            f"down-after-milliseconds {self.name} 1000",
            f"failover-timeout {self.name} 3000",
        )
        self.sentinels = [Server(watches=watches) for _ in range(3)]
        eventually("sentinels know each other and the replicas", lambda: all(map(self._complete, self.sentinels)))

    def _complete(self, sentinel: Server) -> bool:
        flat = sentinel.client.call("SENTINEL", "MASTER", self.name)
        known = dict(zip(flat[::2], flat[1::2], strict=True))
        others = (int(known[b"num-slaves"]), int(known[b"num-other-sentinels"]))
        found = sentinel.client.call("SENTINEL", "REPLICAS", self.name)
        linked = all(dict(zip(each[::2], each[1::2], strict=True))[b"master-link-status"] == b"ok" for each in found)
        return others == (len(self.replicas), 2) and linked

    @property
    def url(self) -> str:
        """Its address as a setting says it."""
        return f"redis+sentinel://{','.join(f'127.0.0.1:{each.port}' for each in self.sentinels)}/{self.name}"

    def current(self) -> Server:
        """The server that calls itself master, as the sentinels say."""

        def found() -> Server | None:
            _, port = self.sentinels[0].client.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.name)
            (server,) = (each for each in (self.master, *self.replicas) if each.port == int(port))
            return server if server.client.call("ROLE")[0] == b"master" else None

        server: Server = eventually("a master", found)
        return server

    def close(self) -> None:
        """All of them."""
        for each in (*self.sentinels, *self.replicas, self.master):
            each.close()

    def __enter__(self) -> SentinelSet:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ClusterSet:
    """Masters that share the slots in equal ranges, each with as many replicas. `options` are the servers'."""

    def __init__(self, masters: int = 3, replicas: int = 0, **options: str | int | list[str]) -> None:
        self._options = options
        self.masters = [self._server() for _ in range(masters)]
        self.replicas = [self._server() for _ in range(masters * replicas)]
        everyone = [*self.masters, *self.replicas]
        for number, each in enumerate(self.masters):
            first, after = SLOTS * number // masters, SLOTS * (number + 1) // masters
            each.client.call("CLUSTER", "ADDSLOTSRANGE", first, after - 1)
        for number, each in enumerate(everyone):
            each.client.call("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            each.client.call("CLUSTER", "MEET", "127.0.0.1", self.masters[0].port, _bus_port(self.masters[0]))
        eventually("all know each other", lambda: all(_known(each) == len(everyone) for each in everyone))
        for number, each in enumerate(self.replicas):
            each.client.call("CLUSTER", "REPLICATE", self.id_of(self.masters[number % masters]))
        self.settled()

    def _server(self) -> Server:
        return Server(
            cluster_enabled="yes", cluster_config_file="nodes.conf", cluster_port=free_port(),
            cluster_node_timeout=1000, **self._options,
        )  # fmt: skip

    def add(self) -> Server:
        """One more master, without slots."""
        server = self._server()
        server.client.call("CLUSTER", "SET-CONFIG-EPOCH", len(self.masters) + len(self.replicas) + 1)
        server.client.call("CLUSTER", "MEET", "127.0.0.1", self.masters[0].port, _bus_port(self.masters[0]))
        self.masters.append(server)
        everyone = [*self.masters, *self.replicas]
        eventually("all know the new one", lambda: all(_known(each) == len(everyone) for each in everyone))
        self.settled()
        return server

    @property
    def url(self) -> str:
        """Its address as a setting says it: two of its nodes."""
        return f"redis+cluster://{','.join(f'127.0.0.1:{each.port}' for each in self.masters[:2])}"

    def settled(self) -> None:
        """Wait until all servers say that the cluster is whole and all replicas follow."""

        def holds() -> bool:
            infos = [each.client.call("CLUSTER", "INFO") for each in (*self.masters, *self.replicas)]
            linked = [b"master_link_status:up" in each.client.call("INFO", "replication") for each in self.replicas]
            return all(b"cluster_state:ok" in info for info in infos) and all(linked)

        eventually("the cluster is whole", holds)

    def id_of(self, server: Server) -> bytes:
        """What the cluster calls it."""
        name: bytes = server.client.call("CLUSTER", "MYID")
        return name

    def slot_of(self, key: str | bytes) -> int:
        """As the servers count."""
        slot: int = self.masters[0].client.call("CLUSTER", "KEYSLOT", key)
        return slot

    def owner(self, slot: int) -> Server:
        """The master that has a slot, as it says itself."""
        for each in self.masters:
            for first, last, node, *_ in each.client.call("CLUSTER", "SLOTS"):
                if first <= slot <= last and node[2] == self.id_of(each):
                    return each
        raise AssertionError(f"nobody has slot {slot}")

    def begin_move(self, slot: int, target: Server) -> Server:
        """The slot is about to move, none of its keys has yet; whose it was."""
        source = self.owner(slot)
        target.client.call("CLUSTER", "SETSLOT", slot, "IMPORTING", self.id_of(source))
        source.client.call("CLUSTER", "SETSLOT", slot, "MIGRATING", self.id_of(target))
        return source

    def move_keys(self, slot: int, source: Server, target: Server) -> None:
        """Its keys are with the new owner; the old one still has the slot."""
        while keys := source.client.call("CLUSTER", "GETKEYSINSLOT", slot, 100):
            source.client.call("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)

    def end_move(self, slot: int, target: Server) -> None:
        """The slot is the new owner's, and everybody knows."""
        for each in (target, *(other for other in self.masters if other is not target)):
            each.client.call("CLUSTER", "SETSLOT", slot, "NODE", self.id_of(target))

    def close(self) -> None:
        """All of them."""
        for each in (*self.replicas, *self.masters):
            each.close()

    def __enter__(self) -> ClusterSet:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _bus_port(server: Server) -> int:
    found = re.search(r"^cluster-port (\d+)$", (server.directory / "conf").read_text(), re.MULTILINE)
    assert found
    return int(found[1])


def _known(server: Server) -> int:
    found = re.search(rb"cluster_known_nodes:(\d+)", server.client.call("CLUSTER", "INFO"))
    return int(found[1]) if found else 0


class TlsFront:
    """TLS before a server, in threads of this process: the server of the package has none. Ends with `close`.

    `client_ca`: clients must show a certificate of this authority.
    """

    def __init__(self, server: Server, cert: Path, key: Path, client_ca: Path | None = None) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        if client_ca is not None:
            context.load_verify_locations(client_ca)
            context.verify_mode = ssl.CERT_REQUIRED

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                far = ("127.0.0.1", server.port)
                with (
                    contextlib.suppress(OSError),
                    context.wrap_socket(self.request, server_side=True) as near,
                    socket.create_connection(far, LONGEST_S) as connection,
                ):
                    _relay(near, connection)

        self._listener = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._listener.daemon_threads = True
        self.port: int = self._listener.server_address[1]
        threading.Thread(target=self._listener.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        """Its address as a setting says it, without the authority."""
        return f"rediss://localhost:{self.port}"

    def close(self) -> None:
        """No connection is taken any more."""
        self._listener.shutdown()
        self._listener.server_close()

    def __enter__(self) -> TlsFront:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _relay(near: ssl.SSLSocket, far: socket.socket) -> None:
    """Bytes both ways until one end is closed, by one thread."""
    poll = select.poll()
    poll.register(near, select.POLLIN)
    poll.register(far, select.POLLIN)
    while True:
        ready = [near.fileno()] if near.pending() else [number for number, _ in poll.poll(LONGEST_S * 1000)]
        for number in ready:
            one, other = (near, far) if number == near.fileno() else (far, near)
            data = one.recv(65536)
            if not data:
                return
            other.sendall(data)
