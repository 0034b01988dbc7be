import pytest

from smsgwd.admission.admit import Policy, account_of, admit
from smsgwd.admission.raw import checked_part, joining_reference
from smsgwd.admission.senders import sender_of
from smsgwd.model.message import Coding
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Item
from smsgwd.model.tenant import Tenant
from smsgwd.model.wire import Wire
from smsgwd.smpp.tags import SAR_MSG_REF_NUM, SAR_TOTAL_SEGMENTS

NOW = 1_800_000_000_000
UDH = b"\x05\x00\x03\x2a\x02\x01"


@pytest.mark.parametrize(
    ("data_coding", "header", "most"),
    [
        (0x00, b"", 160),
        (0x01, b"", 160),
        (0xF1, b"", 160),
        (0x00, UDH, 153),
        (0x04, b"", 140),
        (0x04, UDH, 134),
        (0x08, UDH, 134),
        (0xF5, UDH, 134),
        (0x03, b"", 140),
    ],
)
def test_a_part_holds_what_a_part_holds(data_coding, header, most):
    esm_class = 0x40 if header else 0
    full = header + b"x" * most
    assert checked_part(full, esm_class, data_coding) == full
    with pytest.raises(Refused) as caught:
        checked_part(full + b"x", esm_class, data_coding)
    assert caught.value.refusal is Refusal.TOO_MANY_PARTS


def test_a_header_that_is_not_whole_is_none():
    for data in (b"", b"\x05", b"\x05\x00\x03\x2a\x02"):
        with pytest.raises(Refused) as caught:
            checked_part(data, 0x40, 4)
        assert caught.value.refusal is Refusal.INVALID_TEXT
    assert checked_part(b"", 0, 0) == b""
    assert checked_part(b"\x8b" + bytes(139), 0x40, 4)  # a header that fills the part


def test_parts_of_one_message_have_one_reference():
    assert joining_reference(UDH + b"a", 0x40, ()) == joining_reference(b"\x05\x00\x03\x2a\x02\x02b", 0x40, ())
    assert joining_reference(UDH, 0x40, ()) != joining_reference(b"\x06\x08\x04\x00\x2a\x02\x01", 0x40, ())
    assert joining_reference(b"\x04\x04\x02\x01\x01x", 0x40, ()) is None
    assert joining_reference(b"\x05\x00\x09", 0x40, ()) is None
    tlvs = ((SAR_TOTAL_SEGMENTS, b"\2"), (SAR_MSG_REF_NUM, b"\1\7"))
    assert joining_reference(b"a", 0, tlvs) == 0x107
    assert joining_reference(b"a", 0, ()) is None


def test_octets_of_an_esme_are_one_part_as_they_stand():
    wire = Wire(esm_class=0x40, data_coding=0, raw=True)
    item = Item("iSMS", "306912345678", data=UDH + b"x" * 153, coding="binary", account="ann", wire=wire)
    admitted = admit(item, account_of(Tenant("t", prices=(("", 7),))), NOW, Policy())
    assert (admitted.body, admitted.coding, admitted.parts, admitted.price) == (item.data, Coding.BINARY, 1, 7)


def test_an_esmes_validity_is_shortened_where_another_is_refused():
    account = account_of(Tenant("t"))

    def until(validity_s, system_id):
        item = Item("iSMS", "306912345678", "x", account=system_id, validity_s=validity_s)
        return admit(item, account, NOW, Policy()).deadline - NOW

    assert until(10_000_000, "ann") == 604_800_000 and until(1, "ann") == 1000
    for validity_s, system_id in ((10_000_000, None), (1, None), (0, "ann"), (-5, "ann")):
        with pytest.raises(Refused) as caught:
            until(validity_s, system_id)
        assert caught.value.refusal is Refusal.INVALID_VALIDITY


def test_a_numeric_sender_is_allowed_with_and_without_its_plus():
    assert sender_of("306900000000", None, ("+306900000000",)) == "306900000000"
    assert sender_of("+306900000000", None, ("306900000000",)) == "+306900000000"
    for written, allowed in (("Shop", ("+Shop",)), ("306900000001", ("+306900000000",))):
        with pytest.raises(Refused) as caught:
            sender_of(written, None, allowed)
        assert caught.value.refusal is Refusal.SENDER_NOT_ALLOWED


def test_senders_are_remembered_by_tenant_and_not_without_bound():
    account = account_of(Tenant("t", senders=("A",)))
    item = Item("A", "306912345678", "x")
    assert admit(item, account, NOW, Policy()).source == admit(item, account, NOW, Policy()).source == "A"
    with pytest.raises(Refused):
        admit(item, account_of(Tenant("u", senders=("B",))), NOW, Policy())
    anybody = account_of(Tenant("v"))
    for number in range(3000):
        admit(Item(f"S{number}", "306912345678", "x"), anybody, NOW, Policy())
    assert len(anybody.senders) <= 1000
