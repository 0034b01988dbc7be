"""The embedded store keeps the contract of what operators look at and do."""

from twisted.trial.unittest import TestCase

from smsgwd.ports.store import FindFilter
from smsgwd.store.embedded import find, operators, tenant_pushes
from tests.store import contract_finding, contract_operators
from tests.store.test_embedded import Embedded


class TestAudit(Embedded, contract_operators.AuditContract, TestCase):
    pass


class TestStop(Embedded, contract_operators.StopContract, TestCase):
    pass


class TestDiscard(Embedded, contract_operators.DiscardContract, TestCase):
    pass


class TestRepush(Embedded, contract_operators.RepushContract, TestCase):
    pass


class TestFinals(Embedded, contract_operators.FinalContract, TestCase):
    pass


class TestFind(Embedded, contract_finding.FindContract, TestCase):
    pass


class TestFindInSmallSteps(Embedded, contract_finding.FindContract, TestCase):
    """The same where a call looks at few rows: pages may be empty and lead on."""

    async def setUp(self):
        self.patch(find, "_CHUNK", 2)
        self.patch(find, "_MOST", 2)
        self.patch(find, "_FEW", 1)
        await super().setUp()

    async def test_an_empty_page_leads_on(self):
        page = await self.store.find(FindFilter(msisdn="1"), None, 9)
        self.assertEqual(page.views, ())
        self.assertIsNotNone(page.before)
        self.assertEqual(await self.ids(msisdn="1"), [])


class TestTrace(Embedded, contract_finding.TraceContract, TestCase):
    pass


class TestWaiting(Embedded, contract_finding.WaitingContract, TestCase):
    pass


class TestPushesOfMany(Embedded, contract_finding.PushesContract, TestCase):
    """The same where all that is owed is taken for much."""

    async def setUp(self):
        self.patch(operators, "_FEW", 0)
        await super().setUp()


class TestTenantPushes(Embedded, contract_finding.TenantPushesContract, TestCase):
    pass


class TestTenantPushesInSmallSteps(Embedded, contract_finding.TenantPushesContract, TestCase):
    """The same where a call looks at few rows: pages may be empty and lead on."""

    async def setUp(self):
        self.patch(tenant_pushes, "_CHUNK", 2)
        self.patch(tenant_pushes, "_MOST", 2)
        self.patch(tenant_pushes, "_FEW", 1)
        await super().setUp()


class TestPushes(Embedded, contract_finding.PushesContract, TestCase):
    pass
