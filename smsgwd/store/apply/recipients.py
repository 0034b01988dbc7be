"""What some submissions ask besides: references that are used once, and recipients refused that are remembered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from smsgwd.model.changes import Submit
from smsgwd.model.message import Message
from smsgwd.model.refusals import Refusal
from smsgwd.store.work import Work

REPEATED: Final = Refusal.REPEATED_REF.code


def digits_of(dest: str) -> str:
    """How recipients are compared: their digits, where they have any."""
    return "".join(letter for letter in dest if "0" <= letter <= "9") or dest


def repeated(work: Work, change: Submit) -> set[int]:
    """Places of messages whose reference was used before, be it by another of the same submission. Raises IndexError
    for a place that is none."""
    places = [place for place in change.unique if change.messages[place].client_ref is not None]
    seen = set(work.refs_used([_key(change.messages[place]) for place in places]))
    found: set[int] = set()
    for place in sorted(set(places)):
        key = _key(change.messages[place])
        if key in seen:
            found.add(place)
        seen.add(key)
    return found


def _key(message: Message) -> tuple[str, str]:
    return (message.tenant, message.client_ref or "")


def use(work: Work, change: Submit, refused: dict[int, str]) -> None:
    """The references of messages that were taken are used from now on."""
    refs: list[tuple[str, str, int]] = []
    for place in dict.fromkeys(change.unique):
        message = change.messages[place]
        if place not in refused and message.client_ref is not None:
            refs.append((*_key(message), message.id))
    work.use_refs(refs)


def keep_refused(work: Work, change: Submit, refused: dict[int, str]) -> None:
    """Remember who was refused, before the store was asked or by it; nothing where nobody was taken."""
    if change.refused is None or len(refused) == len(change.messages):
        return
    pairs: Sequence[tuple[str, str]] = [
        *change.refused,
        *((dest, code) for place, code in refused.items() for dest in _written(change.messages[place])),
    ]
    work.keep_refusals(change.tenant, change.submission, [(digits_of(dest), code) for dest, code in pairs])


def _written(message: Message) -> tuple[str, str]:
    """Whoever asks may write the number as it was, or as it is sent to."""
    return message.dest, message.msisdn
