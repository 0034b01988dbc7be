"""What somebody is owed for what became of a message: who, of what, and the item for it."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from smsgwd.model.callbacks import TELL_SENT
from smsgwd.model.message import State
from smsgwd.model.outbox import INTERMEDIATE, SENT, OutboxItem, esme_target, target_of
from smsgwd.model.wire import ASKS_FAILURE, ASKS_SUCCESS, ASKS_WHICH
from smsgwd.store.embedded.columns import failure_from
from smsgwd.store.embedded.pushes import Pushes
from smsgwd.store.embedded.rows import Row

_TYPES: Final = {int(state): f"message.{state.public}" for state in State}
_SENT: Final = State.SENT


@lru_cache(maxsize=4096)
def url_target(tenant: str, url: str) -> str:
    """The target of what a tenant is owed at a URL; one for all of its unusable URLs."""
    try:
        return target_of(tenant, url)
    except ValueError:  # an unusable URL must not keep a receipt out: its push will fail, not this change
        return f"{tenant} invalid"


def _asked(asks: int, state: int) -> bool:
    """True when an ESME that asked for receipts in this way wants one for this final state (SMPP 3.4 s5.2.17)."""
    which = asks & ASKS_WHICH
    if which == ASKS_FAILURE:
        return state != State.DELIVERED
    if which == ASKS_SUCCESS:
        return state == State.DELIVERED
    return which != 0


def owe_end(pushes: Pushes, row: Row, after: State, at: int) -> tuple[OutboxItem, ...]:
    """For a message that has ended in the state `after`, which its row has already."""
    told, state = row.told, row.state
    account = told.account
    if account is not None:
        if not _asked(told.asks, state):
            return ()
        return (_owe(pushes, row, after, _TYPES[state], esme_target(account), "", at),)
    url, asks = told.dlr_url, told.asks
    if not url or (asks and not asks >> state & 1):
        return ()
    return (_owe(pushes, row, after, _TYPES[state], url_target(told.tenant, url), url, at),)


def owe_sent(pushes: Pushes, row: Row, at: int) -> tuple[OutboxItem, ...]:
    """For a message that an SMSC has all of now, where its tenant wants to hear of that: once, on its first way."""
    told = row.told
    if not told.asks & TELL_SENT or told.account is not None or not told.dlr_url or row.hops:
        return ()
    return (_owe(pushes, row, _SENT, SENT, url_target(told.tenant, told.dlr_url), told.dlr_url, at),)


def owe_notice(pushes: Pushes, row: Row, at: int) -> tuple[OutboxItem, ...]:
    """Word that a message is not final yet; whoever calls knows that it was asked for."""
    told = row.told
    if told.account is not None:
        return (_owe(pushes, row, _SENT, INTERMEDIATE, esme_target(told.account), "", at),)
    if not told.dlr_url:
        return ()
    return (_owe(pushes, row, _SENT, INTERMEDIATE, url_target(told.tenant, told.dlr_url), told.dlr_url, at),)


def _owe(pushes: Pushes, row: Row, state: State, kind: str, target: str, url: str, at: int) -> OutboxItem:
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
