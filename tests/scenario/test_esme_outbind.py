"""An account that has something waiting and nothing bound is called, and binds on that connection."""

from __future__ import annotations

import socket

from tests.scenario.esme import BIND_TRANSMITTER, OUTBIND, Esme
from tests.scenario.harness import Scene
from tests.scenario.stand_esme import PASSWORD, check_sound, credential, served


class _Called(Esme):
    """The ESME's end of a connection that the gateway makes."""

    def __init__(self, listener: socket.socket) -> None:
        sock, _ = listener.accept()
        self.sock = sock
        self.patience_s = 20.0
        self.receipts = []
        self.sequence = 0
        self._octets = b""


def test_outbind(scene: Scene) -> None:
    """The receipt of what a transmitter submitted comes on the connection that the gateway opened."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        target = f"127.0.0.1:{listener.getsockname()[1]}"
        gateway = served(scene, credential("esme", outbind=target, outbind_password="hello"))
        sender = Esme(gateway.smpp_port)
        assert sender.bind("esme", PASSWORD, BIND_TRANSMITTER) == 0
        status, message_id = sender.submit()
        assert status == 0
        called = _Called(listener)
        outbind = called.read()
        assert (outbind.command, outbind.body) == (OUTBIND, b"smsgwd\0hello\0")
        assert called.bind("esme", PASSWORD) == 0
        while not called.receipts:
            called.answer(called.read())
        assert called.receipts == [message_id]
        assert called.unbind() == sender.unbind() == 0
    check_sound(gateway)
