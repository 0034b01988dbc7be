"""Several simulated SMSCs as connectors of their own, with routes between them, as the tests of routing want them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.scenario.client import wait
from tests.scenario.harness import Gateway, Scene, Smsc


def connector(name: str, smsc: Smsc | int, **settings: object) -> dict[str, object]:
    """A connector of that name to an SMSC (or a port)."""
    return {
        "id": name,
        "kind": "smpp",
        "host": "127.0.0.1",
        "port": smsc if isinstance(smsc, int) else smsc.port(),
        "system_id": "gw",
        "password": "gw",
        "window": 50,
        "timers": {"reconnect_min_s": 0.1, "reconnect_max_s": 0.3},
        **settings,
    }


def gateway_between(
    scene: Scene,
    smscs: Mapping[str, Smsc],
    *,
    settings: Mapping[str, Mapping[str, object]] | None = None,
    routes: list[dict[str, object]] | None = None,
    **fields: Any,
) -> Gateway:
    """A gateway with a connector for each SMSC by its name, all bound; `settings` by name over the usual ones. Without
    `routes` everything goes to the first."""
    more = settings or {}
    connectors = [connector(name, smsc, **more.get(name, {})) for name, smsc in smscs.items()]
    rest: list[dict[str, object]] = [{"id": "rest", "connectors": [next(iter(smscs))]}]
    gateway = scene.gateway(connectors=connectors, routes=rest if routes is None else routes, **fields)
    wait_up(gateway, *smscs)
    return gateway


def wait_up(gateway: Gateway, *names: str) -> None:
    """Until these connectors can send."""
    wait(
        f"{', '.join(names)} up", lambda: {one["id"] for one in gateway.status()["connectors"] if one["up"]} >= {*names}
    )


def done(gateway: Gateway, noun: str, verb: str, **params: str) -> Any:
    """What an operator's command answers. AssertionError when it is refused."""
    answer = gateway.command(noun, verb, **params)
    assert not refused(answer), answer
    return answer


def refused(answer: Any) -> bool:
    """True where a command answered with a problem."""
    return isinstance(answer, dict) and str(answer.get("type", "")).startswith("/docs#")
