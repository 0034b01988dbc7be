import pytest

from smsgwd.smpp.errors import EncodeError
from smsgwd.smpp.fields import Counted, CString, Destinations, FieldError, Integer, TimeString, Unsuccesses


def test_strict_strings():
    kind = CString(4, 0x15)
    assert kind.decode(b"abc\0rest", 0, True) == (b"abc", 4)
    for frame, status in ((b"abcd\0", 0x15), (b"abc", 0x15), (b"", 0x02)):
        with pytest.raises(FieldError) as caught:
            kind.decode(frame, 0, True)
        assert caught.value.command_status == status


def test_lenient_strings():
    kind = CString(4, 0x15)
    assert kind.decode(b"abcdef\0x", 0, False) == (b"abcdef", 7)
    assert kind.decode(b"abc", 0, False) == (b"abc", 4)
    assert kind.decode(b"x" * 256 + b"\0", 0, False)[0] == b"", "garbage is no id"


def test_integers():
    assert Integer(2).decode(b"\x01\x02", 0, True) == (0x0102, 2)
    with pytest.raises(FieldError):
        Integer(2).decode(b"\x01", 0, False)
    assert Integer(4).encode("x", 11) == b"\0\0\0\x0b"
    with pytest.raises(EncodeError):
        Integer(1).encode("x", 256)


@pytest.mark.parametrize("value", [b"1", b"1" * 15, b"1" * 17])
def test_times_have_16_octets_or_none(value):
    with pytest.raises(FieldError):
        TimeString(0x61).decode(value + b"\0", 0, True)
    with pytest.raises(EncodeError):
        TimeString(0x61).encode("t", value)
    assert TimeString(0x61).decode(b"\0", 0, True) == (b"", 1)


def test_counted_octets():
    assert Counted().decode(b"\x02hi!", 0, True) == (b"hi", 3)
    for frame in (b"\x03hi", b"\xff" + b"x" * 255):
        with pytest.raises(FieldError) as caught:
            Counted().decode(frame, 0, True)
        assert caught.value.command_status == 0x01
    assert len(Counted(accepted=255).decode(b"\xff" + b"x" * 255, 0, True)[0]) == 255


def test_lists_are_bounded_by_what_is_there():
    with pytest.raises(FieldError):
        Destinations().decode(b"\xfe\x01\x01\x01", 0, True)
    with pytest.raises(FieldError):
        Unsuccesses().decode(b"\xff\x01\x01", 0, True)
    assert Unsuccesses().decode(b"\xff\x01\x01", 0, False) == ((), 3)
