"""How a tenant is told of a message that came by a provider's style (`dialects`): kept with the message."""

from typing import Final

import msgspec

from smsgwd.model.message import FINAL_FROM, State
from smsgwd.model.wire import ASKS_INTERMEDIATE

#: Bits of `Message.asks` of a message that came by HTTP: the states its callback tells of. 0 = every final one.
TELL_SENT: Final = 1 << State.SENT
TELL_INTERMEDIATE: Final = ASKS_INTERMEDIATE  #: the SMSC is asked for such notifications, too
TELL_FINAL: Final = sum(1 << state for state in State if state >= FINAL_FROM)


def tell(*states: State) -> int:
    """The bits of some states."""
    return sum({1 << state for state in states})


class Callback(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The style a callback is written in, and what that style needs to know besides the message."""

    style: str  #: name of a dialect
    zone: str = "UTC"  #: of the dates in it
    method: str = "GET"
    several: bool = False  #: its request had several recipients
    level: int = 0
    fields: dict[str, str] = {}  #: what else, by the style's own names


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Callback)
_events = msgspec.msgpack.Decoder(tuple[Callback, bytes])
_STYLED: Final = b"\x00"


def pack_callback(callback: Callback) -> bytes:
    """The form kept in `Message.callback` and in the store."""
    return _encoder.encode(callback)


def unpack_callback(packed: bytes) -> Callback:
    """What `pack_callback` was given; raises msgspec.DecodeError for anything else."""
    return _decoder.decode(packed)


def pack_event(callback: Callback, data: bytes) -> bytes:
    """The payload of an event (`model.business.Push`) that is told in a style; `data` is the JSON of its data."""
    return _STYLED + _encoder.encode((callback, data))


def styled(payload: bytes) -> bool:
    """True for an event's payload that `pack_event` made."""
    return payload[:1] == _STYLED


def unpack_event(payload: bytes) -> tuple[Callback | None, bytes]:
    """The style of an event's payload (None: the native one) and the JSON of its data. Raises msgspec.DecodeError."""
    if not styled(payload):
        return None, payload
    return _events.decode(payload[1:])
