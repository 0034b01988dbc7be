"""Who may bind, from where, and how often."""

from __future__ import annotations

import pytest

from tests.scenario.esme import BIND_RECEIVER, BIND_TRANSCEIVER, BIND_TRANSMITTER, Closed, Esme, Steady, bind_body
from tests.scenario.harness import Scene
from tests.scenario.stand_esme import PASSWORD, bound, check_sound, credential, served, tenant_of, wait_binds

ALREADY_BOUND, BIND_FAILED, INVALID_PASSWORD = 0x05, 0x0D, 0x0E


def _status(port: int, system_id: str, password: str, source: str = "127.0.0.1") -> int:
    """The command_status of a bind of its own connection; a good one is unbound."""
    esme = Esme(port, source=source)
    try:
        status = esme.bind(system_id, password)
        if status == 0:
            assert esme.unbind() == 0
        else:
            assert esme.wait_closed(10) == []
        return status
    finally:
        esme.close()


@pytest.mark.parametrize("kind", [BIND_TRANSMITTER, BIND_RECEIVER, BIND_TRANSCEIVER])
def test_good_password(scene: Scene, kind: int) -> None:
    """All three kinds of bind; the answer carries our name."""
    gateway = served(scene, smpp={"system_id": "gate"})
    esme = Esme(gateway.smpp_port)
    answer = esme.ask(kind, bind_body("esme", PASSWORD))
    assert answer.status == 0
    assert answer.body.startswith(b"gate\0")
    assert esme.probe() == 0
    assert esme.unbind() == 0
    check_sound(gateway)


def test_unknown_user_and_wrong_password_are_not_told_apart(scene: Scene) -> None:
    """The same status for both, also for no name and for a credential of HTTP."""
    gateway = served(scene, credential("esme"), {"kind": "password", "username": "web", "secret": "web-pass"}, smpp={})
    for system_id, password in (("esme", "wrong"), ("nobody", PASSWORD), ("", ""), ("esme", ""), ("web", "web-pass")):
        assert _status(gateway.smpp_port, system_id, password) == INVALID_PASSWORD
    assert _status(gateway.smpp_port, "esme", PASSWORD) == 0
    check_sound(gateway)


def test_password_is_not_in_the_log(scene: Scene) -> None:
    """Neither a good one nor a wrong one."""
    gateway = served(scene, log={"level": "debug"})
    assert _status(gateway.smpp_port, "esme", "wr0ngone") == INVALID_PASSWORD
    assert _status(gateway.smpp_port, "esme", PASSWORD) == 0
    gateway.wait_event("esme.bind_refused")
    log = gateway.log_path.read_text()
    assert "wr0ngone" not in log
    assert PASSWORD not in log


def test_lockout(scene: Scene) -> None:
    """After max_failures the address waits for that name, right password or not; other addresses do not notice."""
    gateway = served(scene, auth={"max_failures": 3, "window_s": 600})
    for _ in range(3):
        assert _status(gateway.smpp_port, "esme", "wrong") == INVALID_PASSWORD
    assert _status(gateway.smpp_port, "esme", "wrong") == BIND_FAILED
    assert _status(gateway.smpp_port, "esme", PASSWORD) == BIND_FAILED
    assert _status(gateway.smpp_port, "esme", PASSWORD, source="127.0.0.2") == 0
    check_sound(gateway)


def test_lockout_leaves_bound_sessions_alone(scene: Scene) -> None:
    """Who is bound goes on, at the same address too."""
    gateway = served(scene, auth={"max_failures": 2, "window_s": 600})
    with Steady(lambda: bound(gateway)):
        for _ in range(5):
            assert _status(gateway.smpp_port, "esme", "wrong") in (INVALID_PASSWORD, BIND_FAILED)
    check_sound(gateway)


def test_allow_list(scene: Scene) -> None:
    """Binds from elsewhere are refused; of a tenant without a list from anywhere taken."""
    gateway = served(
        scene, tenant={"allow": ["127.0.0.2/32", "10.0.0.0/8"]}, tenants=[tenant_of(credential("free"))], smpp={}
    )
    assert _status(gateway.smpp_port, "esme", PASSWORD) == BIND_FAILED
    assert _status(gateway.smpp_port, "esme", PASSWORD, source="127.0.0.2") == 0
    assert _status(gateway.smpp_port, "free", PASSWORD) == 0
    check_sound(gateway)


def test_max_binds(scene: Scene) -> None:
    """One more is refused, whatever its kind; a place that becomes free is given again."""
    gateway = served(scene, credential("esme", max_binds=2), credential("other"), smpp={})
    first, second = bound(gateway), bound(gateway)
    assert _status(gateway.smpp_port, "esme", PASSWORD) == ALREADY_BOUND
    assert _status(gateway.smpp_port, "other", PASSWORD) == 0
    assert first.unbind() == 0
    assert _status(gateway.smpp_port, "esme", PASSWORD) == 0
    second.close()  # without an unbind
    wait_binds(gateway, 0, "esme")
    third, fourth = bound(gateway), bound(gateway)
    assert _status(gateway.smpp_port, "esme", PASSWORD) == ALREADY_BOUND
    assert third.unbind() == fourth.unbind() == 0
    check_sound(gateway)


def test_second_bind_of_a_session(scene: Scene) -> None:
    """0x05, and the first one stands."""
    gateway = served(scene)
    esme = bound(gateway)
    assert esme.bind() == ALREADY_BOUND
    assert esme.submit()[0] == 0
    assert esme.unbind() == 0
    check_sound(gateway)


def test_rebind_storm(scene: Scene) -> None:
    """Two hundred binds at once are all let in, are cut all at once and come back; who is bound does not notice."""
    storm = 200
    gateway = served(
        scene,
        credential("steady"),
        credential("esme", max_binds=storm),
        smpp={"max_unbound_per_address": storm, "session_init_s": 60},
    )
    with Steady(lambda: bound(gateway, "steady")):
        for _ in range(2):
            crowd = [Esme(gateway.smpp_port) for _ in range(storm)]
            for esme in crowd:
                esme.send(BIND_TRANSCEIVER, bind_body("esme", PASSWORD))
            assert [esme.read().status for esme in crowd] == [0] * storm
            wait_binds(gateway, storm, "esme")
            assert _status(gateway.smpp_port, "esme", PASSWORD) == ALREADY_BOUND
            for esme in crowd:
                esme.close()
            wait_binds(gateway, 0, "esme")
    check_sound(gateway)


def test_nothing_but_a_bind_before_the_bind(scene: Scene) -> None:
    """A submit_sm is refused with 0x04 or the connection is closed; it is never taken."""
    gateway = served(scene)
    esme = Esme(gateway.smpp_port)
    try:
        status, message_id = esme.submit()
        assert (status, message_id) == (0x04, "")
    except Closed:
        pass
    esme.close()
    assert gateway.tenant.states() == {}
    check_sound(gateway)
