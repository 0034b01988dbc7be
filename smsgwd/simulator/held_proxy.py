"""A TCP proxy that can hold what goes through it: a network that is cut, or that delivers long after."""

from __future__ import annotations

import contextlib
import socket
import threading

_READ = 65536


class _Pair:
    """One connection through the proxy."""

    def __init__(self, flows: threading.Event, client: socket.socket, target: socket.socket) -> None:
        self.dropped = False
        self._flows = flows
        self._ends = (client, target)
        for source, sink in ((client, target), (target, client)):
            threading.Thread(target=self._pump, args=(source, sink), name="proxy", daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_READ):
                self._flows.wait()
                if self.dropped:
                    break
                sink.sendall(data)
            self._flows.wait()  # its end is held, too
        self.close()

    def close(self) -> None:
        """Close both ends; what was passed on arrives."""
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class HeldProxy:
    """Listens on `port` of 127.0.0.1 and passes all on to a local port, but for the time from `hold` to `heal`."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._flows = threading.Event()
        self._flows.set()
        self._pairs: list[_Pair] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def hold(self) -> None:
        """From now on nothing is passed on, either way; ends of connections neither."""
        self._flows.clear()

    def heal(self, *, late: bool) -> None:
        """All is passed on again. `late`: what was held is delivered now, also for ends that have gone meanwhile; else
        it is lost, and the connections of before with it."""
        if not late:
            for pair in self._pairs:
                pair.dropped = True
        self._flows.set()
        if not late:
            self._end()

    def stop(self) -> None:
        """Close everything."""
        self._listening.close()
        self.heal(late=False)

    def _end(self) -> None:
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            pair.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                try:
                    target = socket.create_connection(("127.0.0.1", self._target_port), 5)
                except OSError:
                    client.close()
                    continue
                target.settimeout(None)
                for end in (client, target):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._pairs.append(_Pair(self._flows, client, target))
