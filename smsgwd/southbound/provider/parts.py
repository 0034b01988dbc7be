"""What goes on beside the sending of a provider connector: asking for states and for the balance."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from smsgwd.model.message import Message
from smsgwd.providers.reports import Balance
from smsgwd.southbound.provider.settings import ProviderSettings


class Asking(Protocol):
    """Asks for states (`polling.Polling`)."""

    @property
    def waiting(self) -> int:
        """Messages in memory that are to be asked for."""

    def start(self) -> None:
        """Ask from now on: also for what the store has from before."""

    def stop(self) -> None:
        """Ask no more."""

    def adopt(self, settings: ProviderSettings) -> None:
        """Other settings, from now on."""

    def accepted(self, message: Message, foreign_id: str, sent_ms: int) -> None:
        """The provider has taken it."""

    def ended(self, message_ids: Collection[int]) -> None:
        """These are final."""


class Figures(Protocol):
    """Asks for the balance and facts (`account.Account`)."""

    @property
    def balance(self) -> Balance | None:
        """The last one told."""

    @property
    def facts(self) -> dict[str, str]:
        """The last ones told."""

    @property
    def asked_at(self) -> int | None:
        """When `balance` was told, ms since 1970."""

    def start(self) -> None:
        """Ask from now on."""

    def stop(self) -> None:
        """Ask no more."""

    def adopt(self, settings: ProviderSettings) -> None:
        """Other settings, from now on."""
