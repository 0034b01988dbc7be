"""Who runs a provider: what the host asks of it, wherever the plugin's code is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.defer import Deferred

from smsgwd.southbound.provider.calls import Call, Done


class Runner(Protocol):
    """One connector's provider at work.

    `call` never fails: its Deferred fires with `Done`, in time, whatever the plugin does (a plugin that hangs is given
    up, one that blocks its process has it killed). Each HTTP request of a call waits for a permit of the account first.
    """

    @property
    def state(self) -> str:
        """For operators: stopped, starting, running, failed (it could not be started, and is tried again)."""
        ...

    @property
    def trouble(self) -> str:
        """Why it failed last; '' = it did not."""
        ...

    @property
    def pid(self) -> int:
        """The process it runs in; 0 = none, or ours."""
        ...

    def start(self, changed: Callable[[], None]) -> None:
        """Make the provider; `changed` is called whenever `state` is another one."""
        ...

    def stop(self) -> Deferred[None]:
        """Give up what is not answered, and end; fires when nothing of it is left. `start` may follow."""
        ...

    def call(self, call: Call, limit_s: float, *, record: bool = False) -> Deferred[Done]:
        """Ask something. `limit_s` counts from when its first request may leave; a call that is not begun is waited
        for as long. With `record` the answer holds its HTTP exchanges."""
        ...
