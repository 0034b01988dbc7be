"""Small libraries loaded before the gateway's own (LD_PRELOAD), compiled with the machine's C compiler."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest


def compiled(name: str, directory: Path, sources: Path | None = None) -> Path:
    """`name`.c of `sources` (else this directory) as a library. Fails where CI has no compiler, skips elsewhere."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no C compiler (cc) on this machine")
    library = directory / f"{name}.so"
    source = (sources or Path(__file__).parent) / f"{name}.c"
    command = [compiler, "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", str(library), str(source), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return library


class Clock:
    """Shifts the wall clock of a process, also while it runs; its monotonic clock stays."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "clock-shift"
        self.shift(0)
        library = compiled("shift_clock", directory)
        self.wrapper = ["env", f"LD_PRELOAD={library}", f"SHIFT_CLOCK_FILE={self._file}"]

    def shift(self, seconds: int) -> None:
        """Its time is the true time and so many seconds, from now on."""
        with self._file.open("r+b" if self._file.exists() else "wb") as file:
            file.write(struct.pack("=q", seconds))


class Fsync:
    """Holds every fsync and fdatasync of a process while told to."""

    def __init__(self, directory: Path) -> None:
        self._hold = directory / "hold"
        self._waiting = directory / "waiting"
        self._seen = directory / "seen"
        library = compiled("hold_fsync", directory)
        self.wrapper = [
            "env",
            f"LD_PRELOAD={library}",
            f"HOLD_FSYNC_FILE={self._hold}",
            f"HOLD_FSYNC_WAITING={self._waiting}",
            f"HOLD_FSYNC_SEEN={self._seen}",
        ]

    def hold(self) -> None:
        """Let no further one return."""
        self._waiting.unlink(missing_ok=True)
        self._hold.touch()

    def release(self) -> None:
        """Let them go on."""
        self._hold.unlink(missing_ok=True)

    @property
    def waiting(self) -> bool:
        """True once one has been held since `hold`."""
        return self._waiting.exists()

    @property
    def seen(self) -> bool:
        """True when the library has been asked at all: the process reaches fsync through it."""
        return self._seen.exists()
