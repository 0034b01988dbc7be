"""The worked examples of the pages about tenants and money do what the pages say."""

import pytest
from twisted.internet.defer import ensureDeferred

from tests.docs.worked_pages import Page as _Page
from tests.docs.worked_pages import worked_through


class PagesTests(_Page):
    def test_tenants(self):
        return worked_through(self, "tenants.md").addCallback(self.assertGreaterEqual, 6)

    def test_credentials(self):
        return worked_through(self, "credentials.md").addCallback(self.assertGreaterEqual, 3)

    def test_ledger(self):
        return worked_through(self, "ledger.md").addCallback(self.assertGreaterEqual, 7)

    def test_pricing(self):
        return worked_through(self, "pricing.md").addCallback(self.assertGreaterEqual, 15)

    def test_a_page_that_says_something_else_is_found_out(self):
        async def wrong():
            await self.begin()
            with pytest.raises(self.failureException, match="the gateway says"):
                await self.console("$ smsgwctl tenant create id=a\ntenant: b\n")
            with pytest.raises(self.failureException, match="the gateway says"):
                await self.console("$ smsgwctl tenant show id=nobody\nid: nobody\n")

        return ensureDeferred(wrong())
