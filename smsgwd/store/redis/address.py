"""Where the server is, as the setting `store.url` says it.

    redis://[user:password@]host:port/db            rediss:// with TLS: ?ca=&cert=&key= are paths of PEM files
    unix:///path?db=1&user=&password=
    redis+sentinel://[user:password@]host:port,host:port/master?db=1     &sentinel_user=&sentinel_password=
    redis+cluster://[user:password@]host:port,host:port

`rediss+sentinel` and `rediss+cluster` are the same with TLS. User and password are percent-encoded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote

_PORT: Final = 6379
_SENTINEL_PORT: Final = 26379
_MOST_DATABASES: Final = 1_000_000
_FILES: Final = frozenset({"ca", "cert", "key"})
_SENTINEL_LOGIN: Final = frozenset({"sentinel_user", "sentinel_password"})


class Kind(Enum):
    """How the server is found."""

    ONE = "redis"  #: at one address
    UNIX = "unix"  #: on a socket of this machine
    SENTINEL = "redis+sentinel"  #: sentinels know which is the master
    CLUSTER = "redis+cluster"  #: each master has some of the slots


@dataclass(frozen=True, slots=True)
class Login:
    """Who we are. Without a user it is `default`; without a password there is no AUTH."""

    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Tls:
    """Paths of PEM files: `ca` None = the system's authorities; `cert` and `key` None = we show no certificate."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed setting. No password is in its repr."""

    kind: Kind
    hosts: tuple[tuple[str, int], ...] = ()  #: of the server, the sentinels or some nodes of the cluster
    path: str = ""  #: of a unix socket
    master: str = ""  #: what sentinels call it
    db: int = 0
    login: Login = Login()
    sentinel_login: Login = Login()
    tls: Tls | None = None

    def __str__(self) -> str:
        """For logs: the address without who we are."""
        if self.kind is Kind.UNIX:
            return f"unix://{self.path}?db={self.db}"
        scheme = self.kind.value if self.tls is None else self.kind.value.replace("redis", "rediss")
        hosts = ",".join(shown(*each) for each in self.hosts)
        if self.kind is Kind.CLUSTER:
            return f"{scheme}://{hosts}"
        return f"{scheme}://{hosts}/{self.db}" if self.kind is Kind.ONE else f"{scheme}://{hosts}/{self.master}"


def shown(host: str, port: int) -> str:
    """A host and a port as addresses write them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse(text: str, tls: Tls | None = None) -> Address:
    """The address in a setting. `tls`: paths from other settings, for an address with TLS that names none.

    Raises ValueError with what is wrong; it never repeats what may be a password.
    """
    scheme, found, rest = text.partition("://")
    secured = scheme.startswith("rediss")
    try:
        kind = Kind(scheme.replace("rediss", "redis", 1) if secured else scheme)
    except ValueError:
        found = ""
    if not found:
        raise ValueError("address: begins with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://")
    if "#" in rest:
        raise ValueError("address: write # as %23")
    place, _, query = rest.partition("?")
    options = _options(query)
    if kind is Kind.UNIX:
        return _unix(place, options)
    if secured:
        tls = _tls(options, tls)
    authority, _, path = place.partition("/")
    user_part, at, host_part = authority.rpartition("@")
    if "@" in path or "@" in user_part:
        raise ValueError("address: in user and password write @ as %40, / as %2F, ? as %3F and # as %23")
    login = _login(user_part) if at else Login()
    path = unquote(path)
    master, sentinel_login, db = "", Login(), 0
    if kind is Kind.SENTINEL:
        master = path
        if not master or "/" in master:
            raise ValueError("address: the name the sentinels call the master by comes after the hosts: .../mymaster")
        sentinel_login = Login(options.pop("sentinel_user", ""), options.pop("sentinel_password", ""))
        db = _database(options.pop("db", ""))
    elif kind is Kind.ONE:
        db = _database(path or options.pop("db", ""))
    elif path:
        raise ValueError("address: a cluster has no databases: nothing comes after its hosts")
    _nothing_left(options)
    hosts = _hosts(host_part, _SENTINEL_PORT if kind is Kind.SENTINEL else _PORT)
    if kind is Kind.ONE and len(hosts) > 1:
        raise ValueError("address: one host only; several are for redis+sentinel:// and redis+cluster://")
    return Address(kind, hosts, "", master, db, login, sentinel_login, tls if secured else None)


def _unix(path: str, options: dict[str, str]) -> Address:
    if not path.startswith("/"):
        raise ValueError("address: unix:// is followed by the absolute path of a socket: unix:///run/redis.sock")
    login = Login(options.pop("user", ""), options.pop("password", ""))
    db = _database(options.pop("db", ""))
    _nothing_left(options)
    return Address(Kind.UNIX, path=unquote(path), db=db, login=login)


def _options(query: str) -> dict[str, str]:
    pairs = parse_qsl(query, keep_blank_values=True)
    options = dict(pairs)
    if len(options) != len(pairs):
        raise ValueError("address: a name stands twice after the ?")
    return options


def _nothing_left(options: dict[str, str]) -> None:
    if options:
        known = sorted({"db", "user", "password", *_FILES, *_SENTINEL_LOGIN} & set(options))
        what = f"{', '.join(known)} is" if known else "a name after the ? is"
        raise ValueError(f"address: {what} not for this kind of address")


def _tls(options: dict[str, str], other: Tls | None) -> Tls:
    named = {name: Path(options.pop(name)) for name in _FILES & set(options)}
    if ("cert" in named) != ("key" in named):
        raise ValueError("address: cert and key are given together")
    return Tls(**named) if named else other or Tls()


def _login(text: str) -> Login:
    user, _, password = text.partition(":")
    if ":" in password:
        raise ValueError("address: in user and password write : as %3A")
    if user and not password:
        raise ValueError("address: a user needs a password: user:password@")
    return Login(unquote(user), unquote(password))


def _database(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(_MOST_DATABASES)):
        raise ValueError("address: the database is a whole number from 0")
    return int(text)


def _hosts(text: str, port: int) -> tuple[tuple[str, int], ...]:
    return tuple(_host(each, port) for each in text.split(","))


def _host(text: str, port: int) -> tuple[str, int]:
    if text.startswith("["):
        host, closed, after = text[1:].partition("]")
        if not closed or (after and not after.startswith(":")):
            raise ValueError("address: an IPv6 address stands in brackets: [::1]:6379")
        number = after[1:] if after else None
    else:
        host, colon, after = text.partition(":")
        number = after if colon else None
    if not host:
        raise ValueError("address: a host is missing")
    if number is None:
        return host, port
    if not (number.isascii() and number.isdigit()) or len(number) > 5 or not 0 < int(number) < 65536:
        raise ValueError("address: a port is a number from 1 to 65535, after host and colon")
    return host, int(number)
