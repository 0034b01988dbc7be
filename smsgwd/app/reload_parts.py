"""Who follows a reload, section by section: each part prepares aside, in a thread, and applies in the reactor's
turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from smsgwd.admission.admit import Policy
from smsgwd.app.certificates import Certificates
from smsgwd.app.maker import Maker
from smsgwd.app.mo_desk import MoDesk
from smsgwd.app.operations import Operations
from smsgwd.app.reroute import Rerouter
from smsgwd.app.reschedule import Rescheduler
from smsgwd.app.retention import Retention
from smsgwd.app.smpp_edge import SmppEdge
from smsgwd.app.sweeps import Sweeps
from smsgwd.app.tables import alphabets_of, failover_after_of, mo_routes_of
from smsgwd.config import Config
from smsgwd.config.model.runtime import Limits
from smsgwd.mo.words import OptOutWords
from smsgwd.net.http_client import LeanHttpClient
from smsgwd.northbound.api import NativeApi
from smsgwd.northbound.auth import PasswordAuthenticator
from smsgwd.northbound.sending import ApiLimits
from smsgwd.notify.notifier import Notifier
from smsgwd.telemetry.logs import set_format, set_level, set_redaction

HOUR_MS: Final = 3_600_000
#: An SMSC repeats within its own retry times, a phone uses a reference again after 256.
MO_DONE_MS: Final = 15 * 60_000
_CONSOLE: Final = ("console.title", "console.session_h", "console.idle_min", "console.accounts")


class Part(Protocol):
    """Follows some options."""

    def follows(self, path: str) -> bool:
        """Whether it sees to the option of this path."""
        ...

    def prepare(self, old: Config, new: Config) -> Callable[[], object]:
        """Make what can be made; what is given back puts it in force, in the reactor's thread, and cannot fail. It runs
        in a thread. Raises ValueError or OSError, a line a mistake, for what cannot be."""
        ...


class Follows:
    """A part of whole sections that only has to be told: `tell` gets the new configuration if they changed (or always,
    where what it makes of them is of other sections, too)."""

    def __init__(self, sections: Sequence[str], tell: Callable[[Config], object], *, always: bool = False) -> None:
        self._sections = tuple(sections)
        self._tell = tell
        self._always = always

    def follows(self, path: str) -> bool:
        """See Part."""
        return any(path == each or path.startswith((f"{each}.", f"{each}[")) for each in self._sections)

    def prepare(self, old: Config, new: Config) -> Callable[[], object]:
        """See Part."""
        if self._always or any(_at(old, each) != _at(new, each) for each in self._sections):
            return lambda: self._tell(new)
        return _nothing


class CertificatePart:
    """The listeners' certificates: read at each reload, whether or not their options changed."""

    def __init__(self, certificates: Certificates, *, workers: bool) -> None:
        self._certificates = certificates
        self._workers = workers

    def follows(self, path: str) -> bool:
        """See Part. HTTP workers know only the files that they began with."""
        name = path.rpartition(".")[2]
        if name not in ("cert", "key", "client_ca"):
            return False
        return not (self._workers and path.startswith("listeners.http."))

    def prepare(self, old: Config, new: Config) -> Callable[[], object]:
        """See Part."""
        prepared = self._certificates.prepare(new.listeners)

        def apply() -> None:
            for each in prepared:
                each()

        return apply


def policy_of(limits: Limits) -> Policy:
    """What admission takes from section `limits`."""
    return Policy(limits.max_parts, limits.default_validity_s, limits.max_validity_s, limits.max_schedule_d)


def api_limits_of(limits: Limits) -> ApiLimits:
    """What the native API takes from section `limits`."""
    return ApiLimits(limits.max_recipients, limits.max_batch, limits.max_group)


def mo_kept_ms_of(config: Config) -> int:
    """How long parts of subscribers' messages that are done with are kept, so that repetitions are recognised."""
    return max(MO_DONE_MS, 2 * int(config.mo.part_wait_s * 1000))


def parts_of(
    *,
    certificates: Certificates,
    workers: bool,
    maker: Maker,
    rescheduler: Rescheduler,
    api: NativeApi,
    smpp: SmppEdge,
    sweeps: Sweeps,
    retention: Retention,
    desk: MoDesk,
    rerouter: Rerouter,
    notifier: Notifier,
    http_client: LeanHttpClient,
    authenticator: PasswordAuthenticator,
    operations: Operations,
    strays: Callable[[], object],
) -> list[Part]:
    """What follows in a gateway that runs. `strays` looks for queues of connectors that are gone."""

    def limits(config: Config) -> None:
        section = config.limits
        maker.follow(policy_of(section))
        rescheduler.follow(section)
        api.follow(api_limits_of(section))
        smpp.follow(section.max_parts)
        times(config)

    def times(config: Config) -> None:
        sweeps.follow(
            receipt_wait_ms=int(config.limits.receipt_wait_h * HOUR_MS),
            keys_kept_ms=config.limits.idempotency_h * HOUR_MS,
            pushes_kept_ms=int(config.retention.pushes_d * 24 * HOUR_MS),
        )

    def kept(config: Config) -> None:
        retention.follow(config.retention, mo_kept_ms_of(config))
        operations.keep(config.retention)
        times(config)

    def subscribers(config: Config) -> None:
        words = OptOutWords(config.mo.stop_words, config.mo.start_words)
        desk.follow(mo_routes_of(config), alphabets_of(config), int(config.mo.part_wait_s * 1000), words)

    def connectors(config: Config) -> None:
        rerouter.follow(failover_after_of(config))
        strays()

    def pushes(config: Config) -> None:
        section = config.notify
        http_client.follow(
            allow_private_targets=section.allow_private_targets, max_connections_per_host=section.max_connections
        )
        notifier.follow(section)

    def guessing(config: Config) -> None:
        section = config.auth
        authenticator.follow(
            section.cache_s, section.max_failures, section.max_failures_address, section.window_s
        )  # fmt: skip

    def log(config: Config) -> None:
        section = config.log
        set_level(section.level)
        set_format(section.format)
        set_redaction(section.show_numbers, section.show_text)

    return [
        CertificatePart(certificates, workers=workers),
        Follows(["limits"], limits),
        Follows(["retention", "mo"], kept),
        Follows(["mo", "mo_routes", "connectors"], subscribers),
        Follows(["connectors"], connectors),
        Follows(["notify"], pushes),
        Follows(["auth"], guessing),
        Follows(["log"], log),
        Follows(["admin.roles", "admin.audit_d", "access_log", "cdr", *_CONSOLE], operations.become),
    ]


def _at(config: Config, path: str) -> object:
    """The value at a dotted path."""
    found: object = config
    for name in path.split("."):
        found = getattr(found, name)
    return found


def _nothing() -> None:
    """Nothing changed."""
