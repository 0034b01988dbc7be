"""Taps over a clock: rows, limits, their end."""

import base64
import io

import dpkt
import pytest
from twisted.internet.task import Clock as TaskClock

from smsgwd.model.operators import Caller
from smsgwd.net.wiretap import Link, Wiretap
from smsgwd.ops.pdu import Pdus
from smsgwd.ops.registry import CommandError, NotPermittedError, Registry
from smsgwd.ops.taps import MOST, Taps
from smsgwd.smpp.codec import decode, encode
from smsgwd.smpp.pdu import BindTransceiver, DeliverSm, SubmitSm, SubmitSmResp
from tests.net.fake_wire import FakeClock

NUMBER = b"306912345678"


class Line:
    """A connection, as the wiretap knows it."""

    def __init__(self, tap, **link):
        self.tap = tap
        self.link = Link(**{"ours": ("192.0.2.1", 1), "theirs": ("192.0.2.2", 2), **link})

    def unread(self):
        return b""

    def sends(self, *pdus):
        if self.tap.on:
            self.tap.wrote(self, b"".join(encode(pdu) for pdu in pdus))

    def gets(self, *pdus):
        if self.tap.on:
            self.tap.read(self, b"".join(encode(pdu) for pdu in pdus))


class Stand:
    def __init__(self):
        self.reactor = TaskClock()
        self.clock = FakeClock(self.reactor)
        self.tap = Wiretap(self.clock.monotonic)
        self.taps = Taps(self.tap, self.clock, self.reactor)
        self.registry = Registry(Pdus(self.taps, lambda: ["sim", "other"]).commands())
        self.sim = Line(self.tap, connector="sim")

    def ask(self, verb="tap", **params):
        return self.registry.run("pdu", verb, params)

    def read(self, after, verb="tap", for_s=1.5):
        got = []
        asked = self.ask(verb, after=after)
        asked.addBoth(got.append)
        for _ in range(round(for_s / 0.1)):
            self.reactor.advance(0.1)
            if got:
                break
        return got[0]


@pytest.fixture
def stand():
    return Stand()


def submit(sequence=5, number=NUMBER, text=b"Your pin is 1234"):
    return SubmitSm(sequence=sequence, source_addr=b"Shop", destination_addr=number, short_message=text)


def test_rows(stand):
    begun = stand.ask(connector="sim")
    assert begun["rows"] == [] and not begun["ended"]
    stand.sim.sends(submit())
    stand.reactor.advance(0.05)
    stand.sim.gets(SubmitSmResp(sequence=5, message_id=b"a1"))
    answer = stand.read(begun["next"])
    assert answer["next"] == begun["next"] and not answer["ended"]
    sent, got = answer["rows"]
    assert sent == {
        "time": "2026-05-28T20:26:40.000Z",
        "link": "sim/0",
        "way": "sent",
        "pdu": "submit_sm",
        "sequence": 5,
        "status": "",
        "ms": None,
        "detail": 'source_addr=Shop destination_addr=30691*** short_message="*** 16 octets"',
    }
    assert (got["way"], got["pdu"], got["status"], got["ms"]) == ("received", "submit_sm_resp", "ESME_ROK", 50.0)
    assert got["detail"] == "message_id=a1"


def test_only_what_it_is_about(stand):
    begun = stand.ask(connector="sim")
    Line(stand.tap, connector="other").sends(submit(1))
    account = stand.ask(account="shop")
    shop = Line(stand.tap, listener="smpp")
    shop.gets(BindTransceiver(sequence=1, system_id=b"shop", password=b"hushhush"))
    assert stand.read(begun["next"])["rows"] == []
    (row,) = stand.read(account["next"])["rows"]
    assert row["link"] == "shop" and "password=***" in row["detail"] and "hush" not in row["detail"]


def test_a_number_and_what_was_answered_about_it(stand):
    begun = stand.ask(connector="sim", number="+306912345678")
    stand.sim.sends(submit(1), submit(2, b"306900000000"))
    stand.sim.gets(SubmitSmResp(sequence=2, message_id=b"no"), SubmitSmResp(sequence=1, message_id=b"yes"))
    stand.sim.gets(DeliverSm(sequence=1, source_addr=NUMBER))
    rows = stand.read(begun["next"])["rows"]
    assert [(row["pdu"], row["sequence"]) for row in rows] == [
        ("submit_sm", 1),
        ("submit_sm_resp", 1),
        ("deliver_sm", 1),
    ]


def test_texts_need_another_command_and_role(stand):
    begun = stand.ask("tap-full", connector="sim")
    stand.sim.sends(submit())
    (row,) = stand.read(begun["next"], "tap-full")["rows"]
    assert 'short_message="Your pin is 1234"' in row["detail"] and "306912345678" in row["detail"]
    on_call = Caller("alice", "operate", "socket")
    for verb in ("tap-full", "pcap-full"):
        with pytest.raises(NotPermittedError):
            stand.registry.run("pdu", verb, {"after": begun["next"]}, on_call)
    with pytest.raises(CommandError):  # nor do they get at it by the command that they may run
        stand.registry.run("pdu", "tap", {"after": begun["next"]}, on_call)


def test_it_is_over_when_nobody_reads_it(stand):
    begun = stand.ask()
    stand.reactor.advance(9)
    stand.read(begun["next"])
    stand.reactor.advance(9)
    assert stand.tap.on
    stand.reactor.advance(1.1)
    assert not stand.tap.on
    with pytest.raises(CommandError, match="over"):
        stand.ask(after=begun["next"])
    assert not stand.reactor.getDelayedCalls()


def test_it_is_over_in_time_and_what_waited_is_read(stand):
    begun = stand.ask(seconds="2")
    stand.sim.sends(submit())
    stand.reactor.advance(2.1)
    assert not stand.tap.on
    answer = stand.read(begun["next"])
    assert len(answer["rows"]) == 1 and answer["ended"]
    assert not stand.reactor.getDelayedCalls()


def test_memory_is_bounded(stand):
    begun = stand.ask()
    for at in range(4100):
        stand.sim.sends(submit(at + 1))
    answer = stand.read(begun["next"])
    assert answer["rows"][0]["detail"] == "100 PDUs left out: more came than were read"
    assert len(answer["rows"]) == 301 and answer["rows"][1]["sequence"] == 101
    wide = SubmitSm(tlvs=((0x1400, bytes(60_000)),))
    for _ in range(100):
        stand.sim.sends(wide)
    (tap,) = stand.taps._taps.values()
    assert tap._bytes <= 1 << 20 and tap.waiting < 20


def test_so_many_at_once(stand):
    for _ in range(MOST):
        stand.ask()
    with pytest.raises(CommandError, match="already"):
        stand.ask()
    stand.reactor.advance(11)
    stand.ask()


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"connector": "nope"}, "no connector nope"),
        ({"connector": "sim", "account": "x"}, "not both"),
        ({"seconds": "0"}, "seconds"),
        ({"seconds": "90000"}, "seconds"),
        ({"number": "abc"}, "number"),
        ({"after": "77"}, "over"),
    ],
)
def test_what_is_refused(stand, params, said):
    with pytest.raises(CommandError, match=said):
        stand.ask(**params)
    assert not stand.tap.on


def captured(stand, verb="pcap", **params):
    got = []
    stand.ask(verb, **params).addBoth(got.append)
    return got


def payloads(answer):
    reader = dpkt.pcap.Reader(io.BytesIO(base64.b64decode(answer["data"])))
    return [(at, dpkt.ip.IP(raw).data.data) for at, raw in reader]


def test_a_capture(stand):
    got = captured(stand, connector="sim", seconds="3")
    stand.sim.sends(submit())
    stand.reactor.advance(1)
    stand.sim.gets(SubmitSmResp(sequence=5, message_id=b"a1"))
    stand.reactor.advance(1.9)
    assert got == []
    stand.reactor.advance(0.2)
    assert got[0]["packets"] == 2 and not stand.tap.on
    (at, sent), (later, answer) = payloads(got[0])
    assert decode(sent).destination_addr == b"30691*******" and decode(sent).short_message == b"*" * 16
    assert decode(answer).message_id == b"a1"
    assert at == pytest.approx(1_780_000_000) and later - at == pytest.approx(1)
    assert not stand.reactor.getDelayedCalls()


def test_a_capture_ends_when_it_is_full(stand):
    got = captured(stand, packets="250")
    for at in range(300):
        stand.sim.sends(submit(at + 1))
    stand.reactor.pump([0] * 10)
    assert got[0]["packets"] == 250 and not stand.tap.on


def test_a_capture_in_full(stand):
    got = captured(stand, "pcap-full", packets="2")
    stand.sim.sends(BindTransceiver(system_id=b"gw", password=b"hushhush"), submit())
    stand.reactor.pump([0] * 3)
    (_, bind), (_, sent) = payloads(got[0])
    assert decode(bind).password == b"********" and decode(sent) == submit()


def test_full_taps_stand_in_the_audit_once_and_reading_on_does_not(stand):
    class Journal:
        def __init__(self):
            self.begun, self.ended = [], []

        async def begin(self, caller, command, params):
            self.begun.append((caller.who, command.verb))
            return 1

        async def end(self, entry, outcome):
            self.ended.append(outcome)

    journal = Journal()
    registry = Registry(Pdus(stand.taps, lambda: ["sim"]).commands(), journal)
    root = Caller("root", "admin", "socket")
    got = []
    registry.run("pdu", "tap-full", {"connector": "sim"}, root).addCallback(got.append)
    for _ in range(3):
        registry.run("pdu", "tap-full", {"after": got[0]["next"]}, root).addCallback(got.append)
        stand.reactor.pump([0.2] * 6)
    assert len(got) == 4
    assert journal.begun == [("root", "tap-full")]
    (outcome,) = journal.ended
    assert outcome.before == [] and outcome.after[0]["connector"] == "sim" and outcome.after[0]["full"]
