"""The certificates of the listeners, read again on demand: SIGHUP and `tls reload`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from smsgwd.config.model.listeners import Listeners
from smsgwd.net.tls import ReloadableServerOptions, TlsError
from smsgwd.ports.dispatch import ConnectorStatus
from smsgwd.telemetry import get_logger

_log = get_logger("daemon")


class _Shown(Protocol):
    """The settings of a connector, as far as this goes."""

    @property
    def certificate_ends(self) -> float | None:
        """When the certificate ends that it shows, seconds since 1970; None where it shows none."""


class Connectors(Protocol):
    """The connectors, as far as this goes."""

    def status(self) -> Sequence[ConnectorStatus]:
        """All of them."""

    def settings(self, connector: str) -> _Shown:
        """What one goes by."""


class Certificates:
    """The TLS options of the listeners by name. New connections get what `reload` read last."""

    def __init__(self) -> None:
        self._options: dict[str, ReloadableServerOptions] = {}

    def add(self, listener: str, options: ReloadableServerOptions) -> ReloadableServerOptions:
        """Remember a listener's options; gives them back."""
        self._options[listener] = options
        return options

    def expiries(self) -> dict[str, float]:
        """When the certificate that each listener uses ends, seconds since 1970."""
        return {listener: options.expires_at for listener, options in self._options.items()}

    def in_use(self, dispatcher: Connectors) -> dict[str, float]:
        """`expiries`, and those of the certificates that connectors show their SMSCs, as 'connector NAME'."""
        found = self.expiries()
        for connector in dispatcher.status():
            ends = dispatcher.settings(connector.id).certificate_ends
            if ends is not None:
                found[f"connector {connector.id}"] = ends
        return found

    def prepare(self, listeners: Listeners) -> list[Callable[[], None]]:
        """Read the files that these sections name, for the listeners that there are; what is given back puts them in
        force. Raises TlsError with all that is wrong. It may run in a thread."""
        prepared: list[Callable[[], None]] = []
        wrong: list[str] = []
        for name, options in self._options.items():
            section = getattr(listeners, name, None)
            tls = None if section is None else section.tls
            if tls is None:
                continue
            try:
                prepared.append(_told(name, options.prepare(tls.cert, tls.key, getattr(tls, "client_ca", None))))
            except TlsError as error:
                wrong.append(f"listeners.{name}.tls: {error}")
        if wrong:
            raise TlsError("\n".join(wrong))
        return prepared

    def reload(self) -> dict[str, str]:
        """Read all files again; by listener 'reloaded', or why its old certificate stays."""
        done: dict[str, str] = {}
        for listener, options in self._options.items():
            try:
                options.reload()
            except TlsError as error:
                _log.error("listener.certificate_kept", listener=listener, reason=str(error))
                done[listener] = f"the old one stays: {error}"
            else:
                _log.info("listener.certificate_reloaded", listener=listener)
                done[listener] = "reloaded"
        return done


def _told(listener: str, apply: Callable[[], None]) -> Callable[[], None]:
    """The same, and said."""

    def apply_and_say() -> None:
        apply()
        _log.info("listener.certificate_reloaded", listener=listener)

    return apply_and_say
