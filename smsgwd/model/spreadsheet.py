"""Texts in CSV that people open with a spreadsheet: what it would take for a formula gets an apostrophe in front."""

from typing import Final

_BEGINS: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # full-width ones are taken for them, too
_ODD: Final = ("\t", "\r", "\n", "|", "%", "'")  # an apostrophe: what one was put before must be known again


def guarded(text: str) -> str:
    """The text as it may stand in a cell: with an apostrophe in front where a spreadsheet would run it, also behind
    blanks."""
    return f"'{text}" if _is_dangerous(text) else text


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    return cell[1:] if cell[:1] == "'" and _is_dangerous(cell[1:]) else cell


def _is_dangerous(text: str) -> bool:
    return text.startswith(_ODD) or text.lstrip().startswith(_BEGINS)
