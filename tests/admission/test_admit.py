import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.admission.admit import Policy, account_of, admit
from smsgwd.model.message import Coding
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Item
from smsgwd.model.tenant import Tenant

NOW = 1_800_000_000_000
TENANT = Tenant("demo", prices=(("", 40_000), ("30", 35_000), ("3069", 30_000)), senders=("iSMS", "+306900000000"))


def take(tenant=TENANT, policy=None, **fields):
    item = Item(**{"source": "iSMS", "dest": "+306912345678", "text": "Hello", **fields})
    return admit(item, account_of(tenant), NOW, policy or Policy())


def refusal(**fields):
    with pytest.raises(Refused) as caught:
        take(**fields)
    return caught.value.refusal


def test_a_plain_message():
    admitted = take()
    assert (admitted.source, admitted.msisdn, admitted.body) == ("iSMS", "306912345678", b"Hello")
    assert (admitted.coding, admitted.parts, admitted.price) == (Coding.GSM7, 1, 30_000)
    assert (admitted.due_at, admitted.deadline) == (0, NOW + 172_800_000)


def test_the_longest_prefix_has_the_price_and_every_part_counts():
    assert take(dest="+302101234567", text="x" * 200).price == 2 * 35_000
    assert take(dest="+447700900123").price == 40_000


def test_no_price_for_a_destination_is_no_route():
    assert refusal(tenant=Tenant("t", prices=(("30", 1),)), dest="+447700900123") is Refusal.NO_ROUTE


def test_greek_is_ucs2_in_parts_and_emoji_too():
    assert take(text="ά" * 70).parts == 1
    assert (take(text="ά" * 71).parts, take(text="ά" * 71).coding) == (2, Coding.UCS2)
    assert take(text="📦").coding is Coding.UCS2


def test_binary_is_octets():
    admitted = take(text="", data=bytes(range(141)), coding="binary")
    assert (admitted.coding, admitted.parts, admitted.body) == (Coding.BINARY, 2, bytes(range(141)))


@pytest.mark.parametrize("coding", ["auto", "gsm", "ucs2"])
@pytest.mark.parametrize("flash", [False, True])
def test_an_empty_text_is_one_part_where_it_may_be(coding, flash):
    admitted = take(text="", coding=coding, flash=flash, may_be_empty=True)
    assert (admitted.body, admitted.parts, admitted.price) == (b"", 1, 30_000)
    assert refusal(text="", coding=coding, flash=flash) is Refusal.INVALID_TEXT


def test_an_empty_binary_message_is_one_part_where_it_may_be():
    admitted = take(data=b"", coding="binary", may_be_empty=True)
    assert (admitted.body, admitted.coding, admitted.parts) == (b"", Coding.BINARY, 1)
    assert refusal(data=b"", coding="binary") is Refusal.INVALID_TEXT


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"source": "Nobody"}, Refusal.SENDER_NOT_ALLOWED),
        ({"source": None}, Refusal.INVALID_SENDER),
        ({"source": "TwelveLetters"}, Refusal.INVALID_SENDER),
        ({"source": "+3069000000001234"}, Refusal.INVALID_SENDER),
        ({"source": "bad\x00"}, Refusal.INVALID_SENDER),
        ({"dest": "123"}, Refusal.INVALID_RECIPIENT),
        ({"text": ""}, Refusal.INVALID_TEXT),
        ({"text": "lone \ud83d"}, Refusal.INVALID_TEXT),
        ({"text": "ά", "coding": "gsm"}, Refusal.INVALID_TEXT),
        ({"text": "x" * 1_000_000}, Refusal.TOO_MANY_PARTS),
        ({"schedule_at": NOW - 600_000}, Refusal.INVALID_SCHEDULE),
        ({"schedule_at": NOW + 400 * 86_400_000}, Refusal.INVALID_SCHEDULE),
        ({"validity_s": 59}, Refusal.INVALID_VALIDITY),
        ({"validity_s": 604_801}, Refusal.INVALID_VALIDITY),
    ],
)
def test_each_fault_has_its_refusal(fields, expected):
    assert refusal(**fields) is expected


def test_validity_counts_from_the_scheduled_time():
    admitted = take(schedule_at=NOW + 60_000, validity_s=60)
    assert (admitted.due_at, admitted.deadline) == (NOW + 60_000, NOW + 120_000)


def test_a_time_just_past_means_now():
    assert take(schedule_at=NOW - 1000).due_at == 0


def test_the_default_sender_stands_in_when_it_is_allowed():
    tenant = Tenant("t", default_sender="iSMS", senders=("iSMS",))
    assert take(tenant=tenant, source=None).source == "iSMS"


@given(st.text(max_size=700), st.sampled_from(["auto", "gsm", "ucs2"]))
def test_any_text_is_taken_or_refused(text, coding):
    try:
        admitted = take(text=text, coding=coding)
    except Refused as refused:
        assert refused.refusal in (Refusal.INVALID_TEXT, Refusal.TOO_MANY_PARTS)
        return
    assert admitted.body.decode() == text
    assert 1 <= admitted.parts <= 10
