"""The embedded store keeps the contract of what makes a business."""

from twisted.trial.unittest import TestCase

from tests.store import contract_clearing, contract_holds, contract_links, contract_records
from tests.store.test_embedded import Embedded


class TestTenants(Embedded, contract_records.TenantContract, TestCase):
    pass


class TestRecords(Embedded, contract_records.RecordContract, TestCase):
    pass


class TestLookups(Embedded, contract_records.LookupContract, TestCase):
    pass


class TestLinks(Embedded, contract_links.LinkContract, TestCase):
    pass


class TestEvents(Embedded, contract_links.EventContract, TestCase):
    pass


class TestSchedule(Embedded, contract_holds.ScheduleContract, TestCase):
    pass


class TestHolds(Embedded, contract_holds.HoldContract, TestCase):
    pass


class TestBlacklist(Embedded, contract_holds.BlacklistContract, TestCase):
    pass


class TestClearing(Embedded, contract_clearing.ClearingContract, TestCase):
    pass


class TestForgetting(Embedded, contract_clearing.ForgettingContract, TestCase):
    pass
