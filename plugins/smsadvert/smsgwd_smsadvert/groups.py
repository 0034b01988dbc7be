"""A group of numbers: one request, and taken apart where it is refused for some of them.

The page: numbers that stand twice are sent once, so each round has a number once. A request is taken as a whole or not
at all; where the error does not name the wrong numbers, halves are tried. That ends after some requests and some time,
so that what was taken is told in time: what is left over is sent again, soon.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from smsgwd.providers import Host, NoAnswer, NotSent, Outbound, Park, SlowDown, Stop, Temporary, Unknown, Verdict
from smsgwd_smsadvert.options import SmsAdvertOptions
from smsgwd_smsadvert.sending import PHONE, Refused, read, request

_MOST_REQUESTS: Final = 40
_LONGEST_MS: Final = 20_000
_SOON_S: Final = 0.1
_NUMBER: Final = re.compile(r"[0-9]{7,20}", re.ASCII)
_NOT_YET: Final = SlowDown("its group was refused for other numbers, and takes long to take apart", _SOON_S)


async def send(host: Host, options: SmsAdvertOptions, group: Sequence[Outbound]) -> Sequence[Verdict]:
    """See Provider.send."""
    if len(group) == 1:
        return await _one(host, options, group, several=False)
    found: dict[str, Verdict] = {}
    began = host.now_ms()
    left = _rounds(group)
    for done in range(_MOST_REQUESTS):
        if not left or (done and host.now_ms() - began > _LONGEST_MS):
            break
        batch = left.pop(0)
        answer = await _ask(host, options, batch, several=True)
        if isinstance(answer, Refused):
            told, again = _apart(answer, batch)
            found |= told
            left = again + left
            continue
        found |= {message.id: verdict for message, verdict in zip(batch, answer, strict=True)}
        if _ends_all(answer[0]):
            found |= {message.id: answer[0] for batch in left for message in batch}
            break
    return [found.get(message.id, _NOT_YET) for message in group]


async def _one(host: Host, options: SmsAdvertOptions, group: Sequence[Outbound], *, several: bool) -> Sequence[Verdict]:
    answer = read(await host.request(request(host, options, group, several=several)), group, several=several)
    return [answer.verdict] if isinstance(answer, Refused) else answer


async def _ask(
    host: Host, options: SmsAdvertOptions, batch: Sequence[Outbound], *, several: bool
) -> Sequence[Verdict] | Refused:
    """One request of several; what became of those before it must be told, so troubles are verdicts here."""
    try:
        return read(await host.request(request(host, options, batch, several=several)), batch, several=several)
    except NotSent as error:
        return [Temporary(str(error))] * len(batch)
    except NoAnswer as error:
        return [Unknown(str(error))] * len(batch)


def _rounds(group: Sequence[Outbound]) -> list[list[Outbound]]:
    """Batches in which each number stands once, in order."""
    rounds: list[list[Outbound]] = []
    times: dict[str, int] = {}
    for message in group:
        which = times.get(message.to, 0)
        times[message.to] = which + 1
        if which == len(rounds):
            rounds.append([])
        rounds[which].append(message)
    return rounds


def _apart(refused: Refused, batch: list[Outbound]) -> tuple[dict[str, Verdict], list[list[Outbound]]]:
    """What a refusal says of messages of a batch, and what to try again of it."""
    if PHONE not in refused.errors or len(refused.errors) > 1 or len(batch) == 1:
        return {message.id: refused.verdict for message in batch}, []
    named = set(_NUMBER.findall(refused.errors[PHONE]))
    wrong = [message for message in batch if message.to in named]
    if wrong:
        rest = [message for message in batch if message.to not in named]
        return {message.id: refused.verdict for message in wrong}, [rest] if rest else []
    half = len(batch) // 2
    return {}, [batch[:half], batch[half:]]


def _ends_all(verdict: Verdict) -> bool:
    """Whether what came of one batch comes of the next ones too, so that they need not be tried."""
    return isinstance(verdict, Stop | Park | SlowDown | Temporary)
