"""`esme list` and `esme disconnect`: who is bound to us, and sending them away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from smsgwd.ops.registry import Command, CommandError, Parameter, Params


class Server(Protocol):
    """The server side of SMPP, as operators see it."""

    def status(self) -> Sequence[msgspec.Struct]:
        """All binds."""
        ...

    def disconnect(self, system_id: str) -> int:
        """Unbind all binds of an account in order; how many."""
        ...


class Esmes:
    """Commands about bound ESMEs."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "esme", "list", "The ESMEs that are bound, with their windows", self._list, examples=("esme list",)
            ),
            Command(
                "esme",
                "disconnect",
                "Unbind all binds of an account in order; they may bind again",
                self._disconnect,
                (Parameter("system_id", "The account", required=True, values="account"),),
                changes=True,
                role="operate",
                examples=("esme disconnect shop1",),
            ),
        ]

    def _list(self, params: Params) -> list[dict[str, Any]]:
        return [msgspec.to_builtins(bind) for bind in self._server.status()]

    def _disconnect(self, params: Params) -> dict[str, Any]:
        count = self._server.disconnect(params["system_id"])
        if not count:
            raise CommandError(f"nothing is bound as {params['system_id']}")
        return {"system_id": params["system_id"], "unbinding": count}
