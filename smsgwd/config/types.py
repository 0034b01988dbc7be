"""The value types of options beyond text and numbers: addresses, paths, URLs, money, patterns, status codes.

Each is an `Annotated` type carrying a `Written` marker: how the reference names it. A validator raises ValueError with
the sentence an operator reads; it never quotes a secret.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, PlainValidator, SecretStr, ValidationInfo

K = TypeVar("K")
V = TypeVar("V")

MICRO = 1_000_000
"""Micro-units in a unit of currency: money is integers of these."""
_MOST_A_PART = 1_000_000
"""Units of currency: times 255 parts and many messages that stays far from 64 bits of micro-units."""


@dataclass(frozen=True, slots=True)
class Written:
    """How the reference calls a type; a value of such a type is handed to its validator as text."""

    name: str


@dataclass(frozen=True, slots=True)
class Address:
    """One listening address; `host` is an IP literal without brackets, `port` 0 means any free port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SecretKey:
    """The key for token digests and secrets at rest: its text, or the file to create it in at first start.

    Keys of one file are one key: the gateway itself makes and rotates what stands there.
    """

    value: SecretStr | None
    file: Path | None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SecretKey):
            return NotImplemented
        return self.file == other.file and (self.file is not None or self.value == other.value)

    def __hash__(self) -> int:
        return hash((self.file, self.value if self.file is None else None))


def _need_text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be {what}")
    return value


def parse_address(value: Any) -> Address:
    """Address of '127.0.0.1:8080' or '[::]:8080'. Raises ValueError."""
    if isinstance(value, Address):
        return value
    text = _need_text(value, "an address such as 127.0.0.1:8080")
    host, colon, port = text.rpartition(":")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise ValueError(f"'{text[:60]}' needs a port 0-65535 after the last ':', as in 127.0.0.1:8080")
    if not host:
        raise ValueError(f"'{text}' names no address: write 0.0.0.0:{port} or \"[::]:{port}\" for all of them")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f'an IPv6 address stands in brackets: "[{host[:45]}]:{port}"')
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise ValueError(f"'{host[:60]}' is not an IP address (listen takes addresses, not names)") from None
    return Address(host, int(port))


def _base(info: ValidationInfo) -> Path:
    context = info.context or {}
    base: Path = context.get("base", Path())
    return base


def _path(value: Any, info: ValidationInfo) -> Path:
    text = _need_text(value, "a path")
    if not text or "\0" in text:
        raise ValueError("must be a path")
    return _base(info) / text


def _existing_file(value: Any, info: ValidationInfo) -> Path:
    path = _path(value, info)
    try:
        with path.open("rb"):
            return path
    except OSError as error:
        raise ValueError(f"cannot read file {path}: {error.strerror or 'unreadable'}") from None


def _url(value: Any) -> str:
    text = _need_text(value, "a URL that starts with http:// or https://")
    try:
        parts = urlsplit(text)
        bad = parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0
    except ValueError:
        bad = True
    if bad or len(text) > 2048 or re.search(r"[\s\x00-\x1f\x7f]", text):
        raise ValueError("must be a URL that starts with http:// or https:// and names a host")
    return text


def _base_url(value: Any) -> str:
    text = _url(value).rstrip("/")
    if "?" in text or "#" in text:
        raise ValueError("must be a URL without '?' and '#': paths are added to it")
    return text


def parse_money(value: Any) -> int:
    """Micro-units of a decimal such as '0.0400'. Raises ValueError (sign, more than six decimals, too large)."""
    text = _need_text(value, 'a decimal amount such as "0.0400"')
    match = re.fullmatch(r"([0-9]{1,12})(?:\.([0-9]{1,6}))?", text)
    if match is None:
        raise ValueError('must be a decimal amount such as "0.0400" (no sign, at most 12 digits and 6 decimals)')
    return int(match[1]) * MICRO + int((match[2] or "").ljust(6, "0"))


def _price(value: Any) -> int:
    micro = parse_money(value)
    if micro > _MOST_A_PART * MICRO:
        raise ValueError(f"must be at most {_MOST_A_PART}")
    return micro


def _mode(value: Any) -> int:
    text = _need_text(value, "an octal file mode such as 0660")
    if not re.fullmatch(r"0?[0-7]{3}", text):
        raise ValueError("must be an octal file mode such as 0660")
    return int(text, 8)


def _network(value: Any) -> str:
    text = _need_text(value, "an address or network such as 10.0.0.0/8")
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise ValueError(f"not an address or network such as 10.0.0.0/8: {error}") from None


def _number_pattern(value: Any) -> str:
    text = _need_text(value, "a number, a prefix such as 30* or '*'")
    if not re.fullmatch(r"\+?[0-9]{1,20}\*?|\*", text):
        raise ValueError("must be digits (a leading + is fine), a prefix such as 30*, or '*' for any number")
    return text


def _network_pattern(value: Any) -> str:
    text = _need_text(value, "a network such as 20201 (MCC and MNC), or 202*")
    if not re.fullmatch(r"[0-9]{5,6}|[0-9]{3,5}\*", text):
        raise ValueError("must be MCC and MNC, 5 or 6 digits such as 20201, or their beginning such as 202*")
    return text


def _sender_pattern(value: Any) -> str:
    text = _need_text(value, "a sender, a prefix such as Shop*, or '*'")
    if not re.fullmatch(r"[^*\x00-\x1f\x7f]{0,21}\*?", text) or not text:
        raise ValueError("must be a sender of at most 21 characters, a prefix such as Shop*, or '*' for any")
    return text


def _status_code(value: Any) -> int:
    text = _need_text(value, "a command_status such as 0x58")
    if (
        not re.fullmatch(r"0[xX][0-9a-fA-F]{1,8}|[0-9]{1,10}", text)
        or not 0 < int(text, 0 if "x" in text.lower() else 10) < 1 << 32
    ):
        raise ValueError("a command_status is 0x1-0xFFFFFFFF, such as 0x58 (decimal is fine too)")
    return int(text, 0 if "x" in text.lower() else 10)


def _secret_key(value: Any, info: ValidationInfo) -> SecretKey:
    if isinstance(value, SecretKey):
        return value
    text = _need_text(value, "text of at least 32 characters, or {file: PATH}")
    file: Path | None = getattr(value, "file", None)
    if file is not None and not text:
        return SecretKey(None, file)
    if len(text) < 32:
        raise ValueError("is too short: at least 32 characters")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and min(map(len, lines)) < 16:
        raise ValueError("has a line that is too short: several keys have a line each, of at least 16 characters")
    return SecretKey(SecretStr(str(text)), file)


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _freeze(value: Mapping[K, V]) -> Mapping[K, V]:
    return MappingProxyType(dict(value))


def no_entries() -> Mapping[Any, Any]:
    """Default of a mapping option."""
    return MappingProxyType({})


def _plain(function: Any) -> PlainValidator:
    return PlainValidator(function, json_schema_input_type=str)


IpPort = Annotated[Address, _plain(parse_address), Written("address:port")]
Listen = Annotated[tuple[IpPort, ...], BeforeValidator(_as_tuple), Written("address:port, or a list")]
LocalPath = Annotated[Path, _plain(_path), Written("path")]
ExistingFile = Annotated[Path, _plain(_existing_file), Written("path of a readable file")]
HttpUrl = Annotated[str, _plain(_url), Written("URL")]
BaseUrl = Annotated[str, _plain(_base_url), Written("URL")]
Price = Annotated[int, _plain(_price), Written("decimal amount")]
Money = Annotated[int, _plain(parse_money), Written("decimal amount")]
FileMode = Annotated[int, _plain(_mode), Written("octal file mode")]
Network = Annotated[str, _plain(_network), Written("address or network")]
NumberPattern = Annotated[str, _plain(_number_pattern), Written("number, prefix* or '*'")]
NumberPatterns = Annotated[
    tuple[NumberPattern, ...], BeforeValidator(_as_tuple), Written("number, prefix* or '*', or a list")
]
NetworkPattern = Annotated[str, _plain(_network_pattern), Written("network or prefix*")]
NetworkPatterns = Annotated[
    tuple[NetworkPattern, ...], BeforeValidator(_as_tuple), Written("network, prefix*, or a list")
]
SenderPattern = Annotated[str, _plain(_sender_pattern), Written("sender, prefix* or '*'")]
SenderPatterns = Annotated[
    tuple[SenderPattern, ...], BeforeValidator(_as_tuple), Written("sender, prefix* or '*', or a list")
]
Texts = Annotated[tuple[str, ...], BeforeValidator(_as_tuple), Written("text, or a list")]
StatusCode = Annotated[int, _plain(_status_code), Written("command_status")]
KeyText = Annotated[SecretKey, _plain(_secret_key), Written("text of 32 characters or more, or {file: PATH}")]
FrozenMap = Annotated[Mapping[K, V], AfterValidator(_freeze)]
