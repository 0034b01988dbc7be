"""What plugins that send groups have in common: what a status alone means, and groups that are taken apart.

No message may cost others more than their place. A request that is refused for what one of its messages has in it (a
filter before the provider that dislikes a text, one wrong number) is sent again in halves, and nothing that a tenant
can write stops or parks a connector.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from smsgwd.providers.http import NoAnswer, NotSent, Reply
from smsgwd.providers.message import Outbound
from smsgwd.providers.plugin import Host
from smsgwd.providers.verdicts import Park, Permanent, SlowDown, Stop, Temporary, Unknown, Verdict

Bad = Temporary | Permanent | Unknown | SlowDown | Park | Stop

OF_CONTENT: Final = frozenset((400, 403, 413, 414, 422))
"""Statuses by which a whole request is refused for what may be in one of its messages."""

_MOST_REQUESTS: Final = 60
_LONGEST_MS: Final = 20_000
_SOON_S: Final = 0.1
_NOT_YET: Final = SlowDown("its group was refused for other messages, and takes long to take apart", _SOON_S)


def by_status(reply: Reply) -> Bad | None:
    """The verdict that the HTTP status alone is, of an answer that says nothing else; None for 2xx.

    403 does not stop a connector: filters before providers answer so to texts that they dislike.
    """
    status = reply.status
    if 200 <= status < 300:
        return None
    if status == 401:
        return Stop("HTTP 401: the credentials are refused")
    if status == 402:
        return Park("HTTP 402: no credit")
    if status == 429:
        return SlowDown("HTTP 429", reply.retry_after_s)
    if status >= 500 or status == 408:
        return Temporary(f"HTTP {status}", reply.retry_after_s)
    return Permanent(f"http_{status}", f"HTTP {status}", "connector")


async def in_halves(
    host: Host, group: Sequence[Outbound], ask: Callable[[Sequence[Outbound]], Awaitable[Sequence[Verdict] | None]]
) -> Sequence[Verdict]:
    """Send a group by `ask`, which gives a verdict for each message, or None where nothing of several was taken and it
    is not known for which of them: then halves are tried. It never gives None for one that is alone.

    After 60 requests, or 20 s, what is left over is put off, so that what was taken is told in time. Raises NotSent and
    NoAnswer of a group that is one request.
    """
    found: dict[str, Verdict] = {}
    began, left = host.now_ms(), [group]
    for done in range(_MOST_REQUESTS):
        if not left or (done and host.now_ms() - began > _LONGEST_MS):
            break
        batch = left.pop(0)
        try:
            verdicts = await ask(batch)
        except (NotSent, NoAnswer) as error:
            if not done:
                raise
            reason = str(error)
            verdicts = [Temporary(reason) if isinstance(error, NotSent) else Unknown(reason)] * len(batch)
        if verdicts is None:
            half = len(batch) // 2
            left = [batch[:half], batch[half:], *left]
            continue
        found |= {message.id: verdict for message, verdict in zip(batch, verdicts, strict=True)}
        if all(
            isinstance(verdict, Stop | Park | SlowDown | Temporary) for verdict in verdicts
        ):  # as will be the others
            found |= {message.id: verdicts[0] for batch in left for message in batch}
            break
    return [found.get(message.id, _NOT_YET) for message in group]
