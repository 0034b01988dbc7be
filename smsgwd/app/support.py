"""What a configuration may say and this release cannot do: said at `check` and at start, never passed over."""

from __future__ import annotations

from smsgwd.config import Config
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
    if reasons:
        raise Unsupported("\n".join(f"{config.path}: {reason}" for reason in reasons))
