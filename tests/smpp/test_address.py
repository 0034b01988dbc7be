import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.smpp.address import Address, AddressRule, destination_address, source_address
from smsgwd.smpp.codec import encode
from smsgwd.smpp.errors import EncodeError
from smsgwd.smpp.pdu import SubmitSm


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("iSMS", Address(5, 0, b"iSMS")),
        ("My Shop", Address(5, 0, b"My Shop")),
        ("Café", Address(5, 0, b"Caf\xe9")),
        ("+306912345678", Address(1, 1, b"306912345678")),
        ("306912345678", Address(1, 1, b"306912345678")),
        ("12345678", Address(1, 1, b"12345678")),
        ("1234567", Address(3, 0, b"1234567")),
        ("54321", Address(3, 0, b"54321")),
        ("1234567890123456", Address(0, 1, b"1234567890123456")),
        ("", Address(0, 0, b"")),
    ],
)
def test_sources(text, address):
    assert source_address(text) == address


@pytest.mark.parametrize("text", ["twelve chars", "Ελληνικά", "a\0b", "a\nb", "12345678901234567890123"])
def test_refused_sources(text):
    with pytest.raises(EncodeError) as caught:
        source_address(text)
    assert caught.value.command_status == 0x0A


@pytest.mark.parametrize("text", ["", "iSMS", "+", "+30 69", "1" * 21, "٣٠٦٩١٢٣٤٥٦٧٨", "30\n"])
def test_refused_destinations(text):
    with pytest.raises(EncodeError) as caught:
        destination_address(text)
    assert caught.value.command_status == 0x0B


def test_destinations():
    assert destination_address("+306912345678") == Address(1, 1, b"306912345678")
    assert destination_address("54321", AddressRule(short_ton=6, short_npi=9)) == Address(6, 9, b"54321")


def test_overrides():
    rule = AddressRule(ton=2, npi=8)
    assert destination_address("+306912345678", rule) == Address(2, 8, b"306912345678")
    assert source_address("iSMS", rule) == Address(2, 8, b"iSMS")
    assert source_address("54321", AddressRule(ton=0)) == Address(0, 0, b"54321")
    assert destination_address("+306912345678", AddressRule(keep_plus=True)).addr == b"+306912345678"


@given(st.text(max_size=25))
def test_whatever_passes_can_be_composed(text):
    for how in (source_address, destination_address):
        try:
            address = how(text)
        except EncodeError:
            continue
        assert encode(SubmitSm(source_addr=address.addr, destination_addr=address.addr))
