"""Detail records: what ended goes from the store to the files, each message once, none lost.

The store remembers in the transaction that ends a message that it is to be written; lines are on the disk (fsync)
before the store is told to forget. After a crash between the two the last lines of the files tell what is there.

Of several nodes that share a store one writes at a time, to files of its own: what it had written and not yet forgotten
when it died is written once more by the next.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from twisted.internet.defer import Deferred, DeferredLock, maybeDeferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure

from smsgwd.config.model.operations import Cdr
from smsgwd.model.operators import DropFinals
from smsgwd.ops.cdr_lines import Lines
from smsgwd.ops.rotating import RotatingFile, sync_directory
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import FinalRecord, Store, StoreUnavailable
from smsgwd.telemetry import get_logger

_PAGE: Final = 1000
_IDLE_S: Final = 1.0
_AGAIN_S: Final = 5.0
_MB: Final = 1_000_000
_log = get_logger("cdr")


class CdrWriter:
    """Writes the records of one configuration. `keep(bool)` tells the store whether to remember what ends."""

    def __init__(
        self,
        reactor: Any,
        clock: Clock,
        store: Store,
        section: Cdr,
        network_of: Callable[[str], str],
        keep: Callable[[bool], object],
        mark: Path | None = None,
    ) -> None:
        """`mark` is a file that remembers which file was written last: a start may have another one."""
        self._mark = mark
        self._reactor = reactor
        self._clock = clock
        self._store = store
        self._network_of = network_of
        self._keep = keep
        self._section = section
        self._kept = False  # the store remembers what ends
        self._lines: Lines | None = None
        self._file: RotatingFile | None = None
        self._known: frozenset[int] = frozenset()  # written, and perhaps not forgotten by the store
        self._call: IDelayedCall | None = None
        self._running: Deferred[None] | None = None
        self._stopped = True
        self._ours = False  # to write, not another node's
        self._over = False  # the gateway ends: no configuration begins anything more
        self._turns = DeferredLock()  # the configuration that came last is the one that stays
        self._rotating = False
        self.written = 0  #: lines since start
        self.trouble = ""  #: why lines wait

    @property
    def path(self) -> Path | None:
        """The file that lines go to; None when none are written."""
        directory = self._section.directory
        return None if directory is None else directory / f"cdr.{self._section.format}"

    def start(self) -> None:
        """Write from now on, where the configuration says so."""
        self._ours = True
        if self._over:
            return
        if self.path is None:
            self._remember(False)
        elif self._stopped:
            self._stopped = False
            self._turn()

    def become(self, section: Cdr) -> Deferred[None]:
        """Go by another configuration; fires when nothing is written by the old one any more."""
        return self._turns.run(self._become, section)

    def leave(self) -> Deferred[None]:
        """Another node writes from now on; fires when what is being written is. `start` begins anew."""
        self._ours = False
        return self._turns.run(self._halt)

    def stop(self) -> Deferred[None]:
        """Begin nothing more; fires when what is being written is."""
        self._over = True
        return self._turns.run(self._halt)

    def _become(self, section: Cdr) -> Deferred[None]:
        if self._over or section == self._section:
            return self._idle()
        return self._halt().addCallback(lambda _: self._go_by(section))

    def _halt(self) -> Deferred[None]:
        self._stopped = True
        if self._call is not None and self._call.active():
            self._call.cancel()
        return self._idle().addCallback(lambda _: self._close())

    def rotate(self) -> None:
        """Put the file aside before the next line."""
        self._rotating = True
        if self._call is not None and self._call.active():
            self._call.reset(0)

    def _go_by(self, section: Cdr) -> None:
        if self._over:
            return
        self._section, self._kept = section, False
        self.trouble = ""
        if self._ours:
            self.start()
        else:
            self._remember(self.path is not None)

    def _remember(self, on: bool) -> None:
        """Whether somebody writes down what ends. The store is asked until it is done: no message that is remembered
        may be deleted."""
        section = self._section
        self._call = None

        def again(_: Failure) -> None:
            if not self._over and self._section is section:
                self._call = self._reactor.callLater(_AGAIN_S, self._remember, on)

        maybeDeferred(self._keep, on).addErrback(again)

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _idle(self) -> Deferred[None]:
        """Fires when no page is under way."""
        done: Deferred[None] = Deferred()
        running = self._running
        if running is None:
            done.callback(None)
        else:

            def over(result: Any) -> Any:
                done.callback(None)
                return result

            running.addBoth(over)
        return done

    def _turn(self) -> None:
        self._call = None
        running = self._running = Deferred.fromCoroutine(self._pages())
        running.addErrback(self._failed)
        running.addCallback(lambda _: self._again())

    def _again(self) -> None:
        self._running = None
        if not self._stopped:
            self._call = self._reactor.callLater(_AGAIN_S if self.trouble else _IDLE_S, self._turn)

    async def _pages(self) -> None:
        """Everything that is there; a page at a time."""
        if not self._kept:
            await maybeDeferred(self._keep, True)
            self._kept = True
        if self._file is None:
            await deferToThread(self._open)
        if self._rotating and self._file is not None:
            self._rotating = False
            await deferToThread(self._file.rotate)
        more = True
        while more and not self._stopped:
            page = await self._store.finals(0, _PAGE)
            more = len(page) == _PAGE
            if page:
                await self._page(page)
        self._well()

    async def _page(self, page: list[FinalRecord]) -> None:
        new = [record for record in page if record.view.message.id not in self._known]
        if new:
            networks = [self._network_of(record.view.message.msisdn) for record in new]
            await deferToThread(self._write, new, networks)
            self.written += len(new)
            self._known |= {record.view.message.id for record in new}
        await self._store.commit([DropFinals(page[-1].seq)])
        self._known = frozenset()  # no more than a page is written and not forgotten: all that follows is new

    def _write(self, records: Sequence[FinalRecord], networks: Sequence[str]) -> None:
        """In a thread: their lines, durable when it returns."""
        lines, file = self._lines, self._file
        assert lines is not None and file is not None
        file.write(list(map(lines.line, records, networks)), sync=True)

    def _open(self) -> None:
        """In a thread: the file, and what its last lines are about."""
        section, path = self._section, self.path
        assert path is not None
        lines = Lines(section.format, show_numbers=section.show_numbers)
        file = RotatingFile(
            path,
            lambda: self._clock.now_ms() / 1000,
            max_bytes=int(section.max_mb * _MB),
            max_age_s=section.max_age_h * 3600,
            keep=section.keep,
            head=lines.head,
        )
        file.open()
        self._remember_before(path)
        known = (lines.id_of(line) for line in file.tail(2 * _PAGE))
        # What stands in another file, of the configuration before, may be not forgotten either.
        self._known |= frozenset(number for number in known if number is not None)
        self._lines, self._file = lines, file

    def _remember_before(self, path: Path) -> None:
        """Know what stands at the end of the file that was written before, where that is another one, and have `path`
        remembered before a line is written to it."""
        mark = self._mark
        if mark is None:
            return
        written = mark.read_text("utf-8", "surrogateescape").rstrip("\n") if mark.exists() else ""
        if written == str(path):
            return
        before = Path(written)
        if written and before.parent.is_dir():
            kind = Lines(before.suffix[1:], show_numbers=False)
            old = RotatingFile(before, lambda: 0.0, max_bytes=0, max_age_s=0.0, keep=0)
            known = (kind.id_of(line) for line in old.tail(2 * _PAGE))
            self._known |= frozenset(number for number in known if number is not None)
        new = mark.with_suffix(".new")
        with new.open("w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(f"{path}\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(mark)
        sync_directory(mark.parent)

    def _well(self) -> None:
        if self.trouble:
            self.trouble = ""
            _log.info("cdr.recovered", path=str(self.path))

    def _failed(self, failure: Failure) -> None:
        """A page is tried again; none of it is forgotten."""
        error = failure.value
        if isinstance(error, StoreUnavailable):
            self.trouble = self.trouble or "the store cannot be used"
            return  # said once, by the store itself
        if isinstance(error, OSError):
            said = f"{error.strerror or error}: {self.path}"
            if said != self.trouble:
                _log.error("cdr.write_failed", path=str(self.path), reason=str(error))
            self.trouble = said
        else:
            self.trouble = repr(error)
            _log.error("daemon.unhandled_error", error=repr(error), exc_info=error)
        self._close()
