"""A connector's settings in effect, as operators see them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from smsgwd.app.provider_parts import AnySettings
from smsgwd.config.diff import shown as shown_section
from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.southbound.settings import Settings


def shown(settings: AnySettings) -> dict[str, Any]:
    """JSON-ready, without passwords and other secrets, statuses as 0x08."""
    return _of_provider(settings) if isinstance(settings, ProviderSettings) else _of_smpp(settings)


def shown_options(settings: ProviderSettings) -> dict[str, Any]:
    """Options of a plugin with their defaults, secrets hidden."""
    try:
        return shown_section(settings.plugin.options.model_validate(dict(settings.options)))
    except ValidationError:  # of another version than the one that checked them; nothing of it may be shown
        return {"error": "the plugin takes them no more"}


def _of_provider(settings: ProviderSettings) -> dict[str, Any]:
    poll = settings.poll
    return {
        "provider": settings.plugin.name,
        "account_group": settings.group,
        "isolation": "process" if settings.isolated else "none",
        "throughput": settings.throughput,
        "burst": settings.burst,
        "requests_per_s": settings.requests_s,
        "window": settings.window,
        "group": settings.together,
        "connect_s": settings.connect_s,
        "answer_s": settings.answer_s,
        "call_s": settings.call_s,
        "keep_order": settings.keep_order,
        "unknown_outcome": settings.unknown_outcome,
        "unknown_after_s": settings.unknown_after_s,
        "retry_waits_s": list(settings.retry_waits_s),
        "retry_attempts": settings.retry_attempts,
        "suspend_s": settings.suspend_s,
        "polling": None
        if poll is None
        else {
            "first_s": poll.first_s,
            "longest_s": poll.longest_s,
            "after_callbacks_s": poll.after_callbacks_s,
            "group": poll.group,
        },
        "callbacks": settings.callbacks,
        "callbacks_from": list(settings.allow_from),
        "balance_every_s": settings.balance_every_s,
        "tenant": settings.tenant,
        "number": settings.number,
        "push_contacts": settings.push_contacts,
        "options": shown_options(settings),
    }


def _of_smpp(settings: Settings) -> dict[str, Any]:
    return {
        "host": settings.host,
        "port": settings.port,
        "tls": settings.tls is not None,
        "tls_files": [str(part) for part in settings.tls_from or () if isinstance(part, Path)],
        "system_id": settings.system_id.decode("ascii", "replace"),
        "system_type": settings.system_type.decode("ascii", "replace"),
        "bind": settings.bind,
        "binds": settings.binds,
        "interface_version": f"{settings.interface_version >> 4}.{settings.interface_version & 15}",
        "account_group": settings.group,
        "throughput": settings.throughput,
        "burst": settings.burst,
        "window": settings.session.window,
        "adaptive_rate": settings.adaptive_rate,
        "keep_order": settings.keep_order,
        "default_alphabet": settings.alphabet,
        "long_messages": settings.long_messages,
        "message_id_format": settings.id_format,
        "unknown_outcome": settings.unknown_outcome,
        "retry_waits_s": list(settings.retry_waits_s),
        "retry_attempts": settings.retry_attempts,
        "suspend_s": settings.suspend_s,
        "statuses": {f"0x{status:02X}": rule.action.value for status, rule in settings.statuses.items()},
        "enquire_link_s": settings.session.enquire_link,
        "response_s": settings.session.response,
        "reconnect_min_s": settings.reconnect_min_s,
        "reconnect_max_s": settings.reconnect_max_s,
    }
