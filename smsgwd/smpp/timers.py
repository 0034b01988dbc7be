"""The timers of a session as plain values: session_init, enquire_link, inactivity, unbind, PDU read (SMPP 3.4 s7.2).

Times are seconds of a monotonic clock, given by the caller; nothing here reads one. The response timer of each
request lives in window.py.
"""

from enum import Enum
from math import inf
from typing import Final

from smsgwd.smpp.config import SessionConfig

_NEVER: Final = inf


class Due(Enum):
    """What has become due; the text is the reason to log."""

    SESSION_INIT = "not bound within the session_init time"
    ENQUIRE_LINK = "silent, ask whether it lives"
    DEAD = "enquire_link unanswered"
    INACTIVE = "no traffic within the inactivity time"
    PDU_READ = "a PDU was begun and not ended within the pdu_read time"
    DRAIN = "unanswered requests outlasted the drain time"
    UNBIND = "unbind unanswered"


class Timers:
    """Deadlines of one session. `heard`, `transaction` and the fields are set by the session as things happen."""

    __slots__ = (
        "_config",
        "_deadline_init",
        "bound",
        "drain_until",
        "enquired_at",
        "last_heard",
        "last_transaction",
        "misses",
        "partial_since",
        "unbind_until",
    )

    def __init__(self, config: SessionConfig, now: float) -> None:
        self._config = config
        self._deadline_init: float | None = now + config.session_init if config.session_init else None
        self.bound = False
        self.last_heard = now
        self.last_transaction = now
        self.enquired_at: float | None = None
        self.misses = 0
        self.partial_since: float | None = None
        self.drain_until: float | None = None
        self.unbind_until: float | None = None

    def heard(self, now: float) -> None:
        """Octets arrived: the peer lives, whatever they are."""
        self.last_heard = now
        self.enquired_at = None
        self.misses = 0

    def bind_came(self) -> None:
        """The peer has asked to bind: session_init ends, however long we take to decide (SMPP 3.4 s7.2)."""
        self._deadline_init = None

    def set_bound(self, now: float) -> None:
        """The session is bound: session_init ends, the link timers begin."""
        self.bound = True
        self._deadline_init = None
        self.last_heard = self.last_transaction = now

    def _deadlines(self) -> list[tuple[float, Due]]:
        config = self._config
        found: list[tuple[float, Due]] = []
        if self.partial_since is not None and config.pdu_read:
            found.append((self.partial_since + config.pdu_read, Due.PDU_READ))
        if self._deadline_init is not None:
            found.append((self._deadline_init, Due.SESSION_INIT))
        if self.unbind_until is not None:
            found.append((self.unbind_until, Due.UNBIND))
        elif self.drain_until is not None:
            found.append((self.drain_until, Due.DRAIN))
        if self.bound:
            if self.enquired_at is not None:
                last = self.misses + 1 >= config.link_misses
                found.append((self.enquired_at + config.link_response, Due.DEAD if last else Due.ENQUIRE_LINK))
            elif config.enquire_link:
                found.append((self.last_heard + config.enquire_link, Due.ENQUIRE_LINK))
            if config.inactivity and self.drain_until is None and self.unbind_until is None:
                found.append((self.last_transaction + config.inactivity, Due.INACTIVE))
        return found

    def due(self, now: float) -> list[Due]:
        """Return what is due at `now`, earliest first."""
        found = sorted((item for item in self._deadlines() if item[0] <= now), key=lambda item: item[0])
        return [due for _, due in found]

    def wake_at(self) -> float | None:
        """Return the earliest deadline, None when no timer runs."""
        if not self.bound or self.partial_since is not None or self.drain_until is not None:
            return min((at for at, _ in self._deadlines()), default=None)
        # The ordinary case, asked for after every write: what `_deadlines` would find, without making lists.
        config = self._config
        at = _NEVER
        if self.unbind_until is not None:
            at = self.unbind_until
        elif config.inactivity:
            at = self.last_transaction + config.inactivity
        if self.enquired_at is not None:
            at = min(at, self.enquired_at + config.link_response)
        elif config.enquire_link:
            at = min(at, self.last_heard + config.enquire_link)
        if self._deadline_init is not None:
            at = min(at, self._deadline_init)
        return None if at == _NEVER else at

    def enquired(self, now: float) -> None:
        """An enquire_link goes out; when one was unanswered already, that was a miss."""
        if self.enquired_at is not None:
            self.misses += 1
        self.enquired_at = now
