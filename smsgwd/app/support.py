"""What the configuration may say and this release does not do: said at `check` and at start, never passed over."""

from __future__ import annotations

from smsgwd.config import Config


class Unsupported(Exception):  # noqa: N818 -- what it says is about the configuration, not an error of ours
    """The gateway cannot run this configuration; the text names every reason."""


def refuse_unsupported(config: Config) -> None:
    """Raise Unsupported when a message could not be kept or sent as configured."""
    reasons = []
    if config.store.kind != "embedded":
        reasons.append(f"store.kind: {config.store.kind} is not built yet; this release has the embedded store")
    reasons += [
        f"connectors: {connector.id}: provider plugins are not built yet; this release has kind smpp"
        for connector in config.connectors
        if connector.kind != "smpp"
    ]
    if reasons:
        raise Unsupported("\n".join(f"{config.path}: {reason}" for reason in reasons))


def not_served(config: Config) -> list[str]:
    """Listeners that are configured and that this release leaves closed."""
    listeners = config.listeners
    return [name for name, section in (("smpp", listeners.smpp), ("smpps", listeners.smpps)) if section is not None]
