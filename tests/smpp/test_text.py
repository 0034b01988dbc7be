import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.smpp import pdu as p
from smsgwd.smpp.codec import decode, encode
from smsgwd.smpp.fields import SmeDestination, Unsuccess
from smsgwd.smpp.tags import MESSAGE_PAYLOAD, MESSAGE_STATE, RECEIPTED_MESSAGE_ID
from smsgwd.smpp.text import blank, describe
from smsgwd.smpp.tlv import pack_tlvs

NUMBER = b"306912345678"
RECEIPT = b"id:77 sub:001 dlvrd:001 submit date:2611221030 done date:2611221031 stat:DELIVRD err:000 text:Your pin"


def test_a_submit_in_words():
    frame = encode(
        p.SubmitSm(
            sequence=7,
            source_addr=b"Shop",
            source_addr_ton=5,
            destination_addr=NUMBER,
            registered_delivery=1,
            short_message=b"Your pin is 1234",
        )
    )
    shown = describe(frame)
    assert (shown.command, shown.sequence, shown.status, shown.fault) == ("submit_sm", 7, "", "")
    assert shown.fields == {
        "source_addr_ton": "5",
        "source_addr": "Shop",
        "destination_addr": "30691***",
        "registered_delivery": "1",
        "short_message": "*** 16 octets",
    }
    full = describe(frame, texts=True, numbers=True).fields
    assert (full["destination_addr"], full["short_message"]) == ("306912345678", "Your pin is 1234")


def test_passwords_never_show():
    for pdu in (
        p.BindTransceiver(sequence=1, system_id=b"gw", password=b"hushhush"),
        p.Outbind(sequence=1, system_id=b"gw", password=b"hushhush"),
    ):
        frame = encode(pdu)
        assert describe(frame, texts=True, numbers=True).fields["password"] == "***"
        hidden = blank(frame, texts=True, numbers=True)
        assert b"hush" not in hidden and len(hidden) == len(frame)
        assert decode(hidden).password == b"********"
        # torn before its end: what is behind the fault could be the password
        torn = frame[:22]
        assert b"hus" not in blank(torn, texts=True, numbers=True)
        assert "hus" not in str(describe(torn, texts=True, numbers=True))


@pytest.mark.parametrize("command_id", [1, 2, 9, 0x0B])
def test_of_a_malformed_login_nothing_but_the_name_shows(command_id):
    """Its password may stand in any field: an empty one too many moves all of them."""
    for body in (b"shop\0\0hunter2\0\x34\0", b"sh\0op\0hunter2\0\0\x34", b"\0\0\0hunter2"):
        frame = (16 + len(body)).to_bytes(4, "big") + command_id.to_bytes(4, "big") + bytes(8) + body
        for full in (False, True):
            assert b"hunter2" not in blank(frame, texts=full, numbers=full)
            assert "hunter2" not in str(describe(frame, texts=full, numbers=full))
            assert len(blank(frame)) == len(frame)


def test_a_text_that_is_said_to_begin_with_a_header_is_hidden():
    for text in (b"private words", b"\x04private", b"\x05\x00\x09\x01\x02\x03private", b"\xff", b"\x01\x02private"):
        frame = encode(p.SubmitSm(sequence=1, destination_addr=NUMBER, esm_class=0x40, short_message=text))
        assert b"riv" not in blank(frame)
        shown = describe(frame)
        assert "udh" not in shown.fields and b"priv".hex() not in str(shown)


def test_an_alert_gives_no_number_away():
    body = b"\1\1" + NUMBER + b"\0\1\1" + NUMBER + b"\0"
    frame = (16 + len(body)).to_bytes(4, "big") + (0x102).to_bytes(4, "big") + bytes(8) + body
    assert NUMBER not in blank(frame) and NUMBER.decode() not in str(describe(frame))
    assert describe(frame, numbers=True).fields["esme_addr"] == NUMBER.decode()


def test_of_a_receipt_only_the_quoted_text_is_hidden():
    frame = encode(p.DeliverSm(sequence=2, esm_class=4, source_addr=NUMBER, short_message=RECEIPT))
    fields = describe(frame).fields
    assert fields["short_message"] == RECEIPT.decode().replace("Your pin", "***")
    assert fields["esm_class"] == "0x04"
    hidden = decode(blank(frame))
    assert hidden.short_message == RECEIPT.replace(b"Your pin", b"********")
    assert hidden.source_addr == b"30691*******"


def test_a_text_that_only_claims_to_be_a_receipt_is_hidden():
    frame = encode(p.DeliverSm(sequence=2, esm_class=4, short_message=b"meet me at nine"))
    assert describe(frame).fields["short_message"] == "*** 15 octets"
    # and a subscriber's message that reads as a receipt, without the mark of one
    assert "DELIVRD" not in str(describe(encode(p.DeliverSm(sequence=2, short_message=RECEIPT))))


def test_the_user_data_header_stays():
    udh = bytes.fromhex("050003aa0201")
    frame = encode(p.SubmitSm(sequence=3, esm_class=0x40, short_message=udh + b"secret"))
    assert describe(frame).fields["udh"] == udh.hex()
    assert describe(frame).fields["short_message"] == "*** 6 octets"
    assert decode(blank(frame)).short_message == udh + b"******"


def test_tlvs():
    tlvs = (
        *pack_tlvs([(RECEIPTED_MESSAGE_ID, b"77"), (MESSAGE_STATE, 2)]),
        (0x1400, b"template-9"),
        (MESSAGE_PAYLOAD, b"secret"),
    )
    frame = encode(p.DeliverSm(sequence=4, tlvs=tlvs))
    fields = describe(frame).fields
    assert fields["receipted_message_id"] == "77" and fields["message_state"] == "2"
    assert fields["tlv_0x1400"] == "*** 10 octets" and fields["message_payload"] == "*** 6 octets"
    assert describe(frame, texts=True).fields["tlv_0x1400"] == "template-9"
    hidden = blank(frame)
    assert b"secret" not in hidden and b"template" not in hidden and b"77" in hidden


def test_ucs2_reads():
    frame = encode(p.SubmitSm(sequence=5, data_coding=8, short_message="Καλή".encode("utf-16-be")))
    assert describe(frame, texts=True).fields["short_message"] == "Καλή"


def test_several_numbers():
    frame = encode(p.SubmitMulti(sequence=6, dest_addresses=(SmeDestination(1, 1, NUMBER),), short_message=b"hi there"))
    assert describe(frame).fields["dest_addresses"] == "30691***"
    assert NUMBER not in blank(frame) and decode(blank(frame)).dest_addresses[0].addr == b"30691*******"
    answer = encode(p.SubmitMultiResp(sequence=6, message_id=b"1", unsuccess_smes=(Unsuccess(1, 1, NUMBER, 0x0B),)))
    assert describe(answer).fields["unsuccess_smes"] == "30691*** ESME_RINVDSTADR"
    assert NUMBER not in blank(answer)


def test_statuses_and_answers():
    shown = describe(encode(p.SubmitSmResp(sequence=9, status=0x58)))
    assert (shown.command, shown.status) == ("submit_sm_resp", "ESME_RTHROTTLED")
    assert describe(encode(p.SubmitSmResp(sequence=9, message_id=b"abc123456789"))).fields == {
        "message_id": "abc123456789"
    }
    assert describe(encode(p.EnquireLink(sequence=1))).fields == {}


def test_an_unknown_command():
    frame = encode(p.UnknownPdu(command_id=0x00000111, sequence=3, body=b"secret"))
    assert describe(frame).command == "0x00000111" and describe(frame).fields == {"octets": "6"}
    assert blank(frame)[16:] == b"******" and blank(frame, texts=True, numbers=True) == frame


@given(
    st.sampled_from([0x1, 0x4, 0x5, 0x9, 0x21, 0x103, 0x80000004, 0x80000021, 0x102, 0x77]),
    st.binary(max_size=200),
    st.booleans(),
    st.booleans(),
)
def test_any_octets_are_described_and_keep_their_length(command_id, body, texts, numbers):
    frame = (16 + len(body)).to_bytes(4, "big") + command_id.to_bytes(4, "big") + bytes(8) + body
    describe(frame, texts=texts, numbers=numbers)
    assert len(blank(frame, texts=texts, numbers=numbers)) == len(frame)


@pytest.mark.parametrize("cut", range(17, 60, 7))
def test_a_torn_submit_gives_nothing_away(cut):
    frame = encode(p.SubmitSm(sequence=1, destination_addr=NUMBER, short_message=b"secret words here to hide"))[:cut]
    shown = describe(frame)
    assert shown.fault and NUMBER.decode() not in str(shown) and "secret" not in str(shown)
    assert b"secret" not in blank(frame) and NUMBER not in blank(frame)
