"""Where the gateway may connect when a tenant says where: URLs parsed strictly, addresses judged one by one.

A tenant's URL is an attacker's input (SSRF): it must not reach the operator's own network. The name is resolved by us
and the connection is made to the very address that was judged, so a second answer of the DNS changes nothing.
"""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import msgspec

MAX_URL = 2048
"""Longest URL in characters."""

_URL = re.compile(r"(https?)://([^/?#]*)([^#]*)(?:#.*)?", re.IGNORECASE)
_CHARACTERS = re.compile(r"[!-;=?-\[\]_a-z~]+")  # printable ASCII without " < > \ ^ ` { | } and space
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_NUMERIC = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_PORT = re.compile(r"[0-9]{1,5}")
_DEFAULT_PORT = {"http": 80, "https": 443}

_V4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(network), reason)
    for network, reason in (
        ("168.63.129.16/32", "cloud metadata"),
        ("169.254.169.254/32", "cloud metadata"),
        ("100.100.100.200/32", "cloud metadata"),
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("172.16.0.0/12", "private"),
        ("192.168.0.0/16", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("192.0.0.0/24", "special purpose"),
        ("192.0.2.0/24", "documentation"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("198.18.0.0/15", "benchmarking"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_V6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), reason)
    for network, reason in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::ffff:0:0/96", "IPv4-mapped"),
        ("::/96", "IPv4-compatible"),
        ("64:ff9b:1::/48", "local NAT64"),
        ("fd00:ec2::254/128", "cloud metadata"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
        ("2001::/32", "Teredo"),
        ("2001::/23", "special purpose"),
        ("2001:db8::/32", "documentation"),
        ("3fff::/20", "documentation"),
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_6TO4 = IPv6Network("2002::/16")
_ISATAP = (0x00005EFE, 0x02005EFE)


class BadTargetError(ValueError):
    """A URL that can never be asked; the text says what is wrong with it and does not quote it."""


class Target(msgspec.Struct, frozen=True, gc=False):
    """A parsed URL."""

    scheme: str  #: http or https
    host: str  #: lower case, without a trailing dot; an IPv6 address without brackets
    port: int
    path: str  #: path and query as they go on the wire, beginning with '/'
    authority: str  #: value of the Host header (RFC 9110 s7.2)
    literal: bool  #: the host is an IP address


def _host(text: str) -> tuple[str, bool]:
    """The host of an authority without its port, and whether it is an address."""
    if text.startswith("["):
        try:
            return str(IPv6Address(text[1:-1])) if "%" not in text else _refuse("an IPv6 zone is not allowed"), True
        except ValueError:
            raise BadTargetError("not an IPv6 address between '[' and ']'") from None
    host = text.removesuffix(".").lower()
    labels = host.split(".")
    # What ends in a number is an IPv4 address to the system's resolver, in notations such as 2130706433, 0x7f.1 and
    # 0177.0.0.1: only the usual one is taken.
    if _NUMERIC.fullmatch(labels[-1]):
        try:
            return str(IPv4Address(text)), True
        except ValueError:
            raise BadTargetError("an IPv4 address is written as four decimal numbers") from None
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadTargetError("not a host name")
    return host, False


def _refuse(what: str) -> str:
    raise BadTargetError(what)


@lru_cache(maxsize=4096)
def _origin(scheme: str, authority: str) -> tuple[str, int, str, bool]:
    """Host, port, value of the Host header, and whether the host is an address."""
    if "@" in authority:
        raise BadTargetError("user name or password in the URL")
    name, colon, port_text = authority, "", ""
    if not authority.endswith("]"):
        head, colon, port_text = authority.rpartition(":")
        name = head if colon else authority
    if not name:
        raise BadTargetError("no host")
    if colon and not _PORT.fullmatch(port_text):
        raise BadTargetError("the port is not a number")
    port = int(port_text) if colon else _DEFAULT_PORT[scheme]
    if not 1 <= port <= 65535:
        raise BadTargetError("the port is not between 1 and 65535")
    host, literal = _host(name)
    shown = f"[{host}]" if ":" in host else host
    return host, port, shown if port == _DEFAULT_PORT[scheme] else f"{shown}:{port}", literal


def parse_target(url: str) -> Target:
    """Parse an absolute http or https URL (RFC 3986, the strict reading). Raises BadTargetError.

    Refused: user info, port 0, zones, IPv4 addresses in odd notations, characters that a URL cannot have (a name with
    other letters is to be written in its xn-- form). A fragment is dropped.
    """
    if len(url) > MAX_URL:
        raise BadTargetError(f"longer than {MAX_URL} characters")
    match = _URL.fullmatch(url)
    if match is None:
        raise BadTargetError("not a URL that begins with http:// or https://")
    if not _CHARACTERS.fullmatch(url):
        raise BadTargetError("a character that a URL cannot have (percent-encode it; host names in xn-- form)")
    scheme, rest = match[1].lower(), match[3]
    host, port, authority, literal = _origin(scheme, match[2])
    return Target(scheme, host, port, rest if rest.startswith("/") else f"/{rest}", authority, literal)


def _v4_refusal(address: IPv4Address) -> str | None:
    for network, reason in _V4:
        if address in network:
            return reason
    return None


def _v6_refusal(address: IPv6Address) -> str | None:
    for network, reason in _V6:
        if address in network:
            return reason
    number = int(address)
    embedded: IPv4Address | None = None
    if address in _NAT64:
        embedded = IPv4Address(number & 0xFFFFFFFF)
    elif address not in _GLOBAL_UNICAST:
        return "not global unicast"
    elif address in _6TO4:
        embedded = IPv4Address(number >> 80 & 0xFFFFFFFF)
    elif number >> 32 & 0xFFFFFFFF in _ISATAP:
        embedded = IPv4Address(number & 0xFFFFFFFF)
    if embedded is not None:
        inner = _v4_refusal(embedded)
        if inner is not None:
            return f"{inner} (embedded)"
    return None


@lru_cache(maxsize=4096)
def refusal_of(ip: str) -> str | None:
    """Why the gateway does not connect to an IP address that a tenant chose, or None when it may.

    Refused is what is not a public unicast address (IANA special-purpose registries, RFC 6890), addresses at which
    clouds serve credentials, and IPv6 forms that carry a refused IPv4 address (6to4, NAT64, ISATAP) or hide one
    (mapped, compatible, Teredo).
    """
    if "%" in ip:
        return "zoned"
    try:
        address = ip_address(ip)
    except ValueError:
        return "not an IP address"
    return _v4_refusal(address) if isinstance(address, IPv4Address) else _v6_refusal(address)
