"""Another configuration while the gateway runs: everything is read, checked and made aside, then applied in one turn.

On any mistake nothing changes, and all mistakes are told. What takes a restart keeps its value and goes on showing as a
difference. Only new tenants become durable before the turn: their creation is the last thing that can fail.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar

import msgspec
from twisted.internet.defer import Deferred, DeferredLock, maybeDeferred
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure

from smsgwd.app.catalog import Catalog
from smsgwd.app.provider_checks import load_config
from smsgwd.app.provider_parts import AnySettings, connector_settings_of
from smsgwd.app.reload_parts import Part
from smsgwd.app.support import Unsupported, refuse_unsupported
from smsgwd.app.tenancy import Tenancy
from smsgwd.config import Config, ConfigErrors
from smsgwd.config.diff import Difference, differences, kept
from smsgwd.config.errors import ConfigMistakes
from smsgwd.model.refusals import Refused
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import StoreUnavailable
from smsgwd.telemetry import get_logger

#: Sections that the reloader and the parts it is made with see to by themselves.
OWN: Final = ("connectors", "routes", "tenants_file")
_USUAL_S: Final = sys.getswitchinterval()
_SWITCH_S: Final = 0.0005
_TRIES: Final = 3  # to read a file that is being written
_STOPPING: Final = "the gateway is stopping"
_at_work = 0  # threads that read a configuration now
_log = get_logger("daemon")
T = TypeVar("T")


class Reconfigured(Protocol):
    """What became of the connectors (`southbound.reconfigured`)."""

    @property
    def added(self) -> tuple[str, ...]:
        """New ones."""

    @property
    def removed(self) -> tuple[str, ...]:
        """Those that are gone."""

    @property
    def adjusted(self) -> tuple[str, ...]:
        """Those that changed and stayed bound."""

    @property
    def rebound(self) -> tuple[str, ...]:
        """Those that are drained and bound anew."""


class Reloaded(msgspec.Struct, frozen=True):
    """What a reload did."""

    changed: tuple[Difference, ...] = ()  #: the options that are in force now
    needs_restart: tuple[str, ...] = ()  #: paths of those that are not, and wait for a restart
    connectors: dict[str, tuple[str, ...]] = {}
    tenants_added: tuple[str, ...] = ()
    routes_left_out: dict[str, str] = {}  #: stored routes that cannot be used now, by key, with the reason


@dataclass(frozen=True, slots=True)
class _Made:
    """What was made of a file, before anything is changed."""

    config: Config
    settings: list[AnySettings]
    found: list[Difference]
    prepared: list[Callable[[], object]]


class Reloader:
    """Holds the configuration that is in force, and puts others in its place, one at a time."""

    def __init__(
        self,
        config: Config,
        *,
        catalog: Catalog,
        tenancy: Tenancy,
        reconfigure: Callable[[Sequence[AnySettings]], Reconfigured],
        clock: Clock,
        parts: Sequence[Part],
        started_with: Sequence[str] = (),
        reloading: Callable[[], None] = lambda: None,
        reloaded: Callable[[bool], None] = lambda good: None,
    ) -> None:
        """`started_with` are sections that other processes were told at their start: they go on by the old ones.
        `reloading` and `reloaded` frame each attempt: the service manager wants to know, and the metrics."""
        self.config = config
        self._catalog = catalog
        self._tenancy = tenancy
        self._reconfigure = reconfigure
        self._clock = clock
        self._parts = list(parts)
        self._started_with = tuple(started_with)
        self._reloading = reloading
        self._reloaded = reloaded
        self._lock = DeferredLock()
        self._closed = False

    def add(self, part: Part) -> None:
        """Have another part follow reloads."""
        self._parts.append(part)

    def close(self) -> None:
        """The gateway stops: nothing is put in force any more, also of what is being read."""
        self._closed = True

    # -- looking ---------------------------------------------------------------------------------------------------

    async def check(self, path: Path | None = None) -> list[str]:
        """Everything that is wrong with the file (or another one) as it is on disk now."""
        try:
            await _in_a_thread(lambda: _read(path or self.config.path))
        except ConfigMistakes as mistakes:
            return mistakes.problems
        return []

    async def diff(self) -> list[Difference]:
        """How the file as it is on disk differs from what is in force. Raises ConfigMistakes."""
        old = self.config
        return await _in_a_thread(lambda: self._told(differences(old, _read(old.path)[0])))

    async def read(self) -> Config:
        """The file as it is on disk, nothing of it put in force. Raises ConfigMistakes."""
        return (await _in_a_thread(lambda: _read(self.config.path)))[0]

    def _told(self, found: Sequence[Difference]) -> list[Difference]:
        """The same, but for what no part sees to: that takes a restart, too."""
        return [msgspec.structs.replace(each, live=each.live and not self._held(each.path)) for each in found]

    def _held(self, path: str) -> bool:
        """Whether nobody here follows a change of an option that is live by its declaration."""
        top = path.partition("[")[0].partition(".")[0].partition(" ")[0]
        return top not in OWN and not any(part.follows(path) for part in self._parts)

    # -- reloading -------------------------------------------------------------------------------------------------

    def reload(self) -> Deferred[Reloaded]:
        """Put the file as it is on disk in force. Fails with ConfigMistakes, StoreUnavailable: nothing changed."""
        return self._lock.run(lambda: Deferred.fromCoroutine(self._framed()))

    async def _framed(self) -> Reloaded:
        self._refuse_when_closed()
        self._reloading()
        good = False
        try:
            done = await self._reload()
            good = True
        except ConfigMistakes as mistakes:
            _log.error("config.refused", problems=mistakes.problems)
            raise
        except StoreUnavailable as error:
            _log.error("config.refused", problems=[str(error)])
            raise
        finally:
            if not self._closed:  # the last word to the service manager is that it stops
                self._reloaded(good)
        return done

    async def _reload(self) -> Reloaded:
        made = await _in_a_thread(lambda: self._made(self.config))
        self._refuse_when_closed()
        new, found = made.config, made.found
        routing = await self._catalog.prepare(new)
        try:
            tenants = await self._new_tenants(new)
        except BaseException:
            routing.drop()
            raise
        # From here to the end is one turn of the reactor: nobody sees half of it.
        try:
            if self._closed:
                raise ValueError(_STOPPING)
            connectors = self._reconfigure(made.settings)
        except ValueError as error:
            routing.drop()
            raise ConfigMistakes([str(error)]) from None
        routing.apply()
        self.config = new
        for apply in made.prepared:
            _applied(apply)
        done = Reloaded(
            tuple(each for each in found if each.live),
            tuple(
                [each.path for each in found if not each.live]
                + [f"{each.path} (HTTP workers)" for each in found if each.path.startswith(self._started_with)]
            ),
            {
                name: names
                for name in ("added", "removed", "adjusted", "rebound")
                if (names := tuple(getattr(connectors, name)))
            },
            tuple(tenants),
            dict(routing.unusable),
        )
        _log.info(
            "config.reloaded",
            changed=[each.path for each in done.changed],
            needs_restart=list(done.needs_restart),
            connectors=done.connectors,
            tenants=list(done.tenants_added),
        )
        return done

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise ConfigMistakes([_STOPPING])

    def _made(self, old: Config) -> _Made:
        """Everything that can be made of the file without changing anything; it runs in a thread, in one piece: each
        hand-over from thread to reactor and back waits for its turn. Raises ConfigMistakes with all that is wrong."""
        read, settings = _read(old.path)
        new = kept(old, read, self._held)
        prepared: list[Callable[[], object]] = []
        problems: list[str] = []
        for part in self._parts:
            try:
                prepared.append(part.prepare(old, new))
            except (ValueError, OSError) as error:
                problems += [f"{new.path}: {line}" for line in str(error).splitlines()]
        if problems:
            raise ConfigMistakes(problems)
        return _Made(new, settings, self._told(differences(old, read)), prepared)

    async def _new_tenants(self, new: Config) -> list[str]:
        try:
            return await self._tenancy.add(new.tenants, self._clock.now_ms())
        except Refused as refused:
            raise ConfigMistakes([f"{new.tenants_file}: {refused.detail}"]) from None
        except ValueError as error:
            raise ConfigMistakes([f"{new.tenants_file}: {error}"]) from None


def _applied(apply: Callable[[], object]) -> None:
    """Apply a part. A bug in one must not keep the others from what was promised to be applied whole."""
    maybeDeferred(apply).addErrback(_not_applied)


def _not_applied(failure: Failure) -> None:
    _log.error("daemon.unhandled_error", reason="while a configuration was applied", exc_info=failure.value)


def _in_a_thread(work: Callable[[], T]) -> Deferred[T]:
    """Work on a file in a thread. The reactor asks for the interpreter's lock after each system call, and would wait
    for 5 ms each time that the thread computes: it waits for half of one until the last such work is done."""
    global _at_work
    _at_work += 1
    sys.setswitchinterval(_SWITCH_S)
    return deferToThread(work).addBoth(_as_usual)


def _as_usual(done: T) -> T:
    global _at_work
    _at_work -= 1
    if not _at_work:
        sys.setswitchinterval(_USUAL_S)
    return done


def _loaded(path: Path) -> Config:
    """What is in a file that nobody is writing: the first half of one may be good, and have no connectors.

    Raises ConfigErrors, ConfigMistakes."""
    for _ in range(_TRIES):
        before = _stamp(path)
        try:
            config = load_config(path, os.environ)
        except ConfigErrors:
            if _stamp(path) == before:
                raise
        else:
            if _stamp(path) == before:
                return config
    raise ConfigMistakes([f"{path}: it was changed while it was read: write another file, and rename that"])


def _stamp(path: Path) -> tuple[int, ...]:
    """What is another one once somebody wrote to the file, or put another in its place."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _read(path: Path) -> tuple[Config, list[AnySettings]]:
    """Read, check and make what can be made of a file; it runs in a thread. Raises ConfigMistakes with all of them."""
    try:
        config = _loaded(path)
        refuse_unsupported(config)
    except ConfigErrors as errors:
        raise ConfigMistakes([str(error) for error in errors.errors]) from None
    except Unsupported as error:
        raise ConfigMistakes(str(error).splitlines()) from None
    return config, connector_settings_of(config)
