"""What operators learn of, and do with, single messages of a live gateway."""

from __future__ import annotations

from typing import Any

from smsgwd.simulator.free_ports import free_ports
from tests.scenario.esme import SUBMIT_SM, submit_body
from tests.scenario.harness import Gateway, Scene, wait
from tests.scenario.stand_esme import bound, served
from tests.scenario.ways import done, gateway_between, refused

SECRET_TEXT = "The code is 4711"


def traced(gateway: Gateway, message_id: str, **params: str) -> Any:
    """`message trace` of one."""
    return done(gateway, "message", "trace", id=message_id, **params)


def steps(answer: Any) -> list[tuple[str, str, str]]:
    """What happened, where, with which status."""
    return [(row["step"], row["connector"], row["status"]) for row in answer["steps"]]


def test_a_trace_tells_the_whole_way(scene: Scene) -> None:
    """Refused by one carrier, taken and delivered by the next; the push fails, and says why."""
    full = scene.smsc("--reject-pct", "100", "--reject-status", "0x14", name="full")
    good = scene.smsc(name="good")
    catcher = scene.catcher("--status", "503")
    gateway = gateway_between(
        scene,
        {"full": full, "good": good},
        settings={"full": {"statuses": {"0x14": "failover"}}},
        routes=[{"id": "all", "connectors": ["full", "good"]}],
        catcher=catcher,
    )
    message_id = gateway.tenant.send(text=SECRET_TEXT, client_ref="order-7")
    wait("a push failed", lambda: any(row["attempts"] for row in traced(gateway, message_id)["pushes"]))
    answer = traced(gateway, message_id)
    assert (answer["state"], answer["tenant"], answer["client_ref"]) == ("delivered", "shop", "order-7")
    assert (answer["to"], answer["connector"], answer["tried"]) == ("30691***", "good", "full")
    found = steps(answer)
    assert found[:3] == [
        ("accepted", "", ""),
        ("goes another way", "full", "ESME_RMSGQFUL"),
        ("submit_sm taken", "good", "ESME_ROK"),
    ]
    kinds = [step for step, _, _ in found]
    assert kinds.index("ended: delivered") < kinds.index("push owed: message.delivered")
    [taken] = [row for row in answer["steps"] if row["step"] == "submit_sm taken"]
    assert taken["smsc_id"] and taken["ms"] is not None
    [pending] = [row for row in answer["steps"] if row["step"] == "push pending: message.delivered"]
    assert "failed attempt" in pending["detail"] and "503" in pending["detail"]
    [push] = answer["pushes"]
    assert (push["status"], push["message"], push["url"]) == ("pending", message_id, catcher.url)
    assert SECRET_TEXT not in str(answer) and "306912345678" not in str(answer)
    assert [row["after_s"] for row in answer["steps"]] == sorted(row["after_s"] for row in answer["steps"])

    whole = traced(gateway, message_id, text="yes", numbers="yes", pdus="yes")
    assert (whole["text"], whole["to"]) == (SECRET_TEXT, "306912345678")
    [pdu] = whole["pdus_encoded_again"]
    assert pdu["destination"].endswith("306912345678")
    assert bytes.fromhex(pdu["short_message"]).decode() == SECRET_TEXT
    [pdu] = traced(gateway, message_id, pdus="yes")["pdus_encoded_again"]
    assert pdu["short_message"] == f"*** ({len(SECRET_TEXT)} octets)" and "306912345678" not in str(pdu)


def test_the_parts_of_a_long_message_are_traced(scene: Scene) -> None:
    """Each with its answer and its receipt; the PDUs have a header each."""
    gateway = scene.gateway(scene.smsc(), catcher=scene.catcher())
    message_id = gateway.tenant.send(text="long " * 50)
    gateway.tenant.wait_state(message_id, "delivered")
    answer = traced(gateway, message_id, pdus="yes")
    names = [row["step"] for row in answer["steps"]]
    assert {"submit_sm taken, part 1 of 2", "submit_sm taken, part 2 of 2", "ended: delivered"} <= set(names)
    assert names.count("receipt") >= 1
    assert [pdu["esm_class"] for pdu in answer["pdus_encoded_again"]] == ["0x40", "0x40"]


def test_messages_are_found_by_what_one_knows_of_them(scene: Scene) -> None:
    """Number, sender, reference, SMSC id, state, time; newest first, and on from a page."""
    gateway = scene.gateway(scene.smsc("--numbers", "0009:UNDELIV"), catcher=scene.catcher())
    ids = gateway.tenant.send_many(10)
    ref = gateway.tenant.send("+306977777777", client_ref="order-7")
    view = gateway.tenant.wait_state(ref, "delivered")
    for each in ids:
        gateway.tenant.wait_state(each, "delivered", "undelivered")

    def found(**params: str) -> list[str]:
        return [row["id"] for row in done(gateway, "message", "find", **params)["messages"]]

    [smsc_id] = {event["smsc_id"] for event in view["events"] if event.get("smsc_id")}
    assert found(number="+30 697 777 7777") == [ref]
    assert found(ref="order-7") == [ref]
    assert found(smsc_id=smsc_id) == [ref]
    assert found(tenant="shop", states="undelivered") == [ids[9]]
    assert found(tenant="nobody") == []
    assert found(until="2020-01-01") == [] and len(found(since="2020-01-01")) == 11
    first = done(gateway, "message", "find", connector="smsc1", limit="4")
    assert [row["id"] for row in first["messages"]] == [ref, *reversed(ids[7:])]
    rest = done(gateway, "message", "find", connector="smsc1", before=first["before"])
    assert [row["id"] for row in rest["messages"]] == list(reversed(ids[:7]))
    assert rest["before"] is None
    assert rest["messages"][0]["to"] == "30690***"
    answer = gateway.command("message", "find", states="lost")
    assert refused(answer) and "states: of scheduled" in answer["detail"]


def test_a_message_is_sent_again(scene: Scene) -> None:
    """As a new one of its tenant; not while the old one may still come, unless forced; for nothing if wanted."""
    smsc = scene.smsc("--numbers", "0001:UNDELIV,0002:none")
    catcher = scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher)
    lost = gateway.tenant.send("+306900000001", text=SECRET_TEXT, client_ref="order-7")
    catcher.wait_push(lost)
    answer = done(gateway, "message", "resend", id=lost)
    assert (answer["instead_of"], answer["price"], answer["given_back"]) == (lost, "0.0400", "0.0000")
    pushed = catcher.wait_push(answer["id"])
    assert (pushed["client_ref"], pushed["to"]) == ("order-7", "+306900000001")
    assert [text.text for text in smsc.texts()] == [SECRET_TEXT, SECRET_TEXT]
    assert gateway.tenant.balance() == "999.9200"
    notes = [event["detail"] for event in gateway.tenant.message(lost)["events"] if event["type"] == "resent"]
    assert notes == [f"as message {answer['id']}"]
    free = done(gateway, "message", "resend", id=lost, free="yes")
    assert free["given_back"] == "0.0400"
    catcher.wait_push(free["id"])
    assert gateway.tenant.balance() == "999.9200"
    assert done(gateway, "ledger", "check")["problems"] == []

    open_ = gateway.tenant.send("+306900000002")
    gateway.tenant.wait_state(open_, "sent")
    said = gateway.command("message", "resend", id=open_)
    assert refused(said) and "may still arrive" in said["detail"] and "force=yes" in said["detail"]
    assert done(gateway, "message", "resend", id=open_, force="yes")["state"] == "queued"
    assert refused(gateway.command("message", "resend", id="12345"))


def test_what_an_esme_sent_is_sent_again_as_it_stood(scene: Scene) -> None:
    """Header, data_coding and TLVs of its own; the receipt goes to it."""
    gateway = served(scene, smsc=("--undeliv-pct", "100"))
    esme = bound(gateway)
    part = b"\x05\x00\x03\x2a\x02\x01" + "Καλημέρα".encode("utf-16-be")
    body = submit_body("306900000001", part, coding=8)
    esm_class_at = body.index(b"306900000001\0") + len("306900000001") + 1
    body = body[:esm_class_at] + b"\x40" + body[esm_class_at + 1 :]
    message_id = esme.ask(SUBMIT_SM, body).body.rstrip(b"\0").decode()
    wait("its receipt", lambda: _pumped(esme, message_id))
    again = done(gateway, "message", "resend", id=message_id)
    wait("the receipt of the new one", lambda: _pumped(esme, again["id"]))
    first, second = (
        (pdu["esm_class"], pdu["data_coding"], pdu["short_message"])
        for each in (message_id, again["id"])
        for pdu in traced(gateway, each, pdus="yes", text="yes")["pdus_encoded_again"]
    )
    assert first == second == ("0x40", "0x08", part.hex())
    assert esme.unbind() == 0


def _pumped(esme: Any, message_id: str) -> bool:
    esme.pump(0.05)
    return message_id in esme.receipts


def test_what_has_not_left_is_cancelled(scene: Scene) -> None:
    """One, or a whole submission; what has left is not."""
    [port] = free_ports(1)
    catcher = scene.catcher()
    gateway = scene.gateway(port, catcher=catcher)
    one = gateway.tenant.send()
    several = gateway.tenant.post(["+306900000001", "+306900000002"]).body
    assert done(gateway, "message", "cancel", id=one) == {"id": one, "cancelled": 1, "others": 0}
    assert done(gateway, "message", "cancel", id=several["id"])["cancelled"] == 2
    assert catcher.wait_push(one)["state"] == "cancelled"
    assert gateway.tenant.balance() == "1000.0000"
    answer = gateway.command("message", "cancel", id=one)
    assert refused(answer) and "final already" in f"{answer['title']} {answer['detail']}"
    answer = gateway.command("message", "cancel", id="12345")
    assert refused(answer) and "there is no message 12345" in answer["detail"]
