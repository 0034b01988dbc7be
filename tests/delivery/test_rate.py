"""The adaptive rate against an SMSC that is a token bucket, some round trips away."""

import heapq
import random
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsgwd.delivery.rate import LinkRate


class Link:
    """A sender with a window and endless work, and an SMSC behind a delay. Time is simulated."""

    def __init__(self, allowed, round_trip, window, burst=None, ceiling=0.0, jitter=0.0):
        self.rate = LinkRate(ceiling, None, 0.0)
        self.allowed, self.round_trip, self.window = allowed, round_trip, window
        self.burst = max(1.0, allowed / 10 if burst is None else burst)
        self.tokens, self.filled_at = self.burst, 0.0
        self.jitter = jitter
        self.now = 0.0
        self.out = 0
        self.demand = None  # parts a second that there are to send; None = always more
        self.sent = 0
        self.events, self.order = [], count()
        self.accepted, self.refused = [], []  # times
        self.moody = 0.0  # share of what it refuses whatever the rate
        self.dice = random.Random(7)

    def run(self, seconds, tick=0.002):
        end = self.now + seconds
        begun, base = self.now, self.sent
        while self.now < end:
            self.send(None if self.demand is None else base + int((self.now - begun) * self.demand) + 1 - self.sent)
            after = self.now + max(tick, self.rate.wait(1, self.now)) if self.out < self.window else end
            if self.events:
                after = min(after, self.events[0][0])
            self.now = min(max(after, self.now + 1e-6), end, self.now + 0.1)
            self.answers()

    def send(self, most):
        while self.out < self.window and (most is None or most > 0) and self.rate.take(1, self.now):
            most = None if most is None else most - 1
            self.out += 1
            self.sent += 1
            late = self.jitter * ((self.sent * 7919) % 100) / 100
            heapq.heappush(self.events, (self.now + self.round_trip / 2, next(self.order), self.now, None, late))

    def answers(self):
        good, last = 0, 0.0
        while self.events and self.events[0][0] <= self.now:
            at, _, sent_at, taken, late = heapq.heappop(self.events)
            if taken is None:  # it arrives at the SMSC
                self.tokens = min(self.burst, self.tokens + (at - self.filled_at) * self.allowed)
                self.filled_at = at
                taken = self.tokens >= 1.0 and self.dice.random() >= self.moody
                self.tokens -= taken
                back = at + self.round_trip / 2 + late
                heapq.heappush(self.events, (back, next(self.order), sent_at, taken, late))
                continue
            self.out -= 1
            if taken:
                good, last = good + 1, sent_at
                self.accepted.append(self.now)
            else:
                if good:
                    self.rate.accepted(good, self.now, last)
                    good = 0
                self.refused.append(self.now)
                self.sent -= 1
                self.rate.throttled(self.now, sent_at)
        if good:
            self.rate.accepted(good, self.now, last)

    def share(self, begin, end):
        return sum(begin <= at < end for at in self.accepted) / self.allowed / (end - begin)

    def refused_share(self, begin, end):
        bad = sum(begin <= at < end for at in self.refused)
        return bad / max(1, bad + sum(begin <= at < end for at in self.accepted))


@pytest.mark.parametrize("allowed", [200, 1000, 3000])
@pytest.mark.parametrize("round_trip", [0.001, 0.05])
def test_what_is_allowed_is_used_from_the_start(allowed, round_trip):
    link = Link(allowed, round_trip, 1000)
    link.run(30)
    assert link.share(0, 30) >= 0.95
    assert link.refused_share(5, 30) < 0.03


@settings(max_examples=25, deadline=None)
@given(
    allowed=st.sampled_from([1, 3, 10, 30, 100, 300]),
    round_trip=st.floats(0.001, 0.5),
    window=st.integers(10, 1000),
    burst_s=st.sampled_from([0.0, 0.1, 1.0]),
    jitter=st.sampled_from([0.0, 0.02]),
)
def test_any_link_comes_close_to_what_is_allowed(allowed, round_trip, window, burst_s, jitter):
    link = Link(allowed, round_trip, window, allowed * burst_s, jitter=jitter)
    link.run(90)
    possible = min(1.0, window / (round_trip + jitter) / allowed)
    # At a few a second each refusal weighs much, and an SMSC that saves up nothing refuses what comes 1 ms early.
    usual = allowed >= 10 and link.burst >= 2
    assert link.share(30, 90) >= (0.93 if usual else 0.5) * possible
    assert link.refused_share(30, 90) < (0.03 if usual else 0.12 if allowed >= 10 else 0.3)


@pytest.mark.parametrize("allowed", [200, 1000, 3000])
def test_a_machine_that_is_busy_with_other_things_costs_little(allowed):
    """Everything stands still now and then, for up to as long as the SMSC saves up for."""
    drawn = random.Random(1)
    link = Link(allowed, 0.006, 400)
    while link.now < 30:
        link.run(drawn.uniform(0.02, 0.3))
        link.now += drawn.uniform(0, 0.1)
        link.answers()
    assert link.share(0, 30) >= 0.95 and link.refused_share(5, 30) < 0.02


def test_nothing_is_limited_before_the_first_refusal():
    link = Link(1e9, 0.01, 50)
    assert link.rate.unlimited and link.rate.rate == 0
    link.run(2)
    assert link.rate.unlimited and not link.refused and len(link.accepted) > 5000


def test_the_ceiling_stays():
    link = Link(1e9, 0.01, 500, ceiling=100.0)
    link.run(10)
    assert 1000 <= len(link.accepted) <= 1110 and link.rate.rate == 100.0
    link.allowed, link.burst, link.tokens = 50.0, 5.0, 0.0
    link.run(20)
    assert 45 <= link.rate.rate <= 56
    link.allowed = 1e9
    link.run(200)
    assert link.rate.rate == 100.0
    begin = link.now
    link.run(10)
    assert sum(at >= begin for at in link.accepted) <= 1110


def test_a_limit_that_falls_is_followed_at_once_and_one_that_rises_in_time():
    link = Link(1000, 0.02, 500)
    link.run(10)
    link.allowed, link.burst = 100.0, 10.0
    link.run(30)
    assert link.refused_share(15, 40) < 0.06
    assert sum(15 <= at < 40 for at in link.accepted) >= 0.9 * 100 * 25
    link.allowed, link.burst = 1000.0, 100.0
    link.run(160)
    assert sum(190 <= at < 200 for at in link.accepted) >= 0.9 * 1000 * 10


def test_a_limit_that_is_gone_is_forgotten():
    link = Link(100, 0.02, 20)
    link.run(10)
    link.allowed = link.burst = link.tokens = 1e9
    link.run(80)
    assert link.rate.unlimited


def test_a_blocked_link_is_asked_seldom_and_comes_back_soon():
    link = Link(500, 0.01, 200)
    link.run(10)
    link.allowed, link.tokens = 1e-9, 0.0
    link.run(30)
    assert sum(30 <= at < 40 for at in link.refused) <= 10
    link.allowed = 500
    link.run(30)
    assert sum(60 <= at < 70 for at in link.accepted) >= 0.8 * 500 * 10


@pytest.mark.parametrize("share", [0.001, 0.01, 0.1, 0.5])
def test_refusals_that_have_nothing_to_do_with_the_rate_do_not_choke_the_link(share):
    """To some SMSCs 'throttled' is a mood: going slower changes nothing."""
    link = Link(1e9, 0.02, 50)
    link.moody = share
    link.run(120)
    at_full_rate = 50 / 0.02 * (1 - share)
    assert sum(60 <= at < 120 for at in link.accepted) >= 0.4 * at_full_rate * 60


def test_a_limit_is_found_among_refusals_that_have_nothing_to_do_with_it():
    link = Link(500, 0.02, 200)
    link.moody = 0.01
    link.run(120)
    assert link.share(60, 120) >= 0.6
    assert link.refused_share(60, 120) < 0.2


def test_little_traffic_is_not_taken_for_a_low_limit():
    link = Link(500, 0.01, 200)
    link.run(10)
    link.demand = 5
    link.run(60)
    link.rate.throttled(link.now, link.now)  # one of them was refused, whyever
    assert link.rate.rate > 100


def test_refusals_of_one_window_are_one_sign():
    rate = LinkRate(0.0, None, 0.0)
    rate.accepted(50, 1.0, 0.9)
    assert rate.throttled(1.0, 0.9)
    assert not any(rate.throttled(1.0, 0.95) for _ in range(100))
    assert not rate.throttled(1.05, 1.01)  # too soon to say how fast it goes now
    before = rate.rate
    assert not any(rate.throttled(1.2, 1.1) for _ in range(2))  # and so few answers say little
    assert rate.throttled(1.2, 1.1) and rate.rate < before


def test_another_ceiling_counts_at_once_and_saves_nothing_up():
    rate = LinkRate(0.0, None, 0.0)
    assert rate.unlimited
    rate.set_ceiling(10.0, 1.0, 100.0)
    assert (rate.rate, rate.unlimited) == (10.0, False)
    assert rate.take(1, 100.0) and not rate.take(1, 100.0) and rate.wait(1, 100.0) == pytest.approx(0.1)
    rate.set_ceiling(20.0, 1.0, 100.0)
    assert rate.wait(1, 100.0) == pytest.approx(0.05)
    rate.set_ceiling(0.0, None, 100.0)
    assert rate.unlimited and rate.take(1000, 100.0)


def test_a_ceiling_below_what_the_smsc_allows_counts_and_one_above_does_not():
    link = Link(200.0, 0.02, 50)
    link.run(20)
    assert 150 < link.rate.rate < 260
    link.rate.set_ceiling(50.0, None, link.now)
    assert link.rate.rate == 50.0
    before = link.sent
    link.run(10)
    assert link.sent - before <= 50 * 10 + 60
    link.rate.set_ceiling(0.0, None, link.now)
    assert not link.rate.unlimited  # what was found to be allowed still holds
    link.rate.release(link.now)
    assert link.rate.unlimited
