"""What a message costs, told so that it can be compared between machines: as a multiple of a calibration loop.

The loop does what a gateway does (bytecode, packing, rows into SQLite, octets through a socket) and is timed beside
each measurement, so that a slower machine, or one that is busy, is slower in both. Times are CPU, not wall clock.
"""

from __future__ import annotations

import socket
import sqlite3
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from smsgwd.simulator.http_bench import HttpBenchOptions, run_http
from smsgwd.simulator.smpp_bench import SmppBenchOptions, run_smpp
from smsgwd.simulator.stand import StandError

KINDS: Final = ("smpp", "http")
LIMIT: Final = 1.5  #: times the reference: above what machines and their load make of the same code
TRIES: Final = 3
_MESSAGES: Final = {"smpp": 8_000, "http": 5_000}
_WARMUP: Final = {"smpp": 2_000, "http": 2_000}  # with 500 a message came to 1.2 times as much, and varied by more
_ROUNDS: Final = 30  # of the calibration loop; each does for some 50 messages what a gateway would do for them
_EACH: Final = 50
_PDU: Final = struct.Struct(">LLLL")


@dataclass(frozen=True, slots=True)
class Cost:
    """`us` CPU of the gateway a message, `calibration_us` CPU of the loop's counterpart of one, beside it."""

    us: float
    calibration_us: float

    @property
    def ratio(self) -> float:
        """What is compared between machines."""
        return self.us / self.calibration_us


def measure(kind: str, directory: Path) -> Cost:
    """One small bench of this kind ('smpp' or 'http') in an empty directory, the loop before and after it.

    Raises StandError when a message was lost or a process failed, LoadError as the bench does.
    """
    before = calibration_us()
    report = _RUN[kind](directory)
    after = calibration_us()
    if not report["exact"]:
        raise StandError(f"the {kind} bench lost or doubled messages: {report['counts']}")
    return Cost(report["cpu_us_per_message"]["gateway"], (before + after) / 2)


def best(kind: str, directory: Path, enough: float = 0.0) -> Cost:
    """The least of TRIES measurements; none further once a ratio is at most `enough`. Raises as `measure`."""
    found: list[Cost] = []
    for number in range(TRIES):
        place = directory / f"{kind}-{number}"
        place.mkdir(parents=True)
        found.append(measure(kind, place))
        if found[-1].ratio <= enough:
            break
    return min(found, key=lambda cost: cost.ratio)


def reference_for(known: dict[str, dict[str, float]], version: tuple[int, int]) -> dict[str, float]:
    """The ratios by kind of this Python ('3.11'), else of the newest that is older, else of the oldest.

    Raises ValueError when there are none.
    """
    if not known:
        raise ValueError("no reference: run scripts/bench_reference")
    by_version = {tuple(map(int, name.split("."))): ratios for name, ratios in known.items()}
    older = [name for name in by_version if name <= version]
    return by_version[max(older) if older else min(by_version)]


def calibration_us() -> float:
    """CPU of one message's share of the loop, in us: the best of three."""
    return min(_loop() for _ in range(3)) * 1e6 / (_ROUNDS * _EACH)


def _loop() -> float:
    """CPU seconds of the whole loop."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = socket.create_connection(server.getsockname())
        other, _ = server.accept()
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.execute("CREATE TABLE m (id INTEGER PRIMARY KEY, state INTEGER, dest TEXT, body BLOB)")
        connection.execute("CREATE INDEX m_state ON m (state, dest)")
        begun = time.process_time()
        for turn in range(_ROUNDS):
            frames = _bytecode(turn)
            for frame in frames[::2]:  # a gateway's reads and writes carry some messages each
                one.send(frame)
                other.recv(4096)
            _rows(connection, turn, frames)
        return time.process_time() - begun
    finally:
        one.close()
        other.close()
        connection.close()


def _bytecode(turn: int) -> list[bytes]:
    """Compose frames, take them apart again, remember and forget them."""
    frames = []
    known: dict[int, tuple[str, bytes]] = {}
    for number in range(turn * _EACH, (turn + 1) * _EACH):
        body = b"\x00\x05\x00bench\x00\x01\x013069%09d\x00Message %08d" % (number, number)
        frames.append(_PDU.pack(16 + len(body), 4, 0, number) + body)
    for _ in range(8):  # as often as a message is handed on from one to the next
        for frame in frames:
            length, _, status, sequence = _PDU.unpack_from(frame)
            end = frame.index(0, 27)
            known[sequence] = (frame[27:end].decode(), frame[end + 1 : length]) if not status else ("", b"")
        for sequence in list(known):
            known.pop(sequence)
    return frames


def _rows(connection: sqlite3.Connection, turn: int, frames: list[bytes]) -> None:
    """A transaction with all of them, then the change of each."""
    first = turn * _EACH
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO m VALUES (?, 2, ?, ?)",
        [(first + place, f"3069{first + place:09}", frame) for place, frame in enumerate(frames)],
    )
    connection.executemany("UPDATE m SET state = 10 WHERE id = ?", [(first + place,) for place in range(len(frames))])
    connection.execute("COMMIT")


def _smpp(directory: Path) -> dict[str, Any]:
    return run_smpp(SmppBenchOptions(messages=_MESSAGES["smpp"], warmup=_WARMUP["smpp"]), directory)


def _http(directory: Path) -> dict[str, Any]:
    return run_http(HttpBenchOptions(messages=_MESSAGES["http"], warmup=_WARMUP["http"]), directory)


_RUN: Final[dict[str, Callable[[Path], dict[str, Any]]]] = {"smpp": _smpp, "http": _http}
