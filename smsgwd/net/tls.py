"""TLS options of clients and servers: TLS 1.2 at least, verification on unless it is switched off by name.

Files are read when the options are made, so that a wrong path is a configuration error and not a broken connection.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from OpenSSL import SSL
from OpenSSL.crypto import Error as _CryptoError
from twisted.internet._sslverify import IOpenSSLTrustRoot
from twisted.internet.error import VerifyError
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator, IOpenSSLContextFactory
from twisted.internet.ssl import (
    Certificate,
    CertificateOptions,
    PrivateCertificate,
    TLSVersion,
    optionsForClientTLS,
    platformTrust,
    trustRootFromCertificates,
)
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class TlsError(ValueError):
    """A file of the TLS configuration cannot be used; the message names the file and what is wrong with it."""


def client_options(
    server_name: str,
    *,
    verify: bool = True,
    ca: Path | None = None,
    cert: Path | None = None,
    key: Path | None = None,
) -> IOpenSSLClientConnectionCreator:
    """Options of a client that talks to `server_name`, which is sent as SNI and expected in the certificate.

    `ca` = trusted certificates (PEM, one or several), None = the system's. `cert` and `key` = ours, if the server asks
    for one. With `verify` False neither chain nor name is looked at: for tests. Raises TlsError.
    """
    own = _own(cert, key) if cert is not None and key is not None else None
    if not verify:
        return _Unverified(server_name, own)
    return optionsForClientTLS(
        server_name,
        trustRoot=_trust(ca),
        clientCertificate=own,
        extraCertificateOptions={"raiseMinimumTo": TLSVersion.TLSv1_2},
    )


def server_options(
    cert: Path, key: Path, *, client_ca: Path | None = None, required: bool = True
) -> IOpenSSLContextFactory:
    """Options of a server. `cert` may hold the chain behind our own certificate. Raises TlsError.

    With `client_ca` clients must show a certificate of one of those authorities; with `required` False they may come
    without one, but one that they show must be of those.
    """
    own = _own(cert, key)
    chain = [certificate.original for certificate in _certificates(cert)[1:]]
    authorities = None if client_ca is None else [each.original for each in _certificates(client_ca)]
    options = CertificateOptions(
        privateKey=own.privateKey.original,
        certificate=own.original,
        extraCertChain=chain or None,
        verify=authorities is not None,
        caCerts=authorities,
        requireCertificate=required,
        raiseMinimumTo=TLSVersion.TLSv1_2,
    )
    try:
        options.getContext()  # made now, so that what OpenSSL does not like is found now
    except SSL.Error as error:
        details = ", ".join(str(part[-1]) for part in error.args[0]) if error.args else "no detail"
        raise TlsError(f"{cert} and {key}: cannot be used together ({details})") from None
    return options


@implementer(IOpenSSLContextFactory)
class ReloadableServerOptions:
    """Options of a server whose files may change while it runs: `reload`, and new connections get what they hold then.

    Established connections go on with what they began with. Raises TlsError as `server_options` does.
    """

    def __init__(self, cert: Path, key: Path, *, client_ca: Path | None = None, required: bool = True) -> None:
        self._files = (cert, key)
        self._client_ca = client_ca
        self._required = required
        self._options = server_options(cert, key, client_ca=client_ca, required=required)
        self.expires_at = expiry_of(cert)  #: when the certificate in use ends, seconds since 1970

    def reload(self) -> None:
        """Read the files again. Raises TlsError, and then nothing has changed."""
        self.prepare(*self._files, self._client_ca)()

    def prepare(self, cert: Path, key: Path, client_ca: Path | None) -> Callable[[], None]:
        """Read these files; what is given back has new connections get what they held. Raises TlsError. It may run in a
        thread."""
        options = server_options(cert, key, client_ca=client_ca, required=self._required)
        expires_at = expiry_of(cert)

        def apply() -> None:
            self._files, self._client_ca = (cert, key), client_ca
            self._options, self.expires_at = options, expires_at

        return apply

    def getContext(self) -> SSL.Context:
        """See IOpenSSLContextFactory: asked for each connection."""
        return self._options.getContext()


def expiry_of(path: Path) -> float:
    """When the first certificate of a PEM file ends, seconds since 1970. Raises TlsError."""
    ends: float = _certificates(path)[0].original.to_cryptography().not_valid_after_utc.timestamp()
    return ends


def _trust(ca: Path | None) -> IOpenSSLTrustRoot:
    """The authorities of a file, or the system's."""
    root: IOpenSSLTrustRoot
    root = platformTrust() if ca is None else trustRootFromCertificates(_certificates(ca))  # type: ignore[no-untyped-call]
    return root


def _own(cert: Path, key: Path) -> PrivateCertificate:
    """Our certificate with its key."""
    pem = _read(key) + b"\n" + _read(cert)
    try:
        own: PrivateCertificate = PrivateCertificate.loadPEM(pem)  # type: ignore[no-untyped-call]
    except VerifyError:
        raise TlsError(f"{cert} and {key}: the key is not that of the certificate") from None
    except (_CryptoError, ValueError, TypeError) as error:
        raise TlsError(f"{cert} and {key}: no certificate in PEM with its unencrypted private key ({error})") from None
    return own


def _certificates(path: Path) -> list[Certificate]:
    """All certificates of a PEM file, in order."""
    found = _PEM.findall(_read(path))
    if not found:
        raise TlsError(f"{path}: no certificate in PEM")
    try:
        return [Certificate.loadPEM(pem) for pem in found]
    except (_CryptoError, ValueError) as error:
        raise TlsError(f"{path}: a certificate cannot be read ({error})") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TlsError(f"{path}: {error.strerror or error}") from None


@implementer(IOpenSSLClientConnectionCreator)
class _Unverified:
    """A client that takes any certificate. SNI is sent all the same: servers choose by it."""

    def __init__(self, server_name: str, own: PrivateCertificate | None) -> None:
        if own is None:
            options = CertificateOptions(verify=False, raiseMinimumTo=TLSVersion.TLSv1_2)
        else:
            options = CertificateOptions(
                privateKey=own.privateKey.original,
                certificate=own.original,
                verify=False,
                raiseMinimumTo=TLSVersion.TLSv1_2,
            )
        self._context = options.getContext()
        self._name = server_name.encode("idna") if not server_name.isascii() else server_name.encode()

    def clientConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """See IOpenSSLClientConnectionCreator."""
        connection = SSL.Connection(self._context, None)
        connection.set_tlsext_host_name(self._name)
        return connection
