"""Cases: the gateway as a whole, its store, what tenants are told, who is bound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.scenario.esme import RESPONSE, UNBIND, Esme, packed
from tests.scenario.harness import wait
from tests.scenario.stand_esme import PASSWORD
from tests.scenario.verbs import Case, Group, Stage, has, row

_bound: list[Esme] = []


def _bind(stage: Stage) -> None:
    esme = Esme(stage.gateway.smpp_port)
    assert esme.bind("esme", PASSWORD) == 0
    _bound.append(esme)


def _unbound(stage: Stage, answer: Any) -> None:
    """The ESME was asked to leave."""
    esme = _bound.pop()
    pdu = esme.read()
    assert pdu.command == UNBIND
    esme.write(packed(UNBIND | RESPONSE, sequence=pdu.sequence))
    esme.close()


def _copied(stage: Stage, answer: Any) -> None:
    """The copy is there, and as large as was said."""
    assert Path(answer["file"]).stat().st_size == answer["bytes"] > 0


def _sent(stage: Stage) -> None:
    message = stage.gateway.tenant.send("+306955512345", "Whose this was")
    stage.gateway.tenant.wait_state(message, "delivered")
    stage.known["erased"] = message


def _emptied(stage: Stage, answer: Any) -> None:
    """Of the person nothing is left."""
    view = stage.gateway.command("message", "show", id=stage.known["erased"])
    assert "306955512345" not in str(view), view
    assert view["state"] == "delivered"


def _pushed(stage: Stage, answer: Any) -> None:
    """The catcher has the event."""

    def kinds() -> list[str]:
        return [push["body"]["type"] for push in stage.catcher.pushes()]

    wait("the event is pushed", lambda: "call" in kinds())


_CALL = '{"from": "+306912345678", "to": "+302101234567", "direction": "missed"}'

GROUPS = [
    Group(
        "status",
        [
            Case("status", "show", "", has(node="test1", phase="running", store__healthy=True)),
            Case("connector", "list", "", row(id="smsc1", kind="smpp")),
            Case("tls", "reload", "", lambda answer: isinstance(answer, dict)),
        ],
    ),
    Group(
        "store",
        [
            Case("store", "show", "", has(healthy=True, orphans=0)),
            Case("store", "check", "deep=yes", has(ok=True, problems=[])),
            Case("store", "check", "--deep", has(ok=True)),
            Case("store", "backup", "{directory}/copy.db", has(bytes=lambda size: size > 0), after=_copied),
            Case("store", "backup", "{directory}/copy.db", "the backup failed", code=1),
            Case("store", "backup", "copy.db", "file must be an absolute path", code=1),
            Case("store", "migrate-show", "", has(state="none")),
            Case("store", "migrate", "", "change it first", code=1),
            Case("store", "migrate-finish", "", "no move is under way", code=1),
            Case("store", "migrate-cancel", "", "no move is under way", code=1),
            Case("store", "vacuum", "", has(given_back=lambda octets: octets >= 0)),
        ],
    ),
    Group(
        "esme",
        [
            Case("esme", "list", "", row(system_id="esme", kind="transceiver"), before=_bind),
            Case("esme", "disconnect", "esme", {"system_id": "esme", "unbinding": 1}, after=_unbound),
            Case("esme", "disconnect", "nobody", "nothing is bound as nobody", code=1),
        ],
    ),
    Group(
        "event",
        [
            Case("tenant", "create", "events callbacks={}", "more than a word", code=2),
            Case(
                "tenant",
                "create",
                ["events", 'json={"webhook": {"url": "{catcher}"}}'],
                has(tenant="events", created=True),
                before=lambda stage: stage.known.update(catcher=stage.catcher.url),
            ),
            Case("event", "send", ["events", "call", _CALL], has(tenant="events", kind="call"), after=_pushed),
            Case("event", "send", ["shop", "call", _CALL], "has no URL for events", code=1),
            Case("event", "send", ["events", "shout", "{}"], "kind must be one of", code=1),
        ],
    ),
    Group(
        "outbox",
        [
            Case("outbox", "list", "", lambda answer: isinstance(answer, list)),
            Case("outbox", "revive", ["shop http://127.0.0.1:1"], has(revived=0)),
        ],
    ),
    Group(
        "message erase",
        [
            Case("message", "show", "{erased}", has(state="delivered"), before=_sent),
            Case("message", "erase", "+306955512345", has(still_being_sent=lambda n: n in (0, 1)), after=_emptied),
            Case("message", "show", "1", "there is no message 1", code=1),
        ],
    ),
]
