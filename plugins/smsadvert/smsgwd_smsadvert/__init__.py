"""SMSAdvert as a provider: sends, each message with a callback of its own, by which its state comes.

Here lives what is SMSAdvert's own. What may not: anything but `smsgwd.providers` and `smsgwd.model` of the gateway.
To change what can be configured, edit `options.py`; what is sent and what its answers mean, `sending.py`; how a group
that was refused for one number is taken apart, `groups.py`; what its callback means, `events.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from smsgwd.providers import Callback, CallbackRequest, Outbound, Plugin, Provider, Verdict
from smsgwd_smsadvert.events import callback
from smsgwd_smsadvert.groups import send
from smsgwd_smsadvert.options import MOST_NUMBERS, SmsAdvertOptions


class SmsAdvert(Provider):
    """One token."""

    options: SmsAdvertOptions

    async def send(self, group: Sequence[Outbound]) -> Sequence[Verdict]:
        """See Provider. One request, unless numbers stand twice in the group or it is refused for some of them."""
        return await send(self.host, self.options, group)

    async def received(self, request: CallbackRequest) -> Callback:
        """See Provider."""
        return callback(request, self.host)


def _fitted(options: SmsAdvertOptions) -> Plugin:
    """One message a request, unless the options let many share an id."""
    return plugin if options.group else replace(plugin, group=1)


plugin: Final = Plugin(
    "smsadvert",
    "SMSAdvert: messages by its network or by your own phones there; states by callback",
    SmsAdvert,
    SmsAdvertOptions,
    group=MOST_NUMBERS,
    fitted=_fitted,
    together=("text",),
    unknown_after_s=0.0,
)
