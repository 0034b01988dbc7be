"""Connections that never get anywhere are ended, and cost the others nothing."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import time
from collections.abc import Callable

import pytest

from tests.scenario.esme import (
    BIND_TRANSCEIVER,
    Closed,
    Esme,
    Steady,
    bind_body,
    packed,
)
from tests.scenario.harness import Scene, wait
from tests.scenario.stand_esme import (
    PASSWORD,
    bound,
    check_sound,
    credential,
    rss_at_rest_mb,
    served,
    wake_hashing,
)

BIND = packed(BIND_TRANSCEIVER, bind_body("esme", PASSWORD))


def _silence(esme: Esme) -> None:
    """Nothing."""


def _header_alone(esme: Esme) -> None:
    esme.write(struct.pack(">IIII", 200, BIND_TRANSCEIVER, 0, 1))


def _half_a_bind(esme: Esme) -> None:
    esme.write(BIND[:-3])


@pytest.mark.parametrize("begin", [_silence, _header_alone, _half_a_bind])
def test_who_does_not_bind_is_closed(scene: Scene, begin: Callable[[Esme], None]) -> None:
    """After session_init_s, whatever of a bind was there."""
    gateway = served(scene, smpp={"session_init_s": 1})
    with Steady(lambda: bound(gateway)):
        slow = [Esme(gateway.smpp_port, source="127.0.0.9") for _ in range(15)]
        for esme in slow:
            begin(esme)
        for esme in slow:
            assert esme.wait_closed(10) == []
            esme.close()
    check_sound(gateway)


def test_a_bind_octet_by_octet_has_no_more_time(scene: Scene) -> None:
    """Octets that trickle in do not start the time anew."""
    gateway = served(scene, smpp={"session_init_s": 2})
    with Steady(lambda: bound(gateway)):
        slow = [Esme(gateway.smpp_port, source="127.0.0.9") for _ in range(15)]
        begun, still = time.monotonic(), list(slow)
        for octet in BIND:
            for esme in still:
                with contextlib.suppress(OSError):
                    esme.write(bytes((octet,)))
            next_octet = time.monotonic() + 0.25
            while still and (pace := next_octet - time.monotonic()) > 0:
                ready = select.select([esme.sock for esme in still], [], [], pace)[0]
                still = [esme for esme in still if esme.sock not in ready]
            if not still:
                break
        assert still == []
        assert time.monotonic() - begun < 2 + 3
        for esme in slow:
            assert _at_end(esme.sock)
        for esme in slow:
            esme.close()
    check_sound(gateway)


def test_five_hundred_connections_of_one_address(scene: Scene) -> None:
    """Beyond max_unbound_per_address they are closed at once, the rest at session_init_s; other addresses bind."""
    limits = {"session_init_s": 6, "max_unbound_per_address": 20}
    gateway = served(scene, credential("steady"), credential("esme"), smpp=limits)
    wake_hashing(gateway)
    before = rss_at_rest_mb(gateway)
    with Steady(lambda: bound(gateway, "steady")):
        crowd = [Esme(gateway.smpp_port, source="127.0.0.9") for _ in range(500)]
        wait("480 are closed", lambda: _closed(crowd) >= 480)
        assert _closed(crowd) == 480
        assert gateway.metric("smsgwd_esme_connections_refused_total", reason="unbound") == 480
        with pytest.raises((Closed, ConnectionError)):
            Esme(gateway.smpp_port, source="127.0.0.9").bind()
        assert bound(gateway, source="127.0.0.10").unbind() == 0
        wait("all are closed", lambda: _closed(crowd) == 500)
        assert bound(gateway, source="127.0.0.9").unbind() == 0  # the address is not held against anyone
        for esme in crowd:
            esme.close()
    assert rss_at_rest_mb(gateway) - before < 15
    check_sound(gateway)


def test_bound_connections_of_one_address(scene: Scene) -> None:
    """max_per_address counts what is bound too."""
    gateway = served(scene, credential("esme", max_binds=50), smpp={"max_per_address": 5})
    held = [bound(gateway, source="127.0.0.9") for _ in range(5)]
    with pytest.raises((Closed, ConnectionError)):
        Esme(gateway.smpp_port, source="127.0.0.9").bind()
    assert held.pop().unbind() == 0
    assert wait("a place is free", lambda: _binds("127.0.0.9", gateway.smpp_port))
    assert bound(gateway, source="127.0.0.10").unbind() == 0
    for esme in held:
        assert esme.probe() == 0
        esme.close()
    check_sound(gateway)


def _binds(source: str, port: int) -> bool:
    esme = Esme(port, source=source)
    try:
        return esme.bind() == 0
    except (Closed, ConnectionError):
        return False
    finally:
        esme.close()


def _closed(crowd: list[Esme]) -> int:
    poll = select.poll()
    for esme in crowd:
        poll.register(esme.sock, select.POLLIN)
    ready = {number for number, _ in poll.poll(0)}
    return sum(esme.sock.fileno() in ready and _at_end(esme.sock) for esme in crowd)


def _at_end(sock: socket.socket) -> bool:
    """True when the peer has closed (what it sent before is there to read first)."""
    try:
        return sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
