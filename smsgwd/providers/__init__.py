"""The plugin API: what an HTTP provider's plugin is written with, and all that it may import besides `smsgwd.model`.

Here live the values that pass between the host (`smsgwd.southbound.provider`) and a plugin, the class a plugin derives
from, and what tests of plugins need. What may not: Twisted, sockets, the store, anything of one provider. `VERSION`
grows when a plugin written for the one before would break; `docs/write-a-provider.md` is the tutorial.

To change what a plugin declares and which methods it may have, edit `plugin.py`; what it gets of a message,
`message.py`; what it may answer, `verdicts.py`; what it tells later, `reports.py`; what a callback is, `callbacks.py`;
how it speaks HTTP, `http.py`; what plugins that send groups have in common, `sending.py`; how its options are declared,
`options.py`; how installed plugins are found, `loading.py`; how its tests run it without a gateway, `testing.py`; what
it says of a number, `numbers.py`.
"""

from smsgwd.providers.callbacks import Callback, CallbackRefused, CallbackRequest
from smsgwd.providers.http import NoAnswer, NotSent, Reply, Request
from smsgwd.providers.message import Outbound, Sent
from smsgwd.providers.numbers import Contact, NumberFacts
from smsgwd.providers.options import Options, option, secret
from smsgwd.providers.plugin import VERSION, Host, Plugin, Poll, Provider
from smsgwd.providers.reports import Balance, Clicked, Event, Incoming, PhoneCall, Qualified, Report
from smsgwd.providers.sending import OF_CONTENT, Bad, by_status, in_halves
from smsgwd.providers.verdicts import (
    Accepted,
    Halt,
    Park,
    Permanent,
    SlowDown,
    Stop,
    Temporary,
    Unknown,
    Verdict,
)

__all__ = (
    "OF_CONTENT",
    "VERSION",
    "Accepted",
    "Bad",
    "Balance",
    "Callback",
    "CallbackRefused",
    "CallbackRequest",
    "Clicked",
    "Contact",
    "Event",
    "Halt",
    "Host",
    "Incoming",
    "NoAnswer",
    "NotSent",
    "NumberFacts",
    "Options",
    "Outbound",
    "Park",
    "Permanent",
    "PhoneCall",
    "Plugin",
    "Poll",
    "Provider",
    "Qualified",
    "Reply",
    "Report",
    "Request",
    "Sent",
    "SlowDown",
    "Stop",
    "Temporary",
    "Unknown",
    "Verdict",
    "by_status",
    "in_halves",
    "option",
    "secret",
)
