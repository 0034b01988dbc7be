"""The same text to the same number from the same tenant, a moment ago: for tenants who want none twice, where several
processes take their messages. One process alone remembers that itself (app/guards.py)."""

from __future__ import annotations

from typing import Final

from smsgwd.model.changes import Submit
from smsgwd.model.refusals import Refusal
from smsgwd.store.work import Work

DUPLICATE: Final = Refusal.DUPLICATE.code


def taken_of_late(work: Work, change: Submit) -> set[int]:
    """Places of messages whose text was taken within its window, or comes twice in this submission."""
    seen = work.texts_of_late(change.texts, change.at)
    found: set[int] = set()
    for place, (digest, _) in enumerate(change.texts):
        if digest in seen:
            found.add(place)
        seen.add(digest)
    return found


def keep_texts(work: Work, change: Submit, refused: dict[int, str]) -> None:
    """The texts of the messages that were taken count from now on; a refused one begins no window."""
    work.keep_texts([text for place, text in enumerate(change.texts) if place not in refused], change.at)
