"""Two nodes know and limit the same: what is changed at one counts at the other, and what both take is limited once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from smsgwd.model.ids import node_of
from tests.scenario.business import change, client, code, create, told
from tests.scenario.client import Tenant, wait
from tests.scenario.esme import UNBIND, Closed, Esme
from tests.scenario.harness import Gateway, Scene, Smsc, scene_in
from tests.scenario.nodes import node
from tests.scenario.stand_esme import PASSWORD, bound, check_sound

pytestmark = pytest.mark.scenario
SOON_S = 3.0  # some milliseconds, in fact; who did not hear of it would look after 10 s
RATE = 20
GREEK = "+306912345678"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, Gateway]]:
    """Two gateways on one store."""
    directory: Path = tmp_path_factory.mktemp("known")
    with scene_in(directory) as scene:
        smsc = scene.smsc()
        yield _node(scene, "a", smsc), _node(scene, "b", smsc)


def _node(scene: Scene, name: str, smsc: Smsc) -> Gateway:
    return node(scene, name, smsc, smpp={}, auth={"max_failures": 1000})


def test_a_tenant_made_at_one_node_sends_at_the_other(pair: tuple[Gateway, Gateway]) -> None:
    a, b = pair
    create(a, "fresh", credit="10", price="0.04")
    tenant = client(b, "fresh")
    wait("the tenant may send", lambda: tenant.post(GREEK).status == 202, SOON_S)
    assert bound(b, "fresh").unbind() == 0
    change(b, "fresh", price="0.07")
    at_a = client(a, "fresh")
    wait("the price counts", lambda: at_a.post(GREEK).body["messages"][0]["price"] == "0.0700", SOON_S)
    check_sound(a)
    check_sound(b)


def test_ids_tell_the_node_and_no_two_share_a_number(pair: tuple[Gateway, Gateway]) -> None:
    numbers = [node_of(int(each.tenant.send())) for each in pair]
    assert sorted(numbers) == [1, 2]


def test_a_password_changed_at_one_node_is_refused_at_the_other(pair: tuple[Gateway, Gateway]) -> None:
    a, b = pair
    create(a, "moved", credit="10", price="0.04")
    wait("it may bind", lambda: _bind(b, "moved", PASSWORD) == 0, SOON_S)
    esme = bound(b, "moved")
    answer = told(a, "credential", "rotate", tenant="moved", kind="smpp", name="moved", grace_s="0")
    start = time.monotonic()
    _wait_unbound(esme)
    assert time.monotonic() - start < SOON_S
    esme.close()
    assert _bind(b, "moved", PASSWORD) != 0
    assert _bind(b, "moved", answer["secret"]) == 0
    told(a, "tenant", "disable", id="moved")
    tenant = client(b, "moved")
    wait("it is put out", lambda: tenant.post(GREEK).status == 401, SOON_S)


def test_what_both_nodes_change_of_one_tenant_is_kept(pair: tuple[Gateway, Gateway]) -> None:
    """Neither puts what it remembers over what the other has just done."""
    a, b = pair
    create(a, "both", credit="10", price="0.04", senders=["Shop"])
    wait("the other knows it", lambda: _bind(b, "both", PASSWORD) == 0, SOON_S)

    def add(gateway: Gateway, names: range) -> None:
        for number in names:
            told(gateway, "credential", "add", tenant="both", kind="token", label=f"token {number}")

    with ThreadPoolExecutor(2) as threads:
        for work in [threads.submit(add, a, range(10)), threads.submit(add, b, range(10, 20))]:
            work.result()
    wait("both know all tokens", lambda: [_tokens(gateway) for gateway in pair] == [21, 21], SOON_S)


def test_records_count_at_the_other_node(pair: tuple[Gateway, Gateway]) -> None:
    a, b = pair
    told(a, "price", "import", name="retail", csv="prefix,price\n*,0.06\n30,0.045\n")
    create(a, "kiosk", price_list="retail", credit="5")
    tenant = client(b, "kiosk")
    wait("the tenant may send", lambda: tenant.post(GREEK).status == 202, SOON_S)
    assert _price(tenant) == "0.0450"
    told(a, "price", "import", name="retail", csv="prefix,price\n*,0.06\n30,0.05\n")
    wait("the new price counts", lambda: _price(tenant) == "0.0500", SOON_S)


def test_the_same_text_is_refused_at_the_other_node(pair: tuple[Gateway, Gateway]) -> None:
    a, b = pair
    create(a, "careful", credit="10", price="0.04", duplicate_s=60)
    one, other = client(a, "careful"), client(b, "careful")
    wait("the tenant may send", lambda: other.post(GREEK, "Other").status == 202, SOON_S)
    assert code(one.post(GREEK, "Once")) is None
    assert code(other.post(GREEK, "Once")) == "duplicate"
    assert code(one.post(GREEK, "Once")) == "duplicate"
    assert code(other.post("+306912345679", "Once")) is None


def test_a_rate_holds_over_both_nodes(pair: tuple[Gateway, Gateway]) -> None:
    """Much more is asked for at both all the time; what comes behind the burst is the rate."""
    a, b = pair
    create(a, "fast", credit="100", price="0.01", throughput=RATE)
    tenants = client(a, "fast"), client(b, "fast")
    wait("the tenant may send", lambda: tenants[1].post(GREEK).status == 202, SOON_S)
    start = time.monotonic()

    def load(tenant: Tenant) -> tuple[list[float], int]:
        taken: list[float] = []
        asked = 0
        while time.monotonic() < start + 6:
            asked += 1
            if tenant.post(GREEK).status == 202:
                taken.append(time.monotonic() - start)
        return taken, asked

    with ThreadPoolExecutor(2) as threads:
        found = [work.result() for work in [threads.submit(load, each) for each in tenants]]
    taken = [at for times, _ in found for at in times]
    assert sum(asked for _, asked in found) > 2 * len(taken)
    assert all(len(times) > RATE for times, _ in found)  # each node has its part
    count = sum(1 <= at < 6 for at in taken)
    assert abs(count - 5 * RATE) <= 0.1 * 5 * RATE, count


def _bind(gateway: Gateway, system_id: str, password: str) -> int:
    esme = Esme(gateway.smpp_port)
    try:
        return esme.bind(system_id, password)
    finally:
        esme.close()


def _wait_unbound(esme: Esme) -> None:
    try:
        while True:
            pdu = esme.read(20)
            if pdu.command == UNBIND:
                return
            esme.answer(pdu)
    except Closed:
        return


def _tokens(gateway: Gateway) -> int:
    return sum(each["kind"] == "token" for each in told(gateway, "credential", "list", tenant="both"))


def _price(tenant: Tenant) -> str:
    return str(tenant.post(GREEK).body["messages"][0]["price"])
