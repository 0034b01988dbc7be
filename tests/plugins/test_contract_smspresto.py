"""The contract of a provider plugin, kept by `smspresto`."""

from tests.plugins.contract import Contract
from tests.plugins.suppliers import BY_NAME


class TestSmsPresto(Contract):
    """See Contract."""

    supplier = BY_NAME["smspresto"]
