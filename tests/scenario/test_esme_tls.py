"""SMPP inside TLS: versions, certificates of clients, and a certificate that is replaced under connections."""

from __future__ import annotations

import signal
import ssl
import warnings
from pathlib import Path
from typing import Any

import pytest

from tests.scenario.certificates import Authority, Files
from tests.scenario.esme import Closed, Esme, Steady
from tests.scenario.harness import Gateway, Scene, wait
from tests.scenario.stand_esme import PASSWORD, check_sound, credential, served

REFUSED = (ssl.SSLError, Closed, ConnectionError)


class Stand:
    """A gateway with SMPPS, and its clients' view of it."""

    def __init__(self, scene: Scene, **tls: Any) -> None:
        self.authority = Authority(scene.directory, "authority")
        self.files = self.authority.sign("server")
        section = {"cert": str(self.files.cert), "key": str(self.files.key), **tls}
        self.gateway: Gateway = served(
            scene, credential("esme"), credential("steady"), smpps={"tls": section, "session_init_s": 2}
        )

    def context(self, own: Files | None = None) -> ssl.SSLContext:
        """A client that trusts the authority, with a certificate of its own or none."""
        context = ssl.create_default_context(cafile=str(self.authority.cert))
        if own is not None:
            context.load_cert_chain(own.cert, own.key)
        return context

    def bound(self, own: Files | None = None, context: ssl.SSLContext | None = None, system_id: str = "esme") -> Esme:
        """A transceiver. Raises what is in REFUSED: with TLS 1.3 only the first answer tells that one is refused."""
        esme = Esme(self.gateway.smpps_port, tls=context or self.context(own))
        try:
            assert esme.bind(system_id, PASSWORD) == 0
        except BaseException:
            esme.close()
            raise
        return esme

    def serial(self) -> str:
        """The serial number of the certificate that new connections get."""
        esme = Esme(self.gateway.smpps_port, tls=self.context())
        try:
            return _serial(esme)
        finally:
            esme.close()


def _serial(esme: Esme) -> str:
    assert isinstance(esme.sock, ssl.SSLSocket)
    certificate = esme.sock.getpeercert()
    assert certificate
    return str(certificate["serialNumber"])


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_bind_and_receipt(scene: Scene, version: ssl.TLSVersion) -> None:
    """Submits and their receipts, over TLS 1.2 and 1.3."""
    stand = Stand(scene)
    context = stand.context()
    context.minimum_version = context.maximum_version = version
    with Steady(lambda: stand.bound(context=context)) as steady:
        wait("ten messages", lambda: len(steady.ids) >= 10)
    check_sound(stand.gateway)


def test_old_versions_are_refused(scene: Scene) -> None:
    """TLS 1.1 and older."""
    stand = Stand(scene)
    context = stand.context()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(REFUSED):
        stand.bound(context=context)
    stand.bound().unbind()
    check_sound(stand.gateway)


def test_plain_smpp_at_the_tls_port(scene: Scene) -> None:
    """It is closed; silence in the handshake too, after session_init_s."""
    stand = Stand(scene)
    silent = Esme(stand.gateway.smpps_port)
    plain = Esme(stand.gateway.smpps_port)
    with pytest.raises((Closed, ConnectionError)):
        plain.bind("esme", PASSWORD)
    plain.close()
    silent.wait_closed(15)
    silent.close()
    stand.bound().unbind()
    check_sound(stand.gateway)


def test_optional_client_certificate(scene: Scene) -> None:
    """With none or a right one; one of another authority is refused."""
    clients, strangers = Authority(scene.directory, "clients"), Authority(scene.directory, "strangers")
    stand = Stand(scene, client_ca=str(clients.cert), client_cert="optional")
    stand.bound().unbind()
    stand.bound(clients.sign("client")).unbind()
    with pytest.raises(REFUSED):
        stand.bound(strangers.sign("stranger"))
    check_sound(stand.gateway)


def test_required_client_certificate(scene: Scene) -> None:
    """Only with a right one."""
    clients, strangers = Authority(scene.directory, "clients"), Authority(scene.directory, "strangers")
    stand = Stand(scene, client_ca=str(clients.cert), client_cert="required")
    for own in (None, strangers.sign("stranger")):
        with pytest.raises(REFUSED):
            stand.bound(own)
    stand.bound(clients.sign("client")).unbind()
    check_sound(stand.gateway)


def test_certificate_is_replaced_under_connections(scene: Scene) -> None:
    """After SIGHUP new connections get the new one, those that are there go on; a broken file changes nothing."""
    stand = Stand(scene)
    first = stand.serial()
    with Steady(lambda: stand.bound(system_id="steady")) as steady:
        stand.authority.sign("server")
        assert stand.serial() == first  # not before it is asked for
        stand.gateway.signal(signal.SIGHUP)
        stand.gateway.wait_event("listener.certificate_reloaded")
        second = stand.serial()
        assert second != first

        Path(stand.files.cert).write_text("no certificate")
        stand.gateway.signal(signal.SIGHUP)
        assert "listeners.smpps.tls" in stand.gateway.wait_event("config.refused")["problems"][0]
        assert stand.serial() == second

        sent = len(steady.ids)
        wait("the old connection still sends", lambda: len(steady.ids) > sent + 3)
        stand.bound().unbind()
    check_sound(stand.gateway)
