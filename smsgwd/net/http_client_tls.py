"""TLS for the HTTP client: one verified context for all hosts, the host's name checked after the handshake.

Twisted's `optionsForClientTLS` loads the authorities anew for each host; with thousands of tenants' hosts that is
milliseconds of the reactor and a megabyte each. So: one context, and the name is checked per connection.
"""

from __future__ import annotations

from typing import Any

from OpenSSL import SSL
from service_identity import CertificateError, VerificationError
from service_identity.pyopenssl import verify_hostname, verify_ip_address
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import CertificateOptions, TLSVersion, platformTrust
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer


@implementer(IOpenSSLClientConnectionCreator)
class _Creator:
    """Makes the OpenSSL connection of one TLS connection, with the host's name in the hello (SNI)."""

    def __init__(self, context: SSL.Context, sni: str | None) -> None:
        self._context = context
        self._sni = sni

    def clientConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        connection = SSL.Connection(self._context, None)
        if self._sni is not None:
            connection.set_tlsext_host_name(self._sni.encode("ascii"))
        return connection


class ClientTls:
    """TLS 1.2 or later against `trust_root`, by default the system's authorities."""

    def __init__(self, trust_root: Any = None) -> None:
        self._options = CertificateOptions(
            trustRoot=platformTrust() if trust_root is None else trust_root,  # type: ignore[no-untyped-call]
            raiseMinimumTo=TLSVersion.TLSv1_2,
        )

    def creator(self, host: str, *, literal: bool) -> IOpenSSLClientConnectionCreator:
        """For a connection to `host`; `literal`: it is an IP address, which SNI cannot carry (RFC 6066 s3)."""
        return _Creator(self._options.getContext(), None if literal else host)


def name_refusal(connection: SSL.Connection, host: str, *, literal: bool) -> str | None:
    """Why the certificate that was shown is not `host`'s (RFC 9525), or None when it is."""
    try:
        if literal:
            verify_ip_address(connection, host)
        else:
            verify_hostname(connection, host)
    except (VerificationError, CertificateError):
        return "the certificate is not for this host"
    return None
