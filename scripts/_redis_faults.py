"""The cases of scripts/redis_faults: real servers, gateways and peers on loopback, and what is done to them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from smsgwd.simulator.crash import Verdict
from smsgwd.simulator.held_proxy import HeldProxy
from smsgwd.simulator.node_faults import Bench, Fault, FaultOptions, explains_all, run_faults
from smsgwd.simulator.nodes_stand import CONNECTOR, NodesStand
from smsgwd.simulator.stand import StandError
from smsgwd.simulator.submissions import number_of
from smsgwd.store.redis.keys import Keys
from smsgwd.store.redis.keys import number_of as id_of
from smsgwd.store.redis.rows import row_from
from tests.store.redis_server import Server
from tests.store.redis_sets import SentinelSet

PREFIX = "faults"
_STAMP = 8  # octets before each row
_keys = Keys(PREFIX)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOptions(FaultOptions):
    """`kills` of nodes, or of servers; `pause_s`: how long servers and networks are away."""

    kills: int = 3
    pause_s: float = 10.0
    between_s: float = 2.0  #: of load before each fault
    most_s: float = 600.0  #: that a case may take


# -- what the server knows -------------------------------------------------------------------------------------------


def unsent_by(server: Server, node: str) -> frozenset[int]:
    """Numbers of the messages that a node has claimed: it may have sent them, and nobody knows."""
    claimed = server.client.call("ZRANGE", _keys.queue(CONNECTOR, node), 0, -1)
    found = set()
    for begin in range(0, len(claimed), 1000):
        rows = server.client.call("MGET", *(_keys.message(id_of(each)) for each in claimed[begin : begin + 1000]))
        found |= {number_of(row_from(row[_STAMP:]).told.msisdn) for row in rows if row is not None}
    return frozenset(found)


def holders(server: Server) -> dict[str, str]:
    """Who has each bind: '' when its holder's lease has ended."""
    flat = server.client.call("HGETALL", _keys.owned)
    found = {}
    for thing, held in zip(flat[::2], flat[1::2], strict=True):
        if thing.startswith(b"b:"):
            token, _, name = held.partition(b" ")
            alive = server.client.call("GET", _keys.node(name.decode())) == token
            found[thing.decode()] = name.decode() if alive else ""
    return found


def wait_taken(bench: Bench, server: Server, dead: str, binds: int, patience_s: float = 30.0) -> float:
    """Until living nodes have all that was a node's, and are bound with it; how long that took (s)."""
    begun = time.monotonic()
    while time.monotonic() < begun + patience_s:
        held = holders(server)
        taken = len(held) == binds and all(name not in ("", dead) for name in held.values())
        if taken and bench.stand.smsc.summary_now()["binds_now"] >= binds:
            return time.monotonic() - begun
        time.sleep(0.02)
    raise StandError(f"what was {dead}'s was not taken over within {patience_s:g} s: {holders(server)}")


def wait_all_bound(bench: Bench, binds: int, patience_s: float = 30.0) -> None:
    """Until the SMSC has as many binds as the connector should have."""
    end = time.monotonic() + patience_s
    while (now := bench.stand.smsc.summary_now()["binds_now"]) != binds:
        if time.monotonic() > end:
            raise StandError(f"{now} of {binds} binds after {patience_s:g} s")
        time.sleep(0.1)


# -- the cases -------------------------------------------------------------------------------------------------------


def section(url: str, **settings: Any) -> dict[str, Any]:
    """Section `store` of a gateway."""
    return {"kind": "redis", "url": url, "prefix": PREFIX, **settings}


def server_killed(options: CaseOptions, directory: Path, fsync: str = "always", **settings: Any) -> Verdict:
    """kill -9 of the server, and its start with what it left."""
    with Server(appendfsync=fsync) as server:

        def harm(bench: Bench) -> None:
            for _ in range(options.kills):
                bench.rest(options.between_s)
                at = time.time()
                server.kill()
                bench.rest(0.5)
                server.start()
                bench.faults.append(explains_all("server killed", at, time.time()))
                bench.flow(200)

        return _run(options, directory, [section(server.url, **settings)], harm)


def spooled(options: CaseOptions, directory: Path) -> Verdict:
    """kill -9 of the server while the node goes on taking messages on its own disk; every second time of that, too."""
    with Server(appendfsync="always") as server:

        def harm(bench: Bench) -> None:
            [node] = bench.stand.nodes
            for number in range(options.kills):
                bench.rest(options.between_s)
                at = time.time()
                server.kill()
                bench.rest(0.5)
                bench.flow(200)
                if number % 2:
                    node.kill()
                server.start()
                if number % 2:
                    node.start()
                    node.wait_ready()
                bench.faults.append(explains_all("server killed", at, time.time()))
                bench.flow(200)

        return _run(options, directory, [section(server.url, spool={"away": True})], harm)


def failover(options: CaseOptions, directory: Path, replicas: int) -> Verdict:
    """kill -9 of the master under three sentinels; one replica."""
    with SentinelSet(replicas=1, appendfsync="always") as servers:

        def harm(bench: Bench) -> None:
            bench.rest(options.between_s)
            at = time.time()
            old = servers.current()
            old.kill()
            new = servers.current()
            bench.faults.append(explains_all("master killed", at, time.time()))
            if replicas:
                _confirmed_by_one_more(bench, new, old)
            bench.flow(400)

        return _run(options, directory, [section(servers.url, replicas=replicas)], harm)


def _confirmed_by_one_more(bench: Bench, new: Server, old: Server) -> None:
    """Nothing is confirmed until there is a replica again: the old master comes back as one."""
    del new
    bench.rest(1.0)
    old.start()


def server_paused(options: CaseOptions, directory: Path, nodes: int = 1) -> Verdict:
    """The server takes what comes and does nothing with it, for a while (SIGSTOP)."""
    with Server(appendfsync="always") as server:

        def harm(bench: Bench) -> None:
            bench.rest(options.between_s)
            at = time.time()
            server.pause()
            bench.rest(options.pause_s)
            server.resume()
            bench.faults.append(explains_all("server paused", at, time.time()))
            bench.flow(400)

        return _run(options, directory, [section(server.url)] * nodes, harm)


def partition(options: CaseOptions, directory: Path, nodes: int = 1, *, late: bool = False) -> Verdict:
    """The network between the first node and the server is away for a while; `late`: what it held comes then."""
    with Server(appendfsync="always") as server, _proxy(server) as proxy:

        def harm(bench: Bench) -> None:
            bench.rest(options.between_s)
            at = time.time()
            proxy.hold()
            bench.rest(0.05)
            fault = Fault("partition", at, unsent=unsent_by(server, "node1"))
            if nodes > 1:
                fault.takeover_s = 0.05 + wait_taken(bench, server, "node1", options.binds)
            bench.rest(max(0.0, at + options.pause_s - time.time()))
            proxy.heal(late=late)
            fault.over = time.time()
            bench.faults.append(fault if nodes > 1 else explains_all(fault.what, fault.at, fault.over))
            bench.flow(400)
            wait_all_bound(bench, options.binds)

        urls = [f"redis://127.0.0.1:{proxy.port}"] + [server.url] * (nodes - 1)
        return _run(options, directory, [section(url) for url in urls], harm)


def nodes_killed(options: CaseOptions, directory: Path) -> Verdict:
    """Two nodes: kill -9 of one at random, again and again. Most come back once the other has taken over."""
    dice = Random(f"{options.seed}/nodes")
    with Server(appendfsync="always") as server:

        def harm(bench: Bench) -> None:
            for _ in range(options.kills):
                bench.rest(options.between_s * dice.uniform(1.0, 1.5))
                node = dice.choice(bench.stand.nodes)
                at = time.time()
                node.kill()
                fault = Fault(f"{node.name} killed", at, unsent=unsent_by(server, node.name))
                if dice.random() < 0.8:
                    fault.takeover_s = wait_taken(bench, server, node.name, options.binds)
                fault.over = time.time()
                bench.faults.append(fault)
                node.start()
                node.wait_ready()
                bench.flow(100)
            wait_all_bound(bench, options.binds)

        return _run(options, directory, [section(server.url)] * 2, harm)


def _run(options: CaseOptions, directory: Path, stores: list[dict[str, Any]], harm: Callable[[Bench], None]) -> Verdict:
    stand = NodesStand(directory, stores, smsc=options.smsc(), esmes=options.accounts, binds=options.binds)
    return run_faults(options, stand, harm, options.most_s)


@contextlib.contextmanager
def _proxy(server: Server) -> Iterator[HeldProxy]:
    proxy = HeldProxy(server.port)
    try:
        yield proxy
    finally:
        proxy.stop()


CASES: dict[str, tuple[str, Callable[[CaseOptions, Path], Verdict]]] = {
    "kill-always": ("server killed, appendfsync always", server_killed),
    "kill-everysec": (
        "server killed, everysec, strict",
        lambda options, directory: server_killed(options, directory, "everysec", durability="strict"),
    ),
    "kill-everysec-server": (
        "server killed, everysec, durability: server",
        lambda options, directory: server_killed(options, directory, "everysec", durability="server"),
    ),
    "spool": ("server killed, `spool.away`; the node, too", spooled),
    "failover": ("Sentinel failover, replicas: 0", lambda options, directory: failover(options, directory, 0)),
    "failover-1": ("Sentinel failover, replicas: 1", lambda options, directory: failover(options, directory, 1)),
    "pause": ("server paused", server_paused),
    "partition": ("partition, what was under way lost", partition),
    "partition-late": (
        "partition, what was under way comes after it",
        lambda options, directory: partition(options, directory, late=True),
    ),
    "pause-2": ("two nodes, server paused", lambda options, directory: server_paused(options, directory, 2)),
    "partition-2": ("two nodes, one cut off", lambda options, directory: partition(options, directory, 2)),
    "partition-2-late": (
        "two nodes, one cut off, its commands come late",
        lambda options, directory: partition(options, directory, 2, late=True),
    ),
    "nodes": ("two nodes, either killed at random", nodes_killed),
}


# -- the table -------------------------------------------------------------------------------------------------------

_COLUMNS: tuple[tuple[str, Callable[[dict[str, Any]], Any]], ...] = (
    ("accepted", lambda found: found["SMPP: acknowledged"] + found["HTTP: accepted (202)"]),
    ("put off", lambda found: sum(found["refused for now, SMPP"].values()) + found["HTTP: put off (409, 429, 503)"]),
    ("unknown", lambda found: found["SMPP: unknown (bind lost, no answer)"]
     + found["HTTP: unknowable (no key, no answer)"]),
    ("lost", lambda found: found["SMPP: lost: acknowledged, not at the SMSC"]
     + found["HTTP: lost: 202 and not at the SMSC"]),
    ("no end", lambda found: found["SMPP: acknowledged and no receipt"]
     + found["HTTP: never pushed: 202 and no receipt"] + found["HTTP: more than one final state"]),
    ("twice", lambda found: found["SMPP: duplicates at the SMSC"] + found["HTTP: duplicates at the SMSC"]),
    ("unexplained", lambda found: found["SMPP: duplicates not explained by a kill"]
     + found["HTTP: duplicates not explained by a kill"]),
    ("take-over s", lambda found: found.get("longest take-over, s", "-")),
    ("pause s", lambda found: found["longest pause of intake, s"]),
    ("recovery s", lambda found: found["longest until intake after the fault, s"]),
    ("", lambda found: "ok" if found["ok"] else "FAILED"),
)  # fmt: skip


def titles() -> str:
    """The head of the table."""
    return " | ".join([f"{'case':<48}", *(name for name, _ in _COLUMNS)])


def line_of(title: str, verdict: Verdict) -> str:
    """A case's line."""
    found = {"ok": verdict.ok, **verdict.facts, **verdict.failures}
    return " | ".join([f"{title:<48}", *(f"{value(found)!s:>{len(name)}}" for name, value in _COLUMNS)])
