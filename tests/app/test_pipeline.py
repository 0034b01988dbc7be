import pytest

from smsgwd.admission.admit import account_of
from smsgwd.app.pipeline import Pipeline
from smsgwd.model.changes import KeyMismatch, Replayed, Submit, Submitted
from smsgwd.model.ids import IdGenerator
from smsgwd.model.message import State
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Idempotency, Item, Submission
from smsgwd.model.tenant import Tenant
from smsgwd.model.wire import Wire, unpack_wire
from smsgwd.ports.store import StoreUnavailable
from smsgwd.routing.table import Routes, Rule
from tests.app.fakes import AtOnce, FakeClock, FakeDispatcher, FakeStore, now, pending
from tests.app.pipelines import maker_of

TENANT = Tenant("demo", prices=(("", 40_000),), dlr_url="http://tenant.example/dlr")
NUMBER = "+306912345678"


class World:
    def __init__(self, routes=None):
        self.store = FakeStore()
        self.dispatcher = FakeDispatcher()
        self.clock = FakeClock()
        self.woken = []
        self.seen = []
        self.pipeline = Pipeline(
            store=self.store,
            dispatcher=self.dispatcher,
            clock=self.clock,
            turn=AtOnce(),
            ids=IdGenerator(5),
            **maker_of(routes or Routes([Rule(("down", "sim"), to=("30*",))]), self.dispatcher),
            accounts={"demo": account_of(TENANT)}.get,
            scheduled=self.woken.append,
            observe=lambda *seen: self.seen.append(seen),
        )

    def submit(self, *items, key=None, digest=b"d", tenant="demo"):
        idempotency = Idempotency(key, digest) if key else None
        return self.pipeline.submit(Submission(tenant, list(items) or [item()], idempotency))


def item(dest=NUMBER, **fields):
    return Item(**{"source": "iSMS", "dest": dest, "text": "Hello", **fields})


@pytest.fixture
def world():
    return World()


def refusal(deferred):
    with pytest.raises(Refused) as caught:
        now(deferred)
    return caught.value.refusal


def test_nothing_is_answered_or_sent_before_the_commit(world):
    answer = world.submit()
    assert pending(answer) and world.dispatcher.offered == []
    world.store.finish()
    outcome = now(answer)
    [message] = world.dispatcher.offered
    assert outcome.entries[0].id == message.id == outcome.id + 1
    assert (message.connector, message.state) == ("sim", State.QUEUED)
    assert message.dlr_url == "http://tenant.example/dlr"
    assert world.seen == [("http", 1, 1, {})]


def test_refused_items_stand_beside_accepted_ones_in_their_order(world):
    answer = world.submit(item(), item(dest="12"), item(dest="+447700900123"), item(text=""), item(dlr_url="http://x/"))
    world.store.finish()
    entries = now(answer).entries
    assert [entry.error and entry.error.code for entry in entries] == [
        None,
        "invalid_recipient",
        "no_route",
        "invalid_text",
        None,
    ]
    [change] = world.store.log[0]
    assert [message.id for message in change.messages] == [entries[0].id, entries[4].id]
    assert change.messages[1].dlr_url == "http://x/"
    assert world.seen == [("http", 2, 2, {"invalid_recipient": 1, "no_route": 1, "invalid_text": 1})]


def test_when_every_item_is_refused_nothing_is_committed(world):
    outcome = now(world.submit(item(dest="x")))
    assert outcome.entries[0].error.code == "invalid_recipient"
    assert world.store.log == []


def test_the_store_refuses_for_credit_message_by_message(world):
    world.store.answers[Submit] = Submitted({1: "no_credit"})
    answer = world.submit(item(), item(dest="bad"), item())
    world.store.finish()
    outcome = now(answer)
    assert [entry.error and entry.error.code for entry in outcome.entries] == [None, "invalid_recipient", "no_credit"]
    assert outcome.entries[2].id is None
    assert len(world.dispatcher.offered) == 1


def test_what_is_durable_is_answered_well_whatever_the_sending_side_does(world):
    """An error would make the tenant send it again, and the store has it."""

    def broken(messages):
        raise RuntimeError("a bug")

    world.dispatcher.offer = broken
    answer = world.submit()
    world.store.finish()
    assert now(answer).entries[0].error is None
    assert world.pipeline.pending == 0


def test_a_scheduled_message_is_not_sent_but_its_time_is_noted(world):
    due = world.clock.wall + 3_600_000
    answer = world.submit(item(schedule_at=due))
    world.store.finish()
    assert now(answer).entries[0].state is State.SCHEDULED
    assert world.dispatcher.offered == [] and world.woken == [due]


def test_a_commit_failure_is_a_refusal_and_nothing_is_sent(world):
    answer = world.submit()
    world.store.fail(StoreUnavailable("disk full"))
    assert refusal(answer) is Refusal.STORE_UNAVAILABLE
    assert world.dispatcher.offered == [] and world.pipeline.pending == 0


def test_an_unhealthy_store_refuses_before_any_work(world):
    world.store.healthy = False
    assert refusal(world.submit()) is Refusal.STORE_UNAVAILABLE
    assert world.store.log == []


def test_a_closed_pipeline_refuses(world):
    world.pipeline.close()
    assert refusal(world.submit()) is Refusal.SHUTTING_DOWN


def test_a_tenant_that_is_gone_is_refused(world):
    assert refusal(world.submit(tenant="gone")) is Refusal.UNAUTHENTICATED


def test_too_much_waiting_for_the_disk_is_overload(world):
    for _ in range(20):
        world.submit(*[item()] * 1000)
    assert refusal(world.submit()) is Refusal.OVERLOADED


def test_a_key_that_is_running_is_a_conflict_until_its_commit(world):
    first = world.submit(key="k")
    assert refusal(world.submit(key="k")) is Refusal.IDEMPOTENCY_RUNNING
    world.store.finish()
    now(first)
    world.store.answers[Submit] = KeyMismatch()
    other = world.submit(key="k", digest=b"other")
    world.store.finish()
    assert refusal(other) is Refusal.IDEMPOTENCY_MISMATCH


def test_a_replayed_key_gives_the_first_answer_and_sends_nothing(world):
    first = world.submit(item(), item(dest="bad"), item(), key="k")
    world.store.finish([Submitted({1: "no_credit"})])
    original = now(first)
    kept = world.store.log[0][0].answer
    sent = len(world.dispatcher.offered)
    again = world.submit(item(), item(dest="bad"), item(), key="k")
    world.store.finish([Replayed(kept, {1: "no_credit"})])
    assert now(again) == original
    assert len(world.dispatcher.offered) == sent


def test_a_key_is_kept_even_when_every_item_is_refused(world):
    answer = world.submit(item(dest="x"), key="k")
    assert world.store.log[0][0].messages == []
    world.store.finish()
    assert now(answer).entries[0].error.code == "invalid_recipient"


def test_an_unexpected_store_error_reaches_the_edge_and_frees_the_key(world):
    answer = world.submit(key="k")
    world.store.fail(RuntimeError("bug"))
    with pytest.raises(RuntimeError):
        now(answer)
    retry = world.submit(key="k")
    world.store.finish()
    assert now(retry).entries[0].id


# ---------------------------------------------------------------------------------------------------- from ESMEs


def esme_item(text="Hello", **fields):
    return Item(**{"source": "iSMS", "dest": NUMBER, "text": text, "account": "ann", "asks": 0x11,
                   "wire": Wire(service_type="CMT"), **fields})  # fmt: skip


def test_each_message_keeps_what_its_own_esme_said(world):
    """Also when thousands of ways to say it come and go, two at a time."""
    steady = Wire(service_type="CMT", data_coding=3)
    wires = [Wire(service_type="A", dest_ton=n % 7, source_npi=n % 11, protocol_id=n % 256) for n in range(2500)]
    for wire in wires:
        world.pipeline.submit(Submission("demo", [esme_item(wire=wire), esme_item(wire=steady)], None, "smpp"))
    tlvs = [Wire(tlvs=((0x1400, b"%d" % n),)) for n in range(5)]
    world.pipeline.submit(Submission("demo", [esme_item(wire=wire) for wire in tlvs], None, "smpp"))
    said = [unpack_wire(message.wire) for [change] in world.store.log for message in change.messages]
    assert said == [each for wire in wires for each in (wire, steady)] + tlvs


def part(reference, sequence, **fields):
    wire = Wire(esm_class=0x40, raw=True)
    data = bytes((5, 0, 3, reference, 2, sequence)) + b"part"
    return esme_item("", data=data, coding="binary", wire=wire, **fields)


def test_what_came_by_smpp_owes_nothing_to_urls_and_keeps_what_it_said(world):
    world.pipeline.submit(Submission("demo", [esme_item(), item(), part(9, 1)], None, "smpp"))
    [change] = world.store.log[0]
    esme, http, octets = change.messages
    assert (esme.account, esme.asks, esme.dlr_url) == ("ann", 0x11, None)
    assert unpack_wire(esme.wire) == Wire(service_type="CMT")
    assert (http.account, http.wire, http.dlr_url) == (None, None, "http://tenant.example/dlr")
    assert octets.body == bytes((5, 0, 3, 9, 2, 1)) + b"part" and unpack_wire(octets.wire).raw
    world.store.finish()
    assert world.seen == [("smpp", 3, 3, {})]


def test_parts_that_an_esme_has_cut_take_the_same_way():
    world = World(Routes([Rule(("a", "b", "c"), strategy="round_robin")]))
    world.dispatcher.connectors_up = {"a", "b", "c"}
    items = [part(reference, sequence) for sequence in (1, 2) for reference in range(40)]
    world.pipeline.submit(Submission("demo", items, None, "smpp"))
    world.pipeline.submit(Submission("demo", [part(reference, 2) for reference in range(40)], None, "smpp"))
    ways = [message.connector for [change] in world.store.log for message in change.messages]
    assert ways[:40] == ways[40:80] == ways[80:] and set(ways) == {"a", "b", "c"}


def test_round_robin_takes_turns_within_a_submission():
    world = World(Routes([Rule(("a", "b"), strategy="round_robin")]))
    world.dispatcher.connectors_up = {"a", "b"}
    world.pipeline.submit(Submission("demo", [esme_item()] * 4))
    assert [message.connector for message in world.store.log[0][0].messages] == ["a", "b", "a", "b"]


def test_how_full_it_is_is_told(world):
    assert world.pipeline.fill() == 0
    world.submit(*[item()] * 2000)
    assert world.pipeline.fill() == 0.1
    world.store.finish()
    assert world.pipeline.fill() == 0


def test_what_takes_anothers_place_has_its_id_and_its_age(world):
    world.submit(item())
    old = world.store.log[0][0].messages[0]
    world.clock.advance(5)
    new = world.pipeline.replacement(esme_item("another"), "demo", old)
    assert (new.id, new.submission, new.submitted_at, new.body) == (
        old.id,
        old.submission,
        old.submitted_at,
        b"another",
    )
    assert new.deadline == old.deadline + 5000
    with pytest.raises(Refused) as caught:
        world.pipeline.replacement(esme_item("", coding="gsm"), "demo", old)
    assert caught.value.refusal is Refusal.INVALID_TEXT
    world.pipeline.close()
    with pytest.raises(Refused) as caught:
        world.pipeline.replacement(esme_item(), "demo", old)
    assert caught.value.refusal is Refusal.SHUTTING_DOWN


def test_a_route_with_a_second_way_is_written_into_its_messages():
    world = World(Routes([Rule(("down", "sim", "other"), to=("30*",), on_undelivered="next"), Rule(("sim", "other"))]))
    world.submit(item(), item(dest="+447700900123"), item())
    world.store.finish()
    assert [(m.connector, m.fallback) for m in world.dispatcher.offered] == [
        ("sim", "down,other"),
        ("sim", None),
        ("sim", "down,other"),
    ]
    assert {(m.tried, m.hops) for m in world.dispatcher.offered} == {(None, 0)}


def test_a_second_way_is_the_others_of_each_turn():
    rule = Rule(("a", "b"), strategy="round_robin", on_undelivered="next")
    world = World(Routes([rule]))
    world.dispatcher.connectors_up = {"a", "b"}
    world.submit(item(), item(), item())
    world.store.finish()
    assert [(m.connector, m.fallback) for m in world.dispatcher.offered] == [("a", "b"), ("b", "a"), ("a", "b")]


def test_who_has_opted_out_is_refused_beside_the_others():
    world = World()
    world.store.answers[Submit] = Submitted({0: "opted_out"})
    answer = world.submit(item(), item())
    world.store.finish()
    first, second = now(answer).entries
    assert (first.id, first.error.code) == (None, "opted_out")
    assert first.error.detail == Refusal.OPTED_OUT.title
    assert second.error is None
    assert [m.id for m in world.dispatcher.offered] == [second.id]
    assert world.seen == [("http", 1, 1, {"opted_out": 1})]


def test_a_repetition_answers_opted_out_as_the_first_time():
    world = World()
    world.store.answers[Submit] = Submitted({0: "opted_out"})
    first = world.submit(item(), key="k")
    answer = world.store.log[0][0].answer
    world.store.finish()
    world.store.answers[Submit] = Replayed(answer, {0: "opted_out"})
    again = world.submit(item(), key="k")
    world.store.finish()
    assert now(again).entries == now(first).entries
    assert world.dispatcher.offered == []
