"""The contract of a provider plugin, kept by `isms`."""

from tests.plugins.contract import CallbackContract
from tests.plugins.suppliers import BY_NAME


class TestIsms(CallbackContract):
    """See CallbackContract."""

    supplier = BY_NAME["isms"]
