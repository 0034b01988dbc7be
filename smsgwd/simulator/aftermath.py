"""What a killed gateway's store says: which messages it does not know to have been sent.

Those, and only those, may be sent a second time: their SMSC's answer, if there was one, was not durable at the kill.
"""

import shutil
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path

from smsgwd.model.message import State
from smsgwd.simulator.submissions import number_of

_UNSENT = (State.WAITING, State.QUEUED)
_READ_IN_S = 0.3  # a peer has read by then what was in its socket; a gateway that starts takes longer to send


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill: when (wall clock, s since 1970), and the numbers whose messages were not known to be sent.

    `started` is when the gateway was started again, 0 = at once.
    """

    at: float
    unsent: frozenset[int]
    started: float = 0.0

    @property
    def over(self) -> float:
        """Until then peers may still have read what the killed process had written; nothing of the next one yet."""
        return max(self.at, self.started) + _READ_IN_S


def unsent_in(data_dir: Path) -> frozenset[int]:
    """Numbers of the messages that a store nobody runs on has unsent. Reads a copy: the store is not touched."""
    with tempfile.TemporaryDirectory(prefix="smsgwd-aftermath-") as directory:
        for file in ("store.db", "store.db-wal"):
            if (data_dir / file).exists():
                shutil.copy(data_dir / file, directory)
        copy = Path(directory) / "store.db"
        if not copy.exists():
            return frozenset()
        connection = sqlite3.connect(copy)
        try:
            rows = connection.execute("SELECT msisdn FROM message WHERE state IN (?, ?)", _UNSENT)
            return frozenset(number_of(msisdn) for (msisdn,) in rows)
        finally:
            connection.close()
