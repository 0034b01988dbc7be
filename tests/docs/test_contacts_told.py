"""docs/contacts.md on providers with contacts of their own: its connector can be made, its answer is the command's."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import yaml
from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import TestCase

from smsgwd.app.contact_pushes import ContactPushes
from smsgwd.app.records import StoredRecords
from smsgwd.config.model.connectors import ProviderConnector
from smsgwd.model.records import CONTACT, Contact
from smsgwd.net.clock import SystemClock
from smsgwd.ops.contact_pushes import ContactPushCommands
from smsgwd.providers.loading import load
from smsgwd.southbound.provider.calls import Call, Done
from smsgwd.southbound.provider.settings import ProviderSettings, provider_settings
from smsgwd.store.embedded.store import EmbeddedStore

PAGE = Path(__file__).resolve().parents[2] / "docs" / "contacts.md"
SECTION = PAGE.read_text().partition("## A provider with contacts of its own\n")[2].partition("\n## ")[0]


def block(language: str) -> str:
    """The one example in this language."""
    [found] = re.findall(rf"```{language}\n(.*?)```", SECTION, re.DOTALL)
    return str(found)


class Told:
    """The connector of the page, whose provider refuses the second contact."""

    may_ask = True

    def __init__(self) -> None:
        [section] = yaml.safe_load(block("yaml"))["connectors"]
        connector = ProviderConnector.model_validate(section)
        self.settings: ProviderSettings = provider_settings(connector, load(connector.provider))
        self.id = connector.id

    def call(self, call: Call) -> Deferred[Done]:
        """As the provider says on the page."""
        return succeed(Done(contacts=["", "#004 Invalid E-mail"]))


class ContactsToldTests(TestCase):
    """What the page shows."""

    timeout = 30

    async def test_the_command_answers_as_the_page_says(self) -> None:
        store: Any = EmbeddedStore(reactor, self.mktemp())
        await store.open()
        self.addCleanup(store.close)
        records = StoredRecords(store, SystemClock())
        rows = [(number, msgspec.json.encode(Contact(number))) for number in ("306912345678", "306912345679")]
        await records.put_many(CONTACT, "demo", rows)
        told = Told()
        assert told.settings.push_contacts
        pushes = ContactPushes(reactor, SystemClock(), records, lambda: [told])
        [command] = ContactPushCommands(pushes).commands()
        words = f"smsgwctl {command.noun} {command.verb} {told.id}"
        assert f"`{words}`" in SECTION
        assert await command.run({"id": told.id}) == json.loads(block("text"))
