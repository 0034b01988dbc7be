"""The worked examples of docs/sender-ids.md: its commands against the real store, its tables against the rules."""

from __future__ import annotations

import json
import re

import msgspec
import pytest
from twisted.internet.defer import ensureDeferred

from smsgwd.admission.sender_rules import SenderRules
from smsgwd.admission.senders import checked_sender, sender_of
from smsgwd.model.records import SENDER_RULE, SenderRule
from smsgwd.model.refusals import Refused
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpRequest
from smsgwd.northbound.senders import Senders as TenantsSenders
from smsgwd.ops.registry import Registry
from smsgwd.ops.senders import Senders
from tests.docs.tables import table
from tests.docs.worked_pages import DOCS, Wall
from tests.docs.worked_pages import Page as _Page

PAGE = DOCS / "sender-ids.md"
_STEP = re.compile(r"<!-- tenant (\w+) asks -->\n```sh\n.*?-d '(.*?)'\n```|```console\n(.*?)```", re.DOTALL)


def _names(cell: str) -> list[str]:
    return [name.strip().strip("`") for name in cell.split(",") if name.strip()]


def test_what_a_sender_may_look_like():
    for sender, said in table(PAGE, "sender", ""):
        if said.startswith("refused: "):
            with pytest.raises(Refused) as caught:
                checked_sender(sender)
            assert said.removeprefix("refused: ") in caught.value.detail
        else:
            assert checked_sender(sender) == sender


def test_who_may_use_which():
    for allowed, approved, default, may, may_not in table(
        PAGE, "senders", "approved", "default", "may use", "may not use"
    ):
        given = (default or None, _names(allowed), frozenset(_names(approved)))
        for name in _names(may):
            assert sender_of(name, *given) == name
        for name in _names(may_not):
            with pytest.raises(Refused):
                sender_of(name, *given)


class PageTests(_Page):
    def test_the_page(self):
        return ensureDeferred(self.from_request_to_rules())

    async def from_request_to_rules(self):
        await self.begin()
        self.registry = Registry(Senders(self.records, Wall(), lambda tenant: tenant == "shop").commands())
        shop = Tenant("shop")
        steps = 0
        rules = None
        for tenant, asked, console in _STEP.findall(PAGE.read_text("utf-8")):
            steps += 1
            if tenant:
                request = HttpRequest("POST", "/v1/senders", [], {}, asked.encode(), "192.0.2.1")
                answer = await TenantsSenders(self.records, lambda: 0).add(shop, request)
                self.assertEqual(json.loads(answer.body)["status"], "requested")
                continue
            await self.console(console)
            if "senderrule put" in console:
                rows = await self.records.page(SENDER_RULE, "", "", 100)
                rules = SenderRules({row.key: msgspec.json.decode(row.value, type=SenderRule) for row in rows})
        self.assertGreaterEqual(steps, 5)
        assert rules is not None
        for sender, number, said in table(PAGE, "sender", "to", "goes out as"):
            if said.startswith("refused: "):
                with pytest.raises(Refused) as caught:
                    rules.apply(sender, number, frozenset({"Brand"}))
                self.assertIn(said.removeprefix("refused: "), caught.value.detail)
            else:
                self.assertEqual(rules.apply(sender, number, frozenset({"Brand"})) or sender, said)
