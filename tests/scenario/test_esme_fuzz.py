"""Ten thousand hostile PDUs, before and after the bind, hurt nobody but who sends them."""

from __future__ import annotations

import contextlib
import socket
from collections import deque

from tests.scenario.esme import ENQUIRE_LINK, RESPONSE, UNBIND, Closed, Esme, Steady
from tests.scenario.evil_esmes import Evil
from tests.scenario.harness import Gateway, Scene, wait
from tests.scenario.stand_esme import (
    PASSWORD,
    bound,
    check_sound,
    credential,
    descriptors,
    rss_at_rest_mb,
    served,
    tenant_of,
    wait_binds,
    wake_hashing,
)

SEED = 20_261_121
PDUS = 10_200
A_CONNECTION = 20
OPEN_AT_ONCE = 12
GROWTH_MB = 15


def test_hostile_pdus(scene: Scene) -> None:
    """One connection in three keeps its frames and must live through them; the others break them, bound or not."""
    evil = Evil(SEED)
    fuzz = tenant_of(credential("fuzz", max_binds=100))
    gateway = served(scene, credential("steady"), tenants=[fuzz], smpp={"session_init_s": 5})
    attacks = (_bound_in_frame, _bound_out_of_frame, _unbound)
    held: deque[Esme] = deque()
    wake_hashing(gateway)
    with Steady(lambda: bound(gateway, "steady")):
        for round_number in range(PDUS // A_CONNECTION):
            source = f"127.7.{round_number // 250}.{round_number % 250 + 1}"  # none of them fails often enough to wait
            esme = attacks[round_number % 3](gateway, evil, source)
            if esme is not None:
                held.append(esme)
            while len(held) > OPEN_AT_ONCE:
                held.popleft().close()
            if round_number == 90:
                before, files = rss_at_rest_mb(gateway), descriptors(gateway)
        for esme in held:
            esme.close()
        wait_binds(gateway, 0, "fuzz")
        wait("its connections are closed", lambda: descriptors(gateway) <= files)
        assert gateway.metric("smsgwd_messages_accepted_total", intake="smpp") > 300  # many get deep
        wait("passwords are hashed, and memory is what it was", lambda: rss_at_rest_mb(gateway) - before < GROWTH_MB)
    check_sound(gateway)
    assert gateway.stop() == 0


def _bound_in_frame(gateway: Gateway, evil: Evil, source: str) -> Esme:
    """Whatever is in the frames, the session answers a probe behind them."""
    esme = Esme(gateway.smpp_port, source=source)
    assert esme.bind("fuzz", PASSWORD) == 0
    hostile = [evil.in_frame(sequence, but=(UNBIND,)) for sequence in range(2, 2 + A_CONNECTION)]
    esme.write(b"".join(hostile))
    esme.sequence = 700_000
    try:
        answer = esme.ask(ENQUIRE_LINK)
    except (Closed, TimeoutError) as problem:
        raise AssertionError(f"{problem!r} after {[pdu.hex() for pdu in hostile]}") from None
    assert (answer.command, answer.status) == (ENQUIRE_LINK | RESPONSE, 0)
    return esme


def _bound_out_of_frame(gateway: Gateway, evil: Evil, source: str) -> Esme | None:
    """A wrong length among good frames: the connection ends, at the latest when we have no more to say."""
    esme = Esme(gateway.smpp_port, source=source)
    assert esme.bind("fuzz", PASSWORD) == 0
    _write_and_wait(esme, _mixed(evil))
    return None


def _unbound(gateway: Gateway, evil: Evil, source: str) -> Esme | None:
    """Without a bind, or with one that is refused."""
    _write_and_wait(Esme(gateway.smpp_port, source=source), _mixed(evil))
    return None


def _mixed(evil: Evil) -> bytes:
    wrong = evil.random.randrange(A_CONNECTION)
    return b"".join(
        evil.out_of_frame(number) if number == wrong else evil.in_frame(number) for number in range(A_CONNECTION)
    )


def _write_and_wait(esme: Esme, octets: bytes) -> None:
    with contextlib.suppress(OSError):  # it may close before it has everything
        esme.write(octets)
        esme.sock.shutdown(socket.SHUT_WR)
    with contextlib.suppress(OSError):
        esme.wait_closed(15)
    esme.close()
