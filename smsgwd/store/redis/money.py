"""Sums of a tenant's account as they were read last, or as this node's commits left them."""

from __future__ import annotations

import msgspec


class Sums(msgspec.Struct, gc=False):
    """Micro-units. Other nodes book as well: what is decided by them holds within bounds that the server checks."""

    balance: int
    held: int
