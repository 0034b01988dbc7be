"""`optout list`, `add` and `remove`."""

import pytest

from smsgwd.model.changes import OptOut
from smsgwd.ops.optouts import OptOuts
from smsgwd.ops.registry import CommandError
from smsgwd.ports.store import OptOutEntry, StoreUnavailable
from tests.ops.asking import NOW_MS, Clock, Store, run


def family(store):
    return OptOuts(store, Clock(), {"demo"}.__contains__)


def test_list():
    store = Store(opt_outs=[OptOutEntry("demo", "306912345678", NOW_MS, "STOP")])
    rows = run(family(store), "optout", "list", tenant="demo", after="+3069", limit="7")
    assert rows == [{"number": "306912345678", "since": "2026-05-28T20:26:40.000Z", "by": "STOP"}]
    assert store.read == [("opt_outs", "demo", "3069", 7)]
    with pytest.raises(CommandError, match="cannot be read: closed"):
        run(family(Store(opt_outs=StoreUnavailable("closed"))), "optout", "list", tenant="demo")


@pytest.mark.parametrize(("verb", "out"), [("add", True), ("remove", False)])
@pytest.mark.parametrize("changed", [True, False])
def test_a_number_is_put_on_the_list_and_taken_off(verb, out, changed):
    store = Store(changed)
    shown = run(family(store), "optout", verb, tenant="demo", number="+30 691 234 5678")
    assert shown == {"tenant": "demo", "number": "306912345678", "opted_out": out, "changed": changed}
    assert store.asked == [OptOut("demo", "306912345678", out, NOW_MS, "operator")]


def test_a_number_is_read_as_its_tenant_writes_it():
    store = Store(True)
    commands = OptOuts(store, Clock(), {"demo"}.__contains__, {"demo": "GR"}.get)
    assert run(commands, "optout", "add", tenant="demo", number="6912345678")["number"] == "306912345678"
    assert store.asked == [OptOut("demo", "306912345678", True, NOW_MS, "operator")]


def test_errors():
    with pytest.raises(CommandError, match="there is no tenant other"):
        run(family(Store()), "optout", "list", tenant="other")
    with pytest.raises(CommandError, match="there is no tenant other"):
        run(family(Store()), "optout", "add", tenant="other", number="306912345678")
    with pytest.raises(CommandError, match=r"^number: "):
        run(family(Store()), "optout", "add", tenant="demo", number="STOP")
    with pytest.raises(CommandError, match="cannot be written: disk full"):
        run(family(Store(StoreUnavailable("disk full"))), "optout", "add", tenant="demo", number="306912345678")
