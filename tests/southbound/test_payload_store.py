"""A message of several parts that travels in one PDU: one id, one receipt, one result, in the embedded store."""

import shutil
import tempfile
from pathlib import Path

from twisted.internet import defer, reactor
from twisted.trial.unittest import TestCase

from smsgwd.model.changes import Moved, Parked, PartSent, PutTenant, Submit, TakeReceipt
from smsgwd.model.message import State
from smsgwd.model.receipts import Receipt
from smsgwd.model.tenant import Tenant
from smsgwd.store.embedded.store import EmbeddedStore
from tests.southbound.fakes import message


class OnePdu(TestCase):
    timeout = 20

    @defer.inlineCallbacks
    def setUp(self):
        directory = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, directory)
        self.store = EmbeddedStore(reactor, directory)
        yield self.store.open()
        self.addCleanup(self.store.close)
        yield self.store.commit([PutTenant(Tenant("demo"))])
        yield self.store.commit([Submit("demo", [message(1, parts=3, submitted_at=1000)], 1000)])
        self.sent = [PartSent(1, part, "X1", "g", "sim", 2000) for part in (1, 2, 3)]

    def receipt(self, state):
        return TakeReceipt(Receipt("g", "x1", state, 3000, "WORD", "069", msisdn="306912345678"))

    @defer.inlineCallbacks
    def check(self, state, pushes):
        view = yield self.store.message("demo", 1)
        assert view.message.state is state and [part.state for part in view.parts] == [state] * 3
        assert [item.state for item in pushes] == [state]
        if state is State.UNDELIVERED:
            assert (view.error.code, view.error.detail) == ("undelivered", "WORD 069")

    @defer.inlineCallbacks
    def test_the_receipt_after_the_response(self):
        results = yield self.store.commit(self.sent)
        assert results[-1] == Moved(1, State.SENT)
        (result,) = yield self.store.commit([self.receipt(State.DELIVERED)])
        yield self.check(State.DELIVERED, result.outbox)

    @defer.inlineCallbacks
    def test_the_receipt_before_the_response(self):
        results = yield self.store.commit([self.receipt(State.DELIVERED)])
        assert results == [Parked()]
        results = yield self.store.commit(self.sent)
        yield self.check(State.DELIVERED, [item for result in results for item in getattr(result, "outbox", ())])

    @defer.inlineCallbacks
    def test_a_failure_before_the_response(self):
        yield self.store.commit([self.receipt(State.UNDELIVERED)])
        results = yield self.store.commit(self.sent)
        view = yield self.store.message("demo", 1)
        assert view.message.state is State.UNDELIVERED
        assert len([item for result in results for item in getattr(result, "outbox", ())]) == 1

    @defer.inlineCallbacks
    def test_a_failure_after_the_response(self):
        yield self.store.commit(self.sent)
        (result,) = yield self.store.commit([self.receipt(State.UNDELIVERED)])
        yield self.check(State.UNDELIVERED, result.outbox)
