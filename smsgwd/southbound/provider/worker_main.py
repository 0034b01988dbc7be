"""The process of a plugin: started by the gateway with the descriptor of its end of a socket pair, never by hand.

It gets to know everything by its first frame. What the plugin prints goes nowhere; its memory is limited, so that a
leak ends as its own MemoryError; it dumps no core, which would hold secrets; and it ends with the gateway, however that
ends.
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import signal
import sys
from types import ModuleType
from typing import Any

import smsgwd
from smsgwd.net.reactor import install

_PR_SET_PDEATHSIG = 1
_BREATHE_S = 5.0
_STILL_S = 60
_NICER = 10  # the gateway's own work goes first: at 5, one that keeps a core busy took a tenth of its throughput


def main(descriptor: int, parent: int, memory: int) -> None:
    """Serve until the gateway is gone. `parent` = its process id; `memory` = most octets of data, 0 = no limit."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)  # they reach the whole group; the gateway says what follows from them
    ends_by_itself = _die_with(parent)
    be_modest(memory)
    _leave_out_configuration()
    install()
    from twisted.internet import reactor as installed

    from smsgwd.southbound.provider.worker_side import PluginSide  # parts of Twisted take the reactor when imported

    reactor: Any = installed

    def begin() -> None:
        PluginSide(reactor, descriptor, os._exit)  # at once: threads of a plugin may not keep the process
        gc.collect()
        gc.freeze()
        if not ends_by_itself:
            breathe()

    def breathe() -> None:
        # alarm(2) without a handler ends the process, even one that is caught in a loop.
        signal.alarm(_STILL_S)
        reactor.callLater(_BREATHE_S, breathe)

    _silence_twisted()
    reactor.callWhenRunning(begin)
    reactor.run(installSignalHandlers=False)
    os._exit(1)


def be_modest(memory: int) -> None:
    """Take less than the gateway: lower priority, so much data (octets, 0 = as much as there is), no core dumps.

    Each only where the system lets us: a unit of systemd may forbid it, or have set a stricter limit.
    """
    with contextlib.suppress(OSError):
        os.nice(_NICER)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory:
        with contextlib.suppress(OSError, ValueError):
            _, most = resource.getrlimit(resource.RLIMIT_DATA)
            limit = memory if most == resource.RLIM_INFINITY else min(memory, most)
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _die_with(parent: int) -> bool:
    """Have the system kill us when the gateway ends: a plugin that is caught in a loop reads no end of any socket.

    False where the system cannot: no Linux, or one that is too strict with memory for `ctypes`.
    """
    done = False
    if sys.platform == "linux":
        with contextlib.suppress(ImportError, MemoryError, OSError, AttributeError):
            import ctypes

            done = ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) == 0
    if os.getppid() != parent:  # it has ended in the meantime
        os._exit(0)
    return done


def _leave_out_configuration() -> None:
    """Put an empty package in the place of `smsgwd.config`: plugins need `smsgwd.config.option` alone, and all the
    sections that the package itself imports are 5 MB and 60 ms."""
    package = ModuleType("smsgwd.config")
    package.__path__ = [f"{each}/config" for each in smsgwd.__path__]
    sys.modules[package.__name__] = package


def _silence_twisted() -> None:
    """Its log would keep all that is said before somebody listens."""
    from twisted.logger import ILogObserver, LogEvent, globalLogBeginner
    from zope.interface import provider

    @provider(ILogObserver)
    def nothing(event: LogEvent) -> None:
        pass

    globalLogBeginner.beginLoggingTo([nothing], redirectStandardIO=False, discardBuffer=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
