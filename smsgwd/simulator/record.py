"""The record files: one JSON line for each accepted submit, or each push, that others count by.

Times are wall clock in seconds since 1970, so that the files of two processes can be joined.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec


class SubmitLine(msgspec.Struct, omit_defaults=True, gc=False):
    """An accepted submit. `due`: its receipt leaves no earlier. `answered`: False when it gets no response."""

    at: float
    id: str
    source: str
    dest: str
    esm_class: int
    data_coding: int
    registered_delivery: int
    body: str  #: hex, user data header included
    due: float
    system_id: str = ""
    udh: str = ""  #: hex of the user data header alone
    sar: str = ""  #: ref/total/seq of the SAR TLVs
    answered: bool = True
    validity: str = ""
    command: str = "submit_sm"
    link: int = 0  #: number of the connection it came over, from 1
    stat: str = ""  #: of its receipt, where that is not DELIVRD
    fault: str = ""  #: what goes wrong with its answer and its receipt, names of tempers.py with commas
    receipt: str = ""  #: the id in its receipt, where the fault is that it is another


class LinkLine(msgspec.Struct, omit_defaults=True, gc=False):
    """What happened on a connection: `closed`, `stalled` (`until`), `unanswered` (the answer of `id` came too late)."""

    link_event: str
    at: float
    link: int
    id: str = ""
    until: float = 0.0


class PushLine(msgspec.Struct, omit_defaults=True, gc=False):
    """A push that the catcher answered with `status` (0: none, it hung up). `state` and `error` are the receipt's."""

    at: float
    webhook_id: str
    type: str
    id: str
    to: str
    state: str
    status: int
    signed: bool = True
    client_ref: str = ""
    sender: str = ""  #: of a subscriber's message
    missing: int = 0  #: parts that it lacks


Line = SubmitLine | PushLine | LinkLine
_LINK_LINE = b'{"link_event"'


class Recorder:
    """Writes lines to a file, buffered: `flush` is called by the owner at the end of a slice, `close` at exit."""

    def __init__(self, path: str | Path) -> None:
        """Create or truncate `path`. Raises OSError."""
        self._file: BinaryIO = Path(path).open("wb")  # noqa: SIM115 - closed by close()
        self._lines: list[bytes] = []
        self._encode = msgspec.json.Encoder().encode

    @property
    def pending(self) -> bool:
        """True when lines wait for `flush`."""
        return bool(self._lines)

    def add(self, line: Line) -> None:
        """Take a line."""
        self._lines.append(self._encode(line))

    def flush(self) -> None:
        """Hand the lines to the operating system. Raises OSError."""
        if self._lines:
            self._file.write(b"\n".join(self._lines) + b"\n")
            self._file.flush()
            self._lines.clear()

    def close(self) -> None:
        """Flush and close."""
        self.flush()
        self._file.close()


def read_submits(path: str | Path) -> list[SubmitLine]:
    """Read the submits of an SMSC's record; a last line without an end is left out.

    Raises OSError, msgspec.ValidationError.
    """
    return [line for line in each_smsc_line(path) if isinstance(line, SubmitLine)]


def each_smsc_line(path: str | Path) -> Iterator[SubmitLine | LinkLine]:
    """The lines of an SMSC's record one by one, for files that do not fit into memory; errors as `read_submits`."""
    submit, link = msgspec.json.Decoder(SubmitLine).decode, msgspec.json.Decoder(LinkLine).decode
    for line in _each_whole_line(path):
        yield link(line) if line.startswith(_LINK_LINE) else submit(line)


def each_push(path: str | Path) -> Iterator[PushLine]:
    """The lines of a catcher's record one by one; errors as `read_pushes`."""
    decode = msgspec.json.Decoder(PushLine).decode
    for line in _each_whole_line(path):
        yield decode(line)


def read_pushes(path: str | Path) -> list[PushLine]:
    """Read a catcher's record; a last line without an end is left out. Raises OSError, msgspec.ValidationError."""
    return msgspec.json.Decoder(PushLine).decode_lines(_whole_lines(path))


def _each_whole_line(path: str | Path) -> Iterator[bytes]:
    with Path(path).open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line


def _whole_lines(path: str | Path) -> bytes:
    data = Path(path).read_bytes()
    return data[: data.rfind(b"\n") + 1]
