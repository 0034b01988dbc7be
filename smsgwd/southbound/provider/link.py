"""A provider's plugin in the place of binds: started, left in order, cut (`life.Links`)."""

from __future__ import annotations

from collections.abc import Callable

from smsgwd.southbound.provider.runner import Runner


class ProviderLink:
    """Of one connector. `runner` can be another while it is closed."""

    def __init__(self, runner: Runner, outstanding: Callable[[], bool], changed: Callable[[], None]) -> None:
        """`outstanding` tells whether messages are out; `changed` is called when the plugin's state is another."""
        self.runner = runner
        self._outstanding = outstanding
        self._changed = changed
        self._wanted = False
        self._ending = False

    @property
    def state(self) -> str:
        """Of the plugin; see `runner.Runner`."""
        return self.runner.state

    @property
    def count(self) -> int:
        """See `life.Links`."""
        return 1

    @property
    def outstanding(self) -> bool:
        """See `life.Links`."""
        return self._outstanding()

    @property
    def closed(self) -> bool:
        """See `life.Links`."""
        return not self._ending and self.runner.state == "stopped"

    @property
    def leaving(self) -> bool:
        """True while its plugin is to end: calls that end then tell nothing of the provider."""
        return not self._wanted

    def start(self) -> None:
        """See `life.Links`."""
        self._wanted = True
        if not self._ending and self.runner.state == "stopped":
            self.runner.start(self._changed)

    def stop(self) -> None:
        """See `life.Links`."""
        self._wanted = False
        if not self._ending:
            self._ending = True
            self.runner.stop().addCallback(self._ended)

    def abort(self, reason: str) -> None:
        """See `life.Links`: `stop` gives up what is not answered."""
        self.stop()

    def forget_closed(self) -> bool:
        """See `life.Links`."""
        return True

    def _ended(self, _: None) -> None:
        self._ending = False
        self._changed()
        if self._wanted:
            self.start()
