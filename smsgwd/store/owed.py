"""What somebody is owed for what became of a message: who, of what, and the item for it; the outbox it goes to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import lru_cache
from typing import Final

from smsgwd.model.callbacks import TELL_SENT
from smsgwd.model.message import State
from smsgwd.model.outbox import INTERMEDIATE, SENT, OutboxItem, esme_target, target_of
from smsgwd.model.wire import ASKS_FAILURE, ASKS_SUCCESS, ASKS_WHICH
from smsgwd.store.rows import Row, failure_from

#: Types of pushes by the number of the final state they tell of.
TYPES: Final = {int(state): f"message.{state.public}" for state in State}
_SENT: Final = State.SENT


class Pushes(ABC):
    """The outbox of one transaction: what is owed anew, and what became of pushes. Times: ms since 1970."""

    @abstractmethod
    def add(
        self,
        message: int,
        target: str,
        tenant: str,
        url: str,
        kind: str,
        at: int,
        payload: bytes | None,
        again: int | None = None,
    ) -> int:
        """Owe a push that is due at once; its id, which was never given before. `again` is the id it had before, when
        its row is gone. `message` is 0 for one that is about no message of ours, `url` '' for an ESME."""

    @abstractmethod
    def done(self, number: int, at: int) -> None:
        """It was answered well; nothing if it was done or dead before."""

    @abstractmethod
    def retry(self, number: int, due_at: int, error: str) -> None:
        """It failed and is due again; nothing if it is done or dead. `rows.LONGEST_ERROR` of the error are kept."""

    @abstractmethod
    def dead(self, number: int, at: int, error: str) -> None:
        """It is given up; nothing if it is done or dead."""

    @abstractmethod
    def flush(self) -> None:
        """What was asked for so far is what look-ups of this transaction find."""


@lru_cache(maxsize=4096)
def url_target(tenant: str, url: str) -> str:
    """The target of what a tenant is owed at a URL; one for all of its unusable URLs."""
    try:
        return target_of(tenant, url)
    except ValueError:  # an unusable URL must not keep a receipt out: its push will fail, not this change
        return f"{tenant} invalid"


def asked(asks: int, state: int) -> bool:
    """True when an ESME that asked for receipts in this way wants one for this final state (SMPP 3.4 s5.2.17)."""
    which = asks & ASKS_WHICH
    if which == ASKS_FAILURE:
        return state != State.DELIVERED
    if which == ASKS_SUCCESS:
        return state == State.DELIVERED
    return which != 0


def whom(row: Row) -> tuple[str, str] | None:
    """Target and URL of who is told how a message ended (the URL of an ESME is ''); None where nobody is."""
    told, state = row.told, row.state
    if told.account is not None:
        return (esme_target(told.account), "") if asked(told.asks, state) else None
    url, asks = told.dlr_url, told.asks
    return None if not url or (asks and not asks >> state & 1) else (url_target(told.tenant, url), url)


def owe_sent(pushes: Pushes, row: Row, at: int) -> tuple[OutboxItem, ...]:
    """For a message that an SMSC has all of now, where its tenant wants to hear of that: once, on its first way."""
    told = row.told
    if not told.asks & TELL_SENT or told.account is not None or not told.dlr_url or row.hops:
        return ()
    return (owe(pushes, row, _SENT, SENT, url_target(told.tenant, told.dlr_url), told.dlr_url, at),)


def owe_notice(pushes: Pushes, row: Row, at: int) -> tuple[OutboxItem, ...]:
    """Word that a message is not final yet; whoever calls knows that it was asked for."""
    told = row.told
    if told.account is not None:
        return (owe(pushes, row, _SENT, INTERMEDIATE, esme_target(told.account), "", at),)
    if not told.dlr_url:
        return ()
    return (owe(pushes, row, _SENT, INTERMEDIATE, url_target(told.tenant, told.dlr_url), told.dlr_url, at),)


def owe(pushes: Pushes, row: Row, state: State, kind: str, target: str, url: str, at: int) -> OutboxItem:
    """Owe somebody word of a message as its row is now."""
    told = row.told
    return OutboxItem(
        pushes.add(row.id, target, told.tenant, url, kind, at, None),
        told.tenant,
        target,
        url,
        kind,
        at,
        at,
        0,
        row.id,
        told.dest,
        told.source,
        told.client_ref,
        state,
        None if row.err_code is None else failure_from(row.err_code, row.err_detail, row.err_smpp),
        told.submitted_at,
        row.done_at,
        row.parts,
        told.wire,
        None,
        told.callback,
        told.submission,
        row.connector,
        row.smsc_id,
    )
