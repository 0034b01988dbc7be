"""How a link is slowed down when its SMSC asks for it: a pause for a full queue, a lower rate for too many a second."""

from __future__ import annotations

from smsgwd.delivery.rate import LinkRate
from smsgwd.delivery.trouble import THROTTLE_PAUSE_S
from smsgwd.smpp.status import ESME_RMSGQFUL
from smsgwd.southbound.outgoing import Outgoing

_SINGLED_OUT = 8  # more times than that throttled while others are not, and a message is postponed
_SINGLED_OUT_AGAIN = 2  # the same for one that was tried before; a limit that is felt for hits anybody now and then
_QUEUE_FULL = 2  # the same for ESME_RMSGQFUL, which often means the queue of the one recipient
_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 10.0


class Throttle:
    """What an SMSC's wish to be sent less does to a connector. Times are monotonic seconds."""

    def __init__(self, rate: LinkRate, *, adaptive: bool) -> None:
        """With `adaptive` the rate is lowered, else the link pauses; for ESME_RMSGQFUL it always does."""
        self.until = 0.0  #: nothing leaves before
        self._rate = rate
        self._adaptive = adaptive
        self._times = 0
        self._taken = 0
        self._refused = 0

    def adopt(self, now: float, *, adaptive: bool) -> None:
        """From now on the rate is lowered, or not any more: then the configured one alone holds."""
        if self._adaptive and not adaptive:
            self._rate.release(now)
        self._adaptive = adaptive

    def slow_down(self, status: int, now: float, sent_at: float) -> bool:
        """An answer to a PDU written at `sent_at` asked for it; True when that changed the rate or began a pause.

        The answers of one window are one request.
        """
        if self._adaptive and status != ESME_RMSGQFUL:
            return self._rate.throttled(now, sent_at)
        if now < self.until:
            return False
        pause = THROTTLE_PAUSE_S.get(status, _PAUSE_S) * 2.0 ** min(self._times, 10)
        self.until = now + min(_LONGEST_PAUSE_S, pause)
        self._times += 1
        return True

    def singles_out(self, out: Outgoing, status: int) -> bool:
        """This message was throttled again; True when others get through all the time and only it does not.

        So answers an SMSC whose queue for one recipient is full: that must not hold up all others, least of all when
        the message comes back from being postponed. Where more of the others are throttled than get through, it is the
        link that is too fast, and who is at the head is merely asked about most often: it keeps its place.
        """
        taken, refused = self._taken - out.throttled_at, self._refused - out.throttled_of
        if out.throttled_at < 0 or taken > refused:
            out.throttled += 1
        self._refused += 1
        out.throttled_at, out.throttled_of = self._taken, self._refused
        if status == ESME_RMSGQFUL:
            return out.throttled > (0 if out.message.attempts else _QUEUE_FULL)
        return out.throttled > (_SINGLED_OUT_AGAIN if out.message.attempts else _SINGLED_OUT)

    def success(self, now: float, sent_at: float, count: int = 1) -> None:
        """That many parts were taken, the last written at `sent_at`: after the pause that means all is well again."""
        self._taken += count
        if count and self._adaptive:
            self._rate.accepted(count, now, sent_at)
        if count and self._times and now >= self.until:
            self._times = 0
