"""`node list`, `show`, `binds`, `drain`, `undrain`, `move`, `forget`: the processes that share the store.

Any node's admin socket tells of and changes any node: what operators say is in the store, and each node goes by it.
"""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.defer import Deferred

from smsgwd.ops.node_rows import GROUP, bind_rows, node_rows
from smsgwd.ops.params import carried_out, flag
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ports.nodes import NodeLives, Nodes, NoSuchNode, NotShared, Pin
from smsgwd.ports.store import StoreUnavailable

_LISTED: Final = (
    "node", "state", "host", "pid", "version", "since", "lease_s", "binds", "bound", "accepted_s", "sent_s",
    "receipts_s", "claimed", "roles",
)  # fmt: skip
_NODE = Parameter("node", "Its name", required=True, values="node")


class NodeCommands:
    """Commands about nodes. With a store that is not shared there is one, and nothing to change about it."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "node",
                "list",
                "The processes that share the store: who lives, what each does",
                self._list,
                examples=("node list",),
            ),
            Command(
                "node",
                "show",
                "One node with all its figures, its binds, roles and pins; this one if left out",
                self._show,
                (Parameter("node", "Its name", values="node"),),
                examples=("node show gw2",),
            ),
            Command(
                "node",
                "binds",
                "Which node has which bind of each connector, and where binds are pinned",
                self._binds,
                examples=("node binds",),
            ),
            Command(
                "node",
                "drain",
                "Have a node give its binds, targets and roles to the others, in order; it goes on taking messages. A"
                " restart of it ends that",
                self._drain,
                (_NODE, Parameter("intake", "no: it refuses new submissions, too", values="yes|no")),
                changes=True,
                role="operate",
                look=self._state,
                examples=("node drain gw2", "node drain gw2 intake=no"),
            ),
            Command(
                "node",
                "undrain",
                "A drained node takes part again",
                self._undrain,
                (_NODE,),
                changes=True,
                role="operate",
                look=self._state,
                examples=("node undrain gw2",),
            ),
            Command(
                "node",
                "move",
                "Pin a connector's binds, or one (CONNECTOR:BIND), to a node, as long as that lives and is not drained",
                self._move,
                (
                    Parameter("connector", "The connector, or CONNECTOR:BIND", required=True, values="connector"),
                    Parameter("node", "Where to", values="node"),
                    Parameter("clear", "yes: take the pin back", values="yes"),
                ),
                changes=True,
                role="operate",
                look=self._pins,
                examples=("node move isms1 gw2", "node move isms1:0 gw1", "node move isms1 clear=yes"),
            ),
            Command(
                "node",
                "forget",
                "A lost node is not coming back: list it no more (else it is listed for a day)",
                self._forget,
                (_NODE,),
                changes=True,
                role="operate",
                look=self._state,
                examples=("node forget gw3",),
            ),
        ]

    # -- looking ---------------------------------------------------------------------------------------------------

    def _list(self, params: Params) -> Deferred[list[dict[str, Any]]]:
        return carried_out(self._listed())

    async def _listed(self) -> list[dict[str, Any]]:
        await looked(self._nodes)
        return [{name: row[name] for name in _LISTED} for row in node_rows(self._nodes)]

    def _show(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._shown(params.get("node", self._nodes.name)))

    async def _shown(self, name: str) -> dict[str, Any]:
        nodes = self._nodes
        await looked(nodes)
        row = self._row(name)
        owners = nodes.owners()
        view = next(view for view in nodes.listed() if view.name == name)
        return {
            **row,
            "targets": sum(thing.startswith(GROUP) for thing, holder in owners.items() if holder == name),
            "alike": view.alike,
            "opens": view.opens,
            "keys": list(view.keys),
            "has": [
                {"connector": each["connector"], "bind": each["bind"], "pinned": each["pinned"] == name}
                for each in bind_rows(nodes)
                if each["node"] == name
            ],
            "pins": [_pinned(pin) for pin in nodes.pins() if pin.node == name],
        }

    def _row(self, name: str) -> dict[str, Any]:
        rows = node_rows(self._nodes)
        for row in rows:
            if row["node"] == name:
                return row
        raise CommandError(f"there is no node {name}; there are: {', '.join(row['node'] for row in rows)}")

    def _binds(self, params: Params) -> Deferred[list[dict[str, Any]]]:
        return carried_out(self._whose())

    async def _whose(self) -> list[dict[str, Any]]:
        await looked(self._nodes)
        return bind_rows(self._nodes)

    def _state(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._stated(params["node"]))

    async def _stated(self, name: str) -> dict[str, Any]:
        await looked(self._nodes)
        row = self._row(name)
        return {"node": name, "state": row["state"], "binds": row["binds"], "roles": row["roles"]}

    def _pins(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._pinned())

    async def _pinned(self) -> dict[str, Any]:
        await looked(self._nodes)
        return {"pins": [_pinned(pin) for pin in self._nodes.pins()]}

    # -- changing --------------------------------------------------------------------------------------------------

    def _drain(self, params: Params) -> Deferred[dict[str, Any]]:
        intake = "intake" not in params or flag(params, "intake")
        return carried_out(self._said(params["node"], self._nodes.drain(params["node"], intake=intake)))

    def _undrain(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._said(params["node"], self._nodes.undrain(params["node"])))

    async def _said(self, name: str, said: Deferred[None]) -> dict[str, Any]:
        """What was said is known to the server: the state as it is from now on."""
        await _done(said)
        return await self._stated(name)

    def _forget(self, params: Params) -> Deferred[list[dict[str, Any]]]:
        return carried_out(self._forgotten(params["node"]))

    async def _forgotten(self, name: str) -> list[dict[str, Any]]:
        await _done(self._nodes.forget(name))
        return await self._listed()

    def _move(self, params: Params) -> Deferred[dict[str, Any]]:
        if ("node" in params) == flag(params, "clear"):
            raise CommandError("node move needs a node to move to, or clear=yes, not both")
        connector, number = self._slot(params["connector"], checked="node" in params and not self._nodes.alone)
        pin = Pin(connector, number, params.get("node", ""))
        return carried_out(self._moved(pin))

    def _slot(self, written: str, *, checked: bool) -> tuple[str, int | None]:
        """A connector, and the number of a bind. CommandError for one that there is not, where it is `checked`: a pin
        of a connector that is gone can be taken back."""
        connector, colon, number = written.partition(":")
        if colon and not (number.isascii() and number.isdigit() and len(number) < 10):
            raise CommandError(f"{written}: behind the colon stands the number of a bind, from 0")
        bind = int(number) if colon else None
        binds = self._nodes.binds()
        if checked and connector not in binds:
            raise CommandError(f"there is no connector {connector}; there are: {', '.join(sorted(binds)) or 'none'}")
        if checked and bind is not None and bind >= binds[connector]:
            raise CommandError(f"{connector} has no bind {bind}: its binds are 0 to {binds[connector] - 1}")
        return connector, bind

    async def _moved(self, pin: Pin) -> dict[str, Any]:
        await _done(self._nodes.move(pin))
        return await self._pinned()


async def looked(nodes: Nodes) -> None:
    """Have what is known of the nodes as new as can be; while the store is away, what is known tells how old it is."""
    try:
        await nodes.refresh()
    except StoreUnavailable:
        return


async def _done(said: Deferred[None]) -> None:
    try:
        await said
    except (NoSuchNode, NotShared, NodeLives) as error:
        raise CommandError(str(error)) from None


def _pinned(pin: Pin) -> dict[str, Any]:
    return {"connector": pin.connector, "bind": pin.number, "node": pin.node}
