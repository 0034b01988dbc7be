"""Sending to groups, by templates, with links, windows, channels and phrases."""

import pytest
from twisted.internet.defer import Deferred

from smsgwd.northbound.sending import ApiLimits
from smsgwd.ports.store import StoreUnavailable
from tests.northbound.fakes import T0
from tests.northbound.harness import Client, is_problem

NUMBERS = [f"+30691234567{n}" for n in range(3)]


@pytest.fixture
def client():
    client = Client()
    client.ask("POST", "/v1/groups", {"name": "vip"})
    client.ask("POST", "/v1/groups/vip/members", {"numbers": NUMBERS})
    client.ask("PUT", f"/v1/contacts/{NUMBERS[0]}", {"first_name": "Maria", "last_name": "Pappa"})
    client.ask("POST", "/v1/templates", {"name": "hello", "text": "Hello {first_name}, {what} on {number}"})
    client.ask("POST", "/v1/templates", {"name": "code", "text": "Your code is {code}"})
    return client


def ask(client, **members):
    return client.ask("POST", "/v1/messages", members)


def sent(client):
    return [(item.dest, item.text) for item in client.gateway.submissions[-1].items]


def test_to_a_group(client):
    reply = ask(client, to_group="vip", text="hi")
    assert (reply.status, reply.route) == (202, "POST /v1/messages")
    assert [one["to"] for one in reply.json["messages"]] == NUMBERS
    assert sent(client) == [(number, "hi") for number in NUMBERS]


def test_beside_others_and_each_once(client):
    assert ask(client, to=["+447700900123", "00306912345670"], to_group="vip", text="hi").status == 202
    assert [to for to, _ in sent(client)] == ["+447700900123", "00306912345670", *NUMBERS[1:]]


def test_groups_that_cannot_be_sent_to(client):
    assert is_problem(ask(client, to_group="none", text="hi"), 422, "group_not_found", "'none'")
    client.ask("POST", "/v1/groups", {"name": "empty"})
    assert is_problem(ask(client, to_group="empty", text="hi"), 422, "invalid_recipient", "no members")
    assert is_problem(ask(client, text="hi"), 422, "invalid", "$.to")
    small = Client(records=client.records, limits=ApiLimits(max_group=2))
    assert is_problem(ask(small, to_group="vip", text="hi"), 422, "invalid", "more than 2")
    assert client.gateway.submissions == small.gateway.submissions == []


def test_a_submission_has_no_more_messages_than_ids(client):
    large = Client(records=client.records, limits=ApiLimits(max_recipients=5000, max_group=5000))
    to = [f"+3069{n:08d}" for n in range(100, 1095)]
    client.records.put_many("member", "demo", [(f"vip/3069{n:08d}", b"{}") for n in range(5000, 8097)])
    assert ask(large, to=to, to_group="vip", text="hi").status == 202
    assert len(large.gateway.submissions[0].items) == 4095
    assert is_problem(ask(large, to=[*to, "+306900004999"], to_group="vip", text="hi"), 422, "invalid", "4095")


def test_by_template(client):
    assert ask(client, to=NUMBERS[:2], template="code", values={"code": "123", "other": "x"}).status == 202
    assert sent(client) == [(number, "Your code is 123") for number in NUMBERS[:2]]


def test_contacts_fill_what_is_not_given(client):
    assert ask(client, to_group="vip", template="hello", values={"what": "news"}).status == 202
    assert sent(client) == [
        (NUMBERS[0], f"Hello Maria, news on {NUMBERS[0]}"),
        (NUMBERS[1], f"Hello , news on {NUMBERS[1]}"),
        (NUMBERS[2], f"Hello , news on {NUMBERS[2]}"),
    ]
    values = {"what": "news", "first_name": "friend", "number": "it"}
    assert ask(client, to_group="vip", template="hello", values=values).status == 202
    assert {text for _, text in sent(client)} == {"Hello friend, news on it"}


def test_templates_that_cannot_be_filled(client):
    assert is_problem(ask(client, to=NUMBERS[0], template="none"), 422, "template_not_found", "'none'")
    assert is_problem(ask(client, to=NUMBERS[0], template="code"), 422, "invalid", "code")
    assert is_problem(ask(client, to=NUMBERS[0], template="hello"), 422, "invalid", "what")
    assert is_problem(ask(client, to=NUMBERS[0], template="code", text="x"), 422, "invalid", "not both")
    assert is_problem(ask(client, to=NUMBERS[0]), 422, "invalid", "either")
    assert client.gateway.submissions == []


def test_a_small_request_does_not_become_a_large_one(client):
    client.ask("POST", "/v1/templates", {"name": "long", "text": "{first_name}" + "x" * 20_000})
    to = [f"+3069{n:08d}" for n in range(400)]
    assert ask(client, to=to, template="long").status == 202
    reply = ask(client, to=[*to, "+306912345678"], template="long")
    assert is_problem(reply, 422, "invalid", "8,000,000 characters")
    batch = {"messages": [{"to": one, "template": "long"} for one in [*to, "+306912345678"]]}
    assert is_problem(client.ask("POST", "/v1/messages/batch", batch), 422, "invalid", "8,000,000 characters")
    assert len(client.gateway.submissions) == 1


def test_values_are_no_templates(client):
    assert ask(client, to=NUMBERS[0], template="code", values={"code": "{first_name}{{"}).status == 202
    assert sent(client)[0][1] == "Your code is {first_name}{{"


def test_a_batch_of_templates_and_texts(client):
    reply = client.ask(
        "POST",
        "/v1/messages/batch",
        {
            "messages": [
                {"to": NUMBERS[0], "template": "hello", "values": {"what": "news"}},
                {"to": NUMBERS[1], "text": "plain"},
                {"to": NUMBERS[1], "template": "none"},
                {"to": NUMBERS[2], "template": "code", "values": {"code": "1"}},
                {"to": NUMBERS[2], "template": "code"},
                {"to": "nobody", "template": "hello", "values": {"what": "news"}},
            ]
        },
    )
    assert reply.status == 202
    assert [(one["error"] or {}).get("code") for one in reply.json["messages"]] == [
        None, None, "template_not_found", None, "invalid", "invalid_recipient",
    ]  # fmt: skip
    assert sent(client)[:3] == [
        (NUMBERS[0], f"Hello Maria, news on {NUMBERS[0]}"), (NUMBERS[1], "plain"), (NUMBERS[2], "Your code is 1"),
    ]  # fmt: skip
    both = client.ask("POST", "/v1/messages/batch", {"messages": [{"to": "1", "text": "x"}, {"to": "1"}]})
    assert is_problem(both, 422, "invalid", "$.messages[1]")


def test_texts_that_make_no_look_up_make_none(client):
    client.records.asked.clear()
    assert ask(client, to=NUMBERS, text="hi", link="https://example.net/", channel="device").status == 202
    assert client.records.asked == []


def test_asked_again_after_the_group_changed(client):
    headers = {"idempotency-key": "k"}
    body = {"to_group": "vip", "text": "hi"}
    first = client.ask("POST", "/v1/messages", body, headers)
    client.ask("POST", "/v1/groups/vip/members", {"numbers": ["+447700900123"]})
    again = client.ask("POST", "/v1/messages", body, headers)
    assert (again.status, again.json) == (202, first.json)


def test_a_store_that_cannot_answer(client):
    client.records.broken = StoreUnavailable("disk full")
    reply = ask(client, to_group="vip", text="hi")
    assert is_problem(reply, 503, "store_unavailable")
    assert reply.route == "POST /v1/messages"


def test_a_bug_is_answered_500(client):
    client.records.broken = ZeroDivisionError("bug")
    assert is_problem(ask(client, to_group="vip", text="hi"), 500, "internal", "incident")


def test_the_answer_waits_for_both(client):
    client.gateway.held = []
    reply = ask(client, to_group="vip", text="hi")
    assert isinstance(reply, Deferred)
    done, outcome = client.gateway.held[0]
    done.callback(outcome)
    assert reply.result.status == 202


def test_links_windows_and_channels(client):
    link = "https://example.net/offer?x=1#top"
    assert ask(client, to=NUMBERS[0], text="[Link]", link=link, not_after="2030-01-02T03:04:05Z", channel="network")
    [item] = client.gateway.submissions[-1].items
    assert (item.link, item.not_after, item.channel) == (link, 1_893_553_445_000, "network")
    assert is_problem(ask(client, to=NUMBERS[0], text="x", not_after="soon"), 422, "invalid_schedule", "not_after")
    assert is_problem(ask(client, to=NUMBERS[0], text="x", channel="pigeon"), 422, "invalid", "$.channel")


@pytest.mark.parametrize(
    "link", ["", "example.net", "ftp://example.net/", "javascript:alert(1)", "http://a:b@example.net/", "http://a b/"]
)
def test_links_that_are_none(client, link):
    assert is_problem(ask(client, to=NUMBERS[0], text="x", link=link), 422, "invalid_link", "link")


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2030-01-02T03:04:05Z", 1_893_553_445_000),
        ("2030-01-02 03:04:05+00:00", 1_893_553_445_000),
        ("+1 day", T0 + 86_400_000),
        ("@1893553445", 1_893_553_445_000),
        ("yesterday", T0),
        ("next thursday 10:00", 1_700_128_800_000),
    ],
)
def test_times(client, when, expected):
    assert ask(client, to=NUMBERS[0], text="x", schedule_at=when).status == 202
    assert client.gateway.submissions[-1].items[0].schedule_at == expected
