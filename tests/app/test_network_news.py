"""A lookup at one node tells the others which network a number is in."""

from twisted.internet.defer import fail

from smsgwd.app.cluster import Cluster
from smsgwd.app.network_news import NetworkNews
from smsgwd.ports.store import StoreUnavailable
from tests.app.test_lookup_desk import DIGITS, FOUND, NUMBER, Source, Stand


class Nodes:
    """Two that share a store; each hears what any of them tells, while `heard`."""

    def __init__(self):
        self.here = Stand(Source("hlr", FOUND))
        self.there = Stand(Source("hlr", FOUND), store=self.here.store)
        self.heard = True
        self.clusters = [Cluster(name, lambda: 0) for name in "ab"]
        for cluster, stand in zip(self.clusters, (self.here, self.there), strict=True):
            cluster.tell = self.tell
            NetworkNews(cluster, stand.store, stand.desk)
            stand.desk.start()

    def tell(self, topic):
        if self.heard:
            for cluster in self.clusters:
                cluster._woken(topic)

    def missed(self):
        self.clusters[1]._woken("")


def test_what_one_node_found_the_others_know():
    nodes = Nodes()
    reads = []
    latest = nodes.here.store.latest_lookup
    nodes.here.store.latest_lookup = lambda msisdn: reads.append(msisdn) or latest(msisdn)
    nodes.here.ask(NUMBER)
    assert nodes.here.desk.network_of(DIGITS) == nodes.there.desk.network_of(DIGITS) == "20201"
    assert reads == [DIGITS] * 2  # for an answer that is young enough, and by the other node


def test_a_missed_call_is_made_up_for():
    nodes = Nodes()
    nodes.heard = False
    nodes.here.ask(NUMBER)
    assert nodes.there.desk.network_of(DIGITS) is None
    known = nodes.here.store.known_networks
    nodes.here.store.known_networks = lambda after, limit: fail(StoreUnavailable("away"))
    nodes.missed()
    nodes.here.store.known_networks = known
    assert nodes.there.desk.network_of(DIGITS) is None
    nodes.there.run(2.5)
    assert nodes.there.desk.network_of(DIGITS) == "20201"


def test_before_the_start_and_after_the_end_nothing_is_read():
    stand = Stand()
    stand.store.known_networks = lambda after, limit: fail(AssertionError("it is not to be asked"))
    stand.desk.learn_again()
    stand.desk.stop()
    stand.desk.learn_again()
    assert stand.desk.network_of(DIGITS) is None
