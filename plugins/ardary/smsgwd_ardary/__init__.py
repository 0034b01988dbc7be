"""Ardary SMS (also inSIM) as a provider: sends, tells it of contacts, and reads all that its callbacks tell.

Here lives what is Ardary's own. What may not: anything but `smsgwd.providers` and `smsgwd.model` of the gateway.
To change what can be configured, edit `options.py`; how it sends, `sending.py`; what its error codes come to,
`errors.py`; what its callbacks mean, `events.py`; how contacts are told, `contacts.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from smsgwd.providers import Callback, CallbackRequest, Contact, Outbound, Plugin, Provider, Verdict
from smsgwd_ardary.contacts import push
from smsgwd_ardary.events import callback
from smsgwd_ardary.options import ArdaryOptions
from smsgwd_ardary.sending import send


class Ardary(Provider):
    """One account."""

    options: ArdaryOptions

    async def send(self, group: Sequence[Outbound]) -> Sequence[Verdict]:
        """See Provider. One request."""
        return await send(self.host, self.options, group)

    async def received(self, request: CallbackRequest) -> Callback:
        """See Provider."""
        return callback(request, self.options, self.host.now_ms())

    async def push_contacts(self, contacts: Sequence[Contact]) -> Sequence[str]:
        """See Provider. One request."""
        return await push(self.host, self.options, contacts)


plugin: Final = Plugin(
    "ardary",
    "Ardary SMS / inSIM: messages by network or phone, contacts; states, answers, clicks and calls by callback",
    Ardary,
    ArdaryOptions,
    group=100,
    together=("sender", "priority"),
)
