import pytest

from smsgwd.gsm import decode_text
from smsgwd.simulator.submit_template import FIRST_SEQUENCE, SubmitTemplate, octets_of
from smsgwd.smpp.codec import decode
from smsgwd.smpp.tags import MESSAGE_PAYLOAD


@pytest.mark.parametrize(
    ("text", "coding", "parts"),
    [
        ("Message {n}", 0, 1),
        ("100 % sure, {n} €", 0, 1),
        ("no number", 0, 1),
        ("{n} twice {n}", 0, 1),
        ("Καλημέρα {n}", 8, 1),
        ("x" * 300 + "{n}", 0, 3),
        ("Καλημέρα {n} " * 10, 8, 3),
    ],
)
def test_frames_say_what_they_should(text, coding, parts):
    template = SubmitTemplate(text, sender="be%nch")
    for number in (0, 42, 99_999_999):
        pdu = decode(template.frame(number))
        assert pdu.sequence == FIRST_SEQUENCE + number
        assert (pdu.source_addr_ton, pdu.source_addr) == (5, b"be%nch")
        assert (pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr) == (1, 1, b"30690%08d" % number)
        assert (pdu.registered_delivery, pdu.data_coding) == (1, coding)
        payload = dict(pdu.tlvs).get(MESSAGE_PAYLOAD) if pdu.tlvs else None
        body = pdu.short_message or payload
        assert decode_text(coding, body) == text.replace("{n}", f"{number:08d}")
    assert template.parts == parts


def test_octets_of_a_text():
    assert octets_of("Hi @") == (0, b"Hi \x00")
    assert octets_of("Γειά")[0] == 8


def test_numbers_all_over_the_world():
    template = SubmitTemplate("{n} %", prefixes=("44700", "30690"))
    sent = [decode(template.frame(number)) for number in (0, 1, 2)]
    assert [pdu.destination_addr for pdu in sent] == [b"4470000000000", b"3069000000001", b"4470000000002"]
    assert [pdu.short_message for pdu in sent] == [b"00000000 %", b"00000001 %", b"00000002 %"]
