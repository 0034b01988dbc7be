"""The worked example of the page about the secret key does what the page says."""

from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.internet import reactor

from smsgwd.app.cluster import Cluster
from smsgwd.app.secret_desk import SecretDesk
from smsgwd.net.clock import SystemClock
from smsgwd.ops.secrets import Secrets
from tests.docs.worked_pages import Page as _Page
from tests.docs.worked_pages import worked_through


class SecretsPageTests(_Page):
    async def begin(self):
        await super().begin()
        directory = TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        vault = self.tenancy._vault
        file = Path(directory.name) / "secret.key"
        file.write_bytes(vault.keys[0])
        clock = SystemClock()
        cluster = Cluster("a", clock.now_ms)
        desk = SecretDesk(reactor, vault=vault, tenancy=self.tenancy, clock=clock, file=file, cluster=cluster)
        self.addCleanup(desk.stop)
        for command in Secrets(desk).commands():
            self.registry.add(command)

    def test_the_key_is_rotated(self):
        return worked_through(self, "operate/rotate-secrets.md").addCallback(self.assertGreaterEqual, 2)
