"""Operators, log-ins and sessions over a real store that can be away."""

import base64

from twisted.internet import reactor
from twisted.internet.defer import fail
from twisted.trial.unittest import TestCase

from smsgwd.accounts import totp
from smsgwd.accounts.directory import Directory
from smsgwd.accounts.failures import FailureLimiter
from smsgwd.app.console_logins import OperatorLogins
from smsgwd.app.console_sessions import ConsoleSessions
from smsgwd.app.operator_desk import OperatorDesk
from smsgwd.app.records import StoredRecords
from smsgwd.app.secrets import Vault
from smsgwd.config.model.console import Console
from smsgwd.model.refusals import Refused
from smsgwd.northbound.auth import PasswordAuthenticator
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.embedded.store import EmbeddedStore
from tests.app.fakes import FakeClock

HERE = "192.0.2.1"
KEY = b"a key of the installation"


class Away:
    """Records that fail while `away`; `puts` counts what was written."""

    def __init__(self, records):
        self.records, self.away, self.puts = records, False, 0

    def __getattr__(self, name):
        def asked(*args, **options):
            self.puts += name == "put"
            return fail(StoreUnavailable("no disk")) if self.away else getattr(self.records, name)(*args, **options)

        return asked


class PeopleCase(TestCase):
    timeout = 60

    async def setUp(self):
        self.store = EmbeddedStore(reactor, self.mktemp())
        await self.store.open()
        self.clock = FakeClock()
        self.records = Away(StoredRecords(self.store, self.clock))
        self.vault = Vault(KEY)
        self.desk = self.another_desk()
        self.directory = Directory()
        self.failures = []
        self.auth = PasswordAuthenticator(
            reactor, self.directory, KEY, self.clock,
            limiter=FailureLimiter(by_name=3, by_address=100), on_failure=self.failures.append,
        )  # fmt: skip
        self.logins = OperatorLogins(self.desk, self.auth)
        self.sessions = self.another_node()

    async def tearDown(self):
        self.auth.stop()
        await self.store.close()

    def another_desk(self):
        """As another process has it."""
        return OperatorDesk(self.records, self.vault, self.clock, "smsgwd")

    def another_node(self, **section):
        """Sessions of a process that has seen none so far."""
        return ConsoleSessions(self.records, self.desk, self.directory, self.clock, Console(**section))

    def code(self, secret, steps=0):
        """The code that a phone shows now, or some steps from now."""
        padded = secret + "=" * (-len(secret) % 8)
        return totp.code_at(base64.b32decode(padded), self.clock.now_ms() // 30_000 + steps)

    async def refused(self, awaitable):
        """Why something was refused."""
        try:
            await awaitable
        except Refused as refused:
            return refused.refusal.code
        return None
