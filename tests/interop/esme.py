"""Independent ESMEs as processes, bound to the gateway, and what must hold of each of them.

The programs are `esmes/*.py` and `node/esme.js`; `esmes/_common.py` says what they do and print.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any, NamedTuple

from tests.interop.esmes import _common
from tests.interop.peers import Peer, _missing
from tests.scenario.harness import TOKEN, Gateway, Scene, Smsc
from tests.scenario.received import Text, texts

_HERE = Path(__file__).parent
_ROOT = _HERE.parent.parent
MODES = ("transceiver", "pair")
TEXTS = {"short": _common.SHORT, "udh": _common.GREEK, "payload": _common.PAYLOAD, "unicode": _common.UNICODE}
CREDENTIAL = {"kind": "smpp", "system_id": "esme", "secret": "secret"}


class Run(NamedTuple):
    """An ESME that has done all it does, ended or given up, with the gateway and the SMSC behind it."""

    esme: Peer
    status: int
    mode: str
    gateway: Gateway
    smsc: Smsc

    def sent(self, name: str) -> list[Text]:
        """What the SMSC has received of one message, parts joined."""
        return [text for text in texts(self.smsc.submits()) if text.dest == "+" + _common.DESTINATIONS[name]]


def command(name: str) -> list[str]:
    """How to run an ESME; the test is skipped (where CI=true: fails) when its library is not installed."""
    if name == "npm":
        node = shutil.which("node")
        if node is None or not (_HERE / "node" / "node_modules" / "smpp").is_dir():
            _missing("the npm package smpp is not installed: run `npm ci` in tests/interop/node (scripts/test does)")
        return [str(node), str(_HERE / "node" / "esme.js")]
    python = sys.executable
    if name == "twisted3":
        python = os.environ.get("SMSGWD_PEER_PYTHON") or str(_ROOT / ".venv-peer" / "bin" / "python")
        if not Path(python).exists():
            _missing(f"the environment of smpp.twisted3 is not there ({python}): scripts/test makes it")
    elif importlib.util.find_spec(name) is None:
        _missing(f"the package {name} is not installed (it is in the extra 'test')")
    return [python, str(_HERE / "esmes" / f"{name}_esme.py")]


def run(name: str, mode: str, scene: Scene, **settings: Any) -> Run:
    """Start an SMSC and a gateway, let the ESME run to its end against it."""
    program = command(name)
    smsc = scene.smsc()
    web = {"kind": "token", "secret": TOKEN}
    gateway = scene.gateway(smsc, smpp=settings, tenant={"credentials": [CREDENTIAL, web]})
    argument = {
        "host": "127.0.0.1",
        "port": gateway.smpp_port,
        "system_id": CREDENTIAL["system_id"],
        "password": CREDENTIAL["secret"],
        "mode": mode,
    }
    esme = Peer(f"esme-{name}", [*program, json.dumps(argument)], scene.directory)
    esme.start()
    try:
        status = esme.wait_end(40)
    finally:
        esme.kill_if_running()
    return Run(esme, status, mode, gateway, smsc)


def check_session(run: Run) -> None:
    """It bound as it wanted, its link was probed, it unbound in order, and neither side saw anything amiss."""
    assert run.esme.events("error") == []
    assert run.status == 0, (run.status, run.esme.log_path.read_text())
    binds = ["transmitter", "receiver"] if run.mode == "pair" else ["transceiver"]
    assert [event["mode"] for event in run.esme.events("bound")] == binds
    assert len(run.esme.events("link_probed")) >= 1
    assert len(run.esme.events("unbound")) == len(binds)
    run.gateway.wait_event("esme.unbound")
    events = [line.get("event") for line in run.gateway.log_lines()]
    assert events.count("esme.bound") == events.count("esme.unbound") == len(binds)
    wrong = {"esme.lost", "esme.protocol_fault", "esme.error", "esme.delivery_refused", "daemon.unhandled_error"}
    assert not wrong & set(events)


def check_texts(run: Run, *names: str) -> None:
    """Each text arrives exactly, in one piece or in parts that belong together."""
    for name in names:
        [text] = run.sent(name)
        assert text.text == TEXTS[name]
        assert text.source == _common.SOURCE
        assert (text.parts > 1) == (name in ("udh", "payload"))


def check_octets(run: Run) -> None:
    """Octets arrive as they are."""
    [text] = run.sent("binary")
    assert (text.text, text.data_coding) == (_common.BINARY.hex(), 4)


def check_ids(run: Run, ids: int) -> None:
    """Every submit is answered with an id of its own, and its receipt names the same one in text and TLV, once."""
    answers = [event["id"] for event in run.esme.events("answered")]
    assert len(answers) == len(set(answers)) == ids
    assert all(answers)
    receipts = run.esme.events("receipt")
    assert sorted(event["id"] for event in receipts) == sorted(answers)
    assert all(event["tlv_id"] == event["id"] for event in receipts)
    assert {event["stat"] for event in receipts} == {"DELIVRD"}


def check_states(run: Run) -> None:
    """The id is that of the HTTP API too, and the message has reached its end."""
    tenant = run.gateway.tenant
    for event in run.esme.events("answered"):
        assert tenant.wait_state(event["id"], "delivered")["state"] == "delivered"
