"""What the HTTP load knows of its messages: arrays by message number, and the ids cut out of the answers."""

from __future__ import annotations

from array import array
from collections import Counter

import msgspec

_ID = b'"id":"'


class HttpBooks:
    """The messages 0..size-1; times are seconds, monotonic, 0 = not yet. `native` answers name the ids."""

    def __init__(self, size: int, *, native: bool = True, expect: bytes = b"") -> None:
        """`expect` must be in the answer of another gateway for a message to count as accepted."""
        zeros = bytes(8 * size)
        self.size = size
        self.due: array[float] = array("d", zeros)  #: when its request was to be sent
        self.accepted: array[float] = array("d", zeros)
        self.ids: list[bytes] = [b""] * size
        self.accepted_count = 0
        self.refused: Counter[int] = Counter()  #: messages, by status
        self.unanswered = 0  #: messages whose connection went without an answer
        self.requests: list[float] = []  #: of those accepted: from due to answered (s)
        self.sample = b""  #: the first refusal, for the report
        self._native = native
        self._expect = expect

    def answered(self, first: int, count: int, status: int, body: bytes, now: float) -> None:
        """The answer to the request of `count` numbers from `first` on."""
        accepted = self.accepted
        if self._native and status == 202:
            if count == 1:
                # The second id is the message's; the first is the submission's. A refused message has none.
                at = body.find(_ID, body.find(_ID) + 6) + 6
                names = [body[at : body.find(b'"', at)]] if at > 5 else []
            else:
                names = [part[: part.index(b'"')] for part in body.split(_ID)[2:]]
            if len(names) != count:
                self._in_part(first, count, status, body, now)
                return
            self.ids[first : first + count] = names
        elif self._native or not 200 <= status < 300 or self._expect not in body:
            self.refused[status] += count
            self.sample = self.sample or body[:500]
            return
        for number in range(first, first + count):
            accepted[number] = now
        self.accepted_count += count
        self.requests.append(now - self.due[first])

    def _in_part(self, first: int, count: int, status: int, body: bytes, now: float) -> None:
        """Some of a request's messages were refused. Raises ValueError when the answer is not one of ours."""
        self.sample = self.sample or body[:500]
        entries = msgspec.json.decode(body)["messages"]
        if len(entries) != count:
            raise ValueError(f"{count} messages were answered with {len(entries)} entries")
        for number, entry in enumerate(entries, first):
            if entry["id"] is None:
                self.refused[status] += 1
            else:
                self.ids[number] = entry["id"].encode()
                self.accepted[number] = now
                self.accepted_count += 1
