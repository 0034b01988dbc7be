"""The process of an HTTP worker: started by the gateway with the descriptor of its end of a socket pair, never by hand.

It imports little: no store, no SMPP, no configuration model. All it needs comes with the first frame. Dialects are
imported where some are served: to tell refusals in their way.
"""

from __future__ import annotations

import gc
import signal
import sys
from typing import Any

from smsgwd.app.logs import start_logging
from smsgwd.net.edge_frames import Setup
from smsgwd.net.http_message import Refuser
from smsgwd.net.reactor import install

_BREATHE_S = 5.0
_STILL_S = 60


def main(descriptor: int) -> int:
    """Serve until the gateway says it is enough, or is gone; the exit status."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # they reach the whole group; the gateway says what follows from them
    install()
    from twisted.internet import reactor as installed

    from smsgwd.net.edge_worker import EdgeWorker  # parts of Twisted that it needs take the reactor when imported

    reactor: Any = installed

    status = 0

    def end(why: int) -> None:
        nonlocal status
        if reactor.running:
            status = why
            reactor.stop()

    def breathe() -> None:
        # alarm(2) without a handler ends the process, even one that is caught in a loop: nobody else would, were the
        # gateway gone, and the next one could not listen.
        signal.alarm(_STILL_S)
        reactor.callLater(_BREATHE_S, breathe)

    reactor.callWhenRunning(breathe)
    reactor.callWhenRunning(EdgeWorker, reactor, descriptor, _configure, end)
    reactor.run(installSignalHandlers=False)
    return status


def _configure(setup: Setup) -> Refuser | None:
    """Logging as the gateway's, every line with our number; then what is there for good is no garbage."""
    start_logging(setup.log, {"worker": setup.number})
    refuse = None
    if setup.mounts:
        from smsgwd.app.dialect_mounts import mounts_from, refuser

        refuse = refuser(mounts_from(setup.mounts))
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)  # as the gateway's: a request's objects are in no cycles
    return refuse


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
