from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.admission.admit import Policy, account_of, admit
from smsgwd.gsm import alphabet
from smsgwd.model.callbacks import TELL_SENT, Callback, pack_callback
from smsgwd.model.message import DEVICE_THEN_NETWORK, Coding, Message, State
from smsgwd.model.refusals import Refused
from smsgwd.model.tenant import Tenant
from smsgwd.model.wire import Wire, pack_wire
from smsgwd.northbound.esme.times import Untranslatable
from smsgwd.northbound.esme.translate import Translator
from smsgwd.smpp.fields import ListDestination, SmeDestination
from smsgwd.smpp.pdu import DataSm, ReplaceSm, SubmitMulti
from smsgwd.smpp.tags import (
    MESSAGE_PAYLOAD,
    QOS_TIME_TO_LIVE,
    RECEIPTED_MESSAGE_ID,
    SAR_MSG_REF_NUM,
    USER_MESSAGE_REFERENCE,
)
from smsgwd.timespec import compose_absolute
from tests.northbound.esme.requests_world import submit

NOW = 1_780_000_000_000
UDH = b"\x05\x00\x03\x2a\x02\x01"


def read(pdu=None, alphabet="gsm", **fields):
    return Translator("ann", alphabet).submit(pdu or submit(**fields), NOW)


def fault(**fields):
    with pytest.raises(Untranslatable) as caught:
        read(**fields)
    return caught.value.status


def test_a_plain_submit_says_all_it_says():
    item = read(
        text=b"Hi \x02 \x00",
        service_type=b"CMT",
        protocol_id=0x41,
        esm_class=3,
        registered_delivery=0xF1,
        priority_flag=2,
    )
    assert (item.source, item.dest, item.text, item.coding, item.flash) == (
        "iSMS",
        "306912345678",
        "Hi $ @",
        "gsm",
        False,
    )
    assert (item.account, item.asks, item.priority, item.data) == ("ann", 0x11, 2, None)
    assert item.wire == Wire(5, 0, 1, 1, "CMT", 3, 0x41, 0)
    assert (item.schedule_at, item.validity_s) == (None, None)


@pytest.mark.parametrize(
    ("coding", "octets", "text", "pinned", "flash"),
    [
        (0x00, b"100\x1be", "100€", "gsm", False),
        (0x10, b"Hi", "Hi", "gsm", True),
        (0xF0, b"Hi", "Hi", "gsm", True),
        (0x01, b"Hi_", "Hi_", "gsm", False),
        (0x03, b"caf\xe9", "café", "latin1", False),
        (0x08, "Γειά 😀".encode("utf-16-be"), "Γειά 😀", "ucs2", False),
        (0x18, "Γειά".encode("utf-16-be"), "Γειά", "ucs2", True),
    ],
)
def test_plain_texts_are_decoded_and_pinned_to_their_encoding(coding, octets, text, pinned, flash):
    item = read(text=octets, data_coding=coding)
    assert (item.text, item.coding, item.flash, item.data) == (text, pinned, flash, None)
    assert not item.wire.raw and item.wire.data_coding == coding


@pytest.mark.parametrize(
    ("fields", "octets"),
    [
        ({"data_coding": 4}, b"\x00\xff"),
        ({"data_coding": 2}, b"\x00\xff"),
        ({"data_coding": 0xF5}, b"\x00\xff"),
        ({"data_coding": 0xC8}, b""),
        ({"data_coding": 0x11}, b"class 1"),
        ({"data_coding": 5}, b"\x83\x65"),
        ({"data_coding": 0}, b"\x80"),  # no septet
        ({"data_coding": 0}, b"odd \x1b\x01"),  # an escape that stands for nothing
        ({"data_coding": 1}, b"back`tick"),  # not in the GSM alphabet
        ({"data_coding": 1}, b"\xe9"),
        ({"data_coding": 3}, b"a\0b"),
        ({"data_coding": 8}, b"odd"),
        ({"data_coding": 8}, b"\xd8\x00"),  # half a pair
        ({"esm_class": 0x40}, UDH + b"part one"),
        ({"esm_class": 0x08}, b"delivery ack"),
        ({"esm_class": 0x10}, b"manual ack"),
        ({"tlvs": ((SAR_MSG_REF_NUM, b"\0\x07"),)}, b"segment"),
        ({}, b""),
    ],
)
def test_everything_else_goes_on_as_it_stands(fields, octets):
    item = read(text=octets, **fields)
    assert item.data == octets and item.text == "" and item.wire.raw
    assert (item.wire.esm_class, item.wire.data_coding) == (fields.get("esm_class", 0), fields.get("data_coding", 0))
    assert item.wire.tlvs == fields.get("tlvs", ())


@pytest.mark.parametrize(
    ("name", "octets", "text"),
    [("latin1", b"caf\xe9", "café"), ("utf-8", "Γειά".encode(), "Γειά"), ("ascii", b"plain", "plain")],
)
def test_the_alphabet_of_the_account_says_what_data_coding_0_is(name, octets, text):
    item = read(alphabet=name, text=octets)
    assert (item.text, item.coding) == (text, "auto")
    assert read(alphabet=name, text=b"\xff\xfe\xff" if name != "latin1" else b"a\0").wire.raw


def test_a_text_may_come_in_message_payload_and_be_long():
    text = b"word " * 80
    item = read(text=b"", tlvs=((MESSAGE_PAYLOAD, text), (USER_MESSAGE_REFERENCE, b"\0\x09")))
    assert item.text == text.decode() and item.wire.tlvs == ((USER_MESSAGE_REFERENCE, b"\0\x09"),)
    assert fault(tlvs=((MESSAGE_PAYLOAD, b"x"),)) == 0x01
    assert read(tlvs=((MESSAGE_PAYLOAD, b""),)).text == "Hello"


def test_octets_without_a_header_are_cut_by_us_when_they_fill_more_than_a_part():
    item = read(text=b"", data_coding=4, tlvs=((MESSAGE_PAYLOAD, bytes(300)),))
    assert item.data == bytes(300) and not item.wire.raw and item.coding == "binary"
    assert read(text=bytes(140), data_coding=4).wire.raw
    segment = read(text=b"", data_coding=4, tlvs=((MESSAGE_PAYLOAD, bytes(140)), (SAR_MSG_REF_NUM, b"\0\1")))
    assert segment.wire.raw
    assert fault(text=b"", data_coding=4, tlvs=((MESSAGE_PAYLOAD, bytes(300)), (SAR_MSG_REF_NUM, b"\0\1"))) == 0x01


def test_only_tlvs_that_mean_something_further_on_are_passed():
    tlvs = ((0x1401, b"vendor"), (RECEIPTED_MESSAGE_ID, b"1\0"), (0x4000, b"?"), (0x1400, b""), (0x0427, b"\2"))
    assert read(tlvs=tlvs).wire.tlvs == ((0x1401, b"vendor"), (0x1400, b""))
    assert fault(tlvs=((0x1401, bytes(3000)),)) == 0xC2
    assert fault(tlvs=((0x1401, b""),) * 16_000) == 0xC2  # each costs memory, however little it says


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"priority_flag": 4}, 0x06),
        ({"sm_default_msg_id": 1}, 0x63),
        ({"source_addr_ton": 7}, 0x48),
        ({"source_addr_npi": 2}, 0x49),
        ({"dest_addr_ton": 9}, 0x50),
        ({"dest_addr_npi": 19}, 0x51),
        ({"esm_class": 0x40, "text": b"\x05\x00\x03"}, 0x43),
        ({"esm_class": 0x40, "text": b""}, 0x43),
        ({"schedule_delivery_time": b"269901000000000+"}, 0x61),
        ({"schedule_delivery_time": b"not a time at al"}, 0x61),
        ({"validity_period": b"260230000000000+"}, 0x62),
        ({"validity_period": b"000000000000000R"}, 0x62),
        ({"validity_period": b"200101000000000+"}, 0x62),
        ({"validity_period": b"00000000000x000R"}, 0x62),
    ],
)
def test_each_fault_has_its_status(fields, status):
    assert fault(**fields) == status


def test_values_that_are_unusual_but_defined_are_taken():
    for ton in range(7):
        assert read(source_addr_ton=ton, dest_addr_ton=ton).wire.dest_ton == ton
    for npi in (0, 1, 3, 4, 6, 8, 9, 10, 14, 18):
        assert read(source_addr_npi=npi, dest_addr_npi=npi).wire.source_npi == npi


def absolute(seconds):
    return compose_absolute(datetime.fromtimestamp(NOW / 1000, UTC) + timedelta(seconds=seconds)).encode()


def test_times_are_relative_or_absolute():
    item = read(schedule_delivery_time=b"000000010000000R", validity_period=b"000000000030000R")
    assert (item.schedule_at, item.validity_s) == (NOW + 3_600_000, 30)
    item = read(schedule_delivery_time=absolute(3600), validity_period=absolute(7200))
    assert (item.schedule_at, item.validity_s) == (NOW + 3_600_000, 3600)
    assert read(validity_period=absolute(90)).validity_s == 90
    assert read(validity_period=b"000100000000000R").validity_s in (28 * 86400, 29 * 86400, 30 * 86400, 31 * 86400)
    with pytest.raises(Untranslatable) as caught:
        read(schedule_delivery_time=absolute(7200), validity_period=absolute(3600))
    assert caught.value.status == 0x62


def test_a_validity_is_clamped_to_what_the_gateway_keeps_and_may_be_a_second():
    account = account_of(Tenant("t"))
    for written, seconds in ((b"000030000000000R", 604_800), (b"000000000001000R", 1)):
        admitted = admit(read(validity_period=written), account, NOW, Policy())
        assert admitted.deadline == NOW + seconds * 1000


def test_what_cannot_be_remembered_for_ever_is_not():
    translator = Translator("ann")
    for number in range(2000):
        translator.submit(submit(service_type=b"%05d" % number), NOW)
    assert len(translator._kinds) <= 256


def test_data_sm_carries_its_text_in_a_tlv():
    pdu = DataSm(
        source_addr=b"123",
        destination_addr=b"306912345678",
        registered_delivery=2,
        tlvs=((MESSAGE_PAYLOAD, b"Hi"), (QOS_TIME_TO_LIVE, b"\0\0\0\x3c")),
    )
    item = Translator("ann").data(pdu)
    assert (item.source, item.text, item.validity_s, item.asks) == ("123", "Hi", 60, 2)
    assert Translator("ann").data(DataSm(destination_addr=b"306912345678")).data == b""


def test_submit_multi_makes_a_message_for_each_address():
    pdu = SubmitMulti(
        source_addr=b"123",
        short_message=b"Hi",
        dest_addresses=(
            SmeDestination(1, 1, b"306900000001"),
            ListDestination(b"friends"),
            SmeDestination(9, 1, b"306900000002"),
            SmeDestination(0, 0, b"306900000003"),
        ),
    )
    found = Translator("ann").multi(pdu, NOW)
    assert [dest.addr for dest, _ in found] == [b"306900000001", b"306900000002", b"306900000003"]
    assert (found[0][1].dest, found[0][1].text, found[0][1].wire.dest_ton) == ("306900000001", "Hi", 1)
    assert found[1][1].status == 0x50
    assert found[2][1].wire.dest_ton == 0


def old(**changes):
    wire = Wire(5, 0, 1, 1, "CMT", 0, 0, 8, tlvs=((USER_MESSAGE_REFERENCE, b"\0\1"),))
    values = {"account": "ann", "asks": 1, "wire": pack_wire(wire), "priority": 2, "state": State.QUEUED, **changes}
    return Message(
        7, 6, "t", "iSMS", "306912345678", "306912345678", b"x", Coding.UCS2, 1, "sim", NOW, NOW + 60_000, **values
    )


def test_replace_keeps_what_it_does_not_say():
    pdu = ReplaceSm(message_id=b"7", short_message="Νέο".encode("utf-16-be"), registered_delivery=0)
    item = Translator("ann").replacement(pdu, old(), NOW + 10_000)
    assert (item.text, item.coding, item.priority, item.asks, item.account) == ("Νέο", "ucs2", 2, 0, "ann")
    assert (item.schedule_at, item.validity_s) == (None, 50)
    assert item.wire.tlvs == ((USER_MESSAGE_REFERENCE, b"\0\1"),) and item.wire.service_type == "CMT"
    later = Translator("ann").replacement(pdu, old(state=State.SCHEDULED, due_at=NOW + 30_000), NOW)
    assert (later.schedule_at, later.validity_s) == (NOW + 30_000, 30)
    by_http = Translator("ann").replacement(
        ReplaceSm(short_message=b"new"), old(account=None, wire=None, asks=0, dlr_url="http://x/"), NOW
    )
    assert (by_http.account, by_http.dlr_url, by_http.text, by_http.asks) == (None, "http://x/", "new", 0)
    quiet = Translator("ann").replacement(ReplaceSm(short_message=b"new"), old(account=None, wire=None, asks=0), NOW)
    assert quiet.dlr_url == ""  # nobody was told of it, and nobody will be


def test_what_came_by_http_is_told_of_and_sent_as_it_was_before():
    style = Callback("ardary", "Europe/Paris", fields={"user": "me"})
    was = old(
        account=None,
        wire=None,
        asks=TELL_SENT,
        dlr_url="http://x/",
        callback=pack_callback(style),
        channel=DEVICE_THEN_NETWORK,
    )
    item = Translator("ann").replacement(ReplaceSm(short_message=b"new"), was, NOW)
    assert (item.callback, item.asks, item.dlr_url) == (style, TELL_SENT, "http://x/")
    assert (item.channel, item.failover, item.international) == ("device", True, True)


@given(
    st.binary(max_size=254),
    st.integers(0, 255),
    st.integers(0, 255),
    st.sampled_from(["gsm", "latin1", "ascii", "utf-8"]),
)
def test_any_octets_are_a_text_that_gives_them_back_or_go_on_as_they_are(octets, data_coding, esm_class, name):
    translator = Translator("ann", name)
    try:
        item = translator.submit(submit(text=octets, data_coding=data_coding, esm_class=esm_class), NOW)
    except Untranslatable as refused:
        assert refused.status == 0x43 and esm_class & 0x40
        return
    if item.data is not None and item.data != octets:  # another alphabet's, brought into GSM's
        assert name != "gsm"
        header = octets[0] + 1 if esm_class & 0x40 else 0
        codec = "latin-1" if name == "latin1" else name
        assert item.data[:header] == octets[:header]
        assert alphabet.decode(item.data[header:]) == octets[header:].decode(codec)
    elif item.data is None:
        codec = {"latin1": "latin-1", "ucs2": "utf-16-be"}.get(item.coding)
        if codec is None and data_coding != 1:
            codec = {"latin1": "latin-1", "gsm": None}.get(name, name)
        again = item.text.encode(codec) if codec else alphabet.encode(item.text)
        if data_coding == 1:
            again = item.text.encode("ascii")
        assert again == octets
    try:
        admit(item, account_of(Tenant("t")), NOW, Policy())
    except Refused as refused:
        assert refused.refusal.code == "too_many_parts"


@pytest.mark.parametrize(("data_coding", "longest"), [(0, 160), (3, 140), (8, 140)])
def test_an_sme_acknowledgement_longer_than_a_part_is_a_text(data_coding, longest):
    """rusmppyc marks whatever it sends with esm_class 0x08."""
    for size, raw in ((longest, True), (longest + 2, False)):
        payload = ("ab".encode("utf-16-be") if data_coding == 8 else b"abcd") * 100
        item = read(text=b"", esm_class=0x08, data_coding=data_coding, tlvs=((MESSAGE_PAYLOAD, payload[:size]),))
        assert (item.data is not None) == raw
        assert item.wire.raw == raw
        assert item.wire.esm_class == 0x08


@pytest.mark.parametrize(("flag", "priority"), [(0, 1), (1, 1), (2, 2), (3, 3)])
def test_no_priority_is_what_http_calls_normal(flag, priority):
    assert Translator("ann").submit(submit(priority_flag=flag), NOW).priority == priority


@pytest.mark.parametrize(
    ("sent", "passed"),
    [
        (b"caf\xe9 @ 5", b"caf\x05 \x00 5"),  # é and @ have other places in the GSM alphabet
        (b"[x]", b"\x1b<x\x1b>"),
        ("Ω\xff".encode("latin-1", "replace") + b"\xd0", None),  # Ð is not in it: as it stands
    ],
)
def test_parts_of_an_account_with_another_alphabet_are_recoded(sent, passed):
    header = b"\x05\x00\x03\x2a\x02\x01"
    item = Translator("ann", "latin1").submit(submit(1, header + sent, esm_class=0x40), NOW)
    assert item.wire.raw
    assert item.data == header + (sent if passed is None else passed)
    gsm = Translator("ann").submit(submit(1, header + sent, esm_class=0x40), NOW)
    assert gsm.data == header + sent
    binary = Translator("ann", "latin1").submit(submit(1, header + sent, esm_class=0x40, data_coding=4), NOW)
    assert binary.data == header + sent


def test_a_part_that_would_not_fit_any_more_is_not_recoded():
    header = b"\x05\x00\x03\x2a\x02\x01"
    item = Translator("ann", "latin1").submit(submit(1, header + b"[" * 100, esm_class=0x40), NOW)
    assert item.data == header + b"[" * 100
