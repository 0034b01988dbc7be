"""How fast a link may go: a configured ceiling, and below it what the SMSC turns out to allow (AIMD).

An SMSC that allows R parts a second has nothing left at the moment it answers 'throttled'. So between two such moments
it has accepted R parts for each second, which is what the rate is set to, less a little; from there it grows slowly,
faster the longer nothing is refused, until the next answer. Times are monotonic seconds, rates parts a second.

Some SMSCs answer 'throttled' for other reasons, to a share of what comes however slowly it comes. Going below any rate
helps nothing there: when the rate has fallen to a half and still something is refused, four times as much is tried for
a moment. An SMSC with a limit then refuses most of it; one that refuses the same share as before has no limit there.
"""

from __future__ import annotations

from smsgwd.delivery.bucket import TokenBucket

_SHORTEST_S = 0.1  # one adjustment a round trip, and no more than ten a second
_BELOW = 0.98  # of what was accepted: leaves room for what is on its way
_LITTLE_BELOW = 0.993  # where few were refused, of many: by something that came late, or by hardly too high a rate
_MANY = 100.0  # parts/s
_LEAST = 0.2  # parts/s: an SMSC that refuses everything is still asked each 5 s
_FIRST = 1.0  # parts/s, where the very first one was refused
_BURST_S = 0.09  # what may go at once: a timer or a commit that comes late costs no rate
_GROWTH = 0.004  # a second, at first
_GROWTH_OF_PARTS = 0.001  # a part: at a few parts a second it grows more slowly, or each refusal would weigh much
_DOUBLES_S = 10.0  # the growth doubles in this time without refusals
_MOST_GROWTH = 0.5  # a second
_ENOUGH = 20  # parts accepted between two measured moments, or _LONG_S between them
_LONG_S = 20.0
_FREE_AFTER_S = 30.0  # so long without refusals, and
_FREE_AT = 4.0  # the rate that much above the one that was refused last: there is no limit any more
_FEW = 0.1
_JUDGED = 4  # answers since the last change, at least, before the next
_FALLEN = 2.0  # times less than it was: so far it falls before more is tried
_FALLEN_FAR = 4.0  # the same below _STEADY: there each refusal weighs much
_STEADY = 10.0  # parts/s
_CRAWLS = 5.0  # parts/s: from here it has not far to fall
_COMPARED = 12  # answers at the lower rate, at least, before that; four times as many after each time that
_MOST_COMPARED = 1024  # found a limit
_MOSTLY = 0.3  # so much of which was accepted
_TRIAL = 4.0  # times the lower rate is tried, but
_TRIAL_LEAST = 20.0  # parts/s, or it would take minutes;
_TRIAL_S = 0.5  # so long, or
_TRIED = 20  # answers, if that takes longer
_DOUBT = 2.0  # standard deviations by which the share accepted may be less than before: samples are small
_ALIKE = 0.3  # of the share accepted before, at least: then the SMSC's refusals are not for the rate
_SLOT_S = 0.5  # what was accepted lately is counted over two of these


class LinkRate:
    """The pace of one connector. Unlimited (but for `ceiling`) until the SMSC first says 'throttled'."""

    def __init__(self, ceiling: float, burst: float | None, now: float) -> None:
        """`ceiling` is the configured rate, 0 = none; `burst` its parts at once after a pause."""
        self._ceiling = TokenBucket(ceiling, burst, now)
        self._most = ceiling
        self._bucket: TokenBucket | None = None  # None = not limited by the SMSC
        self._rate = 0.0
        self._goal = 0.0  # below it the rate doubles each round trip: it was good once; inf = never measured
        self._changed_at = 0.0  # when the rate was lowered last
        self._grown_at = 0.0
        self._wanted = False  # since it grew last more was asked for than the rate allows
        self._quiet = 0.0  # seconds since the last refusal that was heeded in which that was so
        self._refused_rate = 0.0  # the rate at that time
        self._accepted = 0  # parts since the limit came
        self._mark = (0.0, 0)  # a moment at which the SMSC had nothing left, and `_accepted` then
        self._since_change = [0, 0]  # accepted, refused of what was sent since the last change
        self._slot = (now, 0, 0, 0.0)  # begin; accepted in it; accepted in the one before, and its length
        self._round_trip = 0.0
        self._peak = 0.0  # the rate from which it fell
        self._compared = [0, 0]  # accepted, refused since it has fallen far enough
        self._patience = _COMPARED
        self._enough = 0.0  # the share to be accepted of what is tried, if it is not for the rate
        self._before = 0.0  # the rate to go back to after a trial; 0 = none runs

    @property
    def rate(self) -> float:
        """Parts a second allowed now; 0 = no limit."""
        return self._most if self._bucket is None else self._rate

    def set_ceiling(self, ceiling: float, burst: float | None, now: float) -> None:
        """Another configured rate (0 = none) and burst, from now on; what the SMSC was found to allow still holds."""
        self._ceiling.set_rate(ceiling, ceiling if burst is None else burst, now)
        self._most = ceiling
        if self._bucket is not None and ceiling and self._rate > ceiling:
            self._rate = ceiling
            self._set(now)

    def release(self, now: float) -> None:
        """Forget what the SMSC was found to allow: the configured rate alone holds."""
        self._free(now)

    @property
    def unlimited(self) -> bool:
        """True when nothing ever waits."""
        return self._bucket is None and self._most == 0

    def take(self, parts: int, now: float) -> bool:
        """Reserve `parts` now; False, and nothing reserved, when it is too early."""
        bucket = self._bucket
        if bucket is None:
            return self._ceiling.take(parts, now)
        self._grow(now)
        if not bucket.take(parts, now):
            self._wanted = True
            return False
        if self._ceiling.take(parts, now):
            return True
        bucket.give_back(parts)
        return False

    def wait(self, parts: int, now: float) -> float:
        """Seconds until `take(parts)` works; 0 when it does now."""
        wait = self._ceiling.wait(parts, now)
        return wait if self._bucket is None else max(wait, self._bucket.wait(parts, now))

    def accepted(self, count: int, now: float, sent_at: float) -> None:
        """So many parts were taken, the last of them written at `sent_at`."""
        if self._bucket is not None:
            self._accepted += count
            self._round_trip += (now - sent_at - self._round_trip) / 8
            if sent_at >= self._changed_at:
                self._since_change[0] += count
            return
        begin, here, before, lasted = self._slot
        if now - begin < _SLOT_S:
            self._slot = (begin, here + count, before, lasted)
        else:
            recent = now - begin < 2 * _SLOT_S
            self._slot = (now, count, here if recent else 0, now - begin if recent else 0.0)
            self._round_trip = now - sent_at

    def _used(self, now: float) -> float:
        """Parts a second accepted lately."""
        begin, here, before, lasted = self._slot
        passed = now - begin
        if passed > 2 * _SLOT_S:
            return 0.0
        return (here + before) / max(_SHORTEST_S, passed + lasted)

    def throttled(self, now: float, sent_at: float) -> bool:
        """A part written at `sent_at` was refused as too fast; True when that changed the rate."""
        if self._bucket is None:
            self._limit(now, sent_at)
            return True
        if sent_at < self._changed_at:
            return False  # it left at the rate of before
        self._since_change[1] += 1
        if now - self._changed_at < max(_SHORTEST_S, self._round_trip) or sum(self._since_change) < _JUDGED:
            return False
        if self._before:
            return self._judge(now)
        far = _FALLEN if self._peak >= _STEADY else _FALLEN_FAR
        fallen = self._rate < max(self._peak / far, _CRAWLS)
        good, refused = self._since_change
        self._lower(now)
        if fallen:
            self._compare(good, refused, now)
        return True

    def _compare(self, good: int, refused: int, now: float) -> None:
        """So much was accepted and refused after the rate has fallen: more is tried, if less is no better."""
        compared = self._compared
        compared[0] += good
        compared[1] += refused
        total = sum(compared)
        if total >= self._patience:
            if compared[0] >= _MOSTLY * total:
                self._try(compared[0], total, now)
            else:  # far above a limit: it is still on its way down
                self._peak_at(self._rate)

    def _try(self, good: int, total: int, now: float) -> None:
        """See what becomes of a multiple of the rate, at which so many of all were accepted."""
        share = (good + 1) / (total + 2)
        doubt = _DOUBT * (share * (1.0 - share) * (1.0 / total + 1.0 / _TRIED)) ** 0.5
        self._enough = max(_ALIKE * share, share - doubt)
        self._before = self._rate
        self._rate = max(_TRIAL_LEAST, _TRIAL * self._rate)
        if self._most:
            self._rate = min(self._rate, self._most)
        self._goal = self._rate
        self._settle(now)

    def _judge(self, now: float) -> bool:
        """More is being tried, and something of it was refused; True when that changed the rate."""
        good, refused = self._since_change
        passed = now - self._changed_at - self._round_trip
        total = good + refused
        enough = self._enough
        if refused <= (1.0 - enough) * _TRIED and (passed < _TRIAL_S or total < _TRIED):
            return False
        if good < enough * max(total, _TRIED):  # there is a limit, and what was accepted is what it is
            measured = good / passed if good >= _ENOUGH else 0.0
            self._rate = max(self._before, _BELOW * min(self._rate, measured))
            self._patience = min(_MOST_COMPARED, 4 * self._patience)
        elif total / passed > self._rate / 2 and self._rate != self._most:
            self._try(good, total, now)
            return True
        else:  # as much was sent as there was to send
            self._rate = min(self._rate, 2.0 * total / passed)
            self._patience = _COMPARED
        self._before = 0.0
        self._goal = self._rate
        self._mark = (now, self._accepted)
        self._peak_at(self._rate)
        self._settle(now)
        return True

    def _peak_at(self, rate: float) -> None:
        self._peak = rate
        self._compared = [0, 0]

    def _limit(self, now: float, sent_at: float) -> None:
        """The first refusal: begin with what was accepted lately, which the next refusals correct."""
        guess = max(_FIRST, self._used(now))
        self._rate = min(guess, self._most) if self._most else guess
        self._bucket = TokenBucket(self._rate, self._rate * _BURST_S, now)
        self._goal = float("inf")
        self._refused_rate = self._rate
        self._before = 0.0
        self._patience = _COMPARED
        self._peak_at(self._rate)
        self._accepted = 0
        self._mark = (now, 0)
        self._round_trip = max(self._round_trip, now - sent_at)
        self._settle(now)

    def _lower(self, now: float) -> None:
        good, refused = self._since_change
        marked_at, marked = self._mark
        first = self._goal == float("inf")
        measured = (self._accepted - marked + 0.5) / max(_SHORTEST_S, now - marked_at)
        # Where few of many were refused, less was sent than the rate allowed, or hardly more than the SMSC does.
        few = refused < _FEW * (good + refused)
        best = max(measured, self._rate * good / (good + refused)) if few else measured
        self._refused_rate = self._rate
        if good:
            below = _LITTLE_BELOW if few and self._rate > _MANY else _BELOW
            self._rate = max(_LEAST, below * min(self._rate, best))
            if few or (first and self._accepted - marked >= _ENOUGH):
                self._goal = self._rate
            elif measured < self._refused_rate / 2 and not first:  # much less than before, or there was less to send
                self._goal = self._refused_rate / 2
            else:  # a rough measure, too low where the SMSC saves up nothing
                self._goal = min(1.25 * self._rate, 0.9 * self._refused_rate)
        else:  # nothing gets through: ask less and less often, and come back soon when it does
            self._goal = max(_LEAST, 0.95 * (self._rate if first else self._goal))
            self._rate = max(_LEAST, self._rate / 2, _BELOW * min(self._rate, measured))
        if first:  # it was a guess until now
            self._peak_at(self._rate)
        if self._accepted - marked >= _ENOUGH or now - marked_at >= _LONG_S:
            self._mark = (now, self._accepted)
        self._settle(now)

    def _settle(self, now: float) -> None:
        self._changed_at = self._grown_at = now
        self._quiet, self._wanted = 0.0, False
        self._since_change = [0, 0]
        self._set(now)
        if self._bucket is not None:
            self._bucket.empty(now)

    def _grow(self, now: float) -> None:
        """Time has passed without a refusal, and there is more to send: go a little faster."""
        passed = now - self._grown_at
        if passed < 0.01:
            return
        self._grown_at = now
        if not self._wanted:
            return
        self._wanted = False
        self._quiet += passed
        if self._quiet > _FREE_AFTER_S and self._rate > _FREE_AT * self._refused_rate:
            self._free(now)
            return
        if self._rate < self._goal:  # back to what is known, or on to what nobody knows
            if not self._since_change[0]:
                return
            doubled: float = self._rate * 2.0 ** (passed / max(_SHORTEST_S, self._round_trip))
            self._rate = min(doubled, self._goal)
        else:
            first = min(_GROWTH, _GROWTH_OF_PARTS * self._rate)
            self._rate *= 1.0 + passed * min(_MOST_GROWTH, first * 2.0 ** min(self._quiet / _DOUBLES_S, 20.0))
        if self._rate > self._peak:
            self._peak_at(self._rate)
        if self._most and self._rate >= self._most:
            if self._quiet > _FREE_AFTER_S:
                self._free(now)
                return
            self._rate = self._most
        self._set(now)

    def _free(self, now: float) -> None:
        """The SMSC has no limit any more that matters."""
        self._bucket = None
        self._slot = (now, 0, 0, 0.0)

    def _set(self, now: float) -> None:
        if self._bucket is not None:
            self._bucket.set_rate(self._rate, self._rate * _BURST_S, now)
