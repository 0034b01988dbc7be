"""A cable between the browser and a listener, to be cut: Chromium lets open streams live, offline or not."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Cable:
    """Passes connections on to a port of this host. `base` goes to the browser instead of the listener's URL."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._whole = True
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.base = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def drop(self) -> None:
        """Break all connections that are open. New ones go through."""
        with self._lock:
            for sock in self._open:
                _end(sock)

    def cut(self) -> None:
        """Break all connections, and let none go through."""
        self._whole = False
        self.drop()

    def mend(self) -> None:
        """New ones go through again."""
        self._whole = True

    def close(self) -> None:
        """Break all, and listen no more."""
        _end(self._listening)
        self._thread.join()
        self._listening.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError), socket.create_connection(self._target) as far:
            with self._lock:
                self._open |= {near, far}
            try:
                if self._whole:
                    other_way = threading.Thread(target=_pass_on, args=(far, near), daemon=True)
                    other_way.start()
                    _pass_on(near, far)
                    other_way.join()
            finally:
                with self._lock:
                    self._open -= {near, far}


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    """All that comes, until one of them has ended; then neither goes on."""
    with contextlib.suppress(OSError):
        while octets := source.recv(65536):
            target.sendall(octets)
    _end(source)
    _end(target)


def _end(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


@contextmanager
def cable_to(port: int) -> Iterator[Cable]:
    """A cable that is taken away at the end."""
    cable = Cable(port)
    try:
        yield cable
    finally:
        cable.close()
