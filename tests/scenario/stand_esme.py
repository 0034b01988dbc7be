"""A gateway with the SMPP server in front of a simulated SMSC, as the tests of ESMEs want it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tests.scenario.esme import BIND_TRANSCEIVER, Esme, bind_body
from tests.scenario.harness import TOKEN, Gateway, Scene, wait

PASSWORD = "s3cr3t-1"
WRONG_EVENTS = frozenset({"esme.error", "daemon.unhandled_error"})


def credential(system_id: str, **fields: Any) -> dict[str, Any]:
    """An SMPP credential with the password that everyone has here."""
    return {"kind": "smpp", "system_id": system_id, "secret": PASSWORD, **fields}


def tenant_of(*credentials: dict[str, Any], tenant_id: str = "other", **fields: Any) -> dict[str, Any]:
    """A further tenant, postpaid."""
    return {"id": tenant_id, "senders": ["*"], "credentials": list(credentials), **fields}


def served(
    scene: Scene, *credentials: dict[str, Any], smsc: tuple[str, ...] = (), tenant: Any = None, **fields: Any
) -> Gateway:
    """An SMSC with those options and a gateway bound to it, whose first tenant has the credentials."""
    fields.setdefault("smpp", {})
    web = {"kind": "token", "secret": TOKEN}
    whole = {"credentials": [web, *(credentials or (credential("esme"),))], **(tenant or {})}
    return scene.gateway(scene.smsc(*smsc), tenant=whole, **fields)


def bound(gateway: Gateway, system_id: str = "esme", **fields: Any) -> Esme:
    """A transceiver of an account."""
    esme = Esme(gateway.smpp_port, **fields)
    assert esme.bind(system_id, PASSWORD) == 0
    return esme


def rss_mb(gateway: Gateway) -> float:
    """What it holds in memory now."""
    status = Path(f"/proc/{gateway.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) / 1024


def wake_hashing(gateway: Gateway) -> None:
    """Wrong passwords at once from many addresses: Argon2id takes its memory in every thread that it will ever have.

    Eight at a time: on a busy machine forty take longer than `session_init_s`, and the last ones would be closed.
    """
    for first in range(1, 41, 8):
        crowd = [Esme(gateway.smpp_port, source=f"127.8.0.{number}") for number in range(first, first + 8)]
        for number, esme in enumerate(crowd, first):
            esme.send(BIND_TRANSCEIVER, bind_body("nobody", f"wrong{number}"))
        for esme in crowd:
            assert esme.read().status == 0x0E
            esme.close()


def descriptors(gateway: Gateway) -> int:
    """How many files and sockets it has open."""
    return sum(1 for _ in Path(f"/proc/{gateway.pid}/fd").iterdir())


def wait_binds(gateway: Gateway, count: int, system_id: str) -> None:
    """Until so many binds of an account are counted."""
    wait(
        f"{count} binds of {system_id}",
        lambda: gateway.metric("smsgwd_esme_binds", account=system_id) == count,
        every_s=0.05,
    )


def check_sound(gateway: Gateway) -> None:
    """It runs, and nothing in its log was unexpected."""
    gateway.check()
    lines = gateway.log_lines()
    assert not [
        line for line in lines if line.get("event") in WRONG_EVENTS or "traceback" in line or "exception" in line
    ]
    assert "Unhandled" not in gateway.log_path.read_text(errors="replace")


def rss_at_rest_mb(gateway: Gateway) -> float:
    """Memory without the 19 MiB that each password being hashed takes for a moment: the least of a second's looks."""
    least = rss_mb(gateway)
    for _ in range(20):
        time.sleep(0.05)
        least = min(least, rss_mb(gateway))
    return least
