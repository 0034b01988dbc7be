"""The screen of `smsgwctl status`."""

from __future__ import annotations

from typing import Any

from smsgwd.cli.tables import PLAIN, Look, cell, table
from smsgwd.cli.top_figures import age, node_line


def status_screen(data: dict[str, Any], look: Look = PLAIN) -> str:
    """The whole gateway on one screen, from the answer of `status show`."""
    up = age(max(0.1, data["uptime_s"]))
    lines = [
        f"smsgwd {cell(data['version'])}  node {cell(data['node'])}  {cell(data['phase'])}  up {up}",
        "listening: "
        + "; ".join(f"{name} {', '.join(addresses)}" for name, addresses in data["listeners"].items() if addresses),
        *_store(data["store"]),
        *_nodes(data),
    ]
    if workers := data.get("http_workers"):
        told = f"HTTP workers: {workers['up']} of {workers['of']} up, process ids {cell(workers['pids'])}"
        lines.insert(3, told)
    queues = {queue["connector"]: queue for queue in data["store"].get("queues", ())}
    rows = [
        {
            "connector": row["id"],
            "kind": row["kind"],
            "up": "elsewhere" if row.get("elsewhere") else row["up"],
            "queued": queues.get(row["id"], {}).get("queued", 0),
            "in flight": row["in_flight"],
            "sent": row["sent"],
            "refused": row["refused"],
            "receipts": row["receipts"],
            "binds": " ".join(f"{bind['state']}({bind['window_used']}/{bind['window']})" for bind in row["binds"]),
        }
        for row in data["connectors"]
    ]
    needs = [f"! {cell(text)}" for text in data.get("attention", ())]
    if "cluster" in data:
        return "\n".join([*lines, *needs, "", *_cluster(data, look)])
    shown = table(rows, look) if rows else "no connectors: none is configured"
    return "\n".join([*lines, *needs, "", shown, *_remarks(data["connectors"], told=bool(needs))])


def _store(store: dict[str, Any]) -> list[str]:
    spool = store.get("spool", {})
    away = "CANNOT WRITE: submissions are " + ("kept on this node's disk" if spool.get("away") else "refused")
    lines = [f"store: {'ok' if store['healthy'] else away}"]
    if spool.get("messages"):
        lines.append(f"waiting on this node's disk for the store: {spool['messages']} of {spool['most']} messages")
    if "error" in store:
        return [*lines, f"store figures: {cell(store['error'])}"]
    held = f"held for a decision {store['held']}, " if store.get("held") else ""
    return [
        *lines,
        f"scheduled or waiting {store['scheduled']}, {held}sent without receipt {store['sent_without_receipt']}, "
        f"pushes pending {store['outbox_pending']} (given up {store['outbox_dead']}), "
        f"receipts parked {store['parked']} (orphans {store['orphans']})",
    ]


def _nodes(data: dict[str, Any]) -> list[str]:
    """That this is one of several nodes, and which of them do not live."""
    nodes = data.get("nodes", ())
    if not nodes:
        return []
    others = [f"{cell(row['node'])} {cell(row['state'])}" for row in nodes if not row["here"]]
    return [
        f"one of {len(nodes)} nodes that share the store: {', '.join(others)}" if others else "the only node so far"
    ]


def _cluster(data: dict[str, Any], look: Look) -> list[str]:
    """All nodes, what they do together, and each connector's binds on all of them."""
    cluster = data["cluster"]
    total = {"node": "all", "state": f"{sum(row['state'] == 'up' for row in data['nodes'])} up", **cluster["sums"]}
    connectors = [
        {**row, "nodes": " ".join(f"{node} {count}" for node, count in row["nodes"].items())}
        for row in cluster["connectors"]
    ]
    return [
        table([node_line(row) for row in [*data["nodes"], total]], look),
        "",
        table(connectors, look) if connectors else "no connectors: none is configured",
    ]


def _remarks(connectors: list[dict[str, Any]], *, told: bool) -> list[str]:
    """What of the connectors has to be said in words: errors of binds, what slows them down, and what stops them where
    that was not `told` at the top."""
    said = [
        f"{cell(row['id'])} bind {bind['index']}: {cell(bind['last_error'])}"
        for row in connectors
        for bind in row["binds"]
        if bind["last_error"] and bind["state"] != "bound"
    ]
    for row in connectors:
        name = cell(row["id"])
        if row.get("state", "on") != "on" and not told:
            said.append(f"{name}: {cell(row['state'])} by an operator (connector show {name})")
        if row["suspended_s"] and not told:
            said.append(f"{name}: suspended for another {row['suspended_s']:.0f} s")
        if row["rate"] and row["rate"] != row.get("throughput"):
            said.append(f"{name}: sends {row['rate']:.1f} parts a second at most, since its carrier throttles")
    return said
