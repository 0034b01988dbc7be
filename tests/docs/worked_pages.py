"""Pages about tenants and money, worked through: commands as they stand there, against the real store."""

from __future__ import annotations

import doctest
import re
import shlex
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from twisted.internet import reactor
from twisted.internet.defer import Deferred, ensureDeferred, maybeDeferred
from twisted.trial.unittest import TestCase

from smsgwd.app.records import StoredRecords
from smsgwd.app.secrets import Vault
from smsgwd.app.tenancy import Tenancy
from smsgwd.app.tenant_desk import TenantDesk
from smsgwd.cli.ctl_words import parameters
from smsgwd.cli.tables import render
from smsgwd.model.changes import Fail, PartSent, Submit, TakeReceipt
from smsgwd.model.ledger import pack_payers
from smsgwd.model.message import Failure, State
from smsgwd.model.prices import PriceTable, in_effect
from smsgwd.model.receipts import Receipt
from smsgwd.model.records import PRICE_LIST, PriceListRecord
from smsgwd.model.tenant import Tenant
from smsgwd.ops.credentials import Credentials
from smsgwd.ops.ledger import Ledger
from smsgwd.ops.prices import Prices
from smsgwd.ops.registry import CommandError, Registry
from smsgwd.ops.tenants import TenantSettings
from smsgwd.store.embedded.store import EmbeddedStore
from smsgwd.timespec import parse_rfc3339, to_epoch_ms
from tests.app.made import message

DOCS = Path(__file__).resolve().parents[2] / "docs"
_NOW = to_epoch_ms(parse_rfc3339("2026-11-01T00:00:00Z"))
_STEP = re.compile(
    r"`(?P<file>[\w.-]+)`:\n\n```\w+\n(?P<text>.*?)```"
    r"|```console\n(?P<console>.*?)```"
    r"|<!-- test: (?P<test>.*?) -->"
    r"|<!-- prices of (?P<prices>\w+)(?: at (?P<at>\S+))? -->\n(?P<table>(?:\|[^\n]*\n)+)",
    re.DOTALL,
)
_SENDS = re.compile(r"(\w+) sends (\d+) to (\d+)(?:, (\d+) refused)?")
_ENDS = re.compile(r"(\d+) (rejected|delivered|undelivered)")
_SAME = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Wall:
    def now_ms(self) -> int:
        return _NOW

    def monotonic(self) -> float:
        return 0.0


class Page(TestCase):
    """A page worked through from its beginning to its end."""

    async def begin(self) -> None:
        """An empty gateway."""
        directory = TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.store = EmbeddedStore(reactor, directory.name)
        await self.store.open()
        self.addCleanup(self.store.close)
        wall = Wall()
        vault = Vault(b"the installation's secret key")
        self.tenancy = Tenancy(vault, changed=lambda tenants: None)
        await self.tenancy.load(self.store, ())
        self.records = StoredRecords(self.store, wall)
        desk = TenantDesk(self.tenancy, vault, wall)
        known = self.tenancy.directory
        self.registry = Registry(
            [
                *TenantSettings(known, desk, self.store, wall).commands(),
                *Credentials(known, desk, wall, self.records).commands(),
                *Ledger(self.store, wall, known.tenant).commands(),
                *Prices(self.records, wall, self.payers).commands(),
            ]
        )
        self.on_their_way: list[Any] = []
        self.next_id = 1

    def payers(self, price_list: str) -> list[str]:
        """Who pays by a list."""
        return [tenant.id for tenant in self.tenancy.directory.tenants() if tenant.price_list == price_list]

    async def work_through(self, name: str) -> int:
        """How many steps there were; each that does not do what the page says fails."""
        await self.begin()
        steps = 0
        with TemporaryDirectory() as directory, chdir(directory):
            for step in _STEP.finditer((DOCS / name).read_text("utf-8")):
                steps += 1
                if step["file"]:
                    Path(step["file"]).write_text(step["text"], "utf-8")
                elif step["console"]:
                    await self.console(step["console"])
                elif step["prices"]:
                    at = _NOW if step["at"] is None else to_epoch_ms(parse_rfc3339(step["at"]))
                    await self.table(step["prices"], step["table"], at)
                elif step["test"] == "again":
                    await self.begin()
                else:
                    await self.happens(step["test"])
        return steps

    async def console(self, text: str) -> None:
        """Commands with their answers."""
        for part in re.split(r"^\$ smsgwctl ", text, flags=re.MULTILINE)[1:]:
            line, _, expected = part.partition("\n")
            noun, verb, *words = shlex.split(line)
            try:
                answer = await maybeDeferred(self.registry.run, noun, verb, parameters(words))
                shown = render(noun, answer)
            except CommandError as error:
                shown = f"Error: {error}"
            if not doctest.OutputChecker().check_output(expected.strip() + "\n", shown.strip() + "\n", _SAME):
                self.fail(f"$ smsgwctl {line}\nthe page says:\n{expected}\nthe gateway says:\n{shown}")

    async def prices_of(self, tenant: Tenant, at: int) -> Any:
        """As the catalog compiles them."""
        if tenant.price_list is None:
            return PriceTable(tenant.prices)
        rows = await self.records.page(PRICE_LIST, "", "", 100)
        lists = [msgspec.json.decode(row.value, type=PriceListRecord) for row in rows]
        current, _ = in_effect(lists, tenant.price_list, at)
        assert current is not None
        from smsgwd.app.account_tables import Special

        return Special(PriceTable(each for each in tenant.prices if each[0]), PriceTable(current.rates))

    async def table(self, name: str, text: str, at: int) -> None:
        """What a part costs, by number."""
        tenant = self.tenancy.directory.tenant(name)
        assert tenant is not None
        prices = await self.prices_of(tenant, at)
        rows = re.findall(r"^\| (\d+) \| ([\d.]+) \|", text, re.MULTILINE)
        self.assertGreater(len(rows), 1)
        for number, price in rows:
            self.assertEqual(prices.price(number), round(float(price) * 1_000_000), f"{name} to {number}")

    async def happens(self, text: str) -> None:
        """What the page tells of between its commands."""
        if sends := _SENDS.fullmatch(text):
            await self.send(sends[1], int(sends[2]), sends[3], int(sends[4] or 0))
        elif ends := _ENDS.fullmatch(text):
            await self.end(int(ends[1]), ends[2])
        else:
            self.fail(f"what is to happen? {text}")

    async def send(self, name: str, count: int, number: str, refused: int) -> None:
        chain = [self.tenancy.directory.tenant(name)]
        while chain[-1] is not None and chain[-1].parent is not None:
            chain.append(self.tenancy.directory.tenant(chain[-1].parent))
        prices = [(each.id, (await self.prices_of(each, _NOW)).price(number)) for each in chain if each is not None]
        made = []
        for _ in range(count):
            made.append(
                message(
                    self.next_id, tenant=name, msisdn=number, price=prices[0][1], payers=pack_payers(tuple(prices[1:]))
                )
            )
            self.next_id += 1
        [submitted] = await self.store.commit([Submit(name, made, _NOW)])
        self.assertEqual(set(submitted.refused.values()) - {"no_credit"}, set())
        self.assertEqual(len(submitted.refused), refused)
        self.on_their_way += [each for place, each in enumerate(made) if place not in submitted.refused]

    async def end(self, count: int, state: str) -> None:
        for _ in range(count):
            each = self.on_their_way.pop(0)
            if state == "rejected":
                await self.store.commit([Fail(each.id, 1, "a", _NOW, Failure("rejected", "no"))])
                continue
            smsc_id = f"s{each.id}"
            receipt = Receipt("a", smsc_id, State[state.upper()], _NOW, connector="a", id_format="same")
            await self.store.commit([PartSent(each.id, 1, smsc_id, "a", "a", _NOW, "same", expects_receipt=True)])
            await self.store.commit([TakeReceipt(receipt)])


def worked_through(page: Page, name: str) -> Deferred[int]:
    """For trial."""
    return ensureDeferred(page.work_through(name))
