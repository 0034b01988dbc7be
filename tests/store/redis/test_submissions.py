"""What comes with submissions, where several nodes take them."""

import pytest

from smsgwd.model.changes import KeyMismatch, PutTenant, Replayed, Submitted
from smsgwd.model.submission import Idempotency
from smsgwd.store.apply.submit import submit as do_submit
from smsgwd.store.redis.apply.tenants import put_tenant
from smsgwd.store.redis.base import Taken
from smsgwd.store.redis.submissions import refused_of
from smsgwd.store.rows import Answer
from tests.store.contract_links import link
from tests.store.redis.nodes import nodes
from tests.store.samples import HOUR, NOW, begin_anew, message, submit, tenant

ANSWER = Answer(b"d", b"a", {1: "no_credit"}, NOW)


@pytest.fixture
def pair():
    begin_anew()
    both = nodes("a", "b")
    both[0].run(lambda work: put_tenant(work, PutTenant(tenant())))
    yield both
    for each in both:
        each.close()


def test_one_request_at_two_nodes_is_one_submission(pair):
    one, other = pair
    requests = [submit(message(), idempotency=Idempotency("k:%1", b"d"), answer=b"%d" % n) for n in range(2)]
    first = one.begin(lambda work: do_submit(work, requests[0]))
    second = other.begin(lambda work: do_submit(work, requests[1]))
    assert first.result == second.result == Submitted({})
    assert first.commit()
    assert not second.commit()
    assert other.run(lambda work: do_submit(work, requests[1])) == Replayed(b"0", {})
    assert other.run(lambda work: work.row(requests[1].messages[0].id)) is None
    different = submit(message(), idempotency=Idempotency("k:%1", b"e"), answer=b"a")
    assert one.run(lambda work: do_submit(work, different)) == KeyMismatch()


def test_a_new_key_is_not_asked_for(pair):
    node = pair[0]
    before = node.asked
    assert node.run(lambda work: work.answer_of("demo", "new")) is None
    assert node.asked - before == 1  # the commit


def test_answers_go_by_their_age(pair):
    one, other = pair
    for number in range(3):
        answer = Answer(b"d", b"a", {}, NOW + number)
        one.run(lambda work, key=f"k{number}", answer=answer: work.keep_answer("demo", key, answer))
    assert one.stored()["ia"] == {b"demo\0k%d" % n: NOW + n for n in range(3)}
    assert other.run(lambda work: work.drop_answers(NOW + 2, 1)) == 1
    assert other.run(lambda work: work.drop_answers(NOW + 2, 9)) == 1
    assert one.stored()["ia"] == {b"demo\0k2": NOW + 2}
    assert [one.run(lambda work, n=n: work.answer_of("demo", f"k{n}")) is None for n in range(3)] == [True, True, False]


def test_an_answer_kept_anew_while_the_old_one_goes(pair):
    one, other = pair
    one.run(lambda work: work.keep_answer("demo", "k", ANSWER))
    going = other.begin(lambda work: work.drop_answers(NOW + 1, 9))
    assert going.result == 1
    again = Answer(b"d", b"b", {}, NOW + HOUR)
    one.run(lambda work: work.keep_answer("demo", "k", again))
    assert not going.commit()
    assert other.run(lambda work: work.drop_answers(NOW + 1, 9)) == 0
    assert other.run(lambda work: work.answer_of("demo", "k")) == again


def test_a_reference_is_used_once_by_two_nodes(pair):
    one, other = pair
    messages = [message(client_ref="r:1") for _ in range(2)]
    first = one.begin(lambda work: do_submit(work, submit(messages[0], unique=(0,))))
    second = other.begin(lambda work: do_submit(work, submit(messages[1], unique=(0,))))
    assert first.commit()
    assert not second.commit()
    refused = other.run(lambda work: do_submit(work, submit(messages[1], unique=(0,)))).refused
    assert refused == {0: "repeated_ref"}
    assert one.run(lambda work: work.refs_used([("demo", "r:1"), ("demo", "r"), ("other", "r:1")])) == {("demo", "r:1")}
    assert other.run(lambda work: work.row(messages[0].id).ref) == "r:1"


def test_the_first_code_of_a_recipient_stands(pair):
    for node, codes in zip(pair, ([("1", "no_credit")], [("1", "invalid"), ("2", "invalid")]), strict=True):
        node.run(lambda work, codes=codes: work.keep_refusals("demo", 77, codes))
    row = refused_of(pair[0].stored()["rf:77"])
    assert (row.tenant, row.codes) == ("demo", {"1": "no_credit", "2": "invalid"})
    pair[0].run(lambda work: work.keep_refusals("demo", 78, []))
    assert list(pair[0].stored()["rf"]) == [(77).to_bytes(8, "big")]


def test_a_code_of_another_nodes_link_fails(pair):
    one, other = pair
    messages = [message(), message()]
    attempts = [
        node.begin(lambda work, new=new: work.keep_links((link(new, "code"),), {new.id}))
        for node, new in zip(pair, messages, strict=True)
    ]
    assert attempts[0].commit()
    assert not attempts[1].commit()
    with pytest.raises(Taken):
        other.run(lambda work: work.keep_links((link(messages[1], "code"),), {messages[1].id}))
    stored = one.stored()
    assert stored["kt:demo"] == {messages[0].id.to_bytes(8, "big") + b"code": 0}
    assert stored["ke"] == {b"code": NOW + HOUR}
