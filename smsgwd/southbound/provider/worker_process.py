"""The process of a plugin as the system has it: how it is started, what it inherits, how all of it is ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

_MODULE: Final = "smsgwd.southbound.provider.worker_main"
#: Of the environment, what others' code may need to run: there may be secrets in the rest.
_INHERITED: Final = (
    "PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip
_INHERITED_LIKE: Final = ("LC_", "PYTHON", "VIRTUAL_ENV")


def spawned(descriptor: int, parent: int, memory: int) -> subprocess.Popen[bytes]:
    """A process that serves this end of a socket pair, the one descriptor it inherits; see `worker_main`.

    It leads a group of its own, which is ended as a whole: whatever the plugin starts is in it. Raises OSError when the
    system has no room for one.
    """
    return subprocess.Popen(  # noqa: S603 -- a command of this package, no shell
        [sys.executable, "-P", "-m", _MODULE, *map(str, (descriptor, parent, memory))],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(descriptor,),
        env=environment(os.environ),
        start_new_session=True,
    )


def environment(all_of_it: Mapping[str, str]) -> dict[str, str]:
    """What a plugin's process gets of our environment: nothing that somebody may have put a secret in."""
    return {name: value for name, value in all_of_it.items() if name in _INHERITED or name.startswith(_INHERITED_LIKE)}


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has; it stays to be waited for, so that its number is not given to another one."""
    if process.returncode is not None:
        return True
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # somebody else has waited for it
        return True


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill it, and all that it has started; nothing for one that was waited for."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def words_of(status: int) -> str:
    """How a process ended: its exit status, or the signal that ended it."""
    if status >= 0:
        return f"status {status}"
    with contextlib.suppress(ValueError):
        return f"by {signal.Signals(-status).name}"
    return f"by signal {-status}"
