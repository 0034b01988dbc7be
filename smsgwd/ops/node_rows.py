"""What operators see of the nodes that share the store: a row each, sums, who has which bind, what needs somebody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from smsgwd.delivery.allotment import bind_of
from smsgwd.ports.nodes import Nodes, NodeState, NodeView
from smsgwd.timespec import format_epoch_ms

ROLE: Final = "u:"  #: names of roles, among the things that nodes own
GROUP: Final = "t:"  #: of groups of targets, and of accounts
BOUND: Final = "bound:"  #: what a node tells of a connector: its binds there that stand
#: What a node tells of itself: figures a second since it told the last time, and what is so at the moment.
RATES: Final = ("accepted_s", "sent_s", "receipts_s", "delivered_s", "failed_s", "pushed_s", "refused_s")
LEVELS: Final = ("claimed", "in_flight", "cpu")
_SUMMED: Final = (*RATES, "binds", "bound", "claimed", "in_flight", "cpu")


def node_rows(nodes: Nodes) -> list[dict[str, Any]]:
    """A row for each node, lost ones too. Of a lost one there are no figures: what it told last is long over."""
    owned: dict[str, list[str]] = {}
    for thing, holder in nodes.owners().items():
        owned.setdefault(holder, []).append(thing)
    return [node_row(view, owned.get(view.name, ()), here=view.name == nodes.name) for view in nodes.listed()]


def node_row(view: NodeView, owned: Sequence[str], *, here: bool) -> dict[str, Any]:
    """One node. `owned`: names of things; `here`: it is the one that is asked."""
    lives = view.state is not NodeState.LOST
    load = view.load if lives else {}
    return {
        "node": view.name,
        "here": here,
        "state": view.state.value if view.intake or not lives else "draining, closed",
        "host": view.host,
        "pid": view.pid,
        "version": view.version,
        "since": format_epoch_ms(view.since) if view.since else None,
        "lease_s": round(view.lease_s, 1) if lives else None,
        "told_s": round(view.age_s, 1),
        "binds": sum(bind_of(thing) is not None for thing in owned),
        "bound": round(sum(value for name, value in load.items() if name.startswith(BOUND))) if lives else None,
        **{name: round(load[name], 2) if name in load else None for name in (*RATES, *LEVELS)},
        "roles": sorted(thing[len(ROLE) :] for thing in owned if thing.startswith(ROLE)),
    }


def sums(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Of all rows together."""
    return {name: round(sum(row[name] or 0 for row in rows), 2) for name in _SUMMED}


def bind_rows(nodes: Nodes) -> list[dict[str, Any]]:
    """A row for each bind of each connector: whose it is, and where an operator wants it."""
    pins = {(pin.connector, pin.number): pin.node for pin in nodes.pins()}
    return [
        {
            "connector": connector,
            "bind": number,
            "node": nodes.owner(f"b:{connector}:{number}"),
            "pinned": pins.get((connector, number)) or pins.get((connector, None)),
        }
        for connector, count in sorted(nodes.binds().items())
        for number in range(count)
    ]


def connector_rows(nodes: Nodes) -> list[dict[str, Any]]:
    """A row for each connector: its binds on all nodes, those that stand, and how many each node has."""
    stand: Counter[str] = Counter()
    for view in nodes.live():
        for name, value in view.load.items():
            if name.startswith(BOUND):
                stand[name[len(BOUND) :]] += round(value)
    whose: dict[str, Counter[str]] = {connector: Counter() for connector in nodes.binds()}
    for thing, holder in nodes.owners().items():
        slot = bind_of(thing)
        if slot is not None and slot[0] in whose and slot[1] < nodes.binds()[slot[0]]:
            whose[slot[0]][holder] += 1
    return [
        {
            "connector": connector,
            "binds": count,
            "bound": stand[connector],
            "nobody": count - whose[connector].total(),
            "nodes": dict(sorted(whose[connector].items())),
        }
        for connector, count in sorted(nodes.binds().items())
    ]


def needs(nodes: Nodes) -> list[str]:
    """What of the nodes somebody should see to, in sentences."""
    found = []
    if nodes.fenced:
        found.append(f"this node has no lease, it sends nothing and takes nothing: {nodes.fenced}")
    for view in nodes.listed():
        if view.state is NodeState.LOST:
            found.append(f"node {view.name} ({view.host}) is lost: start it, or node forget {view.name}")
        elif view.state is NodeState.DRAINING:
            found.append(f"node {view.name} is drained, as an operator wanted: node undrain {view.name}")
        if not view.opens:
            found.append(f"node {view.name} has another secret_key than {nodes.name}: each refuses the other's tokens")
        if not view.alike:
            found.append(f"node {view.name} has other connectors in its configuration than {nodes.name}")
    if not nodes.alone and not nodes.fenced:
        found += [
            f"binds of {row['connector']} that no node has: {row['nobody']} (node binds)"
            for row in connector_rows(nodes)
            if row["nobody"]
        ]
    return found
