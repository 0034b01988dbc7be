"""The certificates of the listeners, read again on demand: SIGHUP and `tls reload`."""

from __future__ import annotations

from smsgwd.net.tls import ReloadableServerOptions, TlsError
from smsgwd.telemetry import get_logger

_log = get_logger("daemon")


class Certificates:
    """The TLS options of the listeners by name. New connections get what `reload` read last."""

    def __init__(self) -> None:
        self._options: dict[str, ReloadableServerOptions] = {}

    def add(self, listener: str, options: ReloadableServerOptions) -> ReloadableServerOptions:
        """Remember a listener's options; gives them back."""
        self._options[listener] = options
        return options

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
