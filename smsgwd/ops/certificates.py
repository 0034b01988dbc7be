"""`tls reload`: the listeners' certificates are read again."""

from __future__ import annotations

from collections.abc import Callable

from smsgwd.ops.registry import Command, Params


class Tls:
    """Commands about certificates. `reload` reads the files and tells, by listener, what became of it."""

    def __init__(self, reload: Callable[[], dict[str, str]]) -> None:
        self._reload = reload

    def commands(self) -> list[Command]:
        """The commands of this family."""
        text = "Read the listeners' certificates again (as SIGHUP does); established connections go on"
        return [Command("tls", "reload", text, self._run, changes=True, role="operate", examples=("tls reload",))]

    def _run(self, params: Params) -> dict[str, str]:
        return self._reload()
