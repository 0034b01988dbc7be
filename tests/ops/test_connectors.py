"""`connector list`."""

from smsgwd.ops.connectors import Connectors
from smsgwd.ports.dispatch import ConnectorStatus
from tests.ops.asking import run


class Dispatcher:
    def status(self):
        return [ConnectorStatus("a", "smpp", False, 1, 2, 3, 4, 5, (), rate=199.96, suspended_s=12.34)]

    def down_for(self, connector):
        return {"a": 33.33}[connector]


def test_rate_and_times():
    [row] = run(Connectors(Dispatcher()), "connector", "list")
    assert (row["id"], row["up"], row["down_s"], row["suspended_s"], row["rate"]) == ("a", False, 33.3, 12.3, 200.0)
