"""What the commands of a gateway with four connectors answered; taken down from a live one (traffic_answers.json)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

_READ: Final[dict[str, Any]] = json.loads((Path(__file__).parent / "traffic_answers.json").read_text())

CHECKED: Final[dict[str, Any]] = _READ["CHECKED"]
CONNECTOR: Final[dict[str, Any]] = _READ["CONNECTOR"]
DRAIN: Final[dict[str, Any]] = _READ["DRAIN"]
FIGURES: Final[dict[str, Any]] = _READ["FIGURES"]
HELD: Final[list[dict[str, Any]]] = _READ["HELD"]
HISTORY: Final[dict[str, Any]] = _READ["HISTORY"]
PEEKED: Final[list[dict[str, Any]]] = _READ["PEEKED"]
PLUGIN: Final[dict[str, Any]] = _READ["PLUGIN"]
PLUGINS: Final[list[dict[str, Any]]] = _READ["PLUGINS"]
PROVIDER: Final[dict[str, Any]] = _READ["PROVIDER"]
QUEUES: Final[list[dict[str, Any]]] = _READ["QUEUES"]
SHAPES: Final[list[dict[str, Any]]] = _READ["SHAPES"]
STATUS: Final[dict[str, Any]] = _READ["STATUS"]
STORE: Final[dict[str, Any]] = _READ["STORE"]
TESTED: Final[dict[str, Any]] = _READ["TESTED"]
WOULD: Final[dict[str, Any]] = _READ["WOULD"]

#: What pages ask to look.
LOOKS: Final[dict[str, Any]] = {
    "figures show": FIGURES,
    "figures history": HISTORY,
    "status show": STATUS,
    "connector show": CONNECTOR,
    "queue list": QUEUES,
    "queue shape": SHAPES,
    "queue peek": PEEKED,
    "held list": HELD,
    "plugin list": PLUGINS,
    "plugin show": PLUGIN,
    "drain show": DRAIN,
    "store show": STORE,
    "config diff": [],
}
