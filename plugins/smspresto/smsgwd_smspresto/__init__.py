"""SMSPresto as a provider: sends, reads its history for what became of messages, and knows how many are left.

Here lives what is SMSPresto's own. What may not: anything but `smsgwd.providers` and `smsgwd.model` of the gateway.
To change what can be configured, edit `options.py`; how it sends, `sending.py`; what its error codes come to,
`errors.py`; how its history is read, `archive.py`; which row is which message, `matching.py`; what that says of their
states, `states.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from smsgwd.providers import Balance, Halt, Host, Outbound, Plugin, Poll, Provider, Report, Sent, Verdict
from smsgwd_smspresto.archive import account, trouble
from smsgwd_smspresto.errors import whole
from smsgwd_smspresto.options import SmsPrestoOptions
from smsgwd_smspresto.sending import send
from smsgwd_smspresto.states import States

_COUNTS: Final = {"sent": "get-send", "success": "get-success", "failed": "get-failed"}


class SmsPresto(Provider):
    """One account."""

    options: SmsPrestoOptions

    def __init__(self, options: SmsPrestoOptions, host: Host) -> None:
        super().__init__(options, host)
        self._states = States(options, host)

    async def send(self, group: Sequence[Outbound]) -> Sequence[Verdict]:
        """See Provider. One request, unless it is refused for some of the group."""
        return await send(self.host, self.options, group)

    async def states(self, sent: Sequence[Sent]) -> Sequence[Report]:
        """See Provider. Some pages of the history."""
        return await self._states.ask(sent)

    async def balance(self) -> Balance:
        """See Provider: messages in stock."""
        return Balance(float(await self._count("get-stock")))

    async def facts(self) -> Mapping[str, str]:
        """See Provider: how many messages the account has sent, and how they ended."""
        return {name: str(await self._count(action)) for name, action in _COUNTS.items()}

    async def _count(self, action: str) -> int:
        """A number that stands alone in the answer. Raises Halt for anything else."""
        reply = await self.host.request(account(self.options, action))
        text: Any = reply.text().strip().strip('"')
        count = whole(text) if 200 <= reply.status < 300 else None
        if count is None:
            raise Halt(trouble(reply))
        return count


plugin: Final = Plugin(
    "smspresto",
    "SMSPresto: messages with texts of their own in one request; states from its history",
    SmsPresto,
    SmsPrestoOptions,
    group=100,
    together=("sender",),
    poll=Poll(first_s=20.0, factor=2.0, longest_s=1800.0, group=500),
    unknown_after_s=0.0,
)
