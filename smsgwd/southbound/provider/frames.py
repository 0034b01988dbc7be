"""What the gateway's process and a plugin's say to each other over a socket pair, framed as in `net.edge_frames`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final

import msgspec
from pydantic import SecretBytes, SecretStr

from smsgwd.southbound.provider.calls import Call, Done

MOST: Final = 16 * 1024 * 1024
"""Octets of a frame: thousands of messages with their texts, or of reports."""

_LENGTH: Final = 4

Plain = str | int | float | bool | list[str]


# To a plugin's process.


class Setup(msgspec.Struct, array_like=True, tag="setup"):
    """The first frame: all that the process needs to know, secrets included, which travel nowhere else."""

    plugin: str
    options: dict[str, Any]
    connector: str
    callback_url: str
    connect_s: float
    answer_s: float


class Begin(msgspec.Struct, array_like=True, tag="begin", gc=False):
    """Do a call; wants a Finished of that number."""

    number: int
    call: Call
    limit_s: float
    record: bool


class Cancel(msgspec.Struct, array_like=True, tag="cancel"):
    """Give a call up; nobody waits for it any more."""

    number: int


class Granted(msgspec.Struct, array_like=True, tag="granted", gc=False):
    """The request of that number may leave."""

    request: int


class Ping(msgspec.Struct, array_like=True, tag="ping"):
    """Are you there? Wants an Alive."""


# To the gateway's process.


class Ready(msgspec.Struct, array_like=True, tag="ready"):
    """The provider is made: calls may come."""


class Failed(msgspec.Struct, array_like=True, tag="failed"):
    """The provider cannot be made; the process ends."""

    reason: str


class Finished(msgspec.Struct, array_like=True, tag="finished", gc=False):
    """What came of a call."""

    number: int
    done: Done


class Ask(msgspec.Struct, array_like=True, tag="ask", gc=False):
    """A request of a call wants to leave."""

    request: int
    call: int


class Over(msgspec.Struct, array_like=True, tag="over", gc=False):
    """That request has ended, or is not wanted any more."""

    request: int
    status: int = 0  #: of its answer; 0 = none
    written: bool = False  #: it had left


class Said(msgspec.Struct, array_like=True, tag="said"):
    """A line for the log: `provider.said` or `provider.fault`."""

    event: str
    fields: dict[str, Plain]


class Alive(msgspec.Struct, array_like=True, tag="alive"):
    """Answer to a Ping."""


ToPlugin = Setup | Begin | Cancel | Granted | Ping
ToHost = Ready | Failed | Finished | Ask | Over | Said | Alive


class TooLarge(Exception):  # noqa: N818 -- says what is the case
    """A message that fits no frame."""


def encode(message: ToPlugin | ToHost) -> bytes:
    """One frame. Raises TooLarge."""
    data = _encode(message)
    if len(data) > MOST:
        raise TooLarge(f"{len(data)} octets in one piece; at most {MOST} are taken")
    return len(data).to_bytes(_LENGTH, "big") + data


def _plain(value: Any) -> Any:
    """Values of options as the configuration may hold them."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, SecretStr | SecretBytes):
        return value.get_secret_value()
    if isinstance(value, PurePath):
        return str(value)
    raise NotImplementedError(f"a value of type {type(value).__name__}")


_encode = msgspec.msgpack.Encoder(enc_hook=_plain).encode
