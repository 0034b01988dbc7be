"""What the simulated SMSC decides about each submit, from options, seed and the time passed in."""

from random import Random
from typing import NamedTuple, TypeVar

from smsgwd.simulator.options import NO_RECEIPT, STATES, SmscOptions

T = TypeVar("T")

_NEVER_S = 1e6  # longer than any simulator runs, and a timer can still be set for it

ESME_ROK = 0
ESME_RTHROTTLED = 0x58

#: `err` of a receipt and the network error behind it, by stat word.
ERRORS: dict[str, str] = {"DELIVRD": "000", "ENROUTE": "000", "ACCEPTD": "000", "UNDELIV": "001", "EXPIRED": "027"}


class Fate(NamedTuple):
    """What becomes of an accepted message."""

    stat: str  #: the final stat word
    delay: float  #: seconds from accept to its final receipt
    before_response: bool  #: the receipt leaves before the submit_sm_resp


class Bucket:
    """A token bucket of `rate` tokens a second that holds `burst`."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst if burst > 0 else max(1.0, rate / 10)
        self._tokens = self._burst
        self._at = now

    def take(self, now: float) -> bool:
        """Take a token at `now` (seconds, monotonic); False when there is none."""
        tokens = self._tokens + (now - self._at) * self._rate
        self._at = now
        if tokens > self._burst:
            tokens = self._burst
        if tokens < 1.0:
            self._tokens = tokens
            return False
        self._tokens = tokens - 1.0
        return True


class Behaviour:
    """The dice of one simulator. Answers and fates are drawn from separate streams in the order of the calls."""

    def __init__(self, options: SmscOptions, now: float) -> None:
        self._answers = Random(f"{options.seed}/answers")
        self._fates = Random(f"{options.seed}/fates")
        self._bucket = Bucket(options.max_rate, options.burst, now) if options.max_rate > 0 else None
        shares = [(ESME_RTHROTTLED, options.throttle_pct), (options.reject_status, options.reject_pct)]
        self._statuses = thresholds([*shares, *options.status_mix])
        self._states = thresholds([("UNDELIV", options.undeliv_pct), *options.state_mix])
        self._delay = options.receipt_delay_ms / 1000
        self._spread = options.receipt_spread_ms / 1000
        self._before = options.before_resp_pct / 100
        plain = not self._states and not self._spread and not self._before
        self._plain = Fate("DELIVRD", self._delay, False) if plain else None
        self._numbers = [(digits.encode(), fate) for digits, fate in options.numbers]

    def answer(self, now: float, dest: bytes = b"") -> int:
        """The command_status of the next submit, to `dest`, at `now` (seconds, monotonic); 0 accepts it."""
        if self._bucket is not None and not self._bucket.take(now):
            return ESME_RTHROTTLED
        if self._numbers:
            named = self._named(dest)
            if named is not None:
                return named if isinstance(named, int) else ESME_ROK
        return draw_from(self._statuses, self._answers.random(), ESME_ROK) if self._statuses else ESME_ROK

    def fate(self, dest: bytes = b"") -> Fate:
        """What becomes of the message to `dest` just accepted."""
        if self._numbers:
            named = self._named(dest)
            if named == NO_RECEIPT:
                return Fate("DELIVRD", _NEVER_S, False)
            if isinstance(named, str):
                return Fate(named, self._delay, False)
        if self._plain is not None:
            return self._plain
        draw = self._fates.random
        stat = draw_from(self._states, draw(), "DELIVRD") if self._states else "DELIVRD"
        delay = self._delay + draw() * self._spread if self._spread else self._delay
        before = draw() < self._before if self._before else False
        return Fate(stat, delay, before)

    def _named(self, dest: bytes) -> str | int | None:
        """What is said of a number by its last digits."""
        return next((fate for digits, fate in self._numbers if dest.endswith(digits)), None)


def wants_receipt(registered_delivery: int, stat: str) -> bool:
    """Whether bits 1 and 0 ask for a receipt of this final state (SMPP 3.4 s5.2.17; 3 is 5.0's 'success only')."""
    wish = registered_delivery & 0x03
    if wish == 0:
        return False
    if wish == 1:
        return True
    return (stat == "DELIVRD") == (wish == 3)


def wants_intermediate(registered_delivery: int) -> bool:
    """Whether bit 4 asks for intermediate notifications (SMPP 3.4 s5.2.17)."""
    return bool(registered_delivery & 0x10)


def message_state(stat: str) -> int:
    """The message_state TLV's value of a stat word (SMPP 3.4 s5.2.28)."""
    return STATES[stat]


def thresholds(shares: list[tuple[T, float]]) -> list[tuple[float, T]]:
    """Turn (value, percent) pairs into cumulative limits between 0 and 1; shares of nothing are left out."""
    limits: list[tuple[float, T]] = []
    total = 0.0
    for value, percent in shares:
        if percent > 0:
            total += percent / 100
            limits.append((total, value))
    return limits


def draw_from(limits: list[tuple[float, T]], dice: float, otherwise: T) -> T:
    """The value whose limit lies above `dice` (0 to 1), `otherwise` when none does."""
    for limit, value in limits:
        if dice < limit:
            return value
    return otherwise
