"""What operators change is written down: who, when, what, with what differs before and after.

An entry is durable before its command runs, and again when it is over: one that stays `begun` was cut off by the end of
the process. A store that cannot write keeps no operator from acting: then the log has it, and the store as soon as it
works again.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.model.operators import BEGUN, DONE, FAILED, AuditEntry, Caller, PurgeAudit, PutAudit
from smsgwd.ops.registry import Command, Outcome, Params
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.telemetry import get_logger
from smsgwd.telemetry.redact import mask_number

_LONGEST: Final = 4000  # characters of a value, or of what differs
_MOST_WAITING: Final = 1000
_DAY_MS: Final = 86_400_000
_PURGE_EVERY_MS: Final = 3_600_000
_NUMBERS: Final = frozenset(("number", "numbers", "to", "msisdn"))
_BEGINNINGS: Final = frozenset(("prefix", "after"))  # of numbers, or whole ones
_WHOLE: Final = 9  # digits from which on a beginning is somebody's number
_SECRETS: Final = ("secret", "passw", "token", "authorization", "api_key", "apikey", "cookie")  # in a name
_URL: Final = re.compile(r"([a-z][a-z0-9+.-]*://)([^\s/?#@\"']*@)?([^\s?#\"']*)(\?[^\s#\"']*)?", re.IGNORECASE)
_HIDDEN: Final = "***"
_log = get_logger("ops")


class Journal:
    """`registry.Journal` over the store. `kept_d`: for how many days entries are kept."""

    def __init__(self, store: Store, clock: Clock, kept_d: float) -> None:
        self._store = store
        self._clock = clock
        self.kept_d = kept_d
        self._waiting: deque[AuditEntry] = deque(maxlen=_MOST_WAITING)  # could not be kept so far
        self._purged_at = 0

    def begin(self, caller: Caller, command: Command, params: Params) -> Deferred[AuditEntry]:
        """See the protocol."""
        names = [each.name for each in command.parameters if each.name in params]  # in their own order
        shown = {name: _shown(command, name, params[name]) for name in names}
        entry = AuditEntry(
            0,
            self._clock.now_ms(),
            caller.who,
            caller.role,
            caller.via,
            caller.address,
            f"{command.noun} {command.verb}",
            msgspec.json.encode(shown).decode(),
            BEGUN,
        )
        _log.info("operator.command", command=entry.command, who=entry.who, via=entry.via, params=shown, outcome=BEGUN)
        return Deferred.fromCoroutine(self._begin(entry))

    def end(self, entry: AuditEntry, outcome: Outcome) -> Deferred[None]:
        """See the protocol."""
        before, after = _differing(outcome.before, outcome.after)
        over = msgspec.structs.replace(
            entry,
            outcome=FAILED if outcome.error else DONE,
            detail=mask_number(_without_keys(outcome.error[:_LONGEST])),
            before=before,
            after=after,
            took_ms=max(0, self._clock.now_ms() - entry.at),
        )
        _log.info(
            "operator.command",
            command=over.command,
            who=over.who,
            via=over.via,
            outcome=over.outcome,
            reason=over.detail,
        )
        return Deferred.fromCoroutine(self._end(over))

    async def _begin(self, entry: AuditEntry) -> AuditEntry:
        return msgspec.structs.replace(entry, id=await self._kept(entry))

    async def _end(self, entry: AuditEntry) -> None:
        if await self._kept(entry):
            await self._catch_up()
        else:
            self._waiting.append(entry)

    async def _kept(self, entry: AuditEntry) -> int:
        """The number under which it is durable; 0 where the store cannot."""
        try:
            [number] = await self._store.commit([PutAudit(entry)])
        except StoreUnavailable:
            return 0
        assert isinstance(number, int)
        return number

    async def _catch_up(self) -> None:
        """The store works: keep what it could not, and now and then forget what is old."""
        while self._waiting:
            entry = self._waiting.popleft()
            if not await self._kept(entry):
                self._waiting.appendleft(entry)
                return
        now = self._clock.now_ms()
        if now - self._purged_at >= _PURGE_EVERY_MS:
            self._purged_at = now
            try:
                await self._store.commit([PurgeAudit(now - int(self.kept_d * _DAY_MS))])
            except StoreUnavailable:
                return


def _shown(command: Command, name: str, value: str) -> str:
    """A parameter as the audit has it: secrets are hidden, numbers of people cut, whole files told by their size."""
    if name in command.hides:
        return _HIDDEN
    if len(value) > _LONGEST:
        return f"{len(value)} characters"
    return _without_secrets(value) if name == "json" else str(_hidden(value, name))


def _without_secrets(written: str) -> str:
    """JSON with the values of secrets hidden; what is no JSON is told by its size."""
    try:
        data = msgspec.json.decode(written)
    except (msgspec.DecodeError, RecursionError):
        return f"{len(written)} characters"
    return msgspec.json.encode(_hidden(data)).decode()


def _hidden(data: Any, name: str = "", depth: int = 0) -> Any:
    """What stands under a name, without secrets, keys in URLs and numbers of people."""
    if depth > 8:
        return "..."
    if isinstance(data, Mapping):
        return {key: _hidden(value, str(key), depth + 1) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_hidden(each, name, depth + 1) for each in data]
    if not isinstance(data, str):
        return data  # no secret is a number, but how many of them there are is one
    name = name.strip().lower().replace("-", "_")
    if any(word in name for word in _SECRETS):
        return _HIDDEN
    if name in _NUMBERS or (name in _BEGINNINGS and len(data) >= _WHOLE):
        return mask_number(data)
    return _without_keys(data)


def _without_keys(text: str) -> str:
    """A text without what may be a key in its URLs: user, password and query."""
    if "://" not in text:
        return text
    return _URL.sub(lambda found: f"{found[1]}{found[3]}{'?***' if found[4] else ''}", text)


def _differing(before: Any, after: Any) -> tuple[str, str]:
    """What differs, as JSON texts: of two mappings the entries that do, else the values whole; secrets are hidden."""
    before, after = msgspec.to_builtins(before), msgspec.to_builtins(after)
    if isinstance(before, dict) and isinstance(after, dict):
        names = [name for name in (*before, *after) if before.get(name) != after.get(name)]
        before = {name: before[name] for name in names if name in before}
        after = {name: after[name] for name in names if name in after}
    elif before == after:
        before = after = None
    return _text(_hidden(before)), _text(_hidden(after))


def _text(value: Any) -> str:
    if value is None or value == {}:
        return ""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST else msgspec.json.encode(f"{len(text)} characters").decode()
