"""congestion_state (SMPP 5.0 s4.8.4): how full we are, told in every answer so that a sender can slow down in time."""

from __future__ import annotations

from smsgwd.smpp.tags import CONGESTION_STATE
from smsgwd.smpp.tlv import Tlvs

_MOST = 99  # 100 would say that nothing is taken; who is told this was served
_TLVS: tuple[Tlvs, ...] = tuple(((CONGESTION_STATE, bytes((value,))),) for value in range(_MOST + 1))


def congestion(*shares: float) -> Tlvs:
    """The TLV for the fullest of several shares, each from 0 (idle) to 1 (full)."""
    return _TLVS[min(_MOST, max(0, int(100 * max(shares))))]
