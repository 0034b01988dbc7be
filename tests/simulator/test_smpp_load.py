"""The load against the lean SMSC, and against scripted servers that do wrong."""

import struct

import pytest

from smsgwd.simulator.books import Books
from smsgwd.simulator.smpp_bench import SmppBenchOptions, counts, fairness, is_exact, plans, smsc_counts
from smsgwd.simulator.smpp_load import BindPlan, LoadError, SmppLoad
from smsgwd.simulator.submit_template import SubmitTemplate
from smsgwd.smpp import pdu as p
from smsgwd.smpp.codec import encode

TEMPLATE = SubmitTemplate("Message {n}")


def _load(address, books, plans, **options):
    return SmppLoad(address, plans, TEMPLATE, books, **options)


@pytest.mark.parametrize("pairs", [False, True])
def test_every_message_is_accepted_and_gets_its_receipt(lean, pairs):
    smsc, books = lean(), Books(2_000)
    options = SmppBenchOptions(binds=12, accounts=3, pairs=pairs)
    load = _load(smsc.address, books, plans(options, [smsc.address]), window=10)
    load.bind()
    assert load.run(range(500), stalled_s=5) and load.run(range(500, 2_000), stalled_s=5)
    shares = fairness(load, 3)
    load.unbind()
    found = counts(books) | smsc_counts(books, smsc.service.report, smsc.service.summary(), 1)
    assert is_exact(found) and found["accepted"] == 2_000
    assert all(link.unbound for link in load.links)
    assert all(0 < due <= at for due, at in zip(books.due, books.accepted, strict=True))
    assert 0 < shares["min_share"] <= 1 <= shares["max_share"] and 1_000 < shares["messages"] <= 1_500
    assert smsc.service.stats.binds == (24 if pairs else 12)


def test_a_rate_is_kept_and_latency_counts_from_the_due_time(lean):
    smsc, books = lean(), Books(200)
    load = _load(smsc.address, books, [BindPlan("a", "b")] * 2)
    load.bind()
    assert load.run(range(200), rate=1_000, stalled_s=5)
    load.unbind()
    # Never before it is due, and in order; a loaded machine may make it late, which is not counted as the gateway's.
    assert all(at >= load.first_at + number / 1_000 for number, at in enumerate(books.due))
    assert list(books.due) == sorted(books.due)
    assert max(books.accepted) - load.first_at >= 0.19
    assert all(at >= due for due, at in zip(books.due, books.accepted, strict=True))


def test_latency_counts_from_when_a_message_may_leave_though_no_window_has_room(lean):
    smsc, books = lean(), Books(2_000)
    load = _load(smsc.address, books, [BindPlan("a", "b")], window=1)
    load.bind()
    assert load.run(range(2_000), rate=1_000_000, stalled_s=5)
    load.unbind()
    # All are due after 2 ms, but only one is under way at a time.
    assert max(books.due) < books.accepted[1_000] < books.accepted[1_999]


def test_a_lost_bind_ends_the_load(lean):
    smsc, books = lean(delay_s=0.2), Books(50)
    load = _load(smsc.address, books, [BindPlan("a", "b")], window=5)
    load.bind()

    def cut() -> None:
        smsc.on_loop(lambda: [link.close() for link in list(smsc.service.links)])

    with pytest.raises(LoadError, match="a connection of a was closed"):
        load.run(range(50), stalled_s=5, tick=cut)
    load.close()


def test_with_reconnect_what_was_unanswered_is_unknown_and_all_else_is_accounted_for(lean):
    smsc, books = lean(delay_s=0.02), Books(3_000)
    load = _load(smsc.address, books, [BindPlan("a", "b")] * 4, window=5, reconnect=True)
    load.bind()
    cuts = 0

    def cut() -> None:
        nonlocal cuts
        if cuts < 5 and books.accepted_count > cuts * 400:
            cuts += 1
            smsc.on_loop(lambda: [link.close() for link in list(smsc.service.links)])

    assert load.run(range(3_000), receipts=False, stalled_s=5, tick=cut)
    assert load.linger(lambda: books.received >= books.accepted_count, 5, lambda: None)
    load.unbind()
    assert cuts == 5 and books.accepted_count + len(books.unknown) == 3_000
    assert all(books.receipts[number] for number, at in enumerate(books.accepted) if at)
    assert not any(books.accepted[number] for number in books.unknown)
    assert set(smsc.service.report.copies[:3_000]) <= {0, 1}  # nothing was submitted twice
    assert not books.strange and not books.misnamed() and not books.refused


def test_a_refused_bind(scripted_smsc):
    address = scripted_smsc(lambda pdu: p.BindTransceiverResp(sequence=pdu.sequence, status=0x0E))
    load = _load(address, Books(1), [BindPlan("a", "b")])
    with pytest.raises(LoadError, match="refused with 0x0E"):
        load.bind(5)
    load.close()


def _refusing(status, times):
    seen = []

    def script(pdu):
        if isinstance(pdu, p.SubmitSm):
            seen.append(pdu.sequence)
            refused = len(seen) <= times
            return p.SubmitSmResp(
                sequence=pdu.sequence, status=status if refused else 0, message_id=b"" if refused else b"1"
            )
        return p.BindTransceiverResp(sequence=pdu.sequence) if isinstance(pdu, p.Bind) else None

    return script


def test_refusals_are_counted_by_status(scripted_smsc):
    books = Books(10)
    load = _load(scripted_smsc(_refusing(0x58, 3)), books, [BindPlan("a", "b")], window=2)
    load.bind(5)
    assert load.run(range(10), receipts=False, stalled_s=5)
    load.close()
    assert books.refused == {0x58: 3} and books.accepted_count == 7
    assert counts(books)["refused"] == 3 and not is_exact(counts(books))


def test_with_reconnect_what_is_refused_for_now_goes_again(scripted_smsc):
    books = Books(10)
    load = _load(scripted_smsc(_refusing(0x58, 3)), books, [BindPlan("a", "b")], window=2, reconnect=True)
    load.bind(5)
    assert load.run(range(10), receipts=False, stalled_s=5)
    load.close()
    assert not books.refused and books.accepted_count == 10 and load.put_off == 3


def test_no_answers_at_all(scripted_smsc):
    books = Books(3)
    address = scripted_smsc(
        lambda pdu: p.BindTransceiverResp(sequence=pdu.sequence) if isinstance(pdu, p.Bind) else None
    )
    load = _load(address, books, [BindPlan("a", "b")])
    load.bind(5)
    assert not load.run(range(3), stalled_s=0.3)
    load.close()
    assert counts(books)["unanswered"] == 3 and not is_exact(counts(books))


def _deliver(number=1, name=b"77", stat=b"DELIVRD", tlv=None, source=None):
    text = b"id:%b sub:001 dlvrd:001 submit date:2611210101 done date:2611210101 stat:%b err:000 text:" % (name, stat)
    return encode(
        p.DeliverSm(
            source_addr=source or b"30690%08d" % number,
            destination_addr=b"bench",
            esm_class=4,
            short_message=text,
            tlvs=((0x001E, (tlv or name) + b"\0"),),
        )
    )


def test_receipts_are_entered_and_what_is_wrong_with_them_is_seen():
    books = Books(5)
    books.ids[1:4] = [b"77", b"78", b"79"]
    for frame in (
        _deliver(1),
        _deliver(1),
        _deliver(1, b"76"),
        _deliver(2, b"99"),
        _deliver(3, b"79", b"UNDELIV"),
        _deliver(4, b"80", tlv=b"81"),
        _deliver(source=b"12345"),
        _deliver(4_000),
        encode(p.DeliverSm(source_addr=b"3069000000001", short_message=b"not a receipt")),
    ):
        octets = b"xx" + frame + b"yy"
        assert struct.unpack_from(">I", octets, 2)[0] == len(frame)
        books.enter_receipt(octets, 2, 2 + len(frame), 9.0)
    assert books.received == 4 and [number for number, _ in books.repeats] == [1, 1]
    assert (books.other_id, books.misnamed(), books.not_delivered, books.tlv_differs) == (1, 1, 1, 1)
    assert books.strange == 3 and list(books.receipts) == [0, 3, 1, 1, 1]


@pytest.mark.parametrize(
    "wrong", ["lost", "wrong_parts", "smsc_duplicates", "smsc_unexpected", "smsc_receipts_unacked", "never_received"]
)
def test_what_makes_a_run_inexact(wrong):
    good = {"accepted": 5, "receipts_unique": 5, "smsc_unique": 5}
    assert is_exact(good) and not is_exact(good | {wrong: 1})
    assert not is_exact(good | {"smsc_unique": 4})
