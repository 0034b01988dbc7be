"""Rotation of the secret keys, with the real store, the real authenticator and a real key file."""

from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.internet import reactor
from twisted.internet.defer import ensureDeferred, fail, succeed
from twisted.internet.task import Clock as Timers
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from smsgwd.app.cluster import Cluster
from smsgwd.app.secret_desk import SecretDesk
from smsgwd.app.secrets import KeyFileError, Vault, keys_of, new_key, read_or_make
from smsgwd.app.tenancy import Tenancy
from smsgwd.app.tenant_desk import TenantDesk
from smsgwd.config.given import read_mapping
from smsgwd.model.refusals import Refused
from smsgwd.net.clock import SystemClock
from smsgwd.northbound.auth import PasswordAuthenticator
from smsgwd.ops.secrets import SecretsError
from smsgwd.ports.nodes import NodeState, NodeView
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.embedded.store import EmbeddedStore

HERE = "192.0.2.1"
TENANT = """
id: shop
webhook: {secret: whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz}
credentials:
  - {kind: token, secret: token-no-1, label: one}
  - {kind: token, secret: token-no-2, label: two, expires_at: "2096-10-02T07:06:40Z"}
  - {kind: smpp, system_id: shop, secret: pass, outbind: "192.0.2.9:2775", outbind_password: knock}
"""


class Others:
    """The nodes as node `name` sees them; `calls` has what it tells."""

    alone = False

    def __init__(self, name, views):
        self.node, self.nodes, self.views, self.calls, self.away = name, self, views, [], False

    def refresh(self):
        return fail(StoreUnavailable("no server")) if self.away else succeed(None)

    def live(self):
        return [NodeView(name, NodeState.UP, keys=keys()) for name, keys in self.views.items()]

    def listen(self, kind, heard):
        self.heard = (kind, heard)

    def tell(self, topic):
        self.calls.append(topic)


class SealedElsewhere:
    """One secret that something else than a tenant has, in a store that may be away."""

    def __init__(self, text):
        self.text, self.away = text, False

    def sealed(self):
        return fail(StoreUnavailable("no disk")) if self.away else succeed([self.text])

    def seal_anew(self, anew):
        if self.away:
            return fail(StoreUnavailable("no disk"))
        self.text = anew(self.text)
        return succeed(None)


class SecretDeskTests(TestCase):
    async def begin(self):
        directory = TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.file = Path(directory.name) / "secret.key"
        self.store = EmbeddedStore(reactor, directory.name)
        await self.store.open()
        self.addCleanup(lambda: self.store.close())
        await self.start()
        await self.tenants.create(read_mapping(TENANT))

    others = ()

    async def start(self, *, file=True, cluster=None):
        """As a process does that finds the file and the store."""
        self.timers = Timers()
        self.vault = Vault(*keys_of(read_or_make(self.file)))
        self.tenancy = Tenancy(self.vault)
        await self.tenancy.load(self.store, ())
        clock = SystemClock()
        self.tenants = TenantDesk(self.tenancy, self.vault, clock)
        self.auth = PasswordAuthenticator(reactor, self.tenancy.directory, self.vault.token_key, clock)
        self.addCleanup(self.auth.stop)
        self.desk = SecretDesk(
            self.timers, vault=self.vault, tenancy=self.tenancy, clock=clock, file=self.file if file else None,
            cluster=cluster or Cluster("a", clock.now_ms), others=self.others,
        )  # fmt: skip
        self.auth.on_old_token(self.desk.moved)
        self.vault.listen(self.auth.use_keys)

    async def settled(self):
        """Everything asked of the desk is through: what it does is done one after the other."""
        await self.desk._lock.run(lambda: None)

    async def uses(self):
        return [(each.use, each.tokens, each.sealed) for each in await self.desk.show()]

    async def refused(self, deferred):
        try:
            await deferred
        except SecretsError as error:
            return str(error)
        return None

    async def known(self, secret):
        try:
            return (await self.auth.token(secret, HERE)).id
        except Refused:
            return None

    def test_a_new_key_seals_everything_and_tokens_move_when_they_are_used(self):
        return ensureDeferred(self._rotated())

    async def _rotated(self):
        await self.begin()
        self.assertEqual(await self.uses(), [("seals", 2, 2)])
        old = self.file.read_bytes()
        await self.desk.rotate()
        self.assertEqual(self.file.read_bytes().splitlines()[1:], old.splitlines())
        self.assertEqual(await self.uses(), [("seals", 0, 2), ("opens", 2, 0)])
        self.assertEqual(self.tenancy.secrets("shop"), ("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz",))
        self.assertEqual(await self.desk.retire("", False), [])
        self.assertEqual(await self.known("token-no-1"), "shop")
        self.assertEqual(self.auth.known("Bearer token-no-1", HERE).id, "shop")
        self.timers.advance(1)
        await self.settled()
        self.assertEqual(await self.uses(), [("seals", 1, 2), ("opens", 1, 0)])
        self.assertEqual(self.auth.known("Bearer token-no-1", HERE), None)  # remembered as it was: asked anew
        self.assertEqual(await self.known("token-no-1"), "shop")
        self.assertEqual(self.auth.known("Bearer token-no-2", HERE).id, "shop")  # the way that remembers moves it, too
        self.timers.advance(1)
        await self.settled()
        moved = {each.label: each for each in self.tenancy.directory.tenant("shop").credentials}
        self.assertEqual(moved["two"].expires_at, 4000000000000)
        [gone] = await self.desk.retire("", False)
        self.assertEqual(len(self.file.read_bytes().splitlines()), 1)
        self.assertNotIn(gone, self.vault.key_ids)
        await self.start()  # another process knows all of it
        self.assertEqual(await self.uses(), [("seals", 2, 2)])
        self.assertEqual(
            [await self.known(each) for each in ("token-no-1", "token-no-2", "token-no-3")], ["shop", "shop", None]
        )
        [esme] = [each for each in self.tenancy.directory.tenant("shop").credentials if each.kind == "smpp"]
        self.assertEqual(self.vault.open(esme.esme.outbind_password), "knock")

    def test_what_others_keep_sealed_counts_and_is_sealed_anew(self):
        return ensureDeferred(self._others())

    async def _others(self):
        await self.begin()
        kept = SealedElsewhere(self.vault.seal("of an operator"))
        self.others = (kept,)
        await self.start()
        old = self.vault.key_id
        self.assertEqual(await self.uses(), [("seals", 2, 3)])
        kept.away = True
        self.assertIn("what is sealed cannot be known", await self.refused(self.desk.show()))
        self.assertIn("what is sealed cannot be known", await self.refused(self.desk.rotate()))
        self.assertEqual(self.vault.sealed_under(kept.text), old)
        kept.away = False
        self.assertIn("sealed secrets", await self.refused(self.desk.retire(old, True)))
        self.timers.advance(60)  # tried again
        await self.settled()
        self.assertEqual(self.vault.sealed_under(kept.text), self.vault.key_id)
        self.assertEqual(self.vault.open(kept.text), "of an operator")
        self.assertEqual(await self.uses(), [("seals", 0, 3), ("opens", 2, 0)])

    def test_a_process_that_ended_in_the_middle_goes_on_at_its_start(self):
        return ensureDeferred(self._ended_in_the_middle())

    async def _ended_in_the_middle(self):
        await self.begin()
        real, self.tenancy.change = self.tenancy.change, None  # whatever is after the file never happens
        try:
            await self.desk.rotate()
        except TypeError:
            pass
        else:
            self.fail("the rotation was to break off")
        self.tenancy.change = real
        await self.start()
        self.assertEqual(await self.uses(), [("seals", 0, 0), ("opens", 2, 2)])
        self.assertEqual(await self.known("token-no-1"), "shop")
        self.desk.start()
        await self.settled()
        self.assertEqual(await self.uses(), [("seals", 0, 2), ("opens", 2, 0)])

    def test_a_key_that_got_out_goes_although_tokens_need_it(self):
        return ensureDeferred(self._forced())

    async def _forced(self):
        await self.begin()
        await self.desk.rotate()
        newest, old = self.vault.key_ids
        self.assertIn("needed by 2 tokens and 0", await self.refused(self.desk.retire(old, False)))
        self.assertIn("it seals", await self.refused(self.desk.retire(newest, True)))
        self.assertIn("no old key 00", await self.refused(self.desk.retire("00", True)))
        self.assertIn("needs the key", await self.refused(self.desk.retire("", True)))
        self.assertEqual(await self.desk.retire(old, True), [old])
        self.assertEqual(await self.known("token-no-1"), None)
        shown = await self.desk.show()
        self.assertEqual([(each.use, each.tokens) for each in shown], [("seals", 0), ("missing", 2)])

    def test_a_key_that_cannot_be_written_changes_nothing(self):
        return ensureDeferred(self._not_written())

    async def _not_written(self):
        await self.begin()
        before = self.vault.keys
        self.file.write_bytes(b"somebody else's key, long enough")
        self.assertIn("was changed since", await self.refused(self.desk.rotate()))
        self.assertEqual(self.vault.keys, before)
        self.assertEqual(await self.known("token-no-1"), "shop")
        with self.assertRaises(KeyFileError):
            keys_of(b"x" * 32 + b"\nshort")

    def test_keys_given_by_the_configuration_are_rotated_there(self):
        return ensureDeferred(self._given())

    async def _given(self):
        await self.begin()
        await self.start(file=False)
        self.assertIn("put a new key in a line of its own", await self.refused(self.desk.rotate()))
        self.file.write_bytes(b"a new key of thirty-two characters\n" + self.file.read_bytes())
        await self.start(file=False)
        self.desk.start()
        await self.settled()
        self.assertEqual(await self.uses(), [("seals", 0, 2), ("opens", 2, 0)])

    def test_what_the_store_does_not_take_is_tried_again(self):
        return ensureDeferred(self._store_away())

    async def _store_away(self):
        await self.begin()
        self.tenancy._store = Away(self.store)
        await self.desk.rotate()
        self.assertEqual(await self.uses(), [("seals", 0, 0), ("opens", 2, 2)])
        self.tenancy._store = self.store
        self.timers.advance(60)
        await deferToThread(lambda: None)
        await self.settled()
        self.assertEqual(await self.uses(), [("seals", 0, 2), ("opens", 2, 0)])

    def test_a_token_moves_later_where_the_store_takes_nothing(self):
        return ensureDeferred(self._moves_later())

    async def _moves_later(self):
        await self.begin()
        await self.desk.rotate()
        self.tenancy._store = Away(self.store)
        self.assertEqual(await self.known("token-no-1"), "shop")
        self.timers.advance(1)
        await self.settled()
        self.assertEqual(await self.uses(), [("seals", 0, 2), ("opens", 2, 0)])
        self.tenancy._store = self.store
        self.timers.advance(60)
        await self.settled()
        self.assertEqual(await self.uses(), [("seals", 1, 2), ("opens", 1, 0)])

    def test_a_token_that_is_there_under_an_old_key_is_not_taken_twice(self):
        return ensureDeferred(self._twice())

    async def _twice(self):
        await self.begin()
        await self.desk.rotate()
        try:
            await self.tenants.add_credential("shop", {"kind": "token", "secret": "token-no-1"})
        except Refused as refused:
            self.assertIn("token already", refused.detail)
        else:
            self.fail("it was taken")

    def test_of_several_nodes_all_have_a_key_before_it_is_used(self):
        return ensureDeferred(self._several())

    async def _several(self):
        await self.begin()
        old = self.vault.keys
        views = {"a": lambda: self.vault.key_ids, "b": lambda: other.key_ids}
        other = Vault(*old)
        here = Others("a", views)
        await self.start(cluster=here)
        self.desk.start()
        self.assertIn("the last line of the key file of every node", await self.refused(self.desk.rotate()))
        self.assertIn("there is no key 00", await self.refused(self.desk.rotate("00")))
        self.file.write_bytes(b"\n".join((*old, new_key())))
        await self.start(cluster=here)
        self.desk.start()
        await self.settled()
        first, last = self.vault.key_ids
        self.assertIn("b could not open", await self.refused(self.desk.rotate(last)))
        self.assertEqual((self.vault.key_id, here.calls), (first, []))
        other.use(self.vault.keys)
        here.away = True
        self.assertIn("cannot be known: no server", await self.refused(self.desk.rotate(last)))
        here.away = False
        await self.desk.rotate(last)
        self.assertEqual((self.vault.key_ids, here.calls), ((last, first), [f"key:{last}"]))
        self.assertEqual(keys_of(self.file.read_bytes()), self.vault.keys)
        self.assertEqual(await self.uses(), [("seals", 0, 2), ("opens", 2, 0)])
        self.assertEqual(other.open(self.tenancy.directory.tenant("shop").webhook_secret)[:6], "whsec_")
        # Nor is one dropped that another node seals with.
        self.assertIn("node b seals with", await self.refused(self.desk.retire(first, True)))
        self.assertEqual(await self.desk.retire("", False), [])

    def test_a_node_that_is_called_puts_the_key_first_too(self):
        return ensureDeferred(self._put_first())

    async def _put_first(self):
        await self.begin()
        self.file.write_bytes(b"\n".join((*self.vault.keys, new_key())))
        here = Others("b", {})
        await self.start(cluster=here)
        self.desk.start()
        first, last = self.vault.key_ids
        kind, heard = here.heard
        self.assertEqual(kind, "key")
        for told in ("", "00", first):
            heard(told)
            await self.settled()
            self.assertEqual(self.vault.key_ids, (first, last))
        heard(last)
        await self.settled()
        self.assertEqual(self.vault.key_ids, (last, first))
        self.assertEqual(keys_of(self.file.read_bytes()), self.vault.keys)
        # Whose file was written by another node that has the same: it is used.
        await self.start(cluster=here)
        self.desk.start()
        self.file.write_bytes(b"\n".join(self.vault.keys[::-1]))
        here.heard[1](first)
        await self.settled()
        self.assertEqual(self.vault.key_ids, (first, last))


class Away:
    """A store that takes nothing."""

    def __init__(self, store):
        self.store = store

    async def commit(self, changes):
        from smsgwd.ports.store import StoreUnavailable

        raise StoreUnavailable("the disk is full")
