"""The SMSPresto style."""

import json
from types import SimpleNamespace
from urllib.parse import quote_from_bytes, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.dialects.commands import Count, Counts, History, Send
from smsgwd.dialects.dialect import Options
from smsgwd.dialects.http import JSON, TEXT, Answered, Asked, Password, Unproven
from smsgwd.dialects.registry import DIALECTS
from smsgwd.dialects.smspresto import NO_LIMIT, TEXTS, SmsPresto
from smsgwd.model.callbacks import Callback
from smsgwd.model.ledger import Funds
from smsgwd.model.message import Coding, Failure, Message, MessageView, State
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Entry, Outcome
from smsgwd.model.tally import Numbered, Tally
from smsgwd.model.tenant import Tenant

DIALECT = SmsPresto(Options())
TENANT = Tenant("presto", time_zone="Africa/Abidjan")
NOW = 1_790_000_000_000
FORM = {"content-type": "application/x-www-form-urlencoded"}
ACCOUNT = {"user": "key", "pass": "secret"}


def request(method="GET", path="/console/api/", query="", headers=None, body=b""):
    if not isinstance(query, str):
        query = urlencode(query, doseq=True)
    return SimpleNamespace(method=method, path=path, raw_query=query, headers=headers or {}, body=body)


def get(**fields):
    return request(query={**ACCOUNT, **fields})


def json_body(**fields):
    return json.dumps({**ACCOUNT, **fields}).encode()


def post_data(**fields):
    return request("POST", headers=FORM, body=urlencode({"data": json_body(**fields)}).encode())


def asked_of(it) -> Asked:
    asked = DIALECT.read(it)
    assert asked.label in DIALECT.labels
    return asked


def command_of(it, tenant=TENANT):
    return DIALECT.command(asked_of(it), tenant, NOW)


def told(it, tenant=TENANT):
    """The answer that a request ends in by itself."""
    try:
        command_of(it, tenant)
    except Answered as answered:
        assert answered.answer.status == 200
        return json.loads(answered.answer.body)
    except Refused as refused:
        return json.loads(DIALECT.refused(it, None, refused).body)
    raise AssertionError("it was taken")


def error(code, detail=""):
    return {"status": code, "message": TEXTS[code] + (f": {detail}" if detail else "")}


# ---------------------------------------------------------------------- send


def test_the_pages_get():
    found = command_of(get(action="sendsms", **{"from": "oniris"}, to="22508081488,+22558371758", message="Déjà vu"))
    assert isinstance(found, Send)
    assert [(each.source, each.dest, each.text) for each in found.items] == [
        ("oniris", "22508081488", "Déjà vu"),
        ("oniris", "+22558371758", "Déjà vu"),
    ]
    assert all(each.international and each.dlr_url is None and each.callback is None for each in found.items)


def test_who_asks():
    asked = asked_of(get(action="sendsms"))
    assert asked.credential == Password("key", "secret")
    assert (asked.label, asked.scope) == ("smspresto send", "send")
    assert asked_of(get(action="get-stock")).scope == "money"
    assert asked_of(get(action="get-stock")).label == "smspresto account"
    assert asked_of(get(action="list-archive")).label == "smspresto history"
    assert asked_of(get(action="fly")).label == "smspresto other"


def test_the_pages_post_with_one_message():
    to = [{"recipient": "22508081488"}, {"recipient": "22558371758"}]
    for it in (
        post_data(action="sendsms", **{"from": "oniris"}, message="test", to=to),
        request(
            "POST",
            headers={"content-type": JSON},
            body=json_body(action="sendsms", **{"from": "oniris"}, message="test", to=to),
        ),
        request(
            "POST", headers=FORM, body=b"\n " + json_body(action="sendsms", **{"from": "oniris"}, message="test", to=to)
        ),
    ):
        found = command_of(it)
        assert [(each.source, each.dest, each.text) for each in found.items] == [
            ("oniris", "22508081488", "test"),
            ("oniris", "22558371758", "test"),
        ]


def test_a_recipients_own_message_wins():
    to = [{"recipient": "22508081488", "message": "one"}, {"recipient": "22558371758"}]
    found = command_of(post_data(action="sendsms", **{"from": "oniris"}, message="all", to=to))
    assert [each.text for each in found.items] == ["one", "all"]


def test_form_fields_and_forms_in_parts():
    fields = {**ACCOUNT, "action": "sendsms", "from": "oniris", "to": "22508081488", "message": "a&b"}
    found = command_of(request("POST", headers=FORM, body=urlencode(fields).encode()))
    assert found.items[0].text == "a&b"
    parts = "".join(f'--x\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items())
    kind = {"content-type": "multipart/form-data; boundary=x"}
    found = command_of(request("POST", headers=kind, body=f"{parts}--x--\r\n".encode()))
    assert (found.items[0].text, found.items[0].dest) == ("a&b", "22508081488")


def test_without_last_slash_and_with_credentials_in_the_query():
    rest = urlencode({"action": "sendsms", "from": "oniris", "to": "22508081488", "message": "x"}).encode()
    it = request("POST", "/console/api", ACCOUNT, FORM, rest)
    assert len(command_of(it).items) == 1


def test_empty_places_of_a_list_are_no_recipients():
    assert [
        each.dest
        for each in command_of(get(action="sendsms", **{"from": "a"}, to=", 22508081488,,", message="x")).items
    ] == ["22508081488"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"from": ""}, 100),
        ({"from": "  "}, 100),
        ({"from": "Ωmega"}, 100),
        ({"from": "a\nb"}, 100),
        ({"from": "twelve chars"}, 101),
        ({"from": "1234567890123456"}, 101),
        ({"from": "+1234567890123456"}, 101),
        ({"to": ""}, 102),
        ({"to": " , ,"}, 102),
    ],
)
def test_what_the_dialect_refuses_itself(change, code):
    fields = {"action": "sendsms", "from": "oniris", "to": "22508081488", "message": "test"} | change
    assert told(get(**fields)) == error(code)


@pytest.mark.parametrize("sender", ["eleven char", "+123456789012345", "123456789012345"])
def test_senders_of_the_longest_length(sender):
    assert (
        command_of(get(action="sendsms", **{"from": sender}, to="22508081488", message="x")).items[0].source == sender
    )


def test_the_order_is_the_pages():
    assert told(get(action="sendsms", **{"from": "much too long a sender"})) == error(101)
    assert told(get(action="sendsms", **{"from": "a"})) == error(102)


def test_too_many_recipients():
    assert (
        len(command_of(get(action="sendsms", **{"from": "a"}, to=",".join(["22508081488"] * 1000), message="x")).items)
        == 1000
    )
    found = told(get(action="sendsms", **{"from": "a"}, to=",".join(["22508081488"] * 1001), message="x"))
    assert found == error(106, "at most 1000 recipients a request")


def test_texts_that_are_no_utf_8_are_none():
    it = request(query=f"{urlencode(ACCOUNT)}&action=sendsms&from=a&to=22508081488&message=caf%e9")
    assert command_of(it).items[0].text == ""  # admission's INVALID_TEXT: 103
    assert told(request(query=f"{urlencode(ACCOUNT)}&action=sendsms&from=%ff&to=1&message=x")) == error(100)
    assert told(request(query=f"{urlencode(ACCOUNT)}&action=%ff&from=a")) == error(105)
    assert told(request(query="user=%ff&pass=x&action=get-send")) == error(1)


def outcome(*errors):
    return Outcome(
        1,
        [
            Entry(f"2250808148{at}", None if e else 10 + at, error=Failure(e) if e else None)
            for at, e in enumerate(errors)
        ],
    )


def sent(result):
    asked = asked_of(get(action="sendsms", **{"from": "a"}, to="22508081488", message="x"))
    answer = DIALECT.answer(asked, Send([]), result, TENANT)
    assert (answer.status, answer.content_type) == (200, JSON)
    return json.loads(answer.body)


def test_all_accepted():
    assert sent(outcome("", "")) == {
        "status": 0,
        "message": "Message sent successfully.",
        "message-count": 2,
        "ids": ["10", "11"],
    }


def test_refused_recipients_are_not_counted_but_named():
    found = sent(outcome("", "opted_out", "no_credit"))
    assert (found["status"], found["message-count"], found["ids"]) == (0, 1, ["10"])
    assert found["refused"] == [
        {"recipient": "22508081481", "status": 102, "message": "Invalid recipient"},
        {"recipient": "22508081482", "status": 104, "message": "Insufficient credit"},
    ]


@pytest.mark.parametrize(
    ("errors", "code"),
    [
        (("invalid_sender",), 100),
        (("sender_not_allowed",), 100),
        (("invalid_recipient", "invalid_recipient"), 102),
        (("blacklisted",), 102),
        (("no_route",), 102),
        (("invalid_text",), 103),
        (("content_refused",), 103),
        (("no_credit", "invalid_recipient"), 102),
        (("no_credit",), 104),
        (("quiet_hours",), 107),
        (("unheard_of",), 102),
        ((), 102),
    ],
)
def test_none_accepted(errors, code):
    assert sent(outcome(*errors)) == error(code)


# ---------------------------------------------------------------------- malformed


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"{'user': 1}",
        b'{"user":"\xff"}',
        b"[" * 100_000,
        b'{"x":' + b"[" * 100_000,
        b'{"user":"\\ud800"}',
    ],
)
def test_data_that_are_no_json(data):
    for it in (
        request("POST", headers={"content-type": JSON}, body=data or b" "),
        request("POST", headers=FORM, body=b"data=" + quote_from_bytes(data).encode()),
    ):
        assert told(it)["status"] == 106


def test_data_of_wrong_types_whose_credentials_are_no_text():
    for data in (b'{"to":null,"user":"\xff"}', b'{"to":null,"x":' + b"[" * 100_000, b'{"to":null,"user":1}'):
        assert told(request("POST", headers={"content-type": JSON}, body=data))["status"] == 106


def test_a_percent_sign_that_stands_alone():
    [item] = command_of(request(query="user=a&pass=b&action=sendsms&from=S&to=22508081488&message=100%")).items
    assert item.text == "100%"


def test_a_query_that_is_none():
    assert told(request(query="user=\u20ac"))["status"] == 106


def test_repeated_fields():
    assert told(request(query="user=a&pass=b&action=sendsms&to=1&to=2&from=x&from=y")) == error(
        106, "from, to: there more than once"
    )
    assert told(request("POST", headers=FORM, body=b"data=%7B%7D&data=%7B%7D"))["status"] == 106


@pytest.mark.parametrize(
    "change",
    [
        {"to": "22508081488"},
        {"to": 22508081488},
        {"to": {"recipient": "22508081488"}},
        {"to": [{"recipient": 22508081488}]},
        {"to": [{}]},
        {"to": ["22508081488"]},
        {"to": None},
        {"message": 1},
        {"from": 30},
        {"from": ["a"]},
        {"action": 1},
    ],
)
def test_wrong_types_are_told_of_once_the_credentials_are_proven(change):
    fields = {"action": "sendsms", "from": "a", "message": "x", "to": [{"recipient": "22508081488"}]} | change
    found = told(post_data(**fields))
    assert found["status"] == 106
    assert "22508081488" not in found["message"]
    if "action" not in change:
        asked = asked_of(post_data(**fields))
        assert asked.credential == Password("key", "secret")


def test_a_body_of_another_type():
    it = request("POST", query=ACCOUNT, headers={"content-type": "text/xml"}, body=b"<x/>")
    assert told(it) == error(106, "the body is neither a form nor JSON")


def test_paths_and_methods():
    assert told(request(path="/Console/Api/"))["status"] == 105
    assert told(request(path="/console/api/x"))["status"] == 105
    for method in ("PUT", "DELETE", "HEAD", "OPTIONS", "get"):
        assert told(request(method))["status"] == 106


def test_unknown_actions():
    for action in ("fly", "SENDSMS", ""):
        assert told(get(action=action)) == error(105)
    assert told(post_data(action="fly")) == error(105)


# ---------------------------------------------------------------------- credentials and refusals


def refused(error_, dialect=DIALECT):
    return json.loads(dialect.refused(get(), None, error_).body)


def test_which_half_was_wrong_is_told_where_that_is_wanted():
    assert refused(Unproven(True)) == refused(Unproven(False)) == error(1)
    telling = SmsPresto(Options(tell_which=True))
    assert refused(Unproven(False), telling) == error(10)
    assert refused(Unproven(True), telling) == error(11)
    assert refused(Refused(Refusal.UNAUTHENTICATED), telling) == error(1)


def test_no_credentials():
    for it in (request(), request(query={"pass": "x"}), request("POST", headers=FORM), post_data(user="")):
        with pytest.raises(Unproven) as found:
            DIALECT.read(it)
        assert not found.value.name_known


@pytest.mark.parametrize("refusal", list(Refusal))
def test_every_refusal_is_told(refusal):
    asked = asked_of(get(action="get-send"))
    for each in (None, asked):
        answer = DIALECT.refused(request(body=b""), each, Refused(refusal, "why"))
        assert (answer.status, answer.content_type) == (200, JSON)
        found = json.loads(answer.body)
        assert found["status"] in TEXTS
        assert found["message"].startswith(TEXTS[found["status"]])


def test_some_refusals():
    assert refused(Refused(Refusal.NO_CREDIT)) == error(104)
    assert refused(Refused(Refusal.STORE_UNAVAILABLE)) == error(107)
    assert refused(Refused(Refusal.INTERNAL, "incident 1f")) == error(107, "incident 1f")
    assert refused(Refused(Refusal.OUT_OF_SCOPE, "needs money")) == error(1)
    assert refused(Refused(Refusal.TOO_LARGE)) == error(106)


# ---------------------------------------------------------------------- account

TALLY = Tally(
    accepted=100, scheduled=7, delivered=60, failed=13, cancelled=3, contacts=400, groups=10, templates=5, orders=15
)


def counted(action, counts):
    asked = asked_of(get(action=action))
    assert isinstance(DIALECT.command(asked, TENANT, NOW), Count)
    return DIALECT.answer(asked, Count(), counts, TENANT)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("get-stock", b"24999"),
        ("get-send", b"90"),
        ("get-success", b"60"),
        ("get-failed", b"13"),
    ],
)
def test_numbers(action, expected):
    answer = counted(action, Counts(TALLY, Funds(999_999_999, 40_000, 0), 40_000, 8))
    assert (answer.status, answer.body, answer.content_type) == (200, expected, TEXT)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("get-contact-total", "400"),
        ("get-group-total", "10"),
        ("get-order-total", "15"),
        ("get-bill-total", "8"),
        ("get-scheduled-total", "7"),
        ("get-predefined-total", "5"),
    ],
)
def test_totals(action, expected):
    answer = counted(action, Counts(TALLY, Funds(0, 0, 0), 40_000, 8))
    assert (json.loads(answer.body), answer.content_type) == ({"TOTAL": expected}, JSON)


@pytest.mark.parametrize(
    ("funds", "price", "expected"),
    [
        (Funds(79_999, 0, 0), 40_000, 1),
        (Funds(-10, 0, 0), 40_000, 0),
        (Funds(-1_000_000, 0, -2_000_000), 40_000, 25),
        (Funds(0, 0, None), 40_000, NO_LIMIT),
        (Funds(0, 0, 0), 0, NO_LIMIT),
        (Funds(10**18, 0, 0), 1, NO_LIMIT),
    ],
)
def test_stock(funds, price, expected):
    assert counted("get-stock", Counts(Tally(), funds, price, 0)).body == str(expected).encode()


def test_account_by_post_and_json():
    body = urlencode({**ACCOUNT, "action": "get-send"}).encode()
    assert isinstance(command_of(request("POST", headers=FORM, body=body)), Count)
    assert isinstance(command_of(post_data(action="get-send")), Count)


# ---------------------------------------------------------------------- history


def history(tenant=TENANT, **fields):
    fields = {"dateFrom": "2017-04-01", "dateTo": "2017-04-27", "from": 0, "to": 50} | fields
    return command_of(get(action="list-archive", **{k: v for k, v in fields.items() if v is not None}), tenant)


def test_the_pages_history():
    assert history() == History(1_491_004_800_000, 1_493_337_600_000, 0, 50)
    by_json = command_of(
        post_data(action="list-archive", dateFrom="2017-04-01", dateTo="2017-04-27", to="50", **{"from": 0})
    )
    assert by_json == history()


def test_pages():
    assert (history(**{"from": 100, "to": 150}).offset, history(**{"from": 100, "to": 150}).limit) == (100, 50)
    assert history(to=5000).limit == 1000
    assert history(to=None).limit == 50
    found = history(**{"from": None, "to": None})
    assert (found.offset, found.limit) == (0, 50)


def test_days_are_whole_ones_of_the_tenant_also_when_clocks_change():
    athens = Tenant("a", time_zone="Europe/Athens")
    spring = history(athens, dateFrom="2026-03-29", dateTo="2026-03-29")
    autumn = history(athens, dateFrom="2026-10-25", dateTo="2026-10-25")
    assert spring.to_ms - spring.from_ms == 23 * 3_600_000
    assert autumn.to_ms - autumn.from_ms == 25 * 3_600_000
    beirut = Tenant("b", time_zone="Asia/Beirut")  # clocks go from 0:00 to 1:00: there is no midnight
    before = history(beirut, dateFrom="2021-03-27", dateTo="2021-03-27")
    day = history(beirut, dateFrom="2021-03-28", dateTo="2021-03-28")
    assert before.to_ms == day.from_ms
    assert day.to_ms - day.from_ms == 23 * 3_600_000


def test_no_rows_without_asking_the_store():
    assert told_rows(dateFrom="2017-04-28") == []
    assert told_rows(to=0) == []
    assert told_rows(**{"from": 60}) == []


def told_rows(**fields):
    with pytest.raises(Answered) as found:
        history(**fields)
    assert found.value.answer.status == 200
    return json.loads(found.value.answer.body)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"dateFrom": None}, "dateFrom"),
        ({"dateFrom": ""}, "dateFrom"),
        ({"dateFrom": "2017-02-30"}, "dateFrom"),
        ({"dateFrom": "01/04/2017"}, "dateFrom"),
        ({"dateFrom": "20170401"}, "dateFrom"),
        ({"dateTo": None}, "dateTo"),
        ({"dateTo": "2017-04-27 10:00"}, "dateTo"),
        ({"from": "-1"}, "from"),
        ({"from": "x"}, "from"),
        ({"to": "1.5"}, "to"),
        ({"to": "9" * 16}, "to"),
    ],
)
def test_what_is_no_page(change, field):
    found = told_rows(**change)
    assert found["status"] == 106
    assert f": {field} must be" in found["message"]


def view(state, *, sent_at=None, coding=Coding.GSM7):
    message = Message(
        77,
        76,
        "presto",
        "oniris",
        "22508081488",
        "22508081488",
        "Été".encode(),
        coding,
        2,
        "c",
        1_493_307_983_999,
        0,
        state,
    )
    return MessageView(message, sent_at, None, None, None)


def rows(tenant, *results):
    asked = asked_of(get(action="list-archive"))
    answer = DIALECT.answer(asked, History(0, 1, 0, 50), list(results), tenant)
    assert (answer.status, answer.content_type) == (200, JSON)
    return json.loads(answer.body)


def test_a_row_has_all_of_the_page():
    sent_at = 1_493_307_986_000
    assert rows(TENANT, (Numbered(1, view(State.DELIVERED, sent_at=sent_at)), "Diarrassouba Rémi")) == [
        {
            "IDHISTORIQUE": "1",
            "HIS_DESTINATAIRE": "+22508081488",
            "HIS_MESSAGE": "Été",
            "HIS_STATUT": "1",
            "HIS_NOMBRESMS": "2",
            "HIS_DATEHEURECREA": "2017-04-27 15:46:23",
            "HIS_DATEHEUREENVOI": "2017-04-27 15:46:26",
            "IDDATEHEURE": "2017-04-27 15:46:23",
            "CPT_REF": "presto",
            "IDSMSFILATTENTE": "77",
            "HIS_EXPEDITEUR": "oniris",
            "NOMCONTACT": "Diarrassouba Rémi",
        }
    ]


def test_times_of_rows_are_the_tenants():
    athens = Tenant("a", time_zone="Europe/Athens")
    assert rows(athens, (Numbered(1, view(State.QUEUED)), ""))[0]["HIS_DATEHEURECREA"] == "2017-04-27 18:46:23"


@pytest.mark.parametrize("state", list(State))
def test_states_of_rows(state):
    expected = {State.SENT: "1", State.DELIVERED: "1"}.get(state, "2" if state.final else "0")
    row = rows(TENANT, (Numbered(5, view(state)), ""))[0]
    assert row["HIS_STATUT"] == expected
    assert row["HIS_DATEHEUREENVOI"] == ""
    assert all(isinstance(value, str) for value in row.values())


def test_binary_messages_have_no_text():
    assert rows(TENANT, (Numbered(5, view(State.SENT, coding=Coding.BINARY)), ""))[0]["HIS_MESSAGE"] == ""


# ---------------------------------------------------------------------- anything


JUNK = st.text(st.characters(max_codepoint=255), max_size=60)


@given(
    method=st.sampled_from(["GET", "POST"]),
    query=JUNK
    | st.lists(st.tuples(st.sampled_from(["user", "pass", "action", "from", "to", "message", "data"]), JUNK)).map(
        urlencode
    ),
    kind=st.sampled_from(["", JSON, FORM["content-type"], "multipart/form-data; boundary=x", "text/plain"]) | JUNK,
    body=st.binary(max_size=80)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda x: st.lists(x) | st.dictionaries(st.sampled_from(["user", "pass", "action", "to", "from", "dateTo"]), x),
    ).map(lambda x: json.dumps(x).encode()),
)
def test_nothing_raises_what_is_no_answer(method, query, kind, body):
    try:
        asked = DIALECT.read(request(method, query=query, headers={"content-type": kind}, body=body))
        for action in ("sendsms", "list-archive", "get-send"):
            asked.what.action = action
            asked.label = {"sendsms": "smspresto send", "list-archive": "smspresto history"}.get(
                action, "smspresto account"
            )
            command = DIALECT.command(asked, TENANT, NOW)
            assert isinstance(command, Send | History | Count)
    except (Answered, Refused):
        pass


def test_nobody_is_called_back():
    assert isinstance(DIALECTS["smspresto"](Options()), SmsPresto)
    assert DIALECT.event("call", b"{}", Callback("smspresto"), "http://x/", 0) is None
