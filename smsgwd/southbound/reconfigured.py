"""What of a connector's settings can change while it stays bound, and what a reload did to the connectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Final, TypeVar

from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.southbound.settings import Settings

S = TypeVar("S", Settings, ProviderSettings)

#: What is said at the bind or fixes the meaning of what is under way: the binds are left in order, then made anew.
#: All others count from the next message, answer, receipt or connection on, and no bind notices.
LINK: Final = (
    "host",
    "port",
    "system_id",
    "password",
    "group",  # receipts are matched by it: what is out must be answered under the old one
    "bind",
    "system_type",
    "interface_version",
    "address_range",
    "tls_from",
    "session",  # but the window
    "receipt_for_all_parts",  # for which part of what is out a receipt was asked
)


@dataclass(frozen=True, slots=True)
class Reconfigured:
    """The connectors that a reload added, removed, changed in place, and bound anew; the others noticed nothing."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    adjusted: tuple[str, ...] = ()
    rebound: tuple[str, ...] = ()


def changed(old: S, new: S) -> list[str]:
    """Names of the settings that differ, in the order of their declaration."""
    return [
        field.name for field in fields(old) if field.compare and getattr(old, field.name) != getattr(new, field.name)
    ]


def needs_binds_anew(old: Settings, new: Settings, names: Sequence[str]) -> bool:
    """True when one of the settings `names`, which differ, holds only from a bind on."""
    if any(name in LINK and name != "session" for name in names):
        return True
    return replace(old.session, window=0) != replace(new.session, window=0)
