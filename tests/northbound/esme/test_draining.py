"""While an operator drains, an ESME's submits are refused as at a shutdown, and everything else is answered."""

import pytest

from smsgwd.smpp.fields import SmeDestination
from smsgwd.smpp.pdu import DataSm, QuerySm, SubmitMulti
from smsgwd.smpp.tags import MESSAGE_PAYLOAD
from tests.northbound.esme.requests_world import World, submit


@pytest.fixture
def world():
    return World()


def test_only_what_submits_is_refused(world):
    bind = world.bind()
    world.requests.close_to_submits()
    many = SubmitMulti(sequence=3, dest_addresses=(SmeDestination(1, 1, b"306900000001"),))
    world.take(bind, submit(1), DataSm(sequence=2), many, QuerySm(sequence=4, message_id=b"7"))
    statuses = dict(bind.connection.statuses)
    assert [statuses.pop(n) for n in (1, 2, 3)] == [0x08, 0x08, 0x08]
    assert statuses[4] != 0x08
    assert world.submitter.submissions == []
    world.requests.open()
    world.take(bind, submit(5))
    assert dict(bind.connection.statuses)[5] == 0


def test_at_the_end_everything_is_refused(world):
    bind = world.bind()
    world.requests.close()
    world.take(bind, QuerySm(sequence=4, message_id=b"7"))
    assert dict(bind.connection.statuses)[4] == 0x08


def test_what_waits_is_refused_and_what_was_taken_goes_on(world):
    bind = world.bind()
    world.submitter.auto = False
    world.take(bind, submit(1))
    world.requests.close_to_submits()
    world.submitter.finish()
    assert dict(bind.connection.statuses)[1] == 0


def test_most_parts_follow_on_binds_that_stand(world):
    bind = world.bind()
    long = ((MESSAGE_PAYLOAD, b"x" * 2000),)
    world.take(bind, submit(1, b"", tlvs=long))
    world.requests.follow(1, [bind])
    world.take(bind, submit(2, b"", tlvs=long))
    world.requests.follow(255, [bind])
    world.take(bind, submit(3, b"", tlvs=long))
    statuses = dict(bind.connection.statuses)
    assert (statuses[1], statuses[3]) == (0, 0)
    assert statuses[2] != 0
