"""Known networks of numbers: bounded, aged, the newest finding counts."""

from smsgwd.app.networks import Networks
from smsgwd.model.lookups import Lookup, LookupFacts, LookupState

HOUR = 3_600_000


def lookup(msisdn="306971234567", mcc="202", mnc="01", done_at=100 * HOUR):
    return Lookup(1, 1, "t", msisdn, msisdn, 0, done_at, 0, LookupFacts(LookupState.DELIVERED, mcc=mcc, mnc=mnc))


def test_five_and_six_digits_come_back_as_they_were():
    networks = Networks(10, 50 * HOUR)
    for number, mnc in (("306971234567", "01"), ("12025550123", "010"), ("12025550124", "410")):
        networks.learn(lookup(number, mnc=mnc))
        assert networks.find(number, 100 * HOUR) == "202" + mnc


def test_what_tells_no_network_is_not_kept():
    networks = Networks(10, 50 * HOUR)
    for bad in (lookup(mcc=""), lookup(mnc=""), lookup(done_at=None), lookup(""), lookup(mcc="2x2")):
        networks.learn(bad)
    assert len(networks) == 0


def test_the_newer_finding_stands_whatever_comes_last():
    networks = Networks(10, 50 * HOUR)
    networks.learn(lookup(mnc="05", done_at=120 * HOUR))
    networks.learn(lookup(mnc="01", done_at=100 * HOUR))
    assert networks.find("306971234567", 130 * HOUR) == "20205"
    networks.learn(lookup(mnc="10", done_at=121 * HOUR))
    assert networks.find("306971234567", 130 * HOUR) == "20210"


def test_it_is_forgotten_when_it_is_old():
    networks = Networks(10, 50 * HOUR)
    networks.learn(lookup())
    assert networks.find("306971234567", 150 * HOUR) == "20201"
    assert networks.find("306971234567", 151 * HOUR) is None
    assert len(networks) == 0


def test_it_is_bounded_and_the_longest_known_goes():
    networks = Networks(3, 50 * HOUR)
    for n in range(4):
        networks.learn(lookup(f"30697123456{n}"))
    networks.learn(lookup("306971234561"))
    networks.learn(lookup("306971234569"))
    assert [networks.find(f"30697123456{n}", 100 * HOUR) is not None for n in (0, 1, 2, 3, 9)] == [
        False, True, False, True, True,
    ]  # fmt: skip


def test_none_are_kept_when_none_may_be():
    networks = Networks(0, 50 * HOUR)
    networks.learn(lookup())
    assert networks.find("306971234567", 100 * HOUR) is None
