"""X-Forwarded-For: who may be believed."""

import pytest

from smsgwd.net.http_address import client_address, networks

TRUSTED = networks(["10.0.0.0/8", "192.0.2.1", "2001:db8::/32"])


@pytest.mark.parametrize(
    ("peer", "header", "client"),
    [
        ("203.0.113.1", "198.51.100.1", "203.0.113.1"),  # not a proxy of ours
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),  # what the client wrote itself is not believed
        ("10.0.0.1", "6.6.6.6, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, junk, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("2001:db8::1", "[2a00::5]:4711", "2a00::5"),
        ("2001:db8::1", "2a00::5", "2a00::5"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("192.0.2.1", "198.51.100.1", "198.51.100.1"),
        ("192.0.2.2", "198.51.100.1", "192.0.2.2"),
        ("", "198.51.100.1", ""),
    ],
)
def test_client_address(peer, header, client):
    assert client_address(peer, header, TRUSTED) == client


def test_no_trusted_proxies():
    assert client_address("10.0.0.1", "198.51.100.1", ()) == "10.0.0.1"


def test_a_wrong_network_is_named():
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/99"):
        networks(["10.0.0.0/99"])
