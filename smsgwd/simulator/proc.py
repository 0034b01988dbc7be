"""What /proc tells of a process: its CPU, its memory, its children."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """CPU that a process has used so far, user and system, all threads (s). Raises OSError when there is none such."""
    fields = _stat(Path(f"/proc/{pid}/stat"))
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_mb(pid: int, name: str) -> float:
    """An entry of its status in MB: 'VmRSS:' now, 'VmHWM:' at most. Raises OSError when there is none such."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


def children(pid: int) -> list[int]:
    """Its children that live."""
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                parent = int(_stat(place / "stat")[1])
            except OSError:  # ended meanwhile
                continue
            if parent == pid:
                found.append(int(place.name))
    return found


def _stat(path: Path) -> list[bytes]:
    """The fields behind the name: state, parent, ..."""
    return path.read_bytes().rpartition(b")")[2].split()
