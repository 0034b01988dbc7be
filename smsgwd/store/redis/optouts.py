"""Opt-out lists of a transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

import msgspec

from smsgwd.store.redis.base import Base
from smsgwd.store.work import Work

_encode: Final = msgspec.msgpack.Encoder().encode
_tenants_of: Final = msgspec.msgpack.Decoder(set[str]).decode


class OptOutRow(msgspec.Struct, array_like=True, gc=False):
    """Row `oo:`: since when (ms since 1970) a number is on a list, and by what word."""

    at: int
    source: str


#: A row `oo:` of its value.
opt_out_of: Final = msgspec.msgpack.Decoder(OptOutRow).decode


class OptOutWork(Base, Work):
    """Changes of a list take it that a number is not there: the commit finds out."""

    _opted: set[str] | None = None

    def opted(self) -> Collection[str]:
        """See Work. Tenants that ever had an entry: a row that changes once for each of them."""
        found = self._opted
        if found is None:
            name = self.keys.opted
            value = None if self.tx.absent(name) else self.tx.get(name)
            found = self._opted = set() if value is None else _tenants_of(value)
        return found

    def listed_keys(self, pairs: Iterable[tuple[str, str]]) -> list[str]:
        """The rows that `listed` reads for these (tenant, msisdn)."""
        opted_out = self.keys.opted_out
        return [opted_out(tenant, msisdn) for tenant, msisdn in pairs]

    def prefetch_listed(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Read at once what `listed` needs of these (tenant, msisdn)."""
        self.tx.fetch(self.listed_keys(pairs))

    def listed(self, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """See Work."""
        names = self.listed_keys(pairs)
        self.tx.fetch(names)
        get = self.tx.get
        return {pair for pair, name in zip(pairs, names, strict=True) if get(name) is not None}

    def list_number(self, tenant: str, msisdn: str, at: int, source: str) -> bool:
        """See Work."""
        tx, name = self.tx, self.keys.opted_out(tenant, msisdn)
        if not tx.absent(name):
            return False
        tx.put(name, _encode(OptOutRow(at, source)))
        tx.add(self.keys.opt_outs(tenant), msisdn.encode())
        opted = self.opted()
        if tenant not in opted:
            self._opted = {*opted, tenant}
            tx.put(self.keys.opted, _encode(sorted(self._opted)))
        return True

    def unlist_number(self, tenant: str, msisdn: str) -> bool:
        """See Work."""
        tx, name = self.tx, self.keys.opted_out(tenant, msisdn)
        if tenant not in self.opted() or tx.absent(name):
            return False
        tx.delete(name)
        tx.remove(self.keys.opt_outs(tenant), msisdn.encode())
        return True
