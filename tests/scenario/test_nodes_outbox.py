"""Two nodes share what is owed to tenants: each target is one's, an account that is bound at both is one's, and what
only one may do for both goes over when it dies."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from typing import Any

import pytest

from smsgwd.delivery.allotment import GROUPS, group_of
from smsgwd.model.outbox import target_of
from tests.scenario.esme import Esme
from tests.scenario.harness import TENANT, TOKEN, Catcher, Gateway, Scene, wait
from tests.scenario.nodes import bound, node, owner_of
from tests.scenario.stand_esme import PASSWORD, check_sound, credential, wait_binds
from tests.scenario.stand_esme import bound as bind

pytestmark = pytest.mark.scenario
TAKE_OVER_S = 5.0


def _times(catcher: Catcher) -> Counter[str]:
    """How often each message was pushed."""
    return Counter(push["body"]["id"] for push in catcher.pushes())


def _owner(scene: Scene, url: str) -> str:
    return owner_of(scene, f"t:{group_of(target_of(TENANT, url))}")


def _wait_shared(scene: Scene) -> None:
    """Until each node has about half of the groups of targets."""

    def counts() -> bool:
        owners = Counter(owner_of(scene, f"t:{group}") for group in range(GROUPS))
        return owners.keys() == {"a", "b"} and min(owners.values()) > GROUPS // 4

    wait("both have their targets", counts, every_s=0.05)


def _pumped(esme: Esme) -> list[str]:
    """The receipts it has by now."""
    esme.pump(0.02)
    return esme.receipts


def _with_esmes(*credentials: dict[str, Any]) -> dict[str, Any]:
    web = {"kind": "token", "secret": TOKEN}
    return {"tenant": {"credentials": [web, *credentials]}, "smpp": {}}


def test_receipts_come_at_one_node_and_go_out_at_another(scene: Scene) -> None:
    smsc = scene.smsc()
    catchers = [scene.catcher(name=f"webhook{number}") for number in range(4)]
    options = _with_esmes(credential("esme", max_binds=4))
    b = node(scene, "b", smsc, **options)
    wait("the connector is bound", lambda: bound(b) == 1)
    a = node(scene, "a", smsc, **options)
    _wait_shared(scene)
    assert (bound(a), bound(b)) == (0, 1)

    ids = {catcher: [a.tenant.send(dlr_url=catcher.url) for _ in range(10)] for catcher in catchers}
    esme = bind(a)
    mine = [esme.submit(f"30690000{number:04d}")[1] for number in range(20)]
    for catcher, sent in ids.items():
        catcher.wait_all(sent)
    wait("the receipts of an ESME", lambda: len(_pumped(esme)) >= 20)
    assert sorted(esme.receipts) == sorted(mine)
    for catcher, sent in ids.items():
        assert _times(catcher) == dict.fromkeys(sent, 1)
    assert len({_owner(scene, catcher.url) for catcher in catchers} | {"a", "b"}) == 2
    assert esme.unbind() == 0
    for gateway in (a, b):
        check_sound(gateway)
        assert gateway.stop() == 0


def test_what_a_dead_node_owed_is_pushed_by_the_other(scene: Scene) -> None:
    smsc, catcher = scene.smsc(), scene.catcher()
    nodes = {name: node(scene, name, smsc, catcher=catcher) for name in ("a", "b")}
    _wait_shared(scene)
    owner = nodes.pop(_owner(scene, catcher.url))
    (other,) = nodes.values()

    os.kill(catcher.pid, signal.SIGSTOP)
    ids = other.tenant.send_many(30)
    for message in ids:
        other.tenant.wait_state(message, "delivered")
    owner.kill()
    killed = time.monotonic()
    os.kill(catcher.pid, signal.SIGCONT)
    wait("another node has it", lambda: _owner(scene, catcher.url) == other.name, TAKE_OVER_S)
    catcher.wait_all(ids)
    assert time.monotonic() - killed < 2 * TAKE_OVER_S
    assert max(_times(catcher).values()) <= 2  # twice: what the dead node had out
    check_sound(other)

    owner.start()
    owner.wait_ready()
    _wait_shared(scene)
    more = other.tenant.send_many(10, first=100)
    catcher.wait_all(more)
    times = _times(catcher)
    assert {times[each] for each in more} == {1}


def test_an_account_that_is_bound_at_both_gets_everything_once(scene: Scene) -> None:
    smsc = scene.smsc()
    options = _with_esmes(credential("esme", max_binds=2))
    a, b = (node(scene, name, smsc, **options) for name in ("a", "b"))
    first, second = bind(a), bind(b)
    assert owner_of(scene, "t:@esme") == "a"
    for gateway in (a, b):
        third = Esme(gateway.smpp_port)
        assert third.bind("esme", PASSWORD) != 0, "max_binds is 2 at both together"
        third.close()

    ids = [second.submit(f"30690000{number:04d}")[1] for number in range(10)]
    ids += [first.submit(f"30690001{number:04d}")[1] for number in range(10)]
    wait("the receipts", lambda: len(_pumped(first)) >= len(ids))
    second.pump(0.1)
    assert sorted(first.receipts) == sorted(ids)
    assert second.receipts == []

    assert first.unbind() == 0
    ids = [second.submit(f"30690002{number:04d}")[1] for number in range(10)]
    wait("the other bind has them", lambda: len(_pumped(second)) >= len(ids))
    assert sorted(second.receipts) == sorted(ids)
    wait_binds(a, 0, "esme")
    first = bind(a)  # a place is free again

    b.kill()
    ids = [first.submit(f"30690003{number:04d}")[1] for number in range(10)]
    wait("the first one has it again", lambda: owner_of(scene, "t:@esme") == "a", TAKE_OVER_S)
    wait("its receipts", lambda: set(_pumped(first)) >= set(ids))
    again = bind(a)  # the dead node's binds count no more
    assert first.unbind() == again.unbind() == 0
    check_sound(a)


def test_what_is_due_goes_out_though_the_node_that_sweeps_dies(scene: Scene) -> None:
    smsc, catcher = scene.smsc(), scene.catcher()
    nodes: dict[str, Gateway] = {name: node(scene, name, smsc, catcher=catcher) for name in ("a", "b")}
    wait("all roles are somebody's", lambda: all(owner_of(scene, f"u:{role}") for role in ("sweeps", "retention")))
    _wait_shared(scene)
    at = int(time.time() * 1000) + 2000
    due = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at / 1000)) + f".{at % 1000:03d}Z"
    ids = [nodes[name].tenant.send(schedule_at=due) for name in ("a", "b")]
    dead = nodes.pop(owner_of(scene, "u:sweeps"))
    (other,) = nodes.values()
    dead.kill()
    catcher.wait_all(ids)
    assert {owner_of(scene, f"u:{role}") for role in ("sweeps", "retention", "cdr")} == {other.name}
    assert len(smsc.texts()) == 2
    check_sound(other)
