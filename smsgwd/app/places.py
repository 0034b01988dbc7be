"""Where tenants find the gateway, as far as the configuration says it: base URLs and SMPP ports."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from smsgwd.app.dialect_mounts import mounted
from smsgwd.config import Config
from smsgwd.northbound.account import HttpPlace, Places, SmppPlace


def places_of(config: Config) -> Places:
    """The APIs that are served over HTTP, the native one first, and the ports of SMPP."""
    http: list[HttpPlace] = []
    if config.listeners.http is not None:
        http.append(HttpPlace("native", config.public_url.rstrip("/")))
        http += [HttpPlace(row.name, str(row.options["public_url"])) for row in mounted(config)]
    return Places(tuple(http), tuple(dict.fromkeys(_smpp(config))))


def _smpp(config: Config) -> Iterator[SmppPlace]:
    """Ports that others can reach, at the host of `public_url`: what listens on the loopback alone is behind something
    that has an address of its own, unless the public URL is a loopback's, too."""
    host = urlsplit(config.public_url).hostname or ""
    for section, tls in ((config.listeners.smpp, False), (config.listeners.smpps, True)):
        for address in () if section is None else section.listen:
            if address.port and (not _loopback(address.host) or _loopback(host)):
                yield SmppPlace(host, address.port, tls)


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
