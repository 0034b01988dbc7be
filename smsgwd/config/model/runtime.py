"""Sections about how the daemon runs: admin, auth, notify, limits, retention, shutdown, links, log."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from smsgwd.config.model.operations import Roles
from smsgwd.config.option import Section, option
from smsgwd.config.types import BaseUrl, FileMode, LocalPath


class Admin(Section):
    """The admin socket smsgwctl talks to."""

    socket: LocalPath = option(
        "Unix socket for smsgwctl.", default="var/admin.sock", example="var/admin.sock", validate_default=True
    )
    mode: FileMode = option("File mode of the socket.", default=0o660, example="0660")
    roles: Roles = option("Who may do what.", default_factory=Roles, reloadable=True)
    audit_d: float = option(
        "How long it is kept who changed what.", default=400.0, gt=0, le=3650, unit="days", reloadable=True
    )


class Auth(Section):
    """Guessing of credentials: counted by address and user name together, so that others are not locked out."""

    max_failures: int = option(
        "Failures in the window after which that address may not try that user name.", default=10, ge=1, le=10000
    )
    max_failures_address: int = option(
        "Failures in the window after which an address may not try at all.", default=100, ge=1, le=100000
    )
    window_s: float = option("Length of the window.", default=60.0, gt=0, le=86400, unit="s")
    cache_s: float = option(
        "How long a good pair is remembered as a keyed digest instead of hashed again.", default=300.0, ge=0, unit="s"
    )


_RETRY_S = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0)


class Notify(Section):
    """Pushes to tenants: receipts and webhooks."""

    allow_private_targets: bool = option(
        "Allow URLs at loopback and private addresses; for development and tests.", default=False
    )
    timeout_s: float = option("Time for one push, from connect to answer.", default=15.0, gt=0, le=300, unit="s")
    max_connections_per_host: int = option("Most connections to one host.", default=8, ge=1, le=1000)
    max_connections: int = option("Most connections at all.", default=256, ge=1, le=10000)
    max_age_h: float = option(
        "A push that has failed for this long is given up.", default=48.0, ge=24, le=720, unit="h"
    )
    retry_s: tuple[Annotated[float, Field(ge=1, le=86400)], ...] = option(
        "Waits before the attempts after the first; the last one repeats until `max_age_h`.",
        default=_RETRY_S,
        min_length=1,
        max_length=50,
        unit="s",
    )

    @model_validator(mode="after")
    def _fits(self) -> Notify:
        if self.max_connections_per_host > self.max_connections:
            raise ValueError("'max_connections_per_host' must not be larger than 'max_connections'")
        return self


class Limits(Section):
    """Limits of messages."""

    default_validity_s: int = option(
        "Validity of a message that names none.", default=172_800, ge=60, le=604_800, unit="s"
    )
    max_validity_s: int = option("Longest validity a tenant may ask for.", default=604_800, ge=60, le=604_800, unit="s")
    receipt_wait_h: float = option(
        "How long after its validity a sent message waits for a receipt before it ends as unknown.",
        default=72.0,
        ge=0,
        le=720,
        unit="h",
    )
    max_parts: int = option("Most parts of one message.", default=10, ge=1, le=255, unit="parts")
    max_recipients: int = option("Most recipients of one request.", default=1000, ge=1, le=1000)
    max_batch: int = option("Most messages of one batch request.", default=1000, ge=1, le=1000)
    max_group: int = option("Most members of a group that one request may send to.", default=4000, ge=1, le=10_000)
    max_schedule_d: int = option("How far ahead a message may be scheduled.", default=365, ge=1, le=3650, unit="days")
    idempotency_h: int = option("How long an Idempotency-Key is remembered.", default=24, ge=24, le=720, unit="h")

    @model_validator(mode="after")
    def _order(self) -> Limits:
        if self.default_validity_s > self.max_validity_s:
            raise ValueError("'default_validity_s' must not be larger than 'max_validity_s'")
        return self


class Retention(Section):
    """How long what is over is kept. What is open, or still owed to a tenant, is kept in any case."""

    messages_d: float = option(
        "Finished messages with their history, and number lookups, counted from when they were submitted.",
        default=90.0,
        gt=0,
        le=3650,
        unit="days",
    )
    texts_d: float = option(
        "Texts of finished messages; a tenant's `texts_d` goes before.", default=30.0, gt=0, le=3650, unit="days"
    )
    pushes_d: float = option("Pushes that were answered well.", default=7.0, gt=0, le=3650, unit="days")
    given_up_d: float = option(
        "Pushes that were given up, those to SMPP accounts that never come for them, and tracked links that expired.",
        default=30.0,
        gt=0,
        le=3650,
        unit="days",
    )
    orphans_d: float = option("Receipts that no message was found for.", default=14.0, gt=0, le=3650, unit="days")
    max_orphans: int = option("Most of them; the oldest go first.", default=100_000, ge=100, le=10_000_000)
    rows_s: int = option(
        "Most rows deleted a second: how much clearing up may disturb.",
        default=5000,
        ge=10,
        le=1_000_000,
        unit="rows/s",
    )


class Shutdown(Section):
    """Stopping."""

    drain_s: float = option(
        "How long SIGTERM waits for open windows and answers.", default=20.0, ge=0, le=600, unit="s"
    )


class Links(Section):
    """Short links."""

    base_url: BaseUrl | None = option(
        "Base of short links, a host of their own at best: `https://go.example.net/CODE`; null = `public_url`/l/CODE.",
        default=None,
        example="https://go.example.net",
    )
    repeat_s: float = option(
        "Openings of one link from one address within so long count once.", default=5.0, ge=0, le=3600, unit="s"
    )


class Log(Section):
    """The log, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = option("Least level that is written.", default="info")
    format: Literal["json", "console"] = option("One JSON object a line, or text for people.", default="json")
    show_numbers: bool = option("Write phone numbers in full instead of 30691***.", default=False)
    show_text: bool = option("Write message texts instead of dropping them.", default=False)
