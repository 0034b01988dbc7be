"""When a message is sent and until when it is worth sending. Milliseconds since 1970, UTC, unless said."""

from smsgwd.model.refusals import Refusal, Refused

_PAST_TAKEN_MS = 5 * 60_000  # a client's clock may be behind: a time just gone means now
_DAY_MS = 86_400_000
MIN_VALIDITY_S = 60


def schedule(at: int | None, now: int, max_days: int) -> int:
    """When to send: 0 = at once.

    Raises Refused(INVALID_SCHEDULE) for a time over 5 minutes past or over `max_days` ahead.
    """
    if at is None:
        return 0
    if at < now - _PAST_TAKEN_MS:
        raise Refused(Refusal.INVALID_SCHEDULE, "schedule_at is in the past")
    if at > now + max_days * _DAY_MS:
        raise Refused(Refusal.INVALID_SCHEDULE, f"schedule_at is more than {max_days} days ahead")
    return at if at > now else 0


def deadline(validity_s: int | None, default_s: int, max_s: int, start: int) -> int:
    """End of validity counted from `start`. Raises Refused(INVALID_VALIDITY) outside one minute to `max_s`."""
    if validity_s is None:
        return start + default_s * 1000
    if not MIN_VALIDITY_S <= validity_s <= max_s:
        raise Refused(Refusal.INVALID_VALIDITY, f"validity_s is {MIN_VALIDITY_S} to {max_s}, not {validity_s}")
    return start + validity_s * 1000


def clamped_deadline(validity_s: int | None, default_s: int, max_s: int, start: int) -> int:
    """The same for SMPP, whose validity_period an SMSC may shorten (3.4 s5.2.16): from a second up, `max_s` at most."""
    if validity_s is None:
        return start + default_s * 1000
    if validity_s < 1:
        raise Refused(Refusal.INVALID_VALIDITY, "the validity is over already")
    return start + min(validity_s, max_s) * 1000
