"""The contract of a provider plugin, kept by `generic_http` with the Twilio-shaped example of its page."""

from tests.plugins.contract import CallbackContract
from tests.plugins.suppliers import BY_NAME


class TestGenericHttp(CallbackContract):
    """See CallbackContract."""

    supplier = BY_NAME["generic_http"]
