"""What the parts of the store contract share."""

from smsgwd.model.changes import PutTenant
from tests.store.samples import EURO, begin_anew, tenant


class StoreCase:
    """Mixed into a trial TestCase that has `new_store()`: a store, not yet open, on the data of this test."""

    timeout = 60

    def new_store(self, **options):
        """A store on the same data as any before it in this test."""
        raise NotImplementedError

    async def setUp(self):
        begin_anew()
        self.store = self.new_store()
        await self.store.open()
        await self.one(PutTenant(tenant(credit=100 * EURO)))

    async def tearDown(self):
        await self.store.close()

    async def reopen(self):
        """Close the store and open the next on the same data; what `open` fired with."""
        await self.store.close()
        self.store = self.new_store()
        return await self.store.open()

    async def one(self, change):
        """The result of one change."""
        (result,) = await self.store.commit([change])
        return result

    async def view(self, message_id, owner="demo"):
        """One message as its tenant sees it."""
        return await self.store.message(owner, message_id)

    async def state(self, message_id):
        """The state of a message."""
        return (await self.view(message_id)).message.state

    async def balance(self, owner="demo"):
        """Micro-units left."""
        funds = await self.store.funds(owner)
        return None if funds is None else funds.balance
