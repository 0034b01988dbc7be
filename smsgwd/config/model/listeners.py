"""Section `listeners`: where the daemon takes connections, with their limits."""

from __future__ import annotations

from typing import Literal

from smsgwd.config.option import Section, option
from smsgwd.config.types import ExistingFile, Listen, Network


class ServerTls(Section):
    """Certificate of a listener."""

    cert: ExistingFile = option("Certificate chain, PEM.", example="tls/fullchain.pem", reloadable=True)
    key: ExistingFile = option("Private key of the certificate, PEM.", example="tls/privkey.pem", reloadable=True)


class SmppTls(ServerTls):
    """Certificate of an SMPP listener, and whose certificates its clients may show."""

    client_ca: ExistingFile | None = option(
        "CA certificates, PEM: clients that show a certificate must have one of these; null = none is asked for.",
        default=None,
        example="tls/clients-ca.pem",
        reloadable=True,
    )
    client_cert: Literal["optional", "required"] = option(
        "Whether a client must show a certificate of `client_ca`.", default="optional"
    )


class PublicHttp(Section):
    """HTTP for clients that nobody knows yet."""

    listen: Listen = option("Address, or list of addresses.", example="127.0.0.1:8080", min_length=1)
    tls: ServerTls | None = option("Serve HTTPS with this certificate.", default=None)
    trusted_proxies: tuple[Network, ...] = option(
        "Proxies whose X-Forwarded-For is believed.", default=(), example=["10.0.0.0/8"]
    )
    max_body: int = option("Largest request body.", default=1024 * 1024, ge=1024, le=64 * 1024 * 1024, unit="bytes")
    max_headers: int = option(
        "Largest request line and headers together.", default=16 * 1024, ge=1024, le=256 * 1024, unit="bytes"
    )
    header_timeout_s: float = option(
        "A client that has not sent its headers by then is closed.", default=10.0, gt=0, le=600, unit="s"
    )
    body_timeout_s: float = option(
        "A client that has not sent its body by then is closed.", default=30.0, gt=0, le=600, unit="s"
    )
    idle_timeout_s: float = option(
        "A kept-alive connection without a request is closed after this.", default=60.0, gt=0, le=3600, unit="s"
    )
    max_connections: int = option(
        "Most open connections; further ones are closed at once. One address (an IPv6 /64) gets a quarter of them.",
        default=4096,
        ge=1,
    )


class HttpListener(PublicHttp):
    """Tenants over HTTP: the native API, dialects, short links, provider callbacks."""

    workers: int = option(
        "Processes that take connections, TLS and HTTP off the gateway's own process; 0 = it does all itself.",
        default=0,
        ge=0,
        le=32,
    )


class CallbackListener(PublicHttp):
    """A listener for what HTTP providers send by themselves (docs/provider-callbacks.md); it serves nothing else."""

    listen: Listen = option("Address, or list of addresses.", example="127.0.0.1:8090", min_length=1)
    max_connections: int = option(
        "Most open connections; further ones are closed at once. One address (an IPv6 /64) gets a quarter of them.",
        default=1024,
        ge=1,
    )
    also_on_http: bool = option(
        "Take callbacks at the listener for tenants, too; false = only here, and there they are not found.",
        default=True,
    )


class SmppListener(Section):
    """Tenants over SMPP: a server they bind to."""

    listen: Listen = option("Address, or list of addresses.", example="127.0.0.1:2775", min_length=1)
    system_id: str = option(
        "Our name in bind responses (SMPP 3.4 s4.1.2).", default="smsgwd", min_length=1, max_length=15
    )
    max_connections: int = option("Most open connections; further ones are closed at once.", default=4096, ge=1)
    max_pdu: int = option(
        "Largest PDU; a longer command_length closes the connection before anything is buffered.",
        default=64 * 1024,
        ge=1024,
        le=1024 * 1024,
        unit="bytes",
    )
    window: int = option("Most deliver_sm without an answer on one bind.", default=100, ge=1, le=10000, unit="PDUs")
    session_init_s: float = option("Time from connect to bind.", default=10.0, gt=0, le=600, unit="s")
    enquire_link_s: float = option("Idle time after which we probe the link.", default=30.0, gt=0, le=3600, unit="s")
    inactivity_s: float = option("Idle time after which a bind is closed; 0 = never.", default=300.0, ge=0, unit="s")
    response_s: float = option("Time an ESME has to answer a deliver_sm.", default=60.0, gt=0, le=600, unit="s")
    max_unbound_per_address: int = option(
        "Most connections of one address (an IPv6 /64) that are not bound yet.", default=100, ge=1
    )
    max_per_address: int = option(
        "Most connections of one address (an IPv6 /64); 0 = a quarter of max_connections.", default=0, ge=0
    )
    inbound_window: int = option(
        "Requests of one bind that may wait for their answers; then nothing more is read from it.",
        default=1000,
        ge=1,
        le=100_000,
        unit="PDUs",
    )
    throttle_delay_s: float = option(
        "Over its rate an ESME's answers are delayed by up to this; beyond, they are ESME_RTHROTTLED (0x58).",
        default=1.0,
        ge=0,
        le=60,
        unit="s",
    )
    proxy_protocol: tuple[Network, ...] = option(
        "Proxies that begin each connection with a PROXY header (v1 or v2), and must; others are taken as they come.",
        default=(),
        example=["10.0.0.0/8"],
    )


class SmppsListener(SmppListener):
    """Tenants over SMPP inside TLS."""

    listen: Listen = option("Address, or list of addresses.", example="127.0.0.1:3550", min_length=1)
    tls: SmppTls = option("Certificate of the listener.")


class OpsListener(Section):
    """Operators over HTTP: /metrics, /live, /ready and the web console."""

    listen: Listen = option("Address, or list of addresses.", example="127.0.0.1:8081", min_length=1)
    tls: ServerTls | None = option("Serve HTTPS with this certificate.", default=None)
    trusted_proxies: tuple[Network, ...] = option(
        "Proxies whose X-Forwarded-For is believed.", default=(), example=["10.0.0.0/8"]
    )
    max_connections: int = option("Most open connections.", default=256, ge=1)


class Listeners(Section):
    """What the daemon listens on; one left out is not opened."""

    http: HttpListener | None = option("HTTP for tenants.", default=None)
    callbacks: CallbackListener | None = option(
        "HTTP for providers' callbacks alone; without it they are taken by `http`.", default=None
    )
    smpp: SmppListener | None = option("SMPP for tenants.", default=None)
    smpps: SmppsListener | None = option("SMPP inside TLS for tenants.", default=None)
    ops: OpsListener | None = option("HTTP for operators; keep it off the Internet.", default=None)
    shared: bool = option(
        "Other nodes on this host listen on the same addresses of `http`, `callbacks`, `smpp` and `smpps`"
        " (SO_REUSEPORT), under the same user; the system divides new connections among them. Only with a store of"
        " kind redis.",
        default=False,
    )
