"""What is owed goes to the side whose it is."""

import pytest

from smsgwd.app.outboxes import Outboxes
from tests.northbound.esme.outbox_fakes import owed
from tests.notify.fakes import item


class Side:
    def __init__(self):
        self.calls = []
        self.looked = []

    def offer(self, items):
        self.calls.append([one.id for one in items])

    def look(self, target):
        self.looked.append(target)


@pytest.mark.parametrize(
    ("items", "to_urls", "to_esmes"),
    [
        ([item(1), item(2)], [[1, 2]], []),
        ([owed(1), owed(2)], [], [[1, 2]]),
        ([owed(1), item(2), owed(3, "other"), item(4)], [[2, 4]], [[1, 3]]),
    ],
)
def test_each_to_its_side_in_order(items, to_urls, to_esmes):
    urls, esmes = Side(), Side()
    Outboxes(urls, esmes).offer(items)
    assert (urls.calls, esmes.calls) == (to_urls, to_esmes)


def test_a_revived_target():
    urls, esmes = Side(), Side()
    outboxes = Outboxes(urls, esmes)
    outboxes.look("@demo")
    outboxes.look("demo https://shop.example")
    assert (urls.looked, esmes.looked) == (["demo https://shop.example"], ["@demo"])
