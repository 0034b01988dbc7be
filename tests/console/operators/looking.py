"""A browser that looks at what moves."""

from __future__ import annotations

from smsgwd.net.http_message import HttpResponse
from smsgwd.net.http_stream import Stream
from tests.console.stand import Operators


class Looking:
    """Events of a page's stream, as they come; `asked_for` passes so many seconds."""

    def __init__(self, stand: Operators, path: str) -> None:
        answer: HttpResponse = stand.ask("GET", path)
        assert answer.status == 200 and answer.stream is not None, answer
        self._stand = stand
        self.got = answer.body
        self.full = False
        self.stream: Stream = answer.stream
        self.stream.attach(self)
        stand.clock.advance(0)

    def more(self, data: bytes) -> None:
        """See net.http_stream: the engine's end."""
        self.got += data

    def finish(self) -> None:
        """See net.http_stream."""

    def events(self, seconds: float = 0) -> dict[str, str]:
        """What came since the last time, after so many seconds more; of several of a name the last."""
        if seconds:
            self._stand.clock.advance(seconds)
        got, self.got = self.got.decode(), b""
        found = {}
        for block in got.split("\n\n"):
            lines = block.split("\n")
            if lines[0].startswith("event: "):
                found[lines[0][7:]] = "\n".join(line[6:] for line in lines[1:])
        return found
