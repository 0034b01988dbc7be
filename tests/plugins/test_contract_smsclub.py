"""The contract of a provider plugin, kept by `smsclub`."""

from tests.plugins.contract import Contract
from tests.plugins.suppliers import BY_NAME


class TestSmsClub(Contract):
    """See Contract."""

    supplier = BY_NAME["smsclub"]
