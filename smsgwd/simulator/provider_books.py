"""What a simulated provider has taken, and what it counts of requests and callbacks."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

import msgspec

QUEUED, SENT, DELIVERED, FAILED = "queued", "sent", "delivered", "failed"


class Message(msgspec.Struct, eq=False):
    """One message to one number. Times are seconds since 1970."""

    id: str
    to: str  #: as it was written
    text: str
    sender: str
    at: float
    own_id: str = ""  #: the client's
    callback: str = ""  #: where its states are told
    number: int = 0  #: how many were taken before it, and itself
    state: str = QUEUED
    fate: str = ""  #: its final state in the provider's word; '' = never final
    failed: bool = False  #: whether that is a failure
    final_at: float = 0.0
    not_before: float = 0.0  #: it goes out then at the earliest
    more: dict[str, Any] = {}  #: what else one API wants to know of it

    @property
    def final(self) -> bool:
        """Whether nothing happens to it any more."""
        return self.state in (DELIVERED, FAILED)


class Books:
    """Messages by id, and counters."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.by_path: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.messages: list[Message] = []
        self.most_in_a_second = 0
        self._recent: deque[float] = deque()
        self._by_id: dict[str, list[Message]] = {}
        self._times: Counter[tuple[str, str, str]] = Counter()
        self._ids: set[str] = set()

    def arrived(self, path: str, now: float) -> int:
        """Count a request at its arrival; how many there have been in the second that ends now (seconds)."""
        self.counts["requests"] += 1
        self.by_path[path] += 1
        recent = self._recent
        while recent and recent[0] <= now - 1.0:
            recent.popleft()
        recent.append(now)
        self.most_in_a_second = max(self.most_in_a_second, len(recent))
        return len(recent)

    def take(self, message: Message) -> None:
        """A message was accepted."""
        self.messages.append(message)
        message.number = len(self.messages)
        self._by_id.setdefault(message.id, []).append(message)
        self._times[_same(message)] += 1

    def of(self, message_id: str) -> list[Message]:
        """The messages of an id, several where a request has one id."""
        return self._by_id.get(message_id, [])

    def find(self, message_id: str, to: str) -> Message | None:
        """The message of an id that went to a number."""
        return next((message for message in self.of(message_id) if message.to == to), None)

    def stats(self) -> dict[str, Any]:
        """Everything counted. `taken_twice` are takings of a message that had been taken before: the same recipient,
        text and client's own id."""
        names = ("requests", "callbacks", "callbacks_failed", "lost", "doubled", "throttled", "timeouts", "drops")
        return {
            **{name: self.counts[name] for name in names},
            "most_in_a_second": self.most_in_a_second,
            "by_path": dict(sorted(self.by_path.items())),
            "messages": len(self.messages),
            "taken_twice": len(self.messages) - len(self._times),
            "states": dict(sorted(Counter(message.state for message in self.messages).items())),
            "errors": dict(sorted(self.errors.items())),
        }

    def rows(self) -> list[dict[str, Any]]:
        """What was taken, in order; `times` = how often the same was, `fate` once final."""
        return [
            {
                "id": message.id,
                "to": message.to,
                "text": message.text,
                "from": message.sender,
                "state": message.state,
                "times": self._times[_same(message)],
                "own_id": message.own_id,
                "fate": message.fate if message.final else "",
                **message.more,
            }
            for message in self.messages
        ]


def _same(message: Message) -> tuple[str, str, str]:
    return message.to.lstrip("+"), message.text, message.own_id
