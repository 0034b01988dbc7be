"""Operators' HTTP: where somebody comes from."""

import pytest
from twisted.internet import reactor

from smsgwd.app.certificates import Certificates
from smsgwd.app.edge import build_ops
from smsgwd.config.model.listeners import OpsListener
from smsgwd.net.http_message import HttpResponse


@pytest.mark.parametrize(("proxies", "address"), [((), "10.0.0.1"), (("10.0.0.0/8",), "198.51.100.7")])
def test_only_proxies_that_are_named_say_where_somebody_comes_from(proxies, address):
    """Else one who guesses through a proxy would stop the log-ins of all who come through it."""
    section = OpsListener(listen="127.0.0.1:8081", trusted_proxies=proxies)
    listener = build_ops(reactor, lambda request: HttpResponse(200), section, Certificates())
    assert listener.client("10.0.0.1", {"x-forwarded-for": "203.0.113.9, 198.51.100.7"}) == address
    assert listener.client("198.51.100.8", {"x-forwarded-for": "203.0.113.9"}) == "198.51.100.8"
