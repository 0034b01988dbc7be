"""A connector's settings as plain values: what the configuration section says, ready for use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Protocol

from twisted.internet.interfaces import IOpenSSLClientConnectionCreator

from smsgwd.delivery import trouble
from smsgwd.delivery.retry import WAITS_S
from smsgwd.delivery.trouble import Rule
from smsgwd.gsm.charset import Charset
from smsgwd.gsm.coding import DATA_CODING, Encoding
from smsgwd.gsm.segment import Style
from smsgwd.net.tls import client_options, expiry_of
from smsgwd.smpp.address import AUTODETECT, AddressRule
from smsgwd.smpp.config import SessionConfig
from smsgwd.smpp.constants import VERSION_3_3, VERSION_3_4, VERSION_5_0, MessageState

if TYPE_CHECKING:
    from smsgwd.config.model.smpp_connector import SmppConnector, StatusRule

BindKind = Literal["transceiver", "transmitter", "receiver", "tx_rx"]
UnknownOutcome = Literal["resend", "wait", "fail"]

_VERSIONS = {"3.3": VERSION_3_3, "3.4": VERSION_3_4, "5.0": VERSION_5_0}
_ID_FORMATS = {"auto": "auto", "same": "same", "hex-dec": "response_hex", "dec-hex": "response_dec"}
_INBOUND_LIMIT = 4000  # unanswered deliver_sm the session takes; reading stops long before


class Policy(Protocol):
    """What the fate of messages goes by, whatever kind of connector they are out on; see `Settings`."""

    @property
    def id(self) -> str:
        """The connector."""

    @property
    def group(self) -> str:
        """The account that ids are unique in."""

    @property
    def unknown_outcome(self) -> UnknownOutcome:
        """What a lost answer means."""

    @property
    def statuses(self) -> Mapping[int, Rule]:
        """What statuses mean here, where it differs."""

    @property
    def retry_waits_s(self) -> tuple[float, ...]:
        """Waits before the attempts after the first."""

    @property
    def retry_attempts(self) -> int:
        """Attempts before the next way."""

    @property
    def receipt_for_all_parts(self) -> bool:
        """Whether each part has its receipt."""

    @property
    def most_out(self) -> int:
        """Requests that may be without an answer."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One SMPP connector. Times are seconds, rates parts/s. `session` holds the window and the link's timers."""

    id: str
    host: str
    port: int
    system_id: bytes
    password: bytes = field(repr=False)
    group: str
    bind: BindKind = "transceiver"
    binds: int = 1
    system_type: bytes = b""
    interface_version: int = VERSION_3_4
    address_range: bytes = b""
    tls: IOpenSSLClientConnectionCreator | None = field(default=None, compare=False)
    tls_from: tuple[object, ...] | None = None  #: what `tls` was made of: other octets in the same files are no change
    certificate_ends: float | None = field(default=None, compare=False)  #: of our own one, seconds since 1970
    session: SessionConfig = field(default_factory=SessionConfig)
    connect_s: float = 10.0
    reconnect_min_s: float = 1.0
    reconnect_max_s: float = 60.0
    throughput: float = 0.0
    burst: float | None = None
    source: AddressRule = AUTODETECT
    destination: AddressRule = AUTODETECT
    alphabet: Charset = "gsm"
    data_codings: Mapping[Encoding, int] = field(default_factory=lambda: dict(DATA_CODING))
    long_messages: Style = "udh8"
    receipt_for_all_parts: bool = True
    service_type: bytes = b""
    protocol_id: int = 0
    id_format: str = "auto"
    stat_words: Mapping[str, MessageState] = field(default_factory=dict)
    unknown_outcome: UnknownOutcome = "resend"
    statuses: Mapping[int, Rule] = field(default_factory=dict)
    retry_waits_s: tuple[float, ...] = WAITS_S
    retry_attempts: int = 3
    suspend_s: float = 60.0
    adaptive_rate: bool = True
    keep_order: bool = True
    queue_capacity: int = 2000

    @property
    def most_out(self) -> int:
        """See Policy."""
        return self.session.window * self.binds

    @property
    def session_grouped(self) -> SessionConfig:
        """`session`, with what one read brings reported together."""
        return replace(self.session, grouped=True)


def settings_of(section: SmppConnector) -> Settings:
    """Settings of a configuration section. Raises net.tls.TlsError for certificate files that cannot be used."""
    timers = section.timers
    short = section.short_code
    tls = section.tls
    return Settings(
        id=section.id,
        host=section.host,
        port=section.port,
        system_id=section.system_id.encode("ascii"),
        password=section.password.get_secret_value().encode("ascii"),
        group=section.group,
        bind=section.bind,
        binds=section.binds,
        system_type=section.system_type.encode("ascii"),
        interface_version=_VERSIONS[section.interface_version],
        address_range=section.address_range.encode("ascii"),
        tls=None
        if tls is None
        else client_options(tls.server_name or section.host, verify=tls.verify, ca=tls.ca, cert=tls.cert, key=tls.key),
        tls_from=None if tls is None else (tls.server_name or section.host, tls.verify, tls.ca, tls.cert, tls.key),
        certificate_ends=None if tls is None or tls.cert is None else expiry_of(tls.cert),
        session=SessionConfig(
            session_init=timers.session_init_s,
            enquire_link=timers.enquire_link_s,
            link_response=timers.enquire_link_timeout_s,
            inactivity=timers.inactivity_s,
            response=timers.response_s,
            window=section.window,
            inbound_limit=_INBOUND_LIMIT,
        ),
        connect_s=timers.connect_s,
        reconnect_min_s=timers.reconnect_min_s,
        reconnect_max_s=timers.reconnect_max_s,
        throughput=section.throughput,
        burst=section.burst,
        source=AddressRule(section.source_ton, section.source_npi, short.ton, short.npi),
        destination=AddressRule(section.dest_ton, section.dest_npi, short.ton, short.npi),
        alphabet=section.default_alphabet,
        data_codings={
            "gsm7": section.data_coding.gsm,
            "latin1": section.data_coding.latin1,
            "ucs2": section.data_coding.ucs2,
            "binary": section.data_coding.binary,
        },
        long_messages=section.long_messages,
        receipt_for_all_parts=section.registered_delivery_all_parts,
        service_type=section.service_type.encode("ascii"),
        protocol_id=section.protocol_id,
        id_format=_ID_FORMATS[section.message_id_format],
        stat_words={"ACCEPTD": MessageState.DELIVERED} if section.accepted_state == "delivered" else {},
        unknown_outcome=section.unknown_outcome,
        statuses={int(status): _rule(said) for status, said in section.statuses.items()},
        retry_waits_s=section.retry.waits_s,
        retry_attempts=section.retry.attempts,
        suspend_s=section.suspend_s,
        adaptive_rate=section.adaptive_rate,
        keep_order=section.keep_order,
        queue_capacity=2 * section.ready_page,
    )


def _rule(said: str | StatusRule) -> Rule:
    """What `statuses` says: the word of an action, or scope and action."""
    return trouble.rule(said) if isinstance(said, str) else trouble.rule(said.action, said.scope)
