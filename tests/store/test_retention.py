"""The embedded store keeps the contract of retention and erasure."""

from twisted.trial.unittest import TestCase

from tests.store.contract_retention import ErasureContract, RetentionContract
from tests.store.test_embedded import Embedded


class TestRetention(Embedded, RetentionContract, TestCase):
    pass


class TestErasure(Embedded, ErasureContract, TestCase):
    pass
