"""Libraries loaded before the gateway's own: a disk that fails, names that get lost (see tests/scenario/shim)."""

from __future__ import annotations

from pathlib import Path

from tests.scenario.shim import compiled

_SOURCES = Path(__file__).parent


class Disk:
    """Lets every write to the store's files fail while told to."""

    def __init__(self, directory: Path) -> None:
        self._told = directory / "disk-error"
        self._told.touch()
        library = compiled("fail_disk", directory, _SOURCES)
        self.wrapper = ["env", f"LD_PRELOAD={library}", f"FAIL_DISK_FILE={self._told}"]

    def fail(self, error: int) -> None:
        """From now on with this errno."""
        self._told.write_text(str(error))

    def mend(self) -> None:
        """From now on writes work."""
        self._told.write_text("")


class Names:
    """Host names that begin with 'lost': unknown, or this host."""

    def __init__(self, directory: Path) -> None:
        self._lost = directory / "names-are-lost"
        self._lost.touch()
        library = compiled("lost_names", directory, _SOURCES)
        self.wrapper = ["env", f"LD_PRELOAD={library}", f"LOST_NAMES_FILE={self._lost}"]

    def find(self) -> None:
        """They are this host from now on."""
        self._lost.unlink(missing_ok=True)

    def lose(self) -> None:
        """They are unknown from now on."""
        self._lost.touch()
