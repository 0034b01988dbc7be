"""`smsgwd bench idle`: memory and CPU of a gateway that is bound and has nothing to do."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from smsgwd.simulator.books import Books
from smsgwd.simulator.smpp_load import BindPlan, LoadError, SmppLoad
from smsgwd.simulator.stand import ESME_PASSWORD, Stand, StandError, esme_name
from smsgwd.simulator.submit_template import SubmitTemplate

_BOUND_S: Final = 20.0
_TURN_S: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleOptions:
    """How many binds there are to the SMSC, how many ESMEs are bound, how long is waited and then measured (s).

    The limits: `rss_mb` MB of memory and `share` of a core, in per cent; 0 judges nothing.
    """

    binds: int = 10
    esmes: int = 0
    settle_s: float = 5.0
    seconds: float = 30.0
    rss_mb: float = 90.0
    share: float = 0.5


def run_idle(options: IdleOptions, directory: Path) -> dict[str, Any]:
    """The whole bench in an empty directory. Raises StandError, LoadError when a process or a bind fails."""
    stand = Stand(directory, overrides={"connector": {"binds": options.binds}}, esmes=1, lean=True, both=True)
    load: SmppLoad | None = None
    try:
        stand.start()
        load = _bound(stand, options.esmes)
        end = time.monotonic() + _BOUND_S
        while stand.smsc.summary_now()["binds_now"] < options.binds:
            if time.monotonic() > end:
                raise StandError(f"not all of {options.binds} binds came up within {_BOUND_S:g} s")
            load.loop.turn(0.05)
        _idle(load, options.settle_s)
        pid = stand.gateway.pid
        before, waits, begun = stand.gateway.cpu_s(), _waits(pid), time.monotonic()
        _idle(load, options.seconds)
        took = time.monotonic() - begun
        found: dict[str, Any] = {
            "rss_mb": stand.gateway.rss_mb(),
            "rss_peak_mb": stand.gateway.rss_peak_mb(),
            "cpu_percent": round((stand.gateway.cpu_s() - before) * 100 / took, 3),
            "wakeups_per_s": round((_waits(pid) - waits) / took, 1),
            "seconds": round(took, 1),
        }
        stand.gateway.check()
        load.unbind()
        found["gateway_exit"] = stand.stop()
    except BaseException:
        if load is not None:
            load.close()
        with suppress(StandError):
            stand.stop()
        raise
    found["ok"] = (
        found["gateway_exit"] == 0
        and (not options.rss_mb or found["rss_mb"] <= options.rss_mb)
        and (not options.share or found["cpu_percent"] <= options.share)
    )
    return {"summary": found}


def table(report: dict[str, Any]) -> str:
    """The report of `run_idle`, readable."""
    found = report["summary"]
    return (
        f"RSS {found['rss_mb']:.1f} MB (peak {found['rss_peak_mb']:.1f}), {found['cpu_percent']:.2f} % of a core,"
        f" {found['wakeups_per_s']:.1f} wake-ups/s over {found['seconds']:.0f} s"
    )


def _bound(stand: Stand, esmes: int) -> SmppLoad:
    plans = [BindPlan(esme_name(0), ESME_PASSWORD)] * esmes
    load = SmppLoad(("127.0.0.1", stand.smpp_port), plans, SubmitTemplate("Message {n}"), Books(0))
    load.bind()
    return load


def _idle(load: SmppLoad, seconds: float) -> None:
    """Let time pass; the ESMEs answer what they are asked."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        load.loop.turn(min(left, _TURN_S))
        if any(link.sock is None for link in load.links):
            raise LoadError("a connection of an ESME was closed")


def _waits(pid: int) -> int:
    """How often its threads have gone to sleep so far."""
    total = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        lines = (thread / "status").read_text().splitlines()
        total += sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))
    return total
