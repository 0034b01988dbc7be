"""`price list`, `show`, `import`, `export`, `drop`: price lists, each in effect from a time on."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from smsgwd.model.money import format_money
from smsgwd.model.prices import in_effect
from smsgwd.model.records import PRICE_LIST, PriceListRecord, price_list_key
from smsgwd.model.rows_csv import TableError, format_price_csv, parse_price_csv
from smsgwd.net.breaks import Breaks
from smsgwd.ops.params import carried_out, moment, not_a_table, whole_number
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ports.clock import Clock
from smsgwd.ports.records import Records
from smsgwd.telemetry import get_logger
from smsgwd.timespec import format_epoch_ms

_PAGE: Final = 20  # lists may be large
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_MOST_SHOWN: Final = 10_000
_MOST_TOLD: Final = 5  # tenants in an error
_CALLED = Parameter("name", "The list's name", required=True, values="list")
_VALID = Parameter("valid_from", "The version that begins then (RFC 3339)")
_decode = msgspec.json.Decoder(PriceListRecord).decode


class _Head(msgspec.Struct):
    """What is read of a list where its rates do not matter."""

    currency: str = "EUR"


_log = get_logger("ops")


class Prices:
    """Commands about price lists. `users` gives the tenants who pay by a list."""

    def __init__(self, records: Records, clock: Clock, users: Callable[[str], Sequence[str]] = lambda name: ()) -> None:
        self._users = users
        self._records = records
        self._clock = clock

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command("price", "list", "Price lists and their versions", self._list, examples=("price list",)),
            Command(
                "price",
                "show",
                "Rates of a list: of the version in effect, if no other is asked for",
                self._show,
                (
                    _CALLED,
                    _VALID,
                    Parameter("prefix", "Only rates whose prefix begins so"),
                    Parameter("limit", f"How many, {_MOST_SHOWN} at most; 1000 if not given"),
                ),
                examples=("price show retail prefix=30",),
            ),
            Command(
                "price",
                "export",
                "The same as CSV, whole",
                self._export,
                (_CALLED, _VALID),
                examples=("price export retail",),
            ),
            Command(
                "price",
                "import",
                "Keep a list, or a version of it that begins later (docs/pricing.md)",
                self._import,
                (
                    _CALLED,
                    Parameter("csv", "Columns prefix (or mcc, mnc) and price; csv=@FILE reads a file", required=True),
                    Parameter("valid_from", "When it begins to count (RFC 3339); now if not given"),
                    Parameter("currency", "ISO 4217; that of its other versions if not given, else EUR"),
                ),
                changes=True,
                long=True,
                look=self._versions,
                examples=(
                    "price import retail csv=@retail.csv",
                    "price import retail csv=@new.csv valid_from=2027-01-01",
                ),
            ),
            Command(
                "price",
                "drop",
                "Forget a list, or one version",
                self._drop,
                (_CALLED, _VALID),
                changes=True,
                look=self._versions,
                examples=("price drop retail valid_from=2027-01-01",),
            ),
        ]

    def _versions(self, params: Params) -> Deferred[dict[str, Any]]:
        """The versions of a list, as the audit has them: their rates would be megabytes."""
        return carried_out(self._counted(params["name"]))

    async def _counted(self, name: str) -> dict[str, Any]:
        versions: dict[str, Any] = {}
        after, beginning = "", f"{name}@"
        while page := await self._records.page(PRICE_LIST, "", after, _PAGE, beginning=beginning):
            versions |= {record.key: f"{len(record.value)} bytes" for record in page}
            after = page[-1].key
        return versions

    async def _all(self, name: str = "") -> list[PriceListRecord]:
        found: list[PriceListRecord] = []
        after = ""
        beginning = f"{name}@" if name else ""
        while page := await self._records.page(PRICE_LIST, "", after, _PAGE, beginning=beginning):
            found += [_decode(record.value) for record in page]
            after = page[-1].key
        return found

    async def _one(self, name: str, valid_from: int | None) -> PriceListRecord:
        if valid_from is not None:
            record = await self._records.get(PRICE_LIST, "", price_list_key(name, valid_from))
            if record is None:
                raise CommandError(f"price list {name} has no version that begins then")
            return _decode(record.value)
        lists = await self._all(name)
        current, _ = in_effect(lists, name, self._clock.now_ms())
        if current is None:
            raise CommandError(
                f"price list {name} is not in effect yet: name a version by valid_from"
                if lists
                else f"there is no price list {name}"
            )
        return current

    def _list(self, params: Params) -> Deferred[list[dict[str, Any]]]:
        return carried_out(self._listed())

    async def _listed(self) -> list[dict[str, Any]]:
        lists = sorted(await self._all(), key=lambda each: (each.name, each.valid_from))
        now = self._clock.now_ms()
        return [
            {
                "name": each.name,
                "valid_from": format_epoch_ms(each.valid_from),
                "in_effect": each is in_effect(lists, each.name, now)[0],
                "currency": each.currency,
                "rates": len(each.rates),
            }
            for each in lists
        ]

    def _show(self, params: Params) -> Deferred[dict[str, Any]]:
        limit = whole_number(params, "limit", 1000, _MOST_SHOWN)
        return carried_out(self._shown(_name(params), moment(params, "valid_from"), params.get("prefix", ""), limit))

    async def _shown(self, name: str, valid_from: int | None, prefix: str, limit: int) -> dict[str, Any]:
        found = await self._one(name, valid_from)
        rates = [
            {"prefix": key or "*", "price": format_money(rate)} for key, rate in found.rates if key.startswith(prefix)
        ]
        return {
            "name": name,
            "currency": found.currency,
            "valid_from": format_epoch_ms(found.valid_from),
            "rates": len(found.rates),
            "shown": rates[:limit],
        }

    def _export(self, params: Params) -> Deferred[str]:
        return carried_out(self._exported(_name(params), moment(params, "valid_from")))

    async def _exported(self, name: str, valid_from: int | None) -> str:
        found = await self._one(name, valid_from)
        return format_price_csv(found.rates).rstrip("\r\n")

    def _import(self, params: Params) -> Deferred[dict[str, Any]]:
        name, currency = _name(params), params.get("currency")
        if currency is not None and _CURRENCY.fullmatch(currency) is None:
            raise CommandError("currency must be three letters such as EUR")
        valid_from = moment(params, "valid_from")
        return carried_out(self._imported(name, currency, valid_from, params["csv"]))

    async def _imported(self, name: str, wanted: str | None, valid_from: int | None, text: str) -> dict[str, Any]:
        begins = self._clock.now_ms() if valid_from is None else valid_from
        versions = await self._records.page(PRICE_LIST, "", "", 1, beginning=f"{name}@")

        def read() -> tuple[str, int, bytes]:
            kept = msgspec.json.decode(versions[0].value, type=_Head).currency if versions else None
            currency = wanted or kept or "EUR"
            if kept not in (None, currency):
                raise CommandError(f"currency: the price list {name} is in {kept}, and all of its versions are")
            rates = parse_price_csv(text, Breaks())
            return currency, len(rates), msgspec.json.encode(PriceListRecord(name, currency, begins, rates))

        try:
            currency, count, value = await deferToThread(read)
        except TableError as error:
            raise not_a_table(text, error) from None
        await self._records.put(PRICE_LIST, "", price_list_key(name, begins), value)
        _log.info("record.changed", kind=PRICE_LIST, tenant="", key=name, change="import", by="admin socket")
        return {"name": name, "currency": currency, "valid_from": format_epoch_ms(begins), "rates": count}

    def _drop(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._dropped(_name(params), moment(params, "valid_from")))

    async def _dropped(self, name: str, valid_from: int | None) -> dict[str, Any]:
        users = self._users(name)
        if users:
            left = [each for each in await self._all(name) if valid_from is not None and each.valid_from != valid_from]
            if in_effect(left, name, self._clock.now_ms())[0] is None:
                told = ", ".join([*users[:_MOST_TOLD], *(["and others"] if len(users) > _MOST_TOLD else [])])
                raise CommandError(f"{told} would be left without prices: give them another price_list first")
        if valid_from is None:
            count = await self._records.drop(PRICE_LIST, "", f"{name}@", beginning=True)
        else:
            count = await self._records.drop(PRICE_LIST, "", price_list_key(name, valid_from))
        if not count:
            raise CommandError(
                f"there is no price list {name}" + (" that begins then" if valid_from is not None else "")
            )
        _log.info("record.changed", kind=PRICE_LIST, tenant="", key=name, change="drop", by="admin socket")
        return {"name": name, "dropped": count}


def _name(params: Params) -> str:
    if _NAME.fullmatch(params["name"]) is None:
        raise CommandError("name: letters, digits, '_', '.' and '-', 64 at most")
    return params["name"]
