"""What a provider's verdict means for a message: verdict of the plugin → verdict of the sending side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from smsgwd.model.message import Failure
from smsgwd.providers import verdicts as said
from smsgwd.southbound.outgoing import Outgoing, Verdict
from smsgwd.southbound.provider.calls import Done
from smsgwd.telemetry.provider_metrics import VerdictName

REJECTED: Final = "smsc_rejected"  #: of tenants' errors: a supplier refused it, whatever it speaks
_LONGEST: Final = 200  # characters of a reason
_NAMES: Final[dict[type[said.Verdict], VerdictName]] = {
    said.Accepted: "accepted",
    said.Temporary: "temporary",
    said.Permanent: "permanent",
    said.Unknown: "unknown",
    said.SlowDown: "slow_down",
    said.Park: "park",
    said.Stop: "stop",
}


def of_group(done: Done, count: int) -> Sequence[said.Verdict]:
    """The verdicts of a `Send` of so many messages, also where the call failed as a whole.

    What cannot have left costs no attempt where the provider could not be reached, and one where the plugin failed: a
    message may be why. What may have left is of unknown outcome.
    """
    if done.verdicts is not None and len(done.verdicts) == count:
        return done.verdicts
    verdict: said.Verdict
    reason = done.trouble or "its plugin gave no verdict"
    if done.halted is not None:
        verdict = done.halted
    elif done.written or done.verdicts is not None:
        verdict = said.Unknown(reason)
    elif done.fault:
        verdict = said.Temporary(reason)
    else:
        verdict = said.SlowDown(reason)
    return [verdict] * count


def refused(out: Outgoing, verdict: said.Verdict, now_ms: int, latency_ms: int) -> None:
    """Decide over a message that was not taken, and whose fate is known."""
    if isinstance(verdict, said.Permanent):
        fails = Verdict.FAIL if verdict.scope == "message" else Verdict.FAILOVER
        out.decide(fails, Failure(REJECTED, _said(verdict.code, verdict.reason)), 1, latency_ms)
    elif isinstance(verdict, said.Temporary):
        out.decide(Verdict.RETRY, Failure(REJECTED, _said(verdict.reason)), 1, latency_ms)
        if verdict.retry_after_s:
            out.not_before = now_ms + int(1000 * min(verdict.retry_after_s, 86_400))
    elif isinstance(verdict, said.Park | said.Stop):
        out.decide(Verdict.SUSPENDED, Failure(REJECTED, _said(verdict.reason)), 1, latency_ms)
    else:
        out.decide(Verdict.AGAIN, None, 1)


def bad(verdicts: Sequence[said.Verdict]) -> bool:
    """True when a call says that the provider does not work: nothing of it was taken or refused for a reason.

    `SlowDown` beside these is of messages that were not asked for any more.
    """
    left = [verdict for verdict in verdicts if not isinstance(verdict, said.SlowDown)]
    return bool(left) and all(isinstance(verdict, said.Temporary | said.Unknown) for verdict in left)


def name_of(verdict: said.Verdict) -> VerdictName:
    """Its name in metrics and on operators' screens: accepted, temporary, ..."""
    return _NAMES[type(verdict)]


def _said(*texts: str) -> str:
    text = ": ".join(dict.fromkeys(filter(None, texts)))
    return "".join(char if char.isprintable() else "?" for char in text)[:_LONGEST]
