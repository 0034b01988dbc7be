import msgspec
import pytest

from smsgwd.model.message import FINAL_FROM, PUBLIC_STATES, Coding, State, states_called
from smsgwd.model.outbox import target_of
from smsgwd.model.refusals import BY_CODE, Refusal, Refused
from tests.store.samples import message


def test_public_states_are_those_of_the_contract():
    assert sorted(PUBLIC_STATES) == sorted(
        ["scheduled", "queued", "sent", "delivered", "undelivered", "expired", "rejected", "cancelled", "unknown"]
    )


def test_final_states():
    assert {state for state in State if state.final} == {state for state in State if state >= FINAL_FROM}
    assert not any(state.final for state in (State.SCHEDULED, State.WAITING, State.QUEUED, State.SENT))


def test_states_by_their_public_name():
    assert set(states_called("queued")) == {State.QUEUED, State.WAITING}
    assert states_called("delivered") == (State.DELIVERED,)
    assert states_called("waiting") == ()
    assert {state for name in PUBLIC_STATES for state in states_called(name)} == set(State)


def test_the_numbers_of_states_are_those_in_stored_rows():
    assert {state.name: int(state) for state in State} == {
        "SCHEDULED": 0,
        "WAITING": 1,
        "QUEUED": 2,
        "SENT": 3,
        "DELIVERED": 10,
        "UNDELIVERED": 11,
        "EXPIRED": 12,
        "REJECTED": 13,
        "CANCELLED": 14,
        "UNKNOWN": 15,
    }


def test_codings():
    assert [coding.public for coding in Coding] == ["gsm", "latin1", "ucs2", "binary"]


def test_text_of_a_message():
    assert message(body="Ωμέγα".encode(), coding=Coding.UCS2).text == "Ωμέγα"
    assert message(body=b"\xff\x00", coding=Coding.BINARY).text == ""


def test_a_message_survives_encoding():
    whole = message(body=b"\x00\xff", coding=Coding.BINARY, client_ref="r")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(whole), type=type(whole)) == whole


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Tenant.Example/dlr?a=1", "https://tenant.example"),
        ("http://user:secret@host:8080/x", "http://host:8080"),
        ("http://[::1]:81/", "http://[::1]:81"),
    ],
)
def test_target_of(url, origin):
    assert target_of("demo", url) == f"demo {origin}"
    assert target_of("other", url) != target_of("demo", url)


def test_refusals_have_distinct_codes_and_sane_statuses():
    assert len(BY_CODE) == len(Refusal)
    for code, refusal in BY_CODE.items():
        assert refusal.code == code
        assert code.replace("_", "").isalpha()
        assert code == code.lower()
        assert 400 <= refusal.http < 600
        assert 0 < refusal.smpp < 0x100
        assert refusal.title


def test_refused_says_why():
    assert str(Refused(Refusal.NO_CREDIT)) == "no_credit: Not enough credit"
    refused = Refused(Refusal.INVALID, "priority: 0 to 3")
    assert (refused.refusal, refused.detail) == (Refusal.INVALID, "priority: 0 to 3")
