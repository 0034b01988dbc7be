from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as settled
from hypothesis import strategies as st

from smsgwd.gsm import segments
from smsgwd.model.message import Coding
from smsgwd.model.wire import Wire, pack_wire
from smsgwd.smpp.address import AddressRule
from smsgwd.smpp.codec import decode, encode
from smsgwd.smpp.errors import EncodeError
from smsgwd.southbound.encode import CannotEncode, Encoder, reference
from tests.southbound.fakes import message, settings

NOW = 1_780_000_000_000


def pdus(each, now=NOW, **changes):
    return Encoder(settings(**changes)).encode(each, now)


def text(string, parts=1, coding=Coding.GSM7, **changes):
    return message(7_310_000_000_000_000_123, body=string.encode(), parts=parts, coding=coding, **changes)


def test_a_plain_message():
    (pdu,) = pdus(text("@ hello €"), service_type=b"CMT", protocol_id=5)
    assert pdu.short_message == b"\x00 hello \x1be"
    assert (pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi) == (b"iSMS", 5, 0)
    assert (pdu.destination_addr, pdu.dest_addr_ton, pdu.dest_addr_npi) == (b"306912345678", 1, 1)
    assert (pdu.service_type, pdu.protocol_id, pdu.priority_flag) == (b"CMT", 5, 1)
    assert (pdu.esm_class, pdu.data_coding, pdu.registered_delivery) == (0, 0, 1)
    assert pdu.validity_period == b"000000010000000R"
    assert encode(pdu)


def test_addresses_follow_the_rules():
    rule = AddressRule(ton=0, npi=8)
    (pdu,) = pdus(text("x"), source=rule, destination=AddressRule(ton=2, npi=1))
    assert (pdu.source_addr_ton, pdu.source_addr_npi, pdu.dest_addr_ton, pdu.dest_addr_npi) == (0, 8, 2, 1)
    (pdu,) = pdus(text("x", source="54001"), source=AddressRule(short_ton=3, short_npi=0))
    assert (pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi) == (b"54001", 3, 0)
    (pdu,) = pdus(text("x", source="+306900000000"))
    assert (pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi) == (b"306900000000", 1, 1)


@pytest.mark.parametrize(
    ("coding", "string", "flash", "data_coding", "body"),
    [
        (Coding.GSM7, "abc", False, 0, b"abc"),
        (Coding.GSM7, "abc", True, 0xF0, b"abc"),
        (Coding.UCS2, "Ωά", False, 8, "Ωά".encode("utf-16-be")),
        (Coding.UCS2, "Ωά", True, 0x18, "Ωά".encode("utf-16-be")),
        (Coding.LATIN1, "é", False, 3, b"\xe9"),
    ],
)
def test_codings(coding, string, flash, data_coding, body):
    (pdu,) = pdus(text(string, coding=coding, flash=flash))
    assert (pdu.data_coding, pdu.short_message) == (data_coding, body)


def test_binary_is_not_touched():
    (pdu,) = pdus(message(1, body=bytes(range(140)), coding=Coding.BINARY))
    assert (pdu.data_coding, pdu.short_message) == (4, bytes(range(140)))


def test_data_codings_of_the_connector():
    codings = {"gsm7": 1, "latin1": 3, "ucs2": 0x19, "binary": 2}
    assert pdus(text("a"), data_codings=codings)[0].data_coding == 1
    assert pdus(text("Ω", coding=Coding.UCS2), data_codings=codings)[0].data_coding == 0x19
    assert pdus(message(1, body=b"\x01", coding=Coding.BINARY), data_codings=codings)[0].data_coding == 2


@pytest.mark.parametrize(
    ("alphabet", "body"),
    [
        ("gsm", b"\x01 \x05"),
        ("latin1", b"\xa3 \xe9"),
        ("utf-8", "£ é".encode()),
        ("gsm-packed", bytes([0x01, 0x50, 0x01])),
    ],
)
def test_default_alphabets(alphabet, body):
    (pdu,) = pdus(text("£ é"), alphabet=alphabet)
    assert (pdu.data_coding, pdu.short_message) == (0, body)


def test_a_character_that_the_smscs_alphabet_lacks_goes_as_ucs2():
    (pdu,) = pdus(text("10 €"), alphabet="latin1")
    assert (pdu.data_coding, pdu.short_message) == (8, "10 €".encode("utf-16-be"))


LONG = "0123456789" * 40


def test_udh8():
    found = pdus(text(LONG, parts=3))
    ref = reference(7_310_000_000_000_000_123) & 0xFF
    assert [pdu.short_message[:6] for pdu in found] == [bytes((5, 0, 3, ref, 3, at)) for at in (1, 2, 3)]
    assert all(pdu.esm_class == 0x40 and pdu.registered_delivery == 1 and not pdu.tlvs for pdu in found)
    assert b"".join(pdu.short_message[6:] for pdu in found) == LONG.encode()


def test_udh16():
    found = pdus(text(LONG, parts=3), long_messages="udh16")
    ref = reference(7_310_000_000_000_000_123)
    assert [pdu.short_message[:7] for pdu in found] == [
        bytes((6, 8, 4, ref >> 8, ref & 0xFF, 3, at)) for at in (1, 2, 3)
    ]


def test_sar():
    found = pdus(text(LONG, parts=3), long_messages="sar")
    ref = reference(7_310_000_000_000_000_123)
    assert [(pdu.tlv_int(0x020C), pdu.tlv_int(0x020E), pdu.tlv_int(0x020F)) for pdu in found] == [
        (ref, 3, at) for at in (1, 2, 3)
    ]
    assert all(pdu.esm_class == 0 and not pdu.malformed_tlvs() for pdu in found)
    assert b"".join(pdu.short_message for pdu in found) == LONG.encode()


def test_payload_only_for_long_messages():
    (pdu,) = pdus(text(LONG, parts=3), long_messages="payload")
    assert pdu.short_message == b"" and pdu.tlv_bytes(0x0424) == LONG.encode()
    (pdu,) = pdus(text("short"), long_messages="payload")
    assert pdu.short_message == b"short" and not pdu.tlvs


def test_a_body_too_long_for_short_message_goes_as_payload():
    (pdu,) = pdus(text("é" * 150), alphabet="utf-8")
    assert pdu.short_message == b"" and pdu.tlv_bytes(0x0424) == ("é" * 150).encode()


def test_receipt_for_the_last_part_only():
    found = pdus(text(LONG, parts=3), receipt_for_all_parts=False)
    assert [pdu.registered_delivery for pdu in found] == [0, 0, 1]


def test_a_resend_is_the_same():
    first, second = pdus(text(LONG, parts=3)), pdus(text(LONG, parts=3))
    assert first == second


def test_references_of_messages_one_after_another_differ():
    start = 7_310_000_000_000_000_000
    for step in (1, 1 << 12, 1 << 22):  # sequence, node, millisecond
        low = [reference(start + step * at) & 0xFF for at in range(64)]
        assert len(set(low)) >= 48 and all(one != two for one, two in pairwise(low))
    assert all(0 <= reference(start + at) < 65536 for at in range(1000))


def test_validity_is_what_is_left():
    assert pdus(text("x", deadline=NOW + 90_500))[0].validity_period == b"000000000131000R"
    assert pdus(text("x", deadline=NOW + 86_400_000 * 3))[0].validity_period == b"000003000000000R"
    assert pdus(text("x", deadline=NOW + 1))[0].validity_period == b"000000000001000R"
    assert pdus(text("x", deadline=NOW - 5))[0].validity_period == b"000000000001000R"
    absolute = pdus(text("x", deadline=NOW + 86_400_000 * 40))[0].validity_period
    assert len(absolute) == 16 and absolute.endswith(b"+")


@pytest.mark.parametrize("source", ["twelve chars", "snow☃", "a\nb"])
def test_a_sender_that_no_pdu_can_carry(source):
    with pytest.raises(CannotEncode) as error:
        pdus(text("secret words", source=source))
    assert "source_addr" in str(error.value) and "secret" not in str(error.value)


def test_a_text_that_does_not_fit_its_coding():
    with pytest.raises(CannotEncode):
        pdus(text("Ω☃", coding=Coding.GSM7))


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=500))
def test_as_many_pdus_as_segments(string):
    count = len(segments(string, "ucs2", ref=0))
    found = pdus(text(string, parts=count, coding=Coding.UCS2))
    assert len(found) == count
    assert b"".join(pdu.short_message[6 if count > 1 else 0 :] for pdu in found) == string.encode("utf-16-be")
    assert all(encode(pdu) for pdu in found)


kinds = st.fixed_dictionaries(
    {
        "source": st.sampled_from(("iSMS", "54001", "+306900000000", "306900000000", "")),
        "msisdn": st.sampled_from(("306912345678", "3069123", "30", "1234567890123456", "٣٠٦٩١٢٣٤٥٦٧٨")),
        "body": st.one_of(
            st.sampled_from(("hello", "", "@ £", "x" * 160, "Ωά", "[]", "a\nb\r?", "é\0", "10 €", "x" * 71, "😀")),
            st.text(" abcXYZ0189!\"#%&'()*+,-./:;<=>?\n\r$@_", max_size=170),
        ).map(str.encode),
        "coding": st.sampled_from((Coding.GSM7, Coding.GSM7, *Coding)),
        "priority": st.integers(0, 3),
        "flash": st.booleans(),
        "asks": st.sampled_from((0, 1, 0x11)),
        "deadline": st.sampled_from((NOW - 5, NOW + 1, NOW + 3_600_000, NOW + 40 * 86_400_000)),
        "wire": st.sampled_from(
            (
                None,
                pack_wire(Wire(service_type="CMT", tlvs=((0x0204, b"\0\1"),))),
                pack_wire(Wire(raw=True, esm_class=0x40)),
                pack_wire(Wire(raw=True, data_coding=8)),
                pack_wire(Wire(raw=True, tlvs=((0x020C, b"\0\1"), (0x020F, b"\1")))),
                b"\xc1",
            )
        ),
    }
)
carriers = st.fixed_dictionaries(
    {
        "alphabet": st.sampled_from(("gsm", "gsm-packed", "latin1", "utf-8")),
        "long_messages": st.sampled_from(("udh8", "payload", "sar")),
        "destination": st.sampled_from((AddressRule(), AddressRule(ton=2, npi=8, keep_plus=True))),
        "service_type": st.sampled_from((b"", b"X")),
    }
)


@given(st.lists(kinds, min_size=1, max_size=6), carriers)
@settled(max_examples=300, deadline=None)
def test_composed_or_encoded_the_octets_are_the_same(each, carrier):
    encoder, plain = Encoder(settings(**carrier)), Encoder(settings(**carrier))
    for number, changes in enumerate(each * 3):
        given = message(number, **changes)
        try:
            expected = [encode(pdu) for pdu in plain.encode(given, NOW)]
        except (CannotEncode, EncodeError):
            expected = None
        try:
            made = [encode(pdu) for pdu in encoder.compose(given, NOW)]
        except (CannotEncode, EncodeError):
            made = None
        assert made == expected


def test_octets_are_no_template_for_texts():
    encoder = Encoder(settings())
    wire = pack_wire(Wire(raw=True))
    for number, body in enumerate((b"", b"", b"", b"hello")):
        given = message(number, body=body, coding=Coding.UCS2, wire=wire)
        assert [pdu.short_message for pdu in Encoder(settings()).encode(given, NOW)] == [body]
        assert encode(encoder.compose(given, NOW)[0]) == encode(Encoder(settings()).encode(given, NOW)[0])


def test_templates_are_bounded():
    encoder = Encoder(settings())
    for number in range(10_000):
        for _ in range(2):
            encoder.compose(text("x", source=f"S{number}"), NOW)
    assert 0 < len(encoder._templates) <= 4096 and len(encoder._met) <= 4096


def test_messages_that_an_esme_numbers_and_long_tlvs_leave_no_templates():
    encoder = Encoder(settings())
    for number in range(100):
        wire = pack_wire(Wire(tlvs=((0x0204, number.to_bytes(2, "big")),)))
        (pdu,) = encoder.compose(text("x", wire=wire), NOW)
        assert pdu.tlv_int(0x0204) == number
    long = pack_wire(Wire(tlvs=((0x1400, b"x" * 60_000),)))
    for _ in range(3):
        encoder.compose(text("x", wire=long), NOW)
    assert not encoder._templates


@pytest.mark.parametrize("coding", [Coding.GSM7, Coding.UCS2])
@pytest.mark.parametrize("flash", [False, True])
@pytest.mark.parametrize("long_messages", ["udh8", "udh16", "sar", "payload"])
def test_an_empty_text_is_one_part_without_octets(coding, flash, long_messages):
    encoder = Encoder(settings(long_messages=long_messages))
    for _ in range(3):  # the third one comes from what the others left
        (pdu,) = encoder.compose(text("", coding=coding, flash=flash), NOW)
        sent = decode(encode(pdu))
        assert (sent.short_message, sent.esm_class, sent.registered_delivery) == (b"", 0, 1)
