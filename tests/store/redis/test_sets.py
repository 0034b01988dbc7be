"""Sets of servers that other tests talk to."""

from tests.store.redis_server import Client
from tests.store.redis_sets import ClusterSet, SentinelSet


def test_sentinels_make_a_replica_the_master():
    with SentinelSet() as servers:
        assert servers.current() is servers.master
        servers.master.kill()
        assert servers.current() is servers.replicas[0]


def test_a_slot_of_a_cluster_moves():
    with ClusterSet() as cluster:
        slot = cluster.slot_of("{x}")
        target = next(each for each in cluster.masters if each is not cluster.owner(slot))
        Client(port=cluster.owner(slot).port).call("SET", "{x}a", 1)
        source = cluster.begin_move(slot, target)
        cluster.move_keys(slot, source, target)
        cluster.end_move(slot, target)
        assert cluster.owner(slot) is target
        assert target.client.call("GET", "{x}a") == b"1"
