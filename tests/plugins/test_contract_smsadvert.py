"""The contract of a provider plugin, kept by `smsadvert`."""

from tests.plugins.contract import CallbackContract
from tests.plugins.suppliers import BY_NAME


class TestSmsAdvert(CallbackContract):
    """See CallbackContract."""

    supplier = BY_NAME["smsadvert"]
