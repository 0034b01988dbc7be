"""A connector of kind `smpp`: binds to a carrier's SMSC, and how it likes to be talked to."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from smsgwd.config.option import Section, option
from smsgwd.config.types import ExistingFile, FrozenMap, StatusCode, no_entries

StatusAction = Literal["retry", "failover", "throttle", "rebind", "suspend", "fail"]
StatusScope = Literal["message", "destination", "connector"]


class StatusRule(Section):
    """What a command_status means: whose trouble it is, and what is done."""

    scope: StatusScope | None = option("Whose trouble: null = the usual one of the action.", default=None)
    action: StatusAction = option("What is done.", example="retry")


class Retry(Section):
    """Trying again on this connector, within the validity of the message; then the next connector of its route."""

    waits_s: tuple[Annotated[float, Field(ge=0.1, le=86400)], ...] = option(
        "Waits before the attempts after the first; between half and all of each is taken, the last one repeats.",
        default=(5.0, 15.0, 45.0, 135.0, 405.0, 1215.0, 1800.0),
        min_length=1,
        max_length=50,
        unit="s",
    )
    attempts: int = option(
        "Attempts here before the next connector of the route is tried, where there is one.", default=3, ge=1, le=100
    )


class ConnectorTls(Section):
    """TLS towards the SMSC."""

    verify: bool = option("Verify the SMSC's certificate and name; false is for tests only.", default=True)
    ca: ExistingFile | None = option(
        "Trusted certificates, PEM; null = the system's.", default=None, example="tls/ca.pem"
    )
    server_name: str | None = option(
        "Name expected in the certificate and sent as SNI; null = `host`.", default=None, example="smpp.example.net"
    )
    cert: ExistingFile | None = option("Our client certificate, PEM.", default=None, example="tls/client.pem")
    key: ExistingFile | None = option("Private key of `cert`, PEM.", default=None, example="tls/client.key")

    @model_validator(mode="after")
    def _pair(self) -> ConnectorTls:
        if (self.cert is None) != (self.key is None):
            raise ValueError("'cert' and 'key' go together: give both or neither")
        return self


class Timers(Section):
    """Timers of a bind (SMPP 3.4 s7.2) and of reconnecting."""

    connect_s: float = option("Time to open the TCP (and TLS) connection.", default=10.0, gt=0, le=300, unit="s")
    session_init_s: float = option("Time the SMSC has to answer the bind.", default=10.0, gt=0, le=300, unit="s")
    enquire_link_s: float = option("Idle time after which we send enquire_link.", default=30.0, gt=0, le=3600, unit="s")
    enquire_link_timeout_s: float = option("Time to answer an enquire_link.", default=10.0, gt=0, le=300, unit="s")
    inactivity_s: float = option("Idle time after which we unbind; 0 = never.", default=0.0, ge=0, le=86400, unit="s")
    response_s: float = option(
        "Time to answer a submit_sm, counted from the write to the socket; then its outcome is unknown.",
        default=60.0,
        gt=0,
        le=600,
        unit="s",
    )
    reconnect_min_s: float = option("First wait before connecting again.", default=1.0, gt=0, le=3600, unit="s")
    reconnect_max_s: float = option("Longest wait before connecting again.", default=60.0, gt=0, le=3600, unit="s")

    @model_validator(mode="after")
    def _order(self) -> Timers:
        if self.reconnect_min_s > self.reconnect_max_s:
            raise ValueError("'reconnect_min_s' must not be larger than 'reconnect_max_s'")
        return self


class DataCoding(Section):
    """data_coding values sent for each encoding (SMPP 3.4 s5.2.19)."""

    gsm: int = option("Text in the SMSC default alphabet.", default=0, ge=0, le=255)
    latin1: int = option("ISO-8859-1 text.", default=3, ge=0, le=255)
    binary: int = option("8-bit binary.", default=4, ge=0, le=255)
    ucs2: int = option("UCS-2 (UTF-16BE) text.", default=8, ge=0, le=255)


class ShortCode(Section):
    """TON/NPI of a short numeric sender or destination, where they are autodetected."""

    max_digits: int = option("Numbers of at most this many digits are short codes; 0 = none.", default=6, ge=0, le=15)
    ton: int = option("TON of a short code (0 unknown, 3 network specific).", default=0, ge=0, le=7)
    npi: int = option("NPI of a short code (0 unknown, 1 E.164).", default=1, ge=0, le=18)


class SmppConnector(Section):
    """Binds to one SMSC account."""

    id: str = option("Name of the connector, unique.", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", example="sim")
    kind: Literal["smpp"] = option("An SMPP connector.", example="smpp")
    host: str = option("Name or address of the SMSC.", pattern=r"^[^\s/\[\]]{1,253}$", example="127.0.0.1")
    port: int = option("TCP port of the SMSC.", ge=1, le=65535, example=2776)
    tls: ConnectorTls | None = option("Use TLS (`{}` with the defaults); null = plain TCP.", default=None)
    system_id: str = option("Our account at the SMSC.", min_length=1, max_length=15, example="gw")
    password: SecretStr = option("Its password (SMPP 3.4: at most 8 characters).", max_length=8, example="gw")
    system_type: str = option("system_type of the bind, if the SMSC wants one.", default="", max_length=12)
    bind: Literal["transceiver", "transmitter", "receiver", "tx_rx"] = option(
        "Kind of bind; `tx_rx` makes a transmitter and a receiver of each.", default="transceiver"
    )
    binds: int = option("How many binds to hold (with `tx_rx`: pairs).", default=1, ge=1, le=64)
    window: int = option("Most submit_sm without an answer on one bind.", default=10, ge=1, le=10000, unit="PDUs")
    throughput: float = option(
        "Most message parts a second over all binds; 0 = unlimited.", default=0.0, ge=0, le=1e6, unit="parts/s"
    )
    burst: float | None = option(
        "Parts that may go at once after a pause; null = one second's worth.", default=None, ge=1, le=1e6, unit="parts"
    )
    channel: Literal["network", "device"] = option(
        "What carries the message: a network, or a phone.", default="network"
    )
    price_list: str | None = option(
        "Stored price list with what this connector costs a part (docs/routing.md); null = not known.",
        default=None,
        min_length=1,
        max_length=64,
        example="carrier-a",
    )
    account_group: str | None = option(
        "Connectors whose receipts may come back on each other; null = all with the same host and system_id.",
        default=None,
        min_length=1,
        max_length=128,
        example="carrier-a",
    )
    interface_version: Literal["3.3", "3.4", "5.0"] = option("SMPP version offered at bind.", default="3.4")
    address_range: str = option("address_range of a receiving bind.", default="", max_length=40)
    source_ton: int | None = option("TON of the sender; null = autodetect.", default=None, ge=0, le=7)
    source_npi: int | None = option("NPI of the sender; null = autodetect.", default=None, ge=0, le=18)
    dest_ton: int | None = option("TON of the destination; null = autodetect.", default=None, ge=0, le=7)
    dest_npi: int | None = option("NPI of the destination; null = autodetect.", default=None, ge=0, le=18)
    short_code: ShortCode = option("How short codes are marked.", default_factory=ShortCode)
    default_alphabet: Literal["gsm", "gsm-packed", "latin1", "ascii", "utf-8"] = option(
        "What data_coding 0 means to this SMSC.", default="gsm"
    )
    data_coding: DataCoding = option("data_coding values, where the SMSC wants others.", default_factory=DataCoding)
    long_messages: Literal["udh8", "udh16", "sar", "payload"] = option(
        "How long messages go: UDH with an 8- or 16-bit reference, SAR TLVs, or one message_payload.", default="udh8"
    )
    max_parts: int | None = option(
        "Most parts of one message here; null = `limits.max_parts`.", default=None, ge=1, le=255, unit="parts"
    )
    registered_delivery_all_parts: bool = option(
        "Ask a receipt for every part; false asks it for the last part only.", default=True
    )
    message_id_format: Literal["auto", "same", "hex-dec", "dec-hex"] = option(
        "Form of the message id in submit_sm_resp and in the receipt: `same` text, hexadecimal then decimal, decimal"
        " then hexadecimal, or learnt by itself.",
        default="auto",
    )
    accepted_state: Literal["pending", "delivered"] = option("What ACCEPTD in a receipt means here.", default="pending")
    unknown_outcome: Literal["resend", "wait", "fail"] = option(
        "A submit_sm without an answer: send it again (it may arrive twice), wait for its receipt, or end as unknown.",
        default="resend",
    )
    service_type: str = option("service_type of submit_sm.", default="", max_length=5)
    protocol_id: int = option("protocol_id of submit_sm.", default=0, ge=0, le=255)
    statuses: FrozenMap[StatusCode, StatusAction | StatusRule] = option(
        "What a command_status means here, where it differs from the built-in table (docs/failures.md): an action, or"
        " scope and action.",
        default_factory=no_entries,
        example={"0x45": "retry", "0x400": {"scope": "connector", "action": "suspend"}},
    )
    retry: Retry = option("Trying again.", default_factory=Retry)
    suspend_s: float = option(
        "How long a connector sends nothing after a status whose action is `suspend`.",
        default=60.0,
        ge=1,
        le=86400,
        unit="s",
    )
    failover_after_s: float | None = option(
        "How long no bind may stand before what is queued here goes over to other connectors of its route;"
        " null = never.",
        default=30.0,
        ge=0,
        le=86400,
        unit="s",
    )
    adaptive_rate: bool = option(
        "Find the SMSC's own limit when it answers 'throttled', and keep just below it; false = only pause.",
        default=True,
    )
    keep_order: bool = option(
        "One message at a time of one sender to one recipient: none overtakes another whatever the SMSC refuses.",
        default=True,
    )
    timers: Timers = option("Timers.", default_factory=Timers)
    ready_page: int = option(
        "Messages taken from the store's queue into memory at a time.", default=1000, ge=10, le=100000, unit="messages"
    )

    @property
    def group(self) -> str:
        """The account group receipts are matched in."""
        return self.account_group or f"{self.host}:{self.system_id}"

    @field_validator("system_id", "system_type", "address_range", "service_type", "password")
    @classmethod
    def _c_octet(cls, value: str | SecretStr) -> str | SecretStr:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not text.isascii() or any(ord(char) < 32 for char in text):
            raise ValueError("must be plain ASCII without control characters (a C-octet string in SMPP)")
        return value
