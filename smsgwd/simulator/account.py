"""The binds of one system_id, and what waits to be delivered to it."""

from collections import deque
from typing import Protocol

from smsgwd.simulator.message import Delivery
from smsgwd.simulator.options import Via


class ReceivingLink(Protocol):
    """What an account needs of a connection that may receive."""

    @property
    def room(self) -> int:
        """Deliveries that may be sent now."""
        ...

    def deliver(self, delivery: Delivery) -> None:
        """Send it."""
        ...


class Account:
    """One system_id. Deliveries wait here, oldest first, while no receiving bind has room; they survive disconnects."""

    def __init__(self, system_id: str, via: Via) -> None:
        self.system_id = system_id
        self.waiting: deque[Delivery] = deque()
        self._via = via
        self._links: list[ReceivingLink] = []
        self._turn = 0

    @property
    def receiving(self) -> bool:
        """True when a bind may receive."""
        return bool(self._links)

    def join(self, link: ReceivingLink) -> None:
        """A receiving bind has come."""
        self._links.append(link)

    def leave(self, link: ReceivingLink) -> None:
        """A receiving bind is gone (or never was one)."""
        if link in self._links:
            self._links.remove(link)

    def put_back(self, deliveries: list[Delivery]) -> None:
        """What was under way on a bind that is gone goes to the front, in its order."""
        self.waiting.extendleft(reversed(deliveries))

    def pump(self) -> None:
        """Send what waits as far as there is room."""
        waiting = self.waiting
        while waiting and self._links:
            link = self._choose(waiting[0])
            if link is None:
                return
            link.deliver(waiting.popleft())

    def _choose(self, delivery: Delivery) -> ReceivingLink | None:
        links = self._links
        submitter = delivery.link
        if self._via == "submitter" and submitter in links and submitter.room > 0:
            return submitter  # type: ignore[no-any-return]
        others = links
        if self._via == "other" and len(links) > 1:
            others = [link for link in links if link is not submitter]
        for _ in others:
            self._turn += 1
            link = others[self._turn % len(others)]
            if link.room > 0:
                return link
        return None
