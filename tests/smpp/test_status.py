import pytest

from smsgwd.smpp import status as s


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (0, "ESME_ROK"),
        (0x58, "ESME_RTHROTTLED"),
        (0x14, "ESME_RMSGQFUL"),
        (0x0E, "ESME_RINVPASWD"),
        (0xC2, "ESME_RINVPARLEN"),
        (0x104, "ESME_RINVDCS"),
        (0x112, "ESME_RINVBCASTCHANIND"),
        (0x412, "0x00000412"),
        (0xFFFFFFFF, "0xFFFFFFFF"),
    ],
)
def test_names(status, name):
    assert s.status_name(status) == name


def test_no_two_names_share_a_value():
    assert len(s.STATUS_NAMES) == len([name for name in vars(s) if name.startswith("ESME_")])
