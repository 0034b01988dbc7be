"""Operators look at the PDUs of a live gateway: row by row, and as a file for Wireshark."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import dpkt
import pytest

from tests.scenario.esme import Esme
from tests.scenario.harness import Gateway, Scene, wait
from tests.scenario.stand_esme import PASSWORD, bound, served
from tests.scenario.test_esme_tls import Stand as TlsStand
from tests.scenario.verbs import CTL

TEXT = "Your pin is zebra4711"  # letters: digits are found in an id or a time by chance


class Tap:
    """One that is read on."""

    def __init__(self, gateway: Gateway, noun: str, verb: str, **params: str) -> None:
        self.gateway = gateway
        self.verb = verb
        answer = gateway.command(noun, verb, **params)
        assert answer["rows"] == [] and answer["ended"] is False, answer
        self.after = answer["next"]
        self.rows: list[dict[str, Any]] = []

    def read(self) -> list[dict[str, Any]]:
        """Everything so far."""
        answer = self.gateway.command("pdu", self.verb, after=self.after)
        self.rows += answer["rows"]
        return self.rows

    def wait(self, pdu: str, count: int = 1) -> dict[str, Any]:
        """The first PDU of a kind, once there are so many."""

        def look() -> dict[str, Any] | None:
            found = [row for row in self.read() if row["pdu"] == pdu]
            return found[0] if len(found) >= count else None

        found = wait(f"{count} {pdu}", look)
        assert found is not None
        return found


def ctl(gateway: Gateway, *words: str) -> subprocess.Popen[str]:
    """The program itself, running."""
    command = [*CTL, "--socket", str(gateway.admin_socket), "--json", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_connector_is_followed(scene: Scene) -> None:
    """Requests with what is private hidden, answers with the time they took, receipts without the text they quote."""
    smsc, catcher = scene.smsc(), scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher)
    tap = Tap(gateway, "pdu", "tap", connector="smsc1")
    message = gateway.tenant.send("+306912345678", TEXT)
    catcher.wait_push(message)
    sent, answer, receipt = tap.wait("submit_sm"), tap.wait("submit_sm_resp"), tap.wait("deliver_sm")
    assert (sent["link"], sent["way"], sent["status"], sent["ms"]) == ("smsc1/0", "sent", "", None)
    assert "destination_addr=30691*** " in sent["detail"] and f"*** {len(TEXT)} octets" in sent["detail"]
    assert (answer["way"], answer["status"], answer["sequence"]) == ("received", "ESME_ROK", sent["sequence"])
    assert answer["ms"] >= 0 and answer["detail"].startswith("message_id=")
    assert "stat:DELIVRD" in receipt["detail"]
    assert "zebra4711" not in str(tap.rows) and "306912345678" not in str(tap.rows)
    ended = gateway.command("pdu", "tap", after="0123")
    assert ended["status"] == 400 or ended["status"] == 422, ended
    assert "over" in ended["detail"]


def test_what_is_private_needs_another_command_and_is_audited(scene: Scene) -> None:
    """`tap-full` shows it, but no password; the audit has who looked, once however long it was read."""
    smsc = scene.smsc()
    gateway = scene.gateway(smsc)
    tap = Tap(gateway, "pdu", "tap-full", connector="smsc1", number="306912345678")
    for number in ("+306912345678", "+306900000000"):
        gateway.tenant.wait_state(gateway.tenant.send(number, TEXT), "delivered")
    sent = tap.wait("submit_sm")
    assert f'short_message="{TEXT}"' in sent["detail"] and "destination_addr=306912345678" in sent["detail"]
    tap.read()
    assert [row["pdu"] for row in tap.rows].count("submit_sm") == 1 and "306900000000" not in str(tap.rows)
    everything = Tap(gateway, "pdu", "tap-full", connector="smsc1")
    gateway.command("connector", "rebind", id="smsc1")
    bind = everything.wait("bind_transceiver")
    assert "system_id=gw password=***" in bind["detail"] and "gw password=gw" not in bind["detail"]
    entries = gateway.command("audit", "list")
    rows = entries if isinstance(entries, list) else entries["entries"]
    assert sum("tap-full" in json.dumps(row) for row in rows) == 2
    assert "306912345678" not in json.dumps(rows)
    lines = [line for line in gateway.log_lines() if line["event"] == "pdu.tapped"]
    assert [(line["connector"], line["full"]) for line in lines] == [("smsc1", True)] * 2


def test_who_begins_in_the_midst_of_traffic_sees_whole_pdus(scene: Scene) -> None:
    """With messages under way every row is a PDU without a fault, and answers find their requests."""
    smsc = scene.smsc()
    gateway = scene.gateway(smsc)
    done = threading.Event()

    def load() -> None:
        first = 0
        while not done.is_set():
            gateway.tenant.send_many(100, first=first)
            first += 100

    sender = threading.Thread(target=load)
    sender.start()
    try:
        wait("traffic", lambda: gateway.metric("smsgwd_submits_total") or smsc.stats()["submits"] > 100)
        for _ in range(5):
            tap = Tap(gateway, "pdu", "tap", connector="smsc1")
            tap.wait("submit_sm_resp", 20)
            tap.wait("deliver_sm", 20)
            assert "FAULT" not in str(tap.rows)
            assert {row["pdu"] for row in tap.rows} <= {
                *("submit_sm", "submit_sm_resp", "deliver_sm", "deliver_sm_resp", "enquire_link", "enquire_link_resp"),
                "",
            }
            asked = [row for row in tap.rows if row["pdu"] == "submit_sm_resp" and row["ms"] is not None]
            assert len(asked) >= 10
    finally:
        done.set()
        sender.join()


def test_an_esme_is_followed_from_its_bind_on(scene: Scene) -> None:
    """Also one whose bind is refused: that is when one looks."""
    gateway = served(scene)
    tap = Tap(gateway, "pdu", "tap", account="esme")
    assert Esme(gateway.smpp_port).bind("esme", "wrong") != 0
    refused = tap.wait("bind_transceiver_resp")
    assert refused["status"] == "ESME_RINVPASWD" and refused["link"] == "esme"
    assert "password=***" in tap.wait("bind_transceiver")["detail"]
    esme = bound(gateway)
    status, _ = esme.submit()
    assert status == 0
    assert tap.wait("submit_sm")["way"] == "received" and tap.wait("submit_sm_resp")["ms"] >= 0
    assert PASSWORD not in str(tap.rows) and "wrong" not in str(tap.rows)
    esme.unbind()


def test_smsgwctl_follows_until_it_is_over(scene: Scene) -> None:
    """A line a PDU while they come, and its end in time."""
    smsc = scene.smsc()
    gateway = scene.gateway(smsc)
    process = ctl(gateway, "pdu", "tap", "smsc1", "seconds=2")
    gateway.wait_event("pdu.tapped")
    gateway.tenant.send()
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    found = {json.loads(line)["pdu"] for line in out.splitlines()}
    assert {"submit_sm", "submit_sm_resp", "deliver_sm", "deliver_sm_resp"} <= found


def test_tls_is_no_hindrance(scene: Scene) -> None:
    """It is taken above TLS."""
    stand = TlsStand(scene)
    tap = Tap(stand.gateway, "pdu", "tap", account="esme")
    esme = stand.bound()
    esme.submit()
    assert tap.wait("submit_sm")["detail"].startswith("source_addr_ton=5 source_addr=")
    esme.unbind()


@pytest.mark.parametrize(("noun", "verb"), [("pdu", "pcap"), ("pdu", "pcap-full")])
def test_a_file_for_wireshark(scene: Scene, tmp_path: Path, noun: str, verb: str) -> None:
    """Read by two others: dpkt here, and tshark where it is at hand."""
    smsc = scene.smsc()
    gateway = scene.gateway(smsc)
    file = tmp_path / "capture.pcap"
    process = ctl(gateway, noun, verb, str(file), "smsc1", "seconds=3")
    gateway.wait_event("pdu.tapped")
    gateway.tenant.wait_state(gateway.tenant.send("+306912345678", TEXT), "delivered")
    gateway.command("connector", "rebind", id="smsc1")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    answer = json.loads(out)
    data = file.read_bytes()
    assert answer["bytes"] == len(data) and (file.stat().st_mode & 0o777) == 0o600
    packets = [dpkt.ip.IP(raw) for _, raw in dpkt.pcap.Reader(io.BytesIO(data))]
    assert len(packets) == answer["packets"]
    assert all(2775 in (packet.data.sport, packet.data.dport) for packet in packets)
    commands = [int.from_bytes(packet.data.data[4:8], "big") for packet in packets]
    assert {4, 0x80000004, 5, 0x80000005, 6, 9, 0x80000009} <= set(commands)
    assert (TEXT.encode() in data) is (verb == "pcap-full") is (b"306912345678" in data)
    assert abs(time.time() - next(iter(dpkt.pcap.Reader(io.BytesIO(data))))[0]) < 60
    bind = next(packet.data.data for packet, command in zip(packets, commands, strict=True) if command == 9)
    assert bind[16:].startswith(b"gw\0**\0")
    if shutil.which("tshark"):
        fields = ["-T", "fields", "-e", "_ws.col.Protocol", "-e", "_ws.malformed", "-e", "tcp.checksum.status"]
        checks = ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
        told = subprocess.run(
            ["tshark", "-r", str(file), *checks, *fields], capture_output=True, text=True, check=True, timeout=60
        ).stdout
        assert told.splitlines() == ["SMPP\t\t1"] * len(packets)
