"""Tempers of a carrier: which submit, receipt or bind goes wrong, and how, drawn from the seed.

At most one thing goes wrong with a submit, and one with its receipt, so that a record's reader can account for each.
"""

from __future__ import annotations

from random import Random
from typing import Final

from smsgwd.simulator.behaviour import draw_from, thresholds
from smsgwd.simulator.options import SmscOptions

#: What goes wrong with a submit and its answer.
MUTE: Final = "mute"  #: it is never answered; half of them are taken
TWICE: Final = "twice"  #: it is answered twice
SHUFFLE: Final = "shuffle"  #: its answer comes behind later ones
STRAY: Final = "stray"  #: it is answered under a sequence_number that nobody waits for
DROP: Final = "drop"  #: the connection is closed instead of an answer; half of them are taken
STALL: Final = "stall"  #: nothing more is read from the connection for a while

#: What goes wrong with the final receipt of a message.
RECEIPT_LOST: Final = "receipt-lost"  #: it never comes
RECEIPT_TWICE: Final = "receipt-twice"  #: it comes twice
CONTRADICT: Final = "contradict"  #: another one follows and says the opposite
WRONG_ID: Final = "wrong-id"  #: it names a message nobody knows, or the one before

#: Of those, the ones whose submit gets no answer that could be matched.
UNANSWERED: Final = frozenset((MUTE, STRAY, DROP))

_CONTRADICTION_S = 0.05
_STRAY_OFFSET = 0x0100_0000
_GREATEST_SEQUENCE = 0x7FFF_FFFF


class Tempers:
    """The dice of one simulator's tempers. Submits, receipts, binds and jitter are drawn from separate streams."""

    def __init__(self, options: SmscOptions) -> None:
        self._submits = thresholds(
            [
                (MUTE, options.mute_pct),
                (TWICE, options.twice_pct),
                (SHUFFLE, options.shuffle_pct),
                (STRAY, options.stray_pct),
                (DROP, options.drop_pct),
                (STALL, options.stall_pct),
            ]
        )
        self._receipts = thresholds(
            [
                (RECEIPT_LOST, options.receipt_lost_pct),
                (RECEIPT_TWICE, options.receipt_twice_pct),
                (CONTRADICT, options.contradict_pct),
                (WRONG_ID, options.wrong_id_pct),
            ]
        )
        self._submit_dice = Random(f"{options.seed}/submit tempers")
        self._receipt_dice = Random(f"{options.seed}/receipt tempers")
        self._bind_dice = Random(f"{options.seed}/bind tempers")
        self._jitter_dice = Random(f"{options.seed}/jitter")
        self._jitter = options.resp_jitter_ms / 1000
        self._close_pct = options.close_after_bind_pct
        self._close_times = options.close_after_bind
        self.shuffle_s = options.shuffle_ms / 1000
        self.stall_s = options.stall_ms / 1000
        self.active = bool(self._submits)

    def submit(self) -> str:
        """What goes wrong with the submit that has just come; '' for nothing."""
        return draw_from(self._submits, self._submit_dice.random(), "") if self._submits else ""

    def taken(self) -> bool:
        """Whether a submit that gets no answer is taken all the same."""
        return self._submit_dice.random() < 0.5

    def receipt(self) -> str:
        """What goes wrong with the final receipt of the message just taken; '' for nothing."""
        return draw_from(self._receipts, self._receipt_dice.random(), "") if self._receipts else ""

    def of_another(self) -> bool:
        """Whether a wrong id is that of the message before; else it is nobody's."""
        return self._receipt_dice.random() < 0.5

    def jitter(self) -> float:
        """What is added to the delay of the next response (s)."""
        return self._jitter_dice.random() * self._jitter if self._jitter else 0.0

    def closes(self) -> bool:
        """Whether the bind that has just been let in is closed at once."""
        if self._close_times:
            self._close_times -= 1
            return True
        return bool(self._close_pct) and self._bind_dice.random() * 100 < self._close_pct


def stray(sequence: int) -> int:
    """A sequence_number far from those in use around `sequence`."""
    return (sequence + _STRAY_OFFSET) % _GREATEST_SEQUENCE + 1


def opposite(stat: str) -> tuple[str, float]:
    """The stat word that contradicts `stat`, and how much later it comes (s)."""
    return ("UNDELIV" if stat == "DELIVRD" else "DELIVRD"), _CONTRADICTION_S
