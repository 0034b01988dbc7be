"""The changes of a turn are one commit, and everybody hears of theirs."""

from twisted.internet.defer import succeed
from twisted.internet.task import Clock

from smsgwd.model.changes import Cancel, Ignored, Moved, Resent
from smsgwd.model.message import State
from smsgwd.net.turn import Turn
from smsgwd.southbound.batch import Batch
from tests.notify.fakes import item
from tests.southbound.fakes import FakeOutbox, message


class _Store:
    """Commits at once; every cancellation owes a push."""

    healthy = True

    def commit(self, changes):
        return succeed([Moved(each.message_id, State.CANCELLED, (item(each.message_id),)) for each in changes])


def test_who_fails_at_his_results_keeps_them_from_nobody():
    """Neither those after him in the same commit, nor what tenants are owed for it."""
    reactor, outbox, heard = Clock(), FakeOutbox(), []
    batch = Batch(_Store(), outbox, reactor, Turn(reactor))

    def broken(results, args):
        raise RuntimeError("a bug")

    def good(results, args):
        assert not any(isinstance(result, Ignored) for result in results)
        heard.extend(args)

    for number, then in enumerate((good, broken, good, broken), 1):
        batch.add(Cancel("demo", number, 5), then, number)
    ended = []
    batch.idle().addCallback(ended.append)
    reactor.advance(0)
    assert heard == [1, 3]
    assert [each.id for each in outbox.items] == [1, 2, 3, 4]
    assert ended == [None]


def test_an_outbox_that_fails_keeps_no_message_from_its_second_way():
    class Store:
        healthy = True

        def commit(self, changes):
            owed, again = changes
            return succeed([Moved(owed.message_id, State.CANCELLED, (item(1),)), Resent(message(again.message_id))])

    class Outbox:
        def offer(self, items):
            raise RuntimeError("a bug")

    reactor, resent, ended = Clock(), [], []
    batch = Batch(Store(), Outbox(), reactor, Turn(reactor), resent.extend)
    batch.add(Cancel("demo", 1, 5))
    batch.add(Cancel("demo", 2, 5))
    batch.idle().addCallback(ended.append)
    reactor.advance(0)
    assert [each.id for each in resent] == [2] and ended == [None]
