"""Whose message a provider speaks of: one of ours by our id or by its own, and never one of another account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from smsgwd.model.message import HELD, MessageView, State
from smsgwd.ports.store import FindFilter, Store
from smsgwd.southbound.provider.results import usable
from smsgwd.southbound.provider.settings import ProviderSettings

_MAX_ID: Final = (1 << 63) - 1
_FEW: Final = 10


class Match(NamedTuple):
    """A message that an account has, or had."""

    view: MessageView
    connector: str  #: of the account: the one that it is on, or else the last of those that it has left


class Matching:
    """Looks messages up in the store, for one account at a time."""

    def __init__(self, store: Store, account_of: Callable[[str], str | None]) -> None:
        """`account_of` gives the account group of a connector; None for one that is not configured."""
        self._store = store
        self._account_of = account_of

    async def ours(self, settings: ProviderSettings, message_id: str, foreign_id: str = "") -> Match | None:
        """The message of this id, with its history, if the account of these settings has it or had it. None for any
        other, for one that is not to be sent yet, and for what is no id. Raises StoreUnavailable.

        Where two connectors of the account had it, one after the other, `foreign_id` (the provider's, if it says so)
        or else the connector that is told tells which of them is meant.
        """
        if not (message_id.isascii() and message_id.isdigit() and len(message_id) < 20):
            return None
        number = int(message_id)
        trace = await self._store.trace(number) if 0 < number <= _MAX_ID else None
        return None if trace is None else self._of_account(settings, trace.view, foreign_id)

    async def known_as(self, settings: ProviderSettings, foreign_id: str, to: str = "") -> Match | None:
        """The newest message that the account calls so, of the recipient `to` where that is given (digits); with its
        history. Raises StoreUnavailable."""
        if not is_foreign_id(foreign_id):
            return None
        found = await self._store.find(FindFilter(smsc_id=foreign_id), None, _FEW)
        # It is looked for in other forms, too, which count for SMSCs; with `?` we call what we had no id of at first.
        for view in found.views:
            alike = view.smsc_id is None or view.smsc_id == foreign_id or view.smsc_id.startswith("?")
            if alike and (not to or to == view.message.msisdn) and self._of_account(settings, view) is not None:
                return await self.ours(settings, str(view.message.id))
        return None

    def _of_account(self, settings: ProviderSettings, view: MessageView, foreign_id: str = "") -> Match | None:
        message = view.message
        if message.state is State.SCHEDULED and not _was_out(view):
            return None  # nobody can have it
        ways = [message.connector, *reversed((message.tried or "").split(","))]
        if settings.id in ways and not (foreign_id and foreign_id == view.smsc_id):
            return Match(view, settings.id)
        connector = next((way for way in ways if way and self._is_of(settings, way)), None)
        return None if connector is None else Match(view, connector)

    def _is_of(self, settings: ProviderSettings, connector: str) -> bool:
        return connector == settings.id or self._account_of(connector) == settings.group


def is_foreign_id(text: str) -> bool:
    """Whether a provider's id can be one: 1 to 64 characters that can be shown, and none of ours."""
    return bool(text) and usable(text)


def _was_out(view: MessageView) -> bool:
    """True for what an operator holds after it was tried: the provider may have it all the same."""
    message = view.message
    return message.due_at >= HELD and bool(message.attempts or message.tried)
