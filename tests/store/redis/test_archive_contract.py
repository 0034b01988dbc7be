"""The Redis store answers as it must when all that has ended is in the archive: the parts of the contract that ask."""

from twisted.trial.unittest import TestCase

from tests.store import contract, contract_counting, contract_finding
from tests.store.redis.archiving import AlwaysArchived, InPostgres


class TestQueries(AlwaysArchived, contract.QueryContract, TestCase):
    test_close_commits_what_was_asked_for = None  # nothing can be archived meanwhile


class TestDialects(AlwaysArchived, contract.DialectContract, TestCase):
    # Files go by the day, which no change does.
    test_a_reference_goes_with_its_message = None
    test_numbers_stay_when_messages_are_purged = None


class TestFind(AlwaysArchived, contract_finding.FindContract, TestCase):
    pass


class TestCounting(AlwaysArchived, contract_counting.CountingContract, TestCase):
    pass


class TestTrace(AlwaysArchived, contract_finding.TraceContract, TestCase):
    pass


class TestSubmit(AlwaysArchived, contract.SubmitContract, TestCase):
    pass


class TestSending(AlwaysArchived, contract.SendingContract, TestCase):
    pass


class TestReceipts(AlwaysArchived, contract.ReceiptContract, TestCase):
    pass


class TestSweeps(AlwaysArchived, contract.SweepContract, TestCase):
    pass


class TestEsmes(AlwaysArchived, contract.EsmeContract, TestCase):
    pass


class TestMoney(AlwaysArchived, contract.MoneyContract, TestCase):
    pass


class TestQueriesInPostgres(InPostgres, TestQueries):
    pass


class TestDialectsInPostgres(InPostgres, TestDialects):
    pass


class TestFindInPostgres(InPostgres, TestFind):
    pass


class TestTraceInPostgres(InPostgres, TestTrace):
    pass
