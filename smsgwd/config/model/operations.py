"""Sections about operating the gateway: roles on the admin socket, detail records, the access log, traces."""

from __future__ import annotations

from typing import Literal

from smsgwd.config.option import Section, option
from smsgwd.config.types import BaseUrl, LocalPath, Texts


class Roles(Section):
    """Who may do what on the admin socket, by user name, or `@group` for all of a group. Root and the user the daemon
    runs as have every role."""

    admin: Texts = option(
        "May do everything: tenants, money, routes, configuration, stop.", default=(), example=["@wheel"]
    )
    operate: Texts = option(
        "May do what the person on call does: connectors, queues, pushes, log levels, decoded PDUs.",
        default=(),
        example=["alice", "@oncall"],
    )
    read: Texts = option("May look.", default=(), example=["@smsgwd"])
    others: Literal["none", "read", "operate", "admin"] = option(
        "Role of everybody else whom the socket's file mode lets in.", default="read"
    )


class Rotation(Section):
    """Files that are begun anew."""

    max_mb: float = option("Size at which a new file is begun.", default=100.0, gt=0, le=100_000, unit="MB")
    max_age_h: float = option("Age at which a new file is begun.", default=24.0, gt=0, le=8760, unit="h")
    keep: int = option("Most old files that are kept; 0 = all.", default=0, ge=0, le=1_000_000)


class Cdr(Rotation):
    """Call detail records: a line for each message that ends, in files (docs/cdr.md)."""

    directory: LocalPath | None = option(
        "Directory of the files, relative to this file; null = none are written.",
        default=None,
        example="/var/lib/smsgwd/cdr",
    )
    format: Literal["csv", "json"] = option("Comma-separated with a header, or one JSON object a line.", default="csv")
    show_numbers: bool = option("Write phone numbers in full: accounts are settled by them.", default=True)


class AccessLog(Rotation):
    """A line for each HTTP request of tenants, when it is answered: when the answer begins, where one goes on."""

    path: LocalPath | None = option(
        "File, relative to this file; null = none is written.", default=None, example="/var/log/smsgwd/access.log"
    )


class Tracing(Section):
    """OpenTelemetry traces of messages; needs `pip install smsgwd[otel]`."""

    endpoint: BaseUrl | None = option(
        "OTLP over HTTP: spans go to `/v1/traces` below it; null = no traces.",
        default=None,
        example="http://127.0.0.1:4318",
    )
    ratio: float = option("Share of messages that are traced.", default=0.01, ge=0, le=1)
    service_name: str = option("Name of the service in the traces.", default="smsgwd", min_length=1, max_length=100)
