"""The stand of a soak: two SMSCs with every temper there is, on one route, and a catcher that fails too."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smsgwd.simulator.free_ports import free_ports
from smsgwd.simulator.stand import TENANT, Process, Stand, StandError, smsc_command

_SECRET = "whsec_c2VjcmV0IG9mIG9uZSBsb25nIHNvYWsgdGVzdA=="  # noqa: S105 - of a gateway that lives for one soak
_TIMERS = {
    "connect_s": 2,
    "session_init_s": 2,
    "enquire_link_s": 2,
    "enquire_link_timeout_s": 1,
    "response_s": 2,
    "reconnect_min_s": 0.1,
    "reconnect_max_s": 1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SmscFaults:
    """Options of the SMSCs. `rate` is that of both together (messages/s); shares are multiplied by `times`."""

    rate: float
    times: float = 1.0
    seed: int = 1

    def options(self, number: int) -> tuple[str, ...]:
        """Of the SMSC with that number, 0 or 1."""
        shares = {
            "mute": 0.05, "twice": 0.3, "shuffle": 1.0, "stray": 0.05, "drop": 0.02, "stall": 0.005,
            "receipt-lost": 0.5, "receipt-twice": 1.0, "contradict": 0.5, "wrong-id": 0.5, "before-resp": 2.0,
            "undeliv": 1.0, "throttle": 0.005, "close-after-bind": 10.0,
        }  # fmt: skip
        found = [f"--{name}-pct={share * self.times:g}" for name, share in shares.items()]
        statuses = {"0x14": 0.005, "0x08": 0.2, "0x45": 0.2, "0x400": 0.1, "0x0B": 0.1}
        found.append("--status-mix=" + ",".join(f"{code}:{share * self.times:g}" for code, share in statuses.items()))
        states = {"EXPIRED": 0.5, "REJECTD": 0.5, "UNKNOWN": 0.2}
        found.append("--state-mix=" + ",".join(f"{stat}:{share * self.times:g}" for stat, share in states.items()))
        found += [
            f"--seed={self.seed * 10 + number}", f"--max-rate={self.rate * 0.8:g}", "--resp-delay-ms=5",
            "--resp-jitter-ms=20", "--shuffle-ms=80", "--stall-ms=3000", "--receipt-delay-ms=50",
            "--receipt-spread-ms=500", "--receipt-retry-ms=300", "--receipts-via=other", "--receipt-window=100",
            "--close-after-bind=1", "--refuse-bind=0x0D", "--refuse-times=1", "--unbind-after-s=20", "--enquire-s=5",
            f"--garbage-every={max(50, int(2000 / self.times))}", f"--garbage-kinds={('0123', '012345')[number]}",
            f"--id-form={('dec', 'hex')[number]}",
        ]  # fmt: skip
        return tuple(found)


class SoakStand(Stand):
    """Gateway, catcher and two SMSCs. `validity_s` is that of every message."""

    def __init__(
        self,
        directory: Path,
        faults: SmscFaults,
        *,
        accounts: int,
        validity_s: int,
        receipt_wait_h: float,
        mo_rate: float,
        mo_count: int,
    ) -> None:
        ports = free_ports(2)
        options = [
            (*faults.options(number), f"--port={port}", *_mo_options(number, mo_rate, mo_count))
            for number, port in enumerate(ports)
        ]
        super().__init__(
            directory,
            smsc=options[0],
            webhook=("--fail-pct=2", "--hang-pct=0.02", f"--seed={faults.seed}"),
            overrides={
                "connectors": [_connector(name, port) for name, port in zip("ab", ports, strict=True)],
                "routes": [
                    {
                        "match": {"to": "*"},
                        "connectors": ["a", "b"],
                        "strategy": "round_robin",
                        "on_undelivered": "next",
                    }
                ],
                "mo_routes": [{"webhook": TENANT}],
                "limits": {"default_validity_s": validity_s, "receipt_wait_h": receipt_wait_h},
                "notify": {
                    "allow_private_targets": True,
                    "max_connections_per_host": 32,
                    "timeout_s": 2,
                    "retry_s": [1, 1, 2],
                },
            },
            secret=_SECRET,
            esmes=accounts,
            both=True,
        )
        second = directory / "smsc2.jsonl"
        self.smscs = (self.smsc, Process("smsc2", smsc_command(second, *options[1]), directory))
        self.smsc_records = (self.smsc_record, second)

    def start(self) -> None:
        """See Stand."""
        self.smscs[1].start()
        self.smscs[1].port()
        super().start()

    def stop(self) -> int:
        """See Stand."""
        try:
            return super().stop()
        finally:
            with contextlib.suppress(StandError):
                self.smscs[1].stop()

    def kill(self) -> None:
        """End everything at once."""
        for process in (self.gateway, self.webhook, *self.smscs):
            process.kill_if_running()


def _connector(name: str, port: int) -> dict[str, Any]:
    """A connector to one of the SMSCs: one sends again what had no answer, the other waits for its receipt."""
    return {
        "id": name,
        "kind": "smpp",
        "host": "127.0.0.1",
        "port": port,
        "system_id": "gw",
        "password": "gw",
        "account_group": name,
        "binds": 2,
        "window": 100,
        "timers": _TIMERS,
        "retry": {"waits_s": [0.3, 1, 2], "attempts": 3},
        "suspend_s": 2,
        "failover_after_s": 3,
        "unknown_outcome": "resend" if name == "a" else "wait",
    }


def _mo_options(number: int, rate: float, count: int) -> tuple[str, ...]:
    """Subscribers' messages of two parts, out of order and repeated: 8-bit references of one SMSC, SAR of the other."""
    if not rate:
        return ()
    return (
        f"--mo-rate={rate:g}", f"--mo-count={max(1, count)}", "--mo-to=54000", f"--mo-from=3069{number + 1}",
        f"--mo-text={'Subscriber {n} ' * 14}", f"--mo-parts={('udh8', 'sar')[number]}", "--mo-shuffle",
        "--mo-twice-pct=5",
    )  # fmt: skip
