"""A tenant's counts, kept up to date with each change so that asking costs nothing."""

import msgspec

from smsgwd.model.message import MessageView


class Tally(msgspec.Struct, frozen=True, gc=False):
    """How many there are of a tenant, or have ever been (messages that retention deleted are counted still)."""

    accepted: int = 0  #: messages ever; the number of the newest one in its history
    scheduled: int = 0  #: messages that wait for their time now, held ones included
    delivered: int = 0  #: messages ever
    failed: int = 0  #: messages ever that ended undelivered, expired, rejected or unknown
    cancelled: int = 0  #: messages ever
    contacts: int = 0  #: now
    groups: int = 0  #: now
    templates: int = 0  #: now
    orders: int = 0  #: top-ups ever


class Numbered(msgspec.Struct, frozen=True, gc=False):
    """A message in its tenant's history. `number` is dense: 1 for the tenant's first message ever, the next one 2."""

    number: int
    view: MessageView
