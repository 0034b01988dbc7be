"""Which keys of the Redis store have what a copy has, by their names without the prefix.

What is content stands in rows: each has the stamp of the commit that wrote it, so that it is known from 8 bytes whether
it was read as it is. What is content and no row:

- `l:<tenant>`, a ledger: entries are added behind the last one and never change: it is read from where it ended.
- `f`, what ended: entries have numbers of their own that ascend and are never given again. It is read from where it
  ended, too; when it has not as many as were read, some are written down by now, and all are looked at.
- `n:<tenant>`, counts: a few numbers a tenant, read whole each time.
- `h:<tenant>`, numbers in a history: a message gets one in the commit that it comes with, and keeps it: read with the
  row of the message.
- the last numbers given (`numbers`, `au#`, `f#`, `entry`): read each time, last of all.

All else follows from rows, or is what nodes tell each other.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote

#: Rows that are content, by the first piece of their names: of how many pieces the rest is, and the kind of record in
#: it (`records.kind_of`; "smsc": where an SMSC id of a message is). More or fewer pieces are an index.
ROWS: Final[dict[str, tuple[int, str]]] = {
    "m": (1, "message"),
    "s": (2, "smsc"),
    "x": (1, "push"),
    "p": (1, "parked"),
    "i": (2, "answer"),
    "t": (1, "tenant"),
    "r": (3, "record"),
    "k": (1, "link"),
    "lk": (1, "lookup"),
    "mo": (6, "mo_part"),
    "oo": (2, "opt_out"),
    "rf": (1, "refused"),
    "au": (1, "audit"),
}
#: Kinds whose rows are named by a number.
NUMBERED: Final = frozenset({"message", "push", "parked", "refused", "lookup", "audit"})
#: Indexes by the first piece of their names whose other pieces a copy must know: of how many pieces these are.
LISTS: Final[dict[str, int]] = {"n": 1, "l": 1, "r": 1, "oo": 1}
#: Content that is read each time.
READ: Final = frozenset({"h", "f", "numbers", "au#", "f#", "entry"})
#: What follows from rows: indexes, queues, sums, and rows that say what others say, too.
FOLLOWS: Final = frozenset(
    {
        *(
            "m",
            "mt",
            "q",
            "qs",
            "due",
            "held",
            "o",
            "sg",
            "pk",
            "pa",
            "po",
            "pn",
            "x",
            "xp",
            "xd",
            "xdone",
            "xt",
            "xdt",
        ),
        *("ia", "t", "cr", "a", "tu", "lr", "kt", "ke", "lk", "lko", "lkr", "lkn", "lkw", "lknet", "moa", "moc", "mod"),
        *("opted", "cf", "rf", "au", "aua", "fm"),
    }
)
#: What nodes tell each other, remember of a short while, or of their own work.
BESIDES: Final = frozenset(
    {
        *(
            "w",
            "meta",
            "eb",
            "d",
            "changed",
            "changed#",
            "changes",
            "rate",
            "node#",
            "node",
            "nodes",
            "nodes#",
            "owned",
        ),
        *("said", "wake"),
    }
)
#: The kinds of records that are in an index of their own, with these.
INDEXES: Final = {
    "tenant": ("t",),
    "message": ("m",),
    "push": ("x",),
    "parked": ("pa", "po"),
    "answer": ("ia",),
    "refused": ("rf",),
    "link": ("ke",),
    "lookup": ("lk",),
    "audit": ("au",),
    "final": ("f",),
}


def kind_of_row(name: str) -> str:
    """The kind of record that a row has, '' for a key that is no such row."""
    head, colon, rest = name.partition(":")
    found = ROWS.get(head)
    return found[1] if found is not None and colon and rest.count(":") + 1 == found[0] else ""


def listed(name: str) -> tuple[str, str] | None:
    """Beginning and (unquoted) rest of the name of one of LISTS, None for another key."""
    head, colon, rest = name.partition(":")
    pieces = LISTS.get(head)
    return (head, unquote(rest)) if pieces and colon and rest.count(":") + 1 == pieces else None


def pieces_of(name: str) -> list[str]:
    """What a row is named by, as it was before it became a name."""
    return [unquote(each) for each in name.split(":")[1:]]


def key_of(name: str) -> tuple[Any, ...]:
    """What names the record of a row in SQL (`embedded_in.EmbeddedCopy.take`)."""
    kind, pieces = kind_of_row(name), pieces_of(name)
    if kind in NUMBERED:
        return (int(pieces[0]),)
    if kind == "mo_part":
        return (*pieces[:3], *map(int, pieces[3:]))
    return tuple(pieces)


def classified(name: str) -> bool:
    """Whether it is known what a key is to a copy."""
    head = name.partition(":")[0]
    if kind_of_row(name) or listed(name) is not None:
        return True
    return head in READ or head in FOLLOWS or head in BESIDES
