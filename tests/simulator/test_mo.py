from smsgwd.gsm import udh
from smsgwd.simulator.mo import MoSource, mo_pdu
from smsgwd.simulator.options import SmscOptions


def test_a_steady_rate_with_counting_sources():
    source = MoSource(SmscOptions(mo_rate=10, mo_text="MO {n}", mo_count=3), start=100.0)
    assert source.next_due() == 100.1
    assert source.take(100.05) == []
    made = source.take(100.201)
    assert [fields["short_message"] for fields in made] == [b"MO 1", b"MO 2"]
    assert [fields["source_addr"] for fields in made] == [b"306900000001", b"306900000002"]
    assert len(source.take(200.0)) == 1 and source.next_due() is None


def test_a_long_text_goes_in_parts_that_fit():
    source = MoSource(SmscOptions(mo_rate=1, mo_text="x" * 400), start=0.0)
    parts = source.take(1.0)
    assert len(parts) == 3
    found = [udh.parse(part["short_message"])[0].concatenation for part in parts]
    assert [(concat.total, concat.seq) for concat in found] == [(3, 1), (3, 2), (3, 3)]
    assert all(part["esm_class"] == 0x40 for part in parts)
    assert b"".join(udh.parse(part["short_message"])[1] for part in parts) == b"x" * 400


def test_each_sending_is_a_pdu_of_its_own():
    fields = MoSource(SmscOptions(mo_rate=1, mo_to="+3069"), start=0.0).take(1.0)[0]
    one, other = mo_pdu(fields), mo_pdu(fields)
    one.sequence = 5
    assert other.sequence == 0 and one.destination_addr == b"3069" and one.dest_addr_ton == 1


def test_parts_of_16_bit_references_and_of_sar():
    wide = MoSource(SmscOptions(mo_rate=1, mo_text="x" * 400, mo_parts="udh16"), start=0.0).take(1.0)
    assert [udh.parse(part["short_message"])[0].concatenation.seq for part in wide] == [1, 2, 3]
    assert all(part["short_message"][1] == 0x08 for part in wide)
    sar = MoSource(SmscOptions(mo_rate=1, mo_text="x" * 400, mo_parts="sar"), start=0.0).take(1.0)
    assert [dict(part["tlvs"]) for part in sar] == [
        {0x020C: b"\x00\x01", 0x020E: b"\x03", 0x020F: bytes((seq,))} for seq in (1, 2, 3)
    ]
    assert all(part["esm_class"] == 0 for part in sar)
    assert b"".join(part["short_message"] for part in sar) == b"x" * 400


def test_parts_come_twice_and_in_any_order():
    source = MoSource(SmscOptions(mo_rate=1, mo_text="x" * 1000, mo_shuffle=True, mo_twice_pct=50), start=0.0)
    seqs = [udh.parse(part["short_message"])[0].concatenation.seq for part in source.take(1.0)]
    assert set(seqs) == set(range(1, 8)) and 7 < len(seqs) < 14
    assert seqs != sorted(seqs)
