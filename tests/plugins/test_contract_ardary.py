"""The contract of a provider plugin, kept by `ardary`."""

from tests.plugins.contract import CallbackContract
from tests.plugins.suppliers import BY_NAME


class TestArdary(CallbackContract):
    """See CallbackContract."""

    supplier = BY_NAME["ardary"]
