"""What moves on a page, as it is told at first."""

from __future__ import annotations

from tests.console.stand import Tenants


class _Sink:
    """The other end of a stream."""

    full = False

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    def more(self, data: bytes) -> None:
        self.taken.append(data)

    def finish(self) -> None:
        """Nothing more comes."""


def events_of(made: Tenants, path: str) -> str:
    """The events of a stream's first reading, as they are sent."""
    answer = made.ask("GET", path)
    assert answer.status == 200 and answer.stream is not None, answer.body
    sink = _Sink()
    answer.stream.attach(sink)
    made.clock.advance(0)
    answer.stream.gone()
    return b"".join(sink.taken).decode()
