from dataclasses import replace

import pytest
from twisted.internet.defer import Deferred

from smsgwd.model.message import State
from smsgwd.model.refusals import Refusal
from smsgwd.model.submission import Entry
from smsgwd.northbound.doorway import MOST_INSIDE
from smsgwd.smpp.fields import ListDestination, SmeDestination
from smsgwd.smpp.pdu import AlertNotification, DataSm, DeliverSm, SubmitMulti
from smsgwd.smpp.tags import CONGESTION_STATE, MESSAGE_PAYLOAD
from tests.northbound.esme.requests_world import World, refused, submit


@pytest.fixture
def world():
    return World()


def test_the_submits_of_one_read_are_one_submission_and_one_write(world):
    bind = world.bind()
    world.submitter.auto = False
    assert world.take(bind, *(submit(n, b"text %d" % n) for n in range(1, 6))) == []
    [submission] = world.submitter.submissions
    assert (submission.tenant, submission.intake, submission.idempotency) == ("demo", "smpp", None)
    assert [item.text for item in submission.items] == [f"text {n}" for n in range(1, 6)]
    world.submitter.finish()
    assert bind.connection.calls == 1
    assert [(pdu.sequence, pdu.status, pdu.message_id) for pdu in bind.connection.answers] == [
        (n, 0, b"%d" % (1000 + n)) for n in range(1, 6)
    ]
    assert world.metric("esme_answers_total", account="ann", status="0x00000000") == 5


def test_what_is_refused_or_malformed_hurts_nobody_beside_it(world):
    bind = world.bind()
    world.submitter.refusals = {"306900000002": "no_credit", "306900000003": "no_route"}
    world.take(
        bind,
        submit(1),
        submit(2, destination_addr=b"306900000002"),
        submit(3, priority_flag=9),
        submit(4, destination_addr=b"306900000003"),
        submit(5, source_addr_ton=99),
        submit(6, replace_if_present_flag=2),
    )
    assert dict(bind.connection.statuses) == {1: 0, 2: 0x45, 3: 0x06, 4: 0x0B, 5: 0x48, 6: 0x54}
    assert len(world.submitter.submissions) == 1
    assert world.metric("esme_answers_total", account="ann", status="0x00000045") == 1


def test_a_tenant_has_its_own_statuses(world):
    bind = world.bind(world.account(errors={"no_credit": 0x400, "over_rate": 0x14}))
    world.submitter.refusals = {"306900000002": "no_credit"}
    assert world.take(bind, submit(2, destination_addr=b"306900000002")) == [(2, 0x400)]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (refused(Refusal.OVERLOADED), 0x14),
        (refused(Refusal.SHUTTING_DOWN), 0x08),
        (refused(Refusal.STORE_UNAVAILABLE), 0x08),
        (RuntimeError("a bug"), 0x08),
    ],
)
def test_a_submission_that_fails_whole_answers_all(world, error, status):
    bind = world.bind()
    world.submitter.error = error
    assert world.take(bind, submit(1), submit(2)) == [(1, status), (2, status)]


def test_a_large_read_is_cut_and_answered_whole(world):
    bind = world.bind()
    world.take(bind, *(submit(n) for n in range(1, 2501)))
    world.reactor.advance(0)
    assert max(len(submission.items) for submission in world.submitter.submissions) <= MOST_INSIDE
    assert bind.connection.statuses == [(n, 0) for n in range(1, 2501)]


def test_a_bug_in_reading_one_message_costs_that_one_only(world):
    bind = world.bind()
    world.take(bind, submit(1))
    translator = bind.state.translator
    real = type(translator).submit

    class Broken(type(translator)):
        def submit(self, pdu, now):
            if pdu.sequence == 3:
                raise ZeroDivisionError
            return real(self, pdu, now)

    translator.__class__ = Broken
    assert dict(world.take(bind, submit(2), submit(3), submit(4))) == {2: 0, 3: 0x08, 4: 0}


# ---------------------------------------------------------------------------------------------------- back-pressure


def test_a_bug_in_submitting_one_message_costs_that_one_only(world):
    """Neither those beside it, nor another bind's answer, nor the room on the way into the store."""
    bind, other = world.bind(), world.bind(world.account("bob", tenant="other"))
    submit_as_ever = world.submitter.submit

    def broken(submission):
        if any(item.text == "bad" for item in submission.items):
            raise RuntimeError("a bug")
        return submit_as_ever(submission)

    world.submitter.submit = broken
    texts = [b"good"] * 20
    texts[7] = b"bad"
    for _ in range(MOST_INSIDE // 10):
        bind.connection.answers.clear()
        world.take(bind, *(submit(n, text) for n, text in enumerate(texts, 1)))
        assert bind.connection.statuses == [(n, 0x08 if n == 8 else 0) for n in range(1, 21)]
        world.reactor.advance(0)

    world.submitter.auto = False
    world.take(other, *(submit(n) for n in range(1, MOST_INSIDE + 1)))
    assert world.take(bind, submit(1, b"bad")) == []
    world.submitter.finish()  # which lets the bad one in
    assert other.connection.statuses == [(n, 0) for n in range(1, MOST_INSIDE + 1)]
    assert bind.connection.statuses[-1] == (1, 0x08)


def test_a_bind_with_too_much_waiting_is_not_read_until_half_is_answered():
    world = World(inbound_window=10)
    bind = world.bind()
    world.submitter.auto = False
    for n in range(9):
        world.take(bind, submit(n + 1))
    assert bind.connection.reading
    world.take(bind, submit(10))
    assert not bind.connection.reading
    for _ in range(4):
        world.submitter.finish()
    assert not bind.connection.reading
    world.submitter.finish()
    assert bind.connection.reading


def test_the_recipients_of_a_submit_multi_count_as_so_many_requests():
    world = World(inbound_window=10)
    bind = world.bind()
    world.submitter.auto = False
    dests = tuple(SmeDestination(1, 1, b"30691234%04d" % n) for n in range(6))
    several = SubmitMulti(sequence=1, source_addr=b"iSMS", dest_addresses=dests, short_message=b"Hi")
    world.take(bind, several)
    assert bind.connection.reading
    world.take(bind, replace(several, sequence=2))
    assert not bind.connection.reading
    world.submitter.finish()
    assert not bind.connection.reading
    world.submitter.finish()
    assert bind.connection.reading
    assert bind.connection.statuses == [(1, 0), (2, 0)]


def test_many_binds_share_what_the_pipeline_takes():
    world = World(inbound_window=1000)
    world.submitter.auto = False
    binds = [world.bind() for _ in range(200)]
    for bind in binds:
        world.take(bind, submit(1))
    greedy = binds[0]
    world.take(greedy, *(submit(n) for n in range(2, 80)))
    assert greedy.connection.reading
    world.take(greedy, submit(80))
    assert not greedy.connection.reading  # 16,000 among 200
    for bind in binds[1:]:
        world.requests.unbound(bind)
    other = world.bind()
    world.take(other, *(submit(n) for n in range(1, 1000)))
    assert other.connection.reading
    world.take(other, submit(1000))
    assert not other.connection.reading


def test_a_bind_that_is_gone_is_answered_no_more_but_what_was_taken_goes_on(world):
    bind = world.bind()
    world.submitter.auto = False
    world.take(bind, submit(1))
    world.requests.unbound(bind)
    world.requests.unbound(bind)
    world.submitter.finish()
    assert bind.connection.answers == [] and len(world.submitter.submissions) == 1


def test_a_bind_that_never_asked_may_go(world):
    world.requests.unbound(world.bind())


# ---------------------------------------------------------------------------------------------------- congestion


def test_peers_of_5_0_are_told_how_full_we_are(world):
    old, new = world.bind(), world.bind(version=0x50)
    world.full = 0.42
    world.take(old, submit(1))
    world.take(new, submit(1), submit(2, priority_flag=9))
    assert old.connection.answers[0].tlvs == ()
    assert [pdu.tlv_int(CONGESTION_STATE) for pdu in new.connection.answers] == [42, 42]
    world.full = 7.0
    world.take(new, DataSm(sequence=3, destination_addr=b"306912345678", tlvs=((MESSAGE_PAYLOAD, b"x"),)))
    assert new.connection.answers[-1].tlv_int(CONGESTION_STATE) == 99
    world.full = 0.0
    dests = (SmeDestination(1, 1, b"306912345678"),)
    world.take(new, SubmitMulti(sequence=4, source_addr=b"1", dest_addresses=dests, short_message=b"x"))
    assert new.connection.answers[-1].tlv_int(CONGESTION_STATE) == 0


def test_the_window_of_the_bind_and_the_rate_count_too():
    world = World(inbound_window=100)
    bind = world.bind(version=0x50)
    world.submitter.auto = False
    world.take(bind, *(submit(n) for n in range(1, 51)))
    world.submitter.finish()
    assert bind.connection.answers[0].tlv_int(CONGESTION_STATE) == 50
    paced = world.bind(world.account("bob", tenant="t2", throughput=10), version=0x50)
    world.submitter.auto = True
    world.take(paced, *(submit(n) for n in range(1, 9)))
    assert paced.connection.answers[-1].tlv_int(CONGESTION_STATE) == 80


# ---------------------------------------------------------------------------------------------------- other submits


def test_data_sm_is_a_message_with_its_own_answer(world):
    bind = world.bind()
    world.take(bind, DataSm(sequence=9, destination_addr=b"306912345678", tlvs=((MESSAGE_PAYLOAD, b"Hi"),)))
    [answer] = bind.connection.answers
    assert (answer.name, answer.sequence, answer.message_id) == ("data_sm_resp", 9, b"1001")
    assert world.submitter.texts == [["Hi"]]
    world.submitter.refusals = {"306912345678": "no_route"}
    assert world.take(bind, DataSm(sequence=10, destination_addr=b"306912345678")) == [(10, 0x0B)]
    assert world.take(bind, DataSm(sequence=11, dest_addr_npi=77)) == [(11, 0x51)]


def multi(*dests, sequence=1, **fields):
    found = tuple(SmeDestination(1, 1, dest) if isinstance(dest, bytes) else dest for dest in dests)
    return SubmitMulti(sequence=sequence, source_addr=b"1", short_message=b"Hi", dest_addresses=found, **fields)


def test_submit_multi_has_one_id_and_a_status_for_each_that_failed(world):
    bind = world.bind()
    world.submitter.refusals = {"306900000002": "no_route"}
    world.take(
        bind,
        multi(b"306900000001", b"306900000002", ListDestination(b"all"), SmeDestination(8, 1, b"306900000003")),
    )
    [answer] = bind.connection.answers
    assert (answer.name, answer.status, answer.message_id) == ("submit_multi_resp", 0, b"1000")
    assert {(each.addr, each.status) for each in answer.unsuccess_smes} == {
        (b"306900000002", 0x0B),
        (b"all", 0x34),
        (b"306900000003", 0x50),
    }
    [submission] = world.submitter.submissions
    assert [item.dest for item in submission.items] == ["306900000001", "306900000002"]


def test_submit_multi_of_which_nothing_is_taken_is_an_error(world):
    bind = world.bind()
    world.submitter.refusals = {"306900000002": "no_credit"}
    assert world.take(bind, multi(b"306900000002", sequence=1)) == [(1, 0x45)]
    assert world.take(bind, multi(ListDestination(b"all"), sequence=2)) == [(2, 0x34)]
    assert world.take(bind, multi(b"306900000001", sequence=3, priority_flag=4)) == [(3, 0x06)]
    assert world.take(bind, multi(b"306900000001", sequence=4, replace_if_present_flag=1)) == [(4, 0x54)]
    world.submitter.error = refused()
    assert world.take(bind, multi(b"306900000001", sequence=5)) == [(5, 0x14)]
    assert world.take(bind, multi(*[b"3069%08d" % n for n in range(254)], sequence=6)) == [(6, 0x14)]


def test_what_no_esme_may_ask_is_refused_and_the_session_goes_on(world):
    bind = world.bind()
    assert world.take(bind, DeliverSm(sequence=1), submit(2)) == [(2, 0), (1, 0x03)]
    world.take(bind, AlertNotification(sequence=3))


# ------------------------------------------------------------------------------------------------- replace_if_present


def test_a_flagged_submit_replaces_what_waits_or_is_submitted(world):
    bind = world.bind()
    world.esmes.result = Entry("306912345678", 77, State.QUEUED, 1)
    world.take(bind, submit(1, b"new", replace_if_present_flag=1))
    assert bind.connection.answers[0].message_id == b"77" and world.submitter.submissions == []
    kind, item, tenant = world.esmes.asked[0]
    assert (kind, item.text, tenant) == ("pending", "new", "demo")
    world.esmes.result = None
    world.take(bind, submit(2, b"first", replace_if_present_flag=1))
    assert bind.connection.answers[1].message_id == b"1001"
    world.esmes.result = refused(Refusal.INVALID_RECIPIENT)
    assert world.take(bind, submit(3, replace_if_present_flag=1)) == [(3, 0x0B)]
    world.esmes.result = RuntimeError("a bug")
    assert world.take(bind, submit(4, replace_if_present_flag=1)) == [(4, 0x08)]


def test_it_looks_only_after_what_was_submitted_before_it_can_be_found(world):
    bind = world.bind()
    world.submitter.auto = False
    world.take(bind, submit(1, b"one"), submit(2, b"two", replace_if_present_flag=1))
    world.take(bind, submit(3, b"three", replace_if_present_flag=1))
    assert world.esmes.asked == []
    world.submitter.finish()
    assert [asked[1].text for asked in world.esmes.asked] == ["two"]  # found nothing: it is submitted
    assert world.submitter.texts == [["one"], ["two"]]
    world.submitter.finish()
    assert [asked[1].text for asked in world.esmes.asked] == ["two", "three"]
    world.submitter.finish()
    assert [pdu.sequence for pdu in bind.connection.answers] == [1, 2, 3]


def test_it_waits_for_those_before_it_whatever_is_refused_after_it(world):
    bind = world.bind()
    world.submitter.auto = False
    world.take(bind, submit(1, b"one"))
    world.take(bind, submit(2, b"two", replace_if_present_flag=1))
    world.submitter.error = refused(Refusal.NO_ROUTE)
    world.take(bind, submit(3, b"refused"))
    world.submitter.error = None
    assert world.esmes.asked == []
    world.submitter.finish()
    assert [asked[1].text for asked in world.esmes.asked] == ["two"]


def test_what_came_after_it_is_another_message_and_never_replaced_by_it(world):
    bind = world.bind()
    looking = world.esmes.result = Deferred()
    world.take(bind, submit(1, b"new", replace_if_present_flag=1), submit(2, b"other"))
    world.take(bind, submit(3, b"third"), DataSm(sequence=4, source_addr=b"iSMS", destination_addr=b"306900000000"))
    assert world.submitter.submissions == []
    looking.callback(None)
    assert world.submitter.texts == [["new"], ["other"], ["third"], [""]]
    assert bind.connection.statuses == [(1, 0), (2, 0), (3, 0), (4, 0)]


def test_many_that_replace_nothing_do_not_pile_up_on_the_stack():
    world = World(inbound_window=10_000)
    bind = world.bind()
    world.esmes.result = refused(Refusal.UNAUTHENTICATED)
    world.submitter.auto = False
    world.take(bind, submit(1, b"first"), *(submit(n, replace_if_present_flag=n % 2) for n in range(2, 4000)))
    assert bind.connection.answers == []
    world.submitter.auto = True
    world.submitter.finish()
    assert sorted(bind.connection.statuses) == [(1, 0)] + [(n, 0x0E if n % 2 else 0) for n in range(2, 4000)]


def test_a_bind_that_goes_while_it_looks_submits_nothing(world):
    bind = world.bind()
    looking = world.esmes.result = Deferred()
    world.take(bind, submit(1, replace_if_present_flag=1), submit(2, replace_if_present_flag=1))
    world.requests.unbound(bind)
    looking.callback(None)
    assert world.submitter.submissions == [] and bind.connection.answers == []


# ---------------------------------------------------------------------------------------------------- the end


def test_after_close_everything_is_answered_0x08(world):
    bind = world.bind()
    world.submitter.auto = False
    world.take(bind, submit(1))
    world.requests.close()
    assert world.take(bind, submit(2), DataSm(sequence=3)) == [(2, 0x08), (3, 0x08)]
    world.submitter.finish()
    assert bind.connection.statuses[-1] == (1, 0)


# -------------------------------------------------------------------------------------------------- what no part holds


def test_what_no_part_holds_is_refused_before_anything_keeps_it():
    world = World(max_parts=10)
    world.submitter.auto = False
    bind = world.bind(world.account(errors={"too_many_parts": 0x407}, throughput=5))
    octets = (MESSAGE_PAYLOAD, b"x" * 60_000)
    for n, coding in enumerate((0, 1, 3, 4, 8, 0xF5), 1):
        answers = world.take(bind, submit(n, b"", data_coding=coding, replace_if_present_flag=n % 2, tlvs=(octets,)))
        assert answers == [(n, 0x407)]
    part = (MESSAGE_PAYLOAD, b"x" * 161)
    assert world.take(bind, submit(9, b"", data_coding=0xF5, tlvs=(part,))) == [(9, 0x407)]
    assert world.take(bind, submit(10, b"", tlvs=((MESSAGE_PAYLOAD, b"x" * 1530),))) == []
    assert world.take(bind, submit(11, b"", data_coding=0xF5, tlvs=((MESSAGE_PAYLOAD, b"x" * 140),))) == []
    assert world.esmes.asked == []
    assert len(world.submitter.submissions) == 1
