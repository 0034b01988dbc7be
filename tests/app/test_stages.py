"""How long each stage takes, told from committed changes."""

from prometheus_client import CollectorRegistry

from smsgwd.app.stages import Stages
from smsgwd.model.business import Unhold
from smsgwd.model.changes import Moved, Noted, PartSent, Promote, Promoted, Submit, Submitted, Swept, TakeReceipt
from smsgwd.model.ids import first_id_at
from smsgwd.model.message import State
from smsgwd.model.operators import AuditEntry, Discard, PutAudit
from smsgwd.model.receipts import Receipt
from smsgwd.telemetry import Metrics
from smsgwd.telemetry.metrics import MOST_TENANTS
from tests.app.made import message

NOW = 1_800_000_000_000


class World:
    def __init__(self):
        self.registry = CollectorRegistry()
        self.stages = Stages(Metrics(self.registry), lambda: NOW)

    def value(self, name, **labels):
        return self.registry.get_sample_value("smsgwd_" + name, labels)


def sent(number, *, part=1, at=NOW, latency=100, connector="sim"):
    return PartSent(number, part, "x", "g", connector, at, latency_ms=latency)


def test_a_submission_counts_for_its_tenant_without_what_was_refused():
    world = World()
    world.stages(
        [Submit("shop", [message(1), message(2), message(3)], NOW - 4), Submit("shop", [message(4)], NOW - 4)],
        [Submitted({1: "no_credit"}), Submitted({0: "no_credit"})],
    )
    assert world.value("tenant_messages_accepted_total", tenant="shop") == 2
    assert world.value("submit_durable_seconds_count") == 2
    assert abs(world.value("submit_durable_seconds_sum") - 0.008) < 1e-9
    assert world.stages.tenants == {"shop": 2}


def test_the_time_in_the_queue_ends_when_the_first_part_is_written():
    world = World()
    number = first_id_at(NOW - 2000)
    world.stages([sent(number), sent(number, part=2)], [Noted(number), Moved(number, State.SENT)])
    assert world.value("queue_seconds_count", connector="sim") == 1
    assert abs(world.value("queue_seconds_sum", connector="sim") - 1.9) < 1e-9


def test_what_waited_for_its_time_is_left_out_once():
    world = World()
    number = first_id_at(NOW - 86_400_000)
    world.stages([Promote(NOW)], [Promoted((message(number),), False)])
    world.stages([sent(number)], [Moved(number, State.SENT)])
    assert world.value("queue_seconds_count", connector="sim") in (None, 0)
    world.stages([sent(first_id_at(NOW))], [Moved(1, State.SENT)])
    assert world.value("queue_seconds_count", connector="sim") == 1


def test_receipts_and_operators_are_counted_too():
    world = World()
    world.stages(
        [
            TakeReceipt(Receipt("g", "x", State.DELIVERED, NOW - 30)),
            PutAudit(AuditEntry(0, NOW, "eve", "admin", "socket", "", "store check", "{}", "begun")),
        ],
        [Moved(1, State.DELIVERED), 5],
    )
    assert abs(world.value("receipt_durable_seconds_sum") - 0.03) < 1e-9
    assert world.value("operator_commands_total", outcome="begun") == 1


def test_a_clock_that_was_set_back_gives_no_time_below_zero():
    world = World()
    world.stages(
        [Submit("shop", [message(1)], NOW + 50), sent(first_id_at(NOW + 5000))],
        [Submitted({}), Moved(1, State.SENT)],
    )
    assert world.value("submit_durable_seconds_sum") == 0
    assert world.value("queue_seconds_sum", connector="sim") == 0


def test_invented_tenants_do_not_grow_the_scrape():
    world = World()
    for number in range(MOST_TENANTS + 5):
        world.stages([Submit(f"t{number}", [message(number)], NOW)], [Submitted({})])
    assert world.value("tenant_messages_accepted_total", tenant="_other") == 5


def test_decisions_on_held_messages_are_counted_and_a_purge_is_none():
    world = World()
    world.stages(
        [Unhold("", "", NOW), Unhold("", "", NOW, reject=True), Discard((4, 5), NOW, "spam")],
        [
            Swept((1, 2), (), False, State.SCHEDULED),
            Swept((3,), (), False, State.REJECTED),
            Swept((4, 5), (), False, State.REJECTED),
        ],
    )
    assert world.value("held_decided_total", decision="released") == 2
    assert world.value("held_decided_total", decision="rejected") == 1
