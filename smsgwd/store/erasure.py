"""What tells of one person, and what it is without that: for every store.

Addresses become `ERASED`, texts, references and words of SMSCs empty. Numbers (`msisdn`) are digits, country code
first.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from smsgwd.model.callbacks import pack_callback, unpack_callback
from smsgwd.model.message import Message, State
from smsgwd.model.mo import unpack_mo, unpack_mo_message
from smsgwd.model.outbox import MO
from smsgwd.model.records import CONTACT, MEMBER
from smsgwd.model.wire import pack_wire, unpack_wire
from smsgwd.store.numbers import is_number

#: What stands in the place of an address.
ERASED: Final = "erased"
#: States of messages that end when they are erased: nothing could be sent of them any more.
UNSENT: Final = frozenset(map(int, (State.SCHEDULED, State.WAITING, State.QUEUED)))


def about(message: Message, msisdn: str) -> bool:
    """True for a message to or from the number."""
    return message.msisdn == msisdn or is_number(message.dest, msisdn) or is_number(message.source, msisdn)


def without(message: Message, msisdn: str) -> Message:
    """A copy that does not tell of the number, its text apart. Another one's number in it stays."""
    to = message.msisdn == msisdn or is_number(message.dest, msisdn)
    wire = message.wire
    if wire is not None:  # types of numbers are needed for the receipt; further fields may tell anything
        wire = pack_wire(msgspec.structs.replace(unpack_wire(wire), tlvs=()))
    return msgspec.structs.replace(
        message,
        source=ERASED if is_number(message.source, msisdn) else message.source,
        dest=ERASED if to else message.dest,
        msisdn="" if to else message.msisdn,
        client_ref=None,
        wire=wire,
        fallback=None,  # nothing is left that could be sent again
        source_addr=None,
        dest_addr=None,
        callback=_callback_without(message.callback, msisdn),
    )


def _callback_without(packed: bytes | None, msisdn: str) -> bytes | None:
    """The style of a message's receipts is needed for them; what is the tenant's own in it may tell the number."""
    if packed is None or msisdn.encode() not in packed:
        return packed
    try:
        return pack_callback(msgspec.structs.replace(unpack_callback(packed), fields={}))
    except msgspec.DecodeError:  # damaged: nobody can be told in it, and it must not keep the others from being erased
        return b""


def answer_without(answer: bytes, message: Message, msisdn: str) -> bytes:
    """The answer kept for a repetition of a message's request, without the number."""
    words = {message.dest, msisdn} if is_number(message.dest, msisdn) or message.msisdn == msisdn else {msisdn}
    for word in words:
        answer = zeroed(answer, word)
    return answer


def zeroed(answer: bytes, word: str) -> bytes:
    """Each digit of the word becomes 0 where the word stands: its length, and so the answer's form, stays."""
    zeros = "".join("0" if letter.isdigit() else letter for letter in word)
    return answer.replace(word.encode(), zeros.encode()) if word else answer


def push_tells(kind: str, url: str, payload: bytes | None, pending: bool, msisdn: str) -> bool:
    """True for a push that goes with the number: a subscriber's message, or an event, that tells it, owed or not; any
    other that is over and whose URL tells it."""
    if payload is None:
        return not pending and msisdn in url
    if msisdn.encode() not in payload:
        return False
    if kind != MO:
        return _event_tells(payload, msisdn)
    mo = unpack_mo_message(payload) if url else unpack_mo(payload)
    return is_number(mo.source, msisdn) or is_number(mo.dest, msisdn)


def _event_tells(payload: bytes, msisdn: str) -> bool:
    try:
        words = list(msgspec.json.decode(payload, type=dict[str, Any]).values())
    except msgspec.DecodeError:  # damage: nobody can be told of it
        return True
    return any(isinstance(word, str) and is_number(word, msisdn) for word in words)


def record_tells(kind: str, key: str, msisdn: str) -> bool:
    """True for a contact by its number, and its place in groups."""
    return key == msisdn if kind == CONTACT else kind == MEMBER and key.rpartition("/")[2] == msisdn
