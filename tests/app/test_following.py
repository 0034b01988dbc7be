"""What other nodes change of tenants and records counts here; nothing is put over what they have changed meanwhile."""

import pytest
from twisted.internet.defer import ensureDeferred, fail, succeed

from smsgwd.app.following import Following
from smsgwd.app.records import StoredRecords
from smsgwd.app.secrets import Vault
from smsgwd.app.tenancy import Tenancy
from smsgwd.model.records import CONTACT, REMEMBERED, ROUTE, SENDER
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Credential, Tenant
from smsgwd.ports.store import StoreUnavailable
from tests.app.fakes import FakeClock, now


class Store:
    """What all nodes share; `before` is done before the next commit, by another node."""

    def __init__(self, *tenants):
        self.kept = {tenant.id: tenant for tenant in tenants}
        self.before = []
        self.commits = 0

    def tenants(self):
        return succeed(list(self.kept.values()))

    def named(self, names):
        return succeed([self.kept[name] for name in names if name in self.kept])

    def commit(self, changes):
        [change] = changes
        self.commits += 1
        if self.before:
            other = self.before.pop(0)
            self.kept[other.id] = other
        there = self.kept.get(change.tenant.id)
        if (there is not None) != change.replace or (change.was is not None and change.was != there):
            return succeed([False])
        self.kept[change.tenant.id] = change.tenant
        return succeed([True])


class World:
    def __init__(self, *tenants):
        self.store = Store(*tenants)
        self.tenancy = Tenancy(Vault(b"the installation's secret key"))
        now(ensureDeferred(self.tenancy.load(self.store, ())))
        self.made, self.told = [], 0
        self.tenancy.listen(self.heard)
        self.following = Following(self.tenancy, self.store.named, self.changed)
        self.tenancy.catch_up = lambda: ensureDeferred(
            self.following.follow(dict.fromkeys((f"t:{name}" for name in self.store.kept), False))
        )

    def heard(self):
        self.told += 1

    def changed(self, kind, tenant):
        self.made.append((kind, tenant))
        return

    def follow(self, heard):
        now(ensureDeferred(self.following.follow(heard)))

    def change(self, name, make):
        return now(self.tenancy.change(name, make, 0))


def secret(name, owner_hash="$h"):
    return Credential("password", name, owner_hash)


def faster(tenant):
    return Tenant(tenant.id, throughput=tenant.throughput + 1, senders=tenant.senders)


def test_a_tenant_of_another_node_is_known():
    world = World(Tenant("a"))
    world.store.kept["b"] = Tenant("b", credentials=(secret("bob"),))
    world.follow({"t:b": False})
    assert world.tenancy.directory.password("bob").tenant.id == "b"
    assert world.told == 1


def test_what_is_known_already_tells_nobody():
    world = World(Tenant("a"))
    world.follow({"t:a": True, "t:unknown": False})
    assert world.told == 0


def test_a_password_changed_elsewhere_is_not_the_old_one():
    world = World(Tenant("a", credentials=(secret("ann", "old"),)))
    world.store.kept["a"] = Tenant("a", credentials=(secret("ann", "new"),))
    world.follow({"t:a": False})
    assert world.tenancy.directory.password("ann").credential.secret_hash == "new"


def test_a_name_that_went_from_one_tenant_to_another():
    """Heard of in any order, even one without the other."""
    world = World(Tenant("a", credentials=(secret("ann"),)), Tenant("b"))
    world.store.kept |= {"a": Tenant("a"), "b": Tenant("b", credentials=(secret("ann"),))}
    world.follow({"t:b": False})
    assert world.tenancy.directory.password("ann").tenant.id == "b"


def test_a_change_is_made_on_what_another_node_has_changed():
    world = World(Tenant("a", throughput=5))
    world.store.kept["a"] = Tenant("a", throughput=5, senders=("Shop",))  # not heard of yet
    assert world.change("a", faster) == Tenant("a", throughput=6, senders=("Shop",)) == world.store.kept["a"]


def test_a_change_that_another_node_was_faster_than_is_made_anew():
    world = World(Tenant("a", throughput=5))
    world.store.before = [Tenant("a", throughput=5, senders=("Shop",))]
    assert world.change("a", faster) == Tenant("a", throughput=6, senders=("Shop",)) == world.store.kept["a"]
    assert world.store.commits == 2
    assert world.tenancy.directory.tenant("a") == world.store.kept["a"]


def test_a_tenant_that_is_changed_again_and_again_is_left_alone():
    world = World(Tenant("a"))
    world.store.before = [Tenant("a", throughput=100 + number) for number in range(20)]
    with pytest.raises(Refused):
        world.change("a", faster)
    assert world.store.kept["a"].throughput >= 100


def test_a_tenant_that_another_node_made_first_is_not_made_again():
    world = World()
    world.store.before = [Tenant("a", throughput=7)]

    def new(there):
        if there is not None:
            raise Refused(Refusal.EXISTS, "there is one")
        return Tenant("a")

    with pytest.raises(Refused, match="there is one"):
        world.change("a", new)
    assert world.tenancy.directory.tenant("a") == Tenant("a", throughput=7)


def test_records_are_made_anew_but_not_those_of_this_node():
    world = World()
    world.follow({f"r:{SENDER}:a:b": False, f"r:{ROUTE}:": False, f"r:{SENDER}:own": True, f"r:{CONTACT}:x": False})
    assert world.made == [(SENDER, "a:b"), (ROUTE, ""), (CONTACT, "x")]


def test_everything_is_read_again_when_anything_may_have_changed():
    world = World(Tenant("a"))
    world.store.kept["b"] = Tenant("b")
    world.follow(None)
    assert world.tenancy.directory.tenant("b") is not None
    assert {kind for kind, _ in world.made} == REMEMBERED
    assert {tenant for kind, tenant in world.made if kind == SENDER} == {"a", "b"}
    assert {tenant for kind, tenant in world.made if kind == ROUTE} == {""}


def test_a_record_that_may_have_been_written_is_read_again():
    """A commit that failed may have happened at a server that could not confirm it."""

    class Away:
        def commit(self, changes):
            return fail(StoreUnavailable("not confirmed"))

    told = []
    records = StoredRecords(Away(), FakeClock(), after=lambda kind, tenant: told.append((kind, tenant)))
    for done in (records.put(SENDER, "a", "Shop", b"{}"), records.drop(SENDER, "a", "Shop")):
        with pytest.raises(StoreUnavailable):
            now(done)
    assert told == [(SENDER, "a")] * 2
