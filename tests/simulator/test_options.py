import pytest

from smsgwd.simulator.options import parse_numbers, parse_states, parse_status, parse_statuses


def test_mixes_are_read():
    assert parse_states("undeliv:5, EXPIRED:2.5") == (("UNDELIV", 5.0), ("EXPIRED", 2.5))
    assert parse_statuses("0x14:5,8:1") == ((0x14, 5.0), (8, 1.0))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("UNDELIV", "NAME:PERCENT"),
        ("UNDELIV:x", "NAME:PERCENT"),
        ("UNDELIV:101", "NAME:PERCENT"),
        ("UNDELIV:-1", "NAME:PERCENT"),
        ("LOST:5", "no receipt state"),
        ("UNDELIV:60,EXPIRED:41", "add up to 101 %"),
        ("", "NAME:PERCENT"),
    ],
)
def test_a_bad_mix_is_named(text, says):
    with pytest.raises(ValueError, match=says):
        parse_states(text)


@pytest.mark.parametrize("text", ["", "0", "-1", "0x100000000", "ROK"])
def test_a_bad_status_is_refused(text):
    with pytest.raises(ValueError, match="command_status"):
        parse_status(text)


def test_numbers_have_their_fates():
    assert parse_numbers("91:undeliv, 0092:0x0B,3:11,4:NONE") == (
        ("91", "UNDELIV"),
        ("0092", 11),
        ("3", 11),
        ("4", "none"),
    )


@pytest.mark.parametrize(
    "text", ["", "91", "91:", ":UNDELIV", "x:UNDELIV", "91:0", "91:gone", "91:UNDELIV,", "٣:UNDELIV"]
)
def test_what_is_no_fate_of_a_number(text):
    with pytest.raises(ValueError, match=r"is no|outside"):
        parse_numbers(text)
