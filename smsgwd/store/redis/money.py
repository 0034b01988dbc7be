"""Sums of a tenant's account as they were read last."""

from __future__ import annotations

import msgspec


class Sums(msgspec.Struct, gc=False):
    """Micro-units."""

    balance: int
    held: int
    floor: int | None  #: the balance may not fall below this; None = no limit
    last: int  #: number of its last entry
