"""The counters of a simulated SMSC, and the JSON they end as."""

import os
from collections import Counter
from typing import Any


class SmscStats:
    """Plain counters; attributes are the JSON's keys."""

    def __init__(self) -> None:
        self.connections = 0
        self.binds = 0
        self.binds_refused = 0
        self.binds_now = 0
        self.submits = 0  #: all submit_sm, data_sm and submit_multi destinations seen
        self.accepted = 0
        self.unanswered = 0  #: submits of a drop that got no answer, or of a mute SMSC
        self.refused: Counter[int] = Counter()  #: by command_status
        self.unique_messages = 0
        self.duplicates = 0  #: accepted again with equal addresses, text and part
        self.receipts_sent = 0
        self.receipts_acked = 0
        self.receipts_nacked: Counter[int] = Counter()  #: by command_status
        self.receipts_redelivered = 0  #: sent again after a nack, a lost bind or a timeout
        self.receipts_given_up = 0
        self.receipts_before_response = 0
        self.intermediate_sent = 0
        self.mo_made = 0  #: messages; `mo_sent` counts their parts and repeats
        self.mo_sent = 0
        self.mo_acked = 0
        self.mo_nacked: Counter[int] = Counter()
        self.queries = 0
        self.cancels = 0
        self.replaces = 0
        self.drops = 0
        self.garbage_sent = 0
        self.generic_nacks_received = 0
        self.stray_responses = 0
        self.faults: Counter[str] = Counter()  #: tempers, by name (tempers.py)
        self.protocol_faults = 0
        self.first_submit: float | None = None  #: monotonic seconds
        self.last_submit: float | None = None
        self._seen: set[int] = set()
        self._cpu = CpuMeter()

    def accept(self, fingerprint: int) -> bool:
        """Count an accepted submit by the hash of its addresses, text and part; False when it came before."""
        self.accepted += 1
        if fingerprint in self._seen:
            self.duplicates += 1
            return False
        self._seen.add(fingerprint)
        self.unique_messages += 1
        return True

    def summary(self, receipts_waiting: int, receipts_unacked: int) -> dict[str, Any]:
        """Everything as one JSON-able dict; statuses are written as hex, CPU is this process's, in seconds."""
        found: dict[str, Any] = {}
        for name, value in vars(self).items():
            if name.startswith("_") or name in ("first_submit", "last_submit"):
                continue
            if isinstance(value, Counter):
                found[name] = {_word(what): count for what, count in sorted(value.items())}
            else:
                found[name] = value
        found["receipts_waiting"] = receipts_waiting
        found["receipts_unacked"] = receipts_unacked
        span = 0.0
        if self.first_submit is not None and self.last_submit is not None:
            span = self.last_submit - self.first_submit
        found["submits_per_s"] = round(self.submits / span, 1) if span > 0 else 0.0
        return found | self._cpu.figures(self.submits)


def _word(what: int | str) -> str:
    """A counter's key as JSON has it: a command_status as hex, a name as it is."""
    return what if isinstance(what, str) else f"0x{what:08X}"


class CpuMeter:
    """This process's CPU since the meter was made: what starting up cost is left out."""

    def __init__(self) -> None:
        self._start = os.times()

    def figures(self, messages: int) -> dict[str, float]:
        """`cpu_user_s`, `cpu_sys_s` and `cpu_us_per_msg` over `messages`."""
        now = os.times()
        user, system = now.user - self._start.user, now.system - self._start.system
        each = (user + system) * 1e6 / messages if messages else 0.0
        return {"cpu_user_s": round(user, 2), "cpu_sys_s": round(system, 2), "cpu_us_per_msg": round(each, 1)}
