"""More lookups than may wait are refused, also while others are being taken."""

import pytest
from twisted.internet.defer import Deferred

from smsgwd.model.refusals import Refused
from tests.app.test_lookup_desk import NUMBER, Stand


def test_what_is_being_stored_counts_as_waiting():
    stand = Stand(max_waiting=1000, credit=1_000_000_000)
    commit, stored = stand.store.commit, Deferred()
    stand.store.commit = lambda changes: stored.addCallback(lambda _: commit(changes))
    first = stand.desk.ask("child", [NUMBER] * 600)
    with pytest.raises(Refused, match="too many lookups"):
        stand.ask(*[NUMBER] * 600)
    stored.callback(None)
    assert len(stand.result(first)) == 600 and stand.desk.waiting == 0
    stand.store.commit = commit
    assert len(stand.ask(*[NUMBER] * 600)) == 600
