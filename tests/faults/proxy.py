"""A TCP proxy that injures what goes through it: cuts, resets, half-open links, delay, a trickle."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from typing import Literal

Way = Literal["up", "down", "both"]
_READ = 65536
_SLICE_S = 0.02


class _Pair:
    """One connection through the proxy: `up` is towards the target."""

    def __init__(self, proxy: Proxy, client: socket.socket, target: socket.socket) -> None:
        self.client = client
        self.target = target
        self.swallow: set[str] = set()
        self._proxy = proxy
        for name, source, sink in (("up", client, target), ("down", target, client)):
            threading.Thread(target=self._pump, args=(name, source, sink), daemon=True).start()

    def _pump(self, name: str, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_READ):
                if self._proxy.delay_s:
                    time.sleep(self._proxy.delay_s)
                while data and name not in self.swallow:
                    rate = self._proxy.octets_s
                    size = max(1, int(rate * _SLICE_S)) if rate else len(data)
                    sink.sendall(data[:size])
                    data = data[size:]
                    if rate:
                        time.sleep(_SLICE_S)
        if name not in self.swallow:  # an end that is swallowed is not passed on either
            self.close()

    def close(self, reset: bool = False) -> None:
        """Close both ends; with `reset` what is under way is lost."""
        for sock in (self.client, self.target):
            with contextlib.suppress(OSError):
                if reset:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                else:
                    sock.shutdown(socket.SHUT_RDWR)
                sock.close()


class Proxy:
    """Listens on a free port and passes everything on to a local port, until told otherwise."""

    def __init__(self, target_port: int) -> None:
        self.connects = 0
        self.delay_s = 0.0  #: before each piece is passed on
        self.octets_s = 0.0  #: 0 = as fast as it goes
        self._target_port = target_port
        self._pairs: list[_Pair] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Close every connection in order (FIN)."""
        self._end(reset=False)

    def reset(self) -> None:
        """Break every connection off (RST): what is under way is lost."""
        self._end(reset=True)

    def swallow(self, way: Way) -> None:
        """From now on the present connections take what comes that way and pass nothing on; new ones are well."""
        for pair in list(self._pairs):
            pair.swallow |= {"up", "down"} if way == "both" else {way}

    def stop(self) -> None:
        """Close everything."""
        self._listening.close()
        self._end(reset=True)

    def _end(self, reset: bool) -> None:
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            pair.close(reset)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self.connects += 1
                try:
                    target = socket.create_connection(("127.0.0.1", self._target_port), 5)
                except OSError:
                    client.close()
                    continue
                target.settimeout(None)
                for sock in (client, target):
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._pairs.append(_Pair(self, client, target))
