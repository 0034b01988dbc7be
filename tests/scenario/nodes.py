"""Several gateways of a scene as nodes that share one Redis store."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.scenario.harness import Catcher, Gateway, Scene, Smsc
from tests.scenario.stores import server

_KEY = "00" * 32


def node(
    scene: Scene,
    name: str,
    *smscs: Smsc,
    catcher: Catcher | None = None,
    start: bool = True,
    archive: dict[str, object] | None = None,
    **config: Any,
) -> Gateway:
    """A gateway that shares its store with all others of the scene, with an archive where its section is given. Further
    arguments as of `Scene.gateway`."""
    prefix = hashlib.blake2b(str(scene.directory).encode(), digest_size=8).hexdigest()
    return scene.gateway(
        *smscs,
        catcher=catcher,
        name=name,
        start=start,
        node=name,
        data_dir=f"data-{name}",
        admin={"socket": f"{name}.sock"},
        secret_key=_KEY,
        store={"kind": "redis", "url": server().url, "prefix": prefix, "archive": archive},
        **config,
    )


def bound(gateway: Gateway, connector: str = "smsc1") -> int:
    """How many binds of a connector a node has that stand."""
    for each in gateway.status()["connectors"]:
        if each["id"] == connector:
            return sum(bind["state"] == "bound" for bind in each["binds"])
    return 0


def owner_of(scene: Scene, thing: str) -> str:
    """The node that the store says has something; '' = none. It may be dead."""
    holder: bytes | None = server().client.call("HGET", f"{{{_prefix(scene)}}}:owned", thing)
    return "" if holder is None else holder.decode().partition(" ")[2]


def _prefix(scene: Scene) -> str:
    return hashlib.blake2b(str(scene.directory).encode(), digest_size=8).hexdigest()
