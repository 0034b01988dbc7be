"""The judge of subscribers' messages sees every kind of loss: each test plants one."""

from collections import Counter

import msgspec
import pytest

from smsgwd.simulator.crash import Verdict
from smsgwd.simulator.crash_mix import MixBooks, for_webhook, judge_mo, merged, mo_routes, mos_shown
from smsgwd.smpp.codec import encode
from smsgwd.smpp.pdu import DeliverSm

COUNT = 40
ESME = Counter(number for number in range(1, COUNT + 1) if not for_webhook(number))
WEBHOOK = Counter(number for number in range(1, COUNT + 1) if for_webhook(number))


def test_all_is_well():
    again = Counter(ESME)
    again[1] += 1
    verdict = judge_mo(COUNT, COUNT, again, WEBHOOK)
    assert verdict.ok and verdict.facts["  that came again"] == 1


@pytest.mark.parametrize(
    ("failure", "acknowledged", "esme", "webhook"),
    [
        ("MO not acknowledged in the end", COUNT - 1, ESME, WEBHOOK),
        ("MO lost", COUNT, ESME - Counter([1]), WEBHOOK),
        ("MO lost", COUNT, ESME, WEBHOOK - Counter([10])),
        ("MO at the wrong place", COUNT, ESME, WEBHOOK + Counter([1])),
        ("MO at the wrong place", COUNT, ESME + Counter([10]), WEBHOOK),
        ("MO nobody wrote", COUNT, ESME + Counter([COUNT + 1]), WEBHOOK),
    ],
)
def test_each_failure_is_seen(failure, acknowledged, esme, webhook):
    verdict = judge_mo(COUNT, acknowledged, esme, webhook)
    assert not verdict.ok and verdict.failures[failure] == 1
    assert sum(verdict.failures.values()) == 1


def test_the_routes_share_as_the_judge_says():
    webhook, esme = mo_routes(COUNT)
    prefixes = tuple(pattern[:-1] for pattern in webhook["match"]["from"])
    assert esme["match"] == {"to": webhook["match"]["to"]} and esme["account"]
    for number in range(1, COUNT + 1):
        assert f"3069000{number:05d}".startswith(prefixes) == for_webhook(number)


def test_books_tell_receipts_from_what_subscribers_wrote():
    books = MixBooks(5)
    written = encode(DeliverSm(source_addr=b"306900000007", destination_addr=b"54321", short_message=b"MO 7"))
    receipt = encode(
        DeliverSm(
            source_addr=b"3069000000003",
            destination_addr=b"bench",
            esm_class=4,
            short_message=b"id:12 sub:001 stat:DELIVRD text:MO 9",
        )
    )
    unknown = encode(DeliverSm(source_addr=b"306900000007", destination_addr=b"54321", short_message=b"hello"))
    data = written + receipt + written + unknown
    at = 0
    for pdu in (written, receipt, written, unknown):
        books.enter_receipt(data, at, at + len(pdu), 1.0)
        at += len(pdu)
    assert books.mos == {7: 2} and books.received == 1 and books.receipts[3] == 1 and books.strange == 1


def test_what_the_catcher_shows(tmp_path):
    def line(status, kind, text):
        body = {"type": kind, "data": {"text": text}}
        return msgspec.json.encode({"event": "push", "status": status, "webhook_id": "w", "signed": True, "body": body})

    shown = tmp_path / "webhook.out"
    shown.write_bytes(
        b'{"event":"listening","port":1}\n'
        + b"\n".join(
            [
                line(200, "mo.received", "MO 12"),
                line(503, "mo.received", "MO 13"),
                line(200, "message.delivered", "MO 14"),
                line(200, "mo.received", "MO 12"),
                b'{"pushes":3,"types":{"mo.received":2}}\n',
            ]
        )
    )
    assert mos_shown(shown) == {12: 2}


def test_one_failure_of_one_part_is_a_failure_of_all():
    parts = {"A": Verdict({"kills": 2, "x": 1}, {"lost": 0}), "B": Verdict({"kills": 2}, {"lost": 1})}
    verdict = merged(parts, 0, 0)
    assert not verdict.ok and verdict.failures["B: lost"] == 1 and verdict.facts["kills"] == 2
    assert merged({"A": parts["A"]}, 0, 0).ok
    assert not merged({"A": parts["A"]}, 1, 0).ok and not merged({"A": parts["A"]}, 0, -9).ok
