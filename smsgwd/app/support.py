"""What a configuration may say and this release cannot do: said at `check` and at start, never passed over."""

from __future__ import annotations

from smsgwd.config import Config
from smsgwd.config.model.store import RedisStore, RedisTls
from smsgwd.model.refusals import BY_CODE
from smsgwd.telemetry.tracing import available


class Unsupported(Exception):  # noqa: N818 -- what it says is about the configuration, not an error of ours
    """The gateway cannot run this configuration; the text names every reason."""


def refuse_unsupported(config: Config) -> None:
    """Raise Unsupported when a message could not be kept, sent or answered as configured."""
    reasons = [
        f"tenants: {tenant.id}: smpp_errors: '{code}' is no code of docs/errors.md"
        for tenant in config.tenants
        for code in tenant.smpp_errors
        if code not in BY_CODE
    ]
    if config.tracing.endpoint is not None and not available():
        reasons.append("tracing.endpoint: needs packages that are not installed: pip install 'smsgwd[otel]'")
    if isinstance(config.store, RedisStore):
        reasons += _redis_reasons(config.store)
    elif config.listeners.shared:
        reasons.append("listeners.shared: the embedded store belongs to one process; nodes share one of kind redis")
    if reasons:
        raise Unsupported("\n".join(f"{config.path}: {reason}" for reason in reasons))


def _redis_reasons(section: RedisStore) -> list[str]:
    """What is wrong with the section before anybody asked the server."""
    # What it needs costs memory that gateways with the embedded store do not spend.
    from smsgwd.store.redis.address import Tls, parse

    tls = section.tls
    found = []
    if (tls.cert is None) != (tls.key is None):
        found.append("store.tls: cert and key are given together")
    try:
        address = parse(section.url.get_secret_value(), Tls(tls.ca, tls.cert, tls.key))
    except ValueError as error:
        return [*found, f"store.url: {str(error).removeprefix('address: ')}"]
    if address.tls is None and tls != RedisTls():
        found.append("store.tls: the address has no TLS: it begins with rediss for that")
    if section.archive is not None and section.archive.url is not None:
        found += _postgresql_reasons(section.archive.url.get_secret_value())
    return found


def _postgresql_reasons(url: str) -> list[str]:
    """What is wrong with the address of the archive; none of its words, which may be secret."""
    try:
        import psycopg
    except ImportError:  # nor where libpq is missing
        return ["store.archive: needs packages that are not installed: pip install 'smsgwd[postgresql]'"]
    try:
        psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        return ["store.archive.url: no address of a database as libpq reads it"]
    return []
