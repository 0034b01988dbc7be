"""Operators of the console: records of the store, changed one at a time; passwords are hashed off the reactor.

What was read last of each is remembered: by that an operator who is logged in goes on while the store is away.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final, TypeVar

import msgspec
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.threads import deferToThread

from smsgwd.accounts import totp
from smsgwd.app.bootstrap import hashed_secret
from smsgwd.app.secrets import Vault
from smsgwd.app.stored_values import decoded, unusable
from smsgwd.config.model.console import OPERATOR_NAME, ConsoleAccount
from smsgwd.model.operators import Operator, Role
from smsgwd.model.records import OPERATOR, Record
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.ports.clock import Clock
from smsgwd.ports.records import Records
from smsgwd.telemetry import get_logger

T = TypeVar("T")
_PAGE: Final = 500
_SHORTEST: Final = 8  # characters of a password that somebody chose
_LONGEST: Final = 1024
_NAME: Final = re.compile(OPERATOR_NAME.removesuffix("$") + r"\Z")
_log = get_logger("ops")


class OperatorDesk:
    """Implements ops.operators.Desk. All fail with StoreUnavailable, and with Refused where something is not possible:
    NO_SUCH for an operator who is not there, EXISTS, INVALID."""

    def __init__(self, records: Records, vault: Vault, clock: Clock, title: str) -> None:
        """`title`: what a phone shows beside the codes."""
        self.title = title
        self._records = records
        self._vault = vault
        self._clock = clock
        self._lock = DeferredLock()
        self._known: dict[str, Operator] = {}

    # -- looking -----------------------------------------------------------------------------------------------------

    async def find(self, name: str) -> Operator | None:
        """An operator as the store has him now; None where there is none."""
        if _NAME.match(name) is None:
            return None
        record = await self._records.get(OPERATOR, "", name)
        if record is None:
            self._known.pop(name, None)
            return None
        return self._read(record)

    def known(self, name: str) -> Operator | None:
        """An operator as he was read last."""
        return self._known.get(name)

    def any(self) -> bool:
        """Whether there is any operator, as far as is known here."""
        return bool(self._known)

    async def everybody(self) -> list[Operator]:
        """All of them by name."""
        found: list[Operator] = []
        page = await self._records.page(OPERATOR, "", "", _PAGE)
        while page:
            found += [operator for record in page if (operator := self._read(record)) is not None]
            page = await self._records.page(OPERATOR, "", page[-1].key, _PAGE) if len(page) == _PAGE else []
        self._known = {each.name: each for each in found}
        return found

    def _read(self, record: Record) -> Operator | None:
        """What a record says; None for one of another release that cannot be read: nobody logs in with that."""
        try:
            operator = decoded(record, Operator)
        except Refused as refused:
            unusable(record, refused.detail)
            self._known.pop(record.key, None)
            return None
        self._known[record.key] = operator
        return operator

    # -- changing ----------------------------------------------------------------------------------------------------

    def add(self, name: str, role: Role, secret: str) -> Deferred[Operator]:
        """A new operator with this password."""
        return self._locked(self._add(name, role, secret))

    async def _add(self, name: str, role: Role, secret: str, shortest: int = _SHORTEST) -> Operator:
        _check(secret, shortest)
        if _NAME.match(name) is None:
            raise Refused(Refusal.INVALID, "a name has 1 to 64 letters, digits and . _ @ -, a letter or digit first")
        now = self._clock.now_ms()
        new = Operator(name, role, await deferToThread(hashed_secret, secret), created_at=now, changed_at=now)
        if not await self._records.put(OPERATOR, "", name, msgspec.json.encode(new), new=True):
            raise Refused(Refusal.EXISTS, f"there is an operator {name} already")
        self._known[name] = new
        return new

    async def make(self, declared: Iterable[ConsoleAccount]) -> None:
        """Make those of the configuration that the store lacks, then know all. Who is there stays as he is."""
        there = {each.name for each in await self.everybody()}
        for each in declared:
            if each.name in there:
                continue
            try:
                await self._locked(self._add(each.name, each.role, each.secret.get_secret_value(), 1))
            except Refused as refused:
                if refused.refusal is not Refusal.EXISTS:  # another node was faster
                    raise
            else:
                _log.info("operator.created", who=each.name, role=each.role)

    def change(self, name: str, *, role: Role = "", disabled: bool | None = None) -> Deferred[Operator]:
        """Another role, or no log-in any more (or again)."""

        def changed(operator: Operator) -> Operator:
            return msgspec.structs.replace(
                operator, role=role or operator.role, disabled=operator.disabled if disabled is None else disabled
            )

        return self._changed(name, changed)

    def password(self, name: str, secret: str) -> Deferred[Operator]:
        """Another password: who is logged in with the old one no longer is."""
        return self._locked(self._password(name, secret))

    async def _password(self, name: str, secret: str) -> Operator:
        _check(secret, _SHORTEST)
        hashed, now = await deferToThread(hashed_secret, secret), self._clock.now_ms()
        return await self._replaced(
            name, lambda there: msgspec.structs.replace(there, secret_hash=hashed, changed_at=now)
        )

    async def remove(self, name: str) -> None:
        """There is no such operator any more."""
        if not await self._records.drop(OPERATOR, "", name):
            raise _nobody(name)
        self._known.pop(name, None)

    # -- codes from a phone ------------------------------------------------------------------------------------------

    async def begin_codes(self, name: str) -> tuple[str, str]:
        """A secret for a phone, and the same as an otpauth URI. Codes are asked for from the first one on that
        `confirm_codes` gets."""
        secret = totp.new_secret()
        sealed = self._vault.seal(secret.hex())

        def begun(operator: Operator) -> Operator:
            if operator.totp:
                raise Refused(Refusal.EXISTS, f"codes of {name} are on already: switch them off first")
            return msgspec.structs.replace(operator, totp_next=sealed)

        await self._changed(name, begun)
        return totp.shown(secret), totp.uri(secret, name, self.title)

    def confirm_codes(self, name: str, code: str) -> Deferred[Operator]:
        """Ask for codes from now on, if this is one of the secret that was given."""

        def confirmed(operator: Operator) -> Operator:
            if not operator.totp_next:
                raise Refused(Refusal.INVALID, f"no secret was made for {name}: that comes first")
            step = self._step(operator.totp_next, code, -1)
            if step is None:
                raise Refused(Refusal.INVALID, "this is not the code: is the phone's clock right?")
            return msgspec.structs.replace(operator, totp=operator.totp_next, totp_step=step, totp_next="")

        return self._changed(name, confirmed)

    def no_codes(self, name: str) -> Deferred[Operator]:
        """Ask for no codes any more."""
        return self._changed(name, lambda there: msgspec.structs.replace(there, totp="", totp_step=-1, totp_next=""))

    async def good_code(self, name: str, code: str) -> bool:
        """Whether this is a code of an operator who has them on, and was not used before. It is used then."""
        fits = False

        def used(operator: Operator) -> Operator:
            nonlocal fits
            step = self._step(operator.totp, code, operator.totp_step) if operator.totp else None
            fits = step is not None
            return operator if step is None else msgspec.structs.replace(operator, totp_step=step)

        try:
            await self._changed(name, used)
        except Refused:  # removed meanwhile
            return False
        return fits

    def _step(self, sealed: str, code: str, last: int) -> int | None:
        try:
            secret = bytes.fromhex(self._vault.open(sealed))
        except ValueError:  # another key: then nobody's code fits
            return None
        return totp.verify(secret, code, self._clock.now_ms(), last)

    # -- what is sealed ----------------------------------------------------------------------------------------------

    async def sealed(self) -> list[str]:
        """All that is sealed in operators."""
        return [each for operator in await self.everybody() for each in (operator.totp, operator.totp_next) if each]

    async def seal_anew(self, anew: Callable[[str], str]) -> None:
        """Put what `anew` gives in the place of each sealed text."""

        def resealed(operator: Operator) -> Operator:
            return msgspec.structs.replace(
                operator,
                totp=operator.totp and anew(operator.totp),
                totp_next=operator.totp_next and anew(operator.totp_next),
            )

        for operator in await self.everybody():
            if resealed(operator) != operator:
                await self._changed(operator.name, resealed)

    # -- all changes -------------------------------------------------------------------------------------------------

    def _changed(self, name: str, make: Callable[[Operator], Operator]) -> Deferred[Operator]:
        return self._locked(self._replaced(name, make))

    async def _replaced(self, name: str, make: Callable[[Operator], Operator]) -> Operator:
        old = await self.find(name)
        if old is None:
            raise _nobody(name)
        new = make(old)
        if new == old:
            return old
        if not await self._records.put(OPERATOR, "", name, msgspec.json.encode(new), old=True):
            raise _nobody(name)
        self._known[name] = new
        return new

    def _locked(self, work: Coroutine[Any, Any, T]) -> Deferred[T]:
        return self._lock.run(lambda: Deferred.fromCoroutine(work))


def _check(secret: str, shortest: int) -> None:
    """Raises Refused(INVALID) for a password that is too short or too long."""
    if not shortest <= len(secret) <= _LONGEST:
        raise Refused(Refusal.INVALID, f"a password has {shortest} to {_LONGEST} characters")


def _nobody(name: str) -> Refused:
    return Refused(Refusal.NO_SUCH, f"there is no operator {name[:64]}")
