"""Pumping is held, campaigns and what is usual are not. Traffic is simulated; times are passed in."""

from random import Random

from smsgwd.admission.flood import FloodGuard
from smsgwd.model.tenant import Flood

T0 = 1_790_000_000_000
DAY = 86_400_000
FLOOD = Flood(prefix=7, window_s=300, most=100, factor=4.0)


def _held(guard: FloodGuard, times: range | list[int], number: str = "306912345678", tenant: str = "t") -> list[int]:
    """Which of the messages (by index) are held."""
    return [n for n, at in enumerate(times) if guard.check(tenant, FLOOD, number, T0 + at).hold]


def test_a_campaign_over_many_ranges_is_not_held():
    random, guard = Random(1), FloodGuard()
    for n in range(20_000):  # in 200 s
        number = f"3069{random.randrange(10**8):08}"
        assert not guard.check("t", FLOOD, number, T0 + n * 10).hold


def test_a_run_on_one_range_is_held_from_the_first_too_many_on():
    random, guard = Random(2), FloodGuard()
    verdicts = [guard.check("t", FLOOD, f"3069123{random.randrange(10**5):05}", T0 + n * 100).hold for n in range(2000)]
    assert verdicts == [n >= 100 for n in range(2000)]


def test_other_ranges_and_tenants_are_not_held_with_it():
    guard = FloodGuard()
    assert len(_held(guard, range(0, 50_000, 100))) == 400
    assert not guard.check("t", FLOOD, "306999999999", T0 + 50_000).hold
    assert not guard.check("u", FLOOD, "306912345678", T0 + 50_000).hold


def test_it_stays_held_while_it_lasts_and_is_free_a_window_after():
    guard = FloodGuard()
    held = _held(guard, range(0, 3 * 3_600_000, 1000))  # 300 in each window for three hours
    assert held == list(range(100, 3 * 3600))
    end = 3 * 3_600_000
    assert _held(guard, [end + 601_000 + n * 10_000 for n in range(20)]) == []


def test_slow_traffic_is_never_held():
    assert _held(FloodGuard(), range(0, DAY, 4000)) == []  # 75 in each window


def test_a_burst_over_the_edge_of_two_windows_is_held():
    guard = FloodGuard()
    assert _held(guard, [0]) == []
    assert _held(guard, range(200_000, 298_000, 1000)) == []  # 98 more at the end of the first window
    assert len(_held(guard, range(301_000, 361_000, 600))) >= 80


def test_what_is_usual_may_come():
    guard = FloodGuard()
    at = 0
    for _ in range(2 * 288):  # two days of 90 in each window
        assert _held(guard, [at + n * 3000 for n in range(90)]) == []
        at += 300_000
    assert _held(guard, [at + n * 1300 for n in range(220)]) == []  # over `most`, but no four times as many
    at += 900_000
    first = _held(guard, [at + n * 300 for n in range(1000)])[0]  # about 78 are usual after two days
    assert 280 < first < 330


def test_what_was_usual_is_forgotten_in_days():
    guard = FloodGuard()
    at = 0
    for _ in range(288):
        _held(guard, [at + n * 3000 for n in range(90)])
        at += 300_000
    at += 5 * DAY
    assert _held(guard, [at + n * 900 for n in range(330)]) == list(range(100, 330))


def test_the_alarm_is_given_once_a_window():
    guard = FloodGuard()
    alarms = [n for n in range(900) if guard.check("t", FLOOD, "306912345678", T0 + n * 1000).newly]
    assert alarms == [100, 400, 700]


def test_ranges_are_as_long_as_the_tenant_says():
    guard = FloodGuard()
    wide = Flood(prefix=4, window_s=60, most=10, factor=2.0)
    held = [guard.check("t", wide, f"3069{n:08}", T0 + n).hold for n in range(20)]
    assert held == [n >= 10 for n in range(20)]


def test_a_clock_set_back_does_no_harm():
    guard = FloodGuard()
    assert len(_held(guard, range(150))) == 50
    assert len(_held(guard, range(-200_000, -199_950))) == 50  # still the same window
    assert _held(guard, [900_000]) == []
    assert _held(guard, [10 * DAY]) == []
    assert len(_held(guard, range(150))) == 50  # ten days back: counted from there


def test_memory_is_bounded_and_the_ranges_asked_about_last_stay():
    guard = FloodGuard(most_ranges=100)
    for n in range(1000):
        guard.check("t", FLOOD, "306912345678", T0 + n)
        guard.check("t", FLOOD, f"49{n:05}999", T0 + n)
        assert len(guard) <= 100
    assert guard.check("t", FLOOD, "306912345678", T0 + 1000).hold
