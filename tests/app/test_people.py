"""What stands behind the console follows the configuration, and says where passwords could be read on the way."""

from types import SimpleNamespace

from twisted.internet.defer import Deferred

from smsgwd.app.people import build_people
from smsgwd.config.model.console import Console, ConsoleAccount
from smsgwd.config.model.listeners import OpsListener
from tests.app.people_world import PeopleCase

TLS = SimpleNamespace()


def config(listen="127.0.0.1:8081", tls=None, **console):
    ops = None if listen is None else OpsListener(listen=listen).model_copy(update={"tls": tls})
    return SimpleNamespace(console=Console(**console), listeners=SimpleNamespace(ops=ops))


class PeopleTests(PeopleCase):
    def built(self, config):
        tenancy = SimpleNamespace(directory=self.directory)
        self.core = SimpleNamespace(
            store=self.store, clock=self.clock, vault=self.vault, tenancy=tenancy, needs=[], sealed=[]
        )
        return build_people(config, self.core, self.auth)

    async def test_operators_of_the_configuration_log_in_and_new_ones_come_with_a_reload(self):
        demo = ConsoleAccount(name="demo", role="admin", secret="demo")
        people = self.built(config(accounts=(demo,)))
        await people.start()
        self.assertEqual((await people.logins.password("demo", "demo", "192.0.2.1")).who, "demo")
        cookie, _ = await people.sessions.begin("tenants", "shop", "ann", "f", "192.0.2.1", "")
        made = Deferred()
        real = people.desk.make
        people.desk.make = lambda declared: self.told(real(declared), made)
        alice = ConsoleAccount(name="alice", role="read", secret="correct horse")
        people.become(Console(accounts=(demo, alice), idle_min=5.0, title="Example"))
        await made
        self.assertEqual([each.name for each in await people.desk.everybody()], ["alice", "demo"])
        _, uri = await people.desk.begin_codes("alice")
        self.assertIn("issuer=Example", uri)
        self.assertIsNone(await people.sessions.find(cookie))
        self.assertEqual(self.core.sealed, [people.desk])
        self.assertEqual(len(await people.desk.sealed()), 1)

    async def told(self, work, made):
        await work
        made.callback(None)

    async def test_passwords_in_clear_are_told_once_there_is_an_operator(self):
        open_one = self.built(config("0.0.0.0:8081"))
        [needs] = self.core.needs
        self.assertEqual(needs(), [])
        await open_one.desk.add("alice", "read", "correct horse")
        self.assertIn("listeners.ops", needs()[0])
        for one in (
            config("127.0.0.1:8081"),
            config("[::1]:8081"),
            config("0.0.0.0:8081", tls=TLS),
            config("0.0.0.0:8081", enabled=False),
            config(None),
        ):
            people = self.built(one)
            await people.start()
            self.assertEqual(self.core.needs[0](), [])

    def test_every_command_of_operators_is_there(self):
        verbs = {each.verb for each in self.built(config()).commands()}
        self.assertEqual(len(verbs), 11)
        self.assertIn("totp-confirm", verbs)
