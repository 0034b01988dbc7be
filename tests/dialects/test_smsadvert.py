"""The SMSAdvert style."""

import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.dialects.commands import Send
from smsgwd.dialects.dialect import Options
from smsgwd.dialects.http import JSON, Answered, Token, Unproven
from smsgwd.dialects.registry import DIALECTS
from smsgwd.dialects.smsadvert import SmsAdvert
from smsgwd.dialects.smsadvert_fields import is_url
from smsgwd.dialects.smsadvert_texts import LANGUAGES, OF_FIELDS, OF_NUMBERS, OF_REQUESTS, texts_in
from smsgwd.model.callbacks import Callback
from smsgwd.model.message import Failure, State
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Entry, Outcome
from smsgwd.model.tenant import Tenant

DIALECT = SmsAdvert(Options())
TENANT = Tenant("advert", default_sender="Advert")
NOW = 1_790_000_000_000
PHONE = "Numéro de téléphone invalide!"
SHORTEST = "Saisissez un minimum de caractères 3!"
LONGEST = "Saisissez un maximum de caractères 480!"
SUBMITTED = "Your message has been successfully submitted!"
GOOD = {"phone": "+40740123456", "shortTextMessage": "C'est le contenu du message SMS"}


def request(body=b"", *, method="POST", path="/api/sms/", **headers):
    headers = {"authorization": "API_AUTH_TOKEN", "content-type": JSON} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return SimpleNamespace(method=method, path=path, raw_query="", headers=headers, body=body)


def sent(dialect=DIALECT, **change):
    fields = {name: value for name, value in (GOOD | change).items() if value is not ...}
    return dialect.command(dialect.read(request(fields)), TENANT, NOW)


def wrong(dialect=DIALECT, **change):
    """What is wrong, by field, where nothing is wrong with any number but by its form."""
    return rehearsed((), dialect, **change)


def rehearsed(refusals, dialect=DIALECT, **change):
    """What is wrong, by field, where numbers are refused with these codes when they are looked at."""
    fields = {name: value for name, value in (GOOD | change).items() if value is not ...}
    asked = dialect.read(request(fields))
    try:
        command = dialect.command(asked, TENANT, NOW)
    except Answered as found:
        answer = found.answer
    else:
        assert command.dry
        codes = [*refusals, *[None] * (len(command.items) - len(refusals))]
        entries = [
            Entry(item.dest, error=Failure(code) if code else None)
            for item, code in zip(command.items, codes, strict=True)
        ]
        answer = dialect.answer(asked, command, Outcome(9, entries), TENANT)
    assert (answer.status, answer.content_type) == (400, JSON)
    body = json.loads(answer.body)
    assert list(body) == ["errors"]
    return body["errors"]


def answered(command, *errors, submission=9):
    entries = [
        Entry(item.dest, submission + 1 + at, error=Failure(error) if error else None)
        for at, (item, error) in enumerate(zip(command.items, errors, strict=True))
    ]
    return DIALECT.answer(DIALECT.read(request(GOOD)), command, Outcome(submission, entries), TENANT)


# ---------------------------------------------------------------------- requests


def test_numbers_that_nobody_takes_are_told_beside_the_other_fields():
    found = rehearsed(["invalid_recipient", None], phone="+99940123456,+40740123456", shortTextMessage="ab")
    assert found == {"phone": f"{PHONE} (+99940123456)", "shortTextMessage": SHORTEST}
    assert rehearsed(["invalid_recipient"], shortTextMessage="ab") == {"phone": PHONE, "shortTextMessage": SHORTEST}
    for code in ("no_credit", "sender_not_allowed", "no_route"):  # of no field: told when the fields are right
        assert rehearsed([code], shortTextMessage="ab") == {"shortTextMessage": SHORTEST}


def test_the_pages_first_example():
    found = sent(sendAsShort=True)
    assert isinstance(found, Send)
    (item,) = found.items
    assert (item.source, item.dest, item.text) == (None, "+40740123456", GOOD["shortTextMessage"])
    assert (item.channel, item.failover, item.international) == ("network", False, True)
    assert (item.schedule_at, item.not_after, item.dlr_url, item.callback) == (None, None, None, None)
    assert found.whole


def test_by_phones():
    assert [(each.channel, each.failover) for each in sent().items] == [("device", False)]
    assert [(each.channel, each.failover) for each in sent(sendAsShort=False).items] == [("device", False)]
    assert [(each.channel, each.failover) for each in sent(failover="short").items] == [("device", True)]
    found = sent(failover="short", sendAsShort=True)
    assert [(each.channel, each.failover) for each in found.items] == [("network", False)]


def test_several_numbers_each_once():
    found = sent(phone="+40740123456,+40740123457,40740123456, +40740123458")
    assert [each.dest.lstrip("+") for each in found.items] == ["40740123456", "40740123457", "40740123458"]


def test_a_thousand_numbers():
    numbers = [f"+4074{at:07d}" for at in range(1001)]
    assert [each.dest for each in sent(phone=",".join(numbers[:1000])).items] == numbers[:1000]
    assert [each.dest for each in sent(phone=",".join(numbers[:1000] + numbers[:5])).items] == numbers[:1000]
    assert wrong(phone=",".join(numbers * 100)) == wrong(phone=",".join(numbers))
    assert wrong(phone=",".join(numbers)) == {"phone": "Saisissez un maximum de 1000 numéros de téléphone!"}


def test_the_window():
    found = sent(startDate=NOW + 1000, endDate=NOW + 2000).items[0]
    assert (found.schedule_at, found.not_after) == (NOW + 1000, NOW + 2000)
    found = sent(startDate=1486883578036).items[0]  # the page's, long ago: at once
    assert (found.schedule_at, found.not_after) == (None, None)
    assert sent(endDate=NOW + 1).items[0].not_after == NOW + 1
    assert (
        sent(startDate=None, endDate=None, failover=None, callback=None, sendAsShort=None).items[0].channel == "device"
    )


def test_a_callback():
    url = "http://votresite.com/callback-url/"
    one = sent(callback=url).items[0]
    assert (one.dlr_url, one.callback, one.asks) == (url, Callback("smsadvert"), 0)
    several = sent(callback=url, phone="+40740123456,+40740123457").items
    assert {each.callback.several for each in several} == {True}
    assert not sent(callback=url, phone="+40740123456,+40740123456").items[0].callback.several


@pytest.mark.parametrize(
    ("given_", "token"),
    [("API_AUTH_TOKEN", "API_AUTH_TOKEN"), ("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic abc", "Basic abc")],
)
def test_the_token(given_, token):
    asked = DIALECT.read(request(GOOD, authorization=given_))
    assert asked.credential == Token(token)
    assert asked.scope == "send"
    assert asked.label in DIALECT.labels


@pytest.mark.parametrize("given_", ["", " "])
def test_no_token(given_):
    with pytest.raises(Unproven):
        DIALECT.read(request(GOOD, authorization=given_))


def test_the_token_is_proven_before_the_body_is_read():
    assert DIALECT.read(request(b"{")).credential == Token("API_AUTH_TOKEN")


# ---------------------------------------------------------------------- wrong fields


def test_the_pages_errors():
    assert wrong(phone="x", shortTextMessage="ab") == {"phone": PHONE, "shortTextMessage": SHORTEST}


def test_all_wrong_fields_at_once():
    found = wrong(
        phone=40740123456,
        shortTextMessage=7,
        sendAsShort="true",
        startDate="1486883578036",
        endDate=1.5,
        failover="long",
        callback="ftp://x/",
    )
    assert list(found) == ["phone", "shortTextMessage", "sendAsShort", "startDate", "endDate", "failover", "callback"]


@pytest.mark.parametrize(
    "phone", [..., None, "", "+40740123456,", ",+40740123456", ",", 5, [], "0740123456", "+12345", "x"]
)
def test_what_is_no_phone(phone):
    assert wrong(phone=phone) == {"phone": PHONE}


def test_wrong_numbers_among_several_are_named():
    assert wrong(phone="+40740123456,12,abc") == {"phone": f"{PHONE} (12, abc)"}
    assert wrong(phone="+40740123456,+4074" + "9" * 1000) == {"phone": PHONE}
    assert len(wrong(phone=",".join(["1"] * 10_000))["phone"]) < 200


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (..., SHORTEST),
        (None, SHORTEST),
        ("", SHORTEST),
        ("ab", SHORTEST),
        ("😀😀", SHORTEST),
        ("a" * 481, LONGEST),
        ("😀" * 481, LONGEST),
        (7, "Le message doit être une chaîne de caractères!"),
        (["abc"], "Le message doit être une chaîne de caractères!"),
    ],
)
def test_what_is_no_text(text, error):
    assert wrong(shortTextMessage=text) == {"shortTextMessage": error}


@pytest.mark.parametrize("text", ["abc", "😀😀😀", "a" * 480, "😀" * 480])
def test_characters_are_code_points(text):
    assert sent(shortTextMessage=text).items[0].text == text


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"endDate": NOW}, "endDate", "déjà passée"),
        ({"endDate": 1486889778036}, "endDate", "déjà passée"),
        ({"startDate": NOW + 10, "endDate": NOW + 10}, "endDate", "postérieure"),
        ({"startDate": NOW + 10, "endDate": NOW + 9}, "endDate", "postérieure"),
        ({"startDate": True}, "startDate", "millisecondes"),
        ({"startDate": -1}, "startDate", "millisecondes"),
        ({"startDate": 10**30}, "startDate", "millisecondes"),
        ({"endDate": 1e300}, "endDate", "millisecondes"),
        ({"endDate": []}, "endDate", "millisecondes"),
        ({"sendAsShort": 1}, "sendAsShort", "true ou false"),
        ({"failover": True}, "failover", "short"),
        ({"failover": ""}, "failover", "short"),
        ({"callback": ""}, "callback", "URL"),
        ({"callback": {}}, "callback", "URL"),
        ({"callback": "http://u:p@votresite.com/"}, "callback", "URL"),
    ],
)
def test_what_other_fields_may_not_be(change, field, words):
    found = wrong(**change)
    assert list(found) == [field]
    assert words in found[field]


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("http://votresite.com/callback-url/", True),
        ("HTTPS://votresite.com", True),
        ("http://votresite.com:8080?a=%20&b[]=1", True),
        ("http://[2001:db8::1]:80/x", True),
        ("http://", False),
        ("http:///x", False),
        ("votresite.com", False),
        ("javascript:alert(1)", False),
        ("http://a b/", False),
        ("http://é.example/", False),
        ("http://x/#f", False),
        ("http://x:0/", False),
        ("http://x:99999/", False),
        ("http://x/\n", False),
        ("http://x/" + "a" * 2000, False),
    ],
)
def test_urls(url, good):
    assert is_url(url) is good


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"{'phone': 1}",
        b'{"phone":"\xff"}',
        b"[" * 100_000,
        b'{"phone":' + b"[" * 100_000,
        b"\xef\xbb\xbf{}",
    ],
)
def test_what_is_no_json_object(body):
    with pytest.raises(Refused) as found:
        DIALECT.command(DIALECT.read(request(body)), TENANT, NOW)
    answer = DIALECT.refused(request(body), None, found.value)
    assert (answer.status, json.loads(answer.body)) == (
        400,
        {"errorMessage": "La demande n'est pas un objet JSON valide!"},
    )


def test_other_types_paths_and_methods():
    for it, refusal in (
        (request(GOOD, content_type="text/xml"), Refusal.UNSUPPORTED_MEDIA_TYPE),
        (request(GOOD, method="GET"), Refusal.METHOD_NOT_ALLOWED),
        (request(GOOD, path="/API/sms/"), Refusal.NOT_FOUND),
        (request(GOOD, path="/api/sms/x"), Refusal.NOT_FOUND),
    ):
        with pytest.raises(Refused) as found:
            DIALECT.command(DIALECT.read(it), TENANT, NOW)
        assert found.value.refusal is refusal
    assert DIALECT.command(DIALECT.read(request(GOOD, content_type="Application/JSON; charset=utf-8")), TENANT, NOW)
    assert DIALECT.command(DIALECT.read(request(GOOD, path="/api/sms")), TENANT, NOW)


# ---------------------------------------------------------------------- answers


def test_submitted():
    answer = answered(sent(phone="+40740123456,+40740123457"), "", "", submission=123456789)
    assert (answer.status, answer.content_type) == (200, JSON)
    assert json.loads(answer.body) == {"successMessage": SUBMITTED, "msgId": "123456789"}


def body_of(answer):
    return answer.status, json.loads(answer.body)


def test_one_refused_number():
    assert body_of(answered(sent(), "invalid_recipient")) == (400, {"errors": {"phone": PHONE}})
    status, found = body_of(answered(sent(), "opted_out"))
    assert (status, found) == (400, {"errors": {"phone": "L'envoi à ce numéro n'est pas autorisé!"}})


def test_refused_numbers_among_several_are_named():
    command = sent(phone="+40740123456,+40740123457,+99940123458,+40740123459")
    status, found = body_of(answered(command, "", "blacklisted", "invalid_recipient", "opted_out"))
    assert status == 400
    assert found == {
        "errors": {
            "phone": f"L'envoi à ce numéro n'est pas autorisé! (+40740123457, +40740123459) {PHONE} (+99940123458)"
        }
    }


def test_numbers_that_nothing_is_wrong_with_are_not_named():
    """The store tells of them as `invalid`: they were not taken because of the others."""
    command = sent(phone="+40740123456,+40740123457")
    status, found = body_of(answered(command, "invalid", "opted_out"))
    assert (status, found) == (400, {"errors": {"phone": "L'envoi à ce numéro n'est pas autorisé! (+40740123457)"}})


def test_many_refused_numbers_are_counted():
    command = sent(phone=",".join(f"+4074{at:07d}" for at in range(100)))
    found = body_of(answered(command, *["opted_out"] * 100))[1]["errors"]["phone"]
    assert found.endswith("+40740000019, ... +80)")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("no_credit", (402, {"errorMessage": "Crédit insuffisant!"})),
        ("sender_not_allowed", (403, {"errorMessage": "Aucun expéditeur autorisé n'est configuré pour ce compte!"})),
        ("content_refused", (400, {"errors": {"shortTextMessage": "Ce texte ne peut pas être envoyé!"}})),
        ("invalid_schedule", (400, {"errors": {"startDate": "La date de début est trop éloignée!"}})),
        ("unheard_of", (422, {"errorMessage": "La demande a été refusée!"})),
    ],
)
def test_what_all_are_refused_for(error, expected):
    assert body_of(answered(sent(phone="+40740123456,+40740123457"), error, error)) == expected


def test_no_phone_is_up():
    assert body_of(answered(sent(), "no_route")) == (503, {"errorMessage": "No connected device!"})
    network = (400, {"errors": {"phone": "Ce numéro ne peut pas être atteint!"}})
    assert body_of(answered(sent(sendAsShort=True), "no_route")) == network
    command = sent(phone="+40740123456,+99940123458")
    status, found = body_of(answered(command, "no_route", "invalid_recipient"))
    assert (status, found) == (400, {"errors": {"phone": f"{PHONE} (+99940123458)"}})


@pytest.mark.parametrize("refusal", list(Refusal))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_is_told(refusal, language):
    dialect = SmsAdvert(Options(language=language))
    for asked in (None, dialect.read(request(GOOD))):
        answer = dialect.refused(request(), asked, Refused(refusal))
        assert answer.content_type == JSON
        assert 400 <= answer.status < 600
        body = json.loads(answer.body)
        assert list(body) in (["errors"], ["errorMessage"])


def test_some_refusals():
    def told(refusal, detail=""):
        return body_of(DIALECT.refused(request(), None, Refused(refusal, detail)))

    assert body_of(DIALECT.refused(request(), None, Unproven(False))) == (
        401,
        {"errorMessage": "Jeton d'authentification invalide!"},
    )
    assert told(Refusal.STORE_UNAVAILABLE) == (503, {"errorMessage": "There was a database error!"})
    assert told(Refusal.INTERNAL, "incident 1f") == (
        500,
        {"errorMessage": "Une erreur interne s'est produite! (incident 1f)"},
    )
    assert told(Refusal.TOO_LARGE)[0] == 413
    assert told(Refusal.NO_ROUTE) == (400, {"errors": {"phone": "Ce numéro ne peut pas être atteint!"}})
    assert ("Allow", "POST") in DIALECT.refused(request(), None, Refused(Refusal.METHOD_NOT_ALLOWED)).headers


# ---------------------------------------------------------------------- languages


def test_languages():
    assert wrong(SmsAdvert(Options(language="ro")), phone="x", shortTextMessage="") == {
        "phone": "Număr de telefon invalid!",
        "shortTextMessage": "Introduceți minimum 3 caractere!",
    }
    assert wrong(SmsAdvert(Options(language="en")), phone="x", shortTextMessage="") == {
        "phone": "Invalid phone number!",
        "shortTextMessage": "Enter at least 3 characters!",
    }


def test_each_language_has_every_text():
    texts = [texts_in(language) for language in LANGUAGES]
    assert texts_in("") == texts[0]
    assert len({frozenset(each) for each in texts}) == 1
    assert all(len(set(said)) == 3 for said in zip(*(each.values() for each in texts), strict=True))
    wanted = {*OF_NUMBERS.values(), *OF_REQUESTS.values(), *(text for _, text in OF_FIELDS.values())}
    assert wanted <= set(texts[0])


# ---------------------------------------------------------------------- callbacks


def owed(state):
    return OutboxItem(
        1, "advert", "t", "http://votresite.com/callback-url/?a=1", "message.x", 0, 0, 0, 10, "+40740123456", "Advert",
        None, state, None, 0, None, 1, submission=9,
    )  # fmt: skip


@pytest.mark.parametrize("state", [state for state in State if state.final])
def test_receipts(state):
    found = DIALECT.receipt(owed(state), Callback("smsadvert"))
    assert (found.method, found.url, found.content_type) == ("POST", "http://votresite.com/callback-url/?a=1", JSON)
    assert json.loads(found.body) == {"status": "delivered" if state is State.DELIVERED else "failed", "msgId": "9"}


def test_receipts_of_several_have_their_number():
    found = DIALECT.receipt(owed(State.DELIVERED), Callback("smsadvert", several=True))
    assert json.loads(found.body) == {"status": "delivered", "msgId": "9", "phone": "+40740123456"}


def test_nothing_else_is_told():
    assert DIALECT.receipt(owed(State.SENT), Callback("smsadvert")) is None
    assert DIALECT.event("call", b"{}", Callback("smsadvert"), "http://x/", 0) is None


# ---------------------------------------------------------------------- anything


VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.lists(st.integers(), max_size=2)
)
FIELDS = ["phone", "shortTextMessage", "sendAsShort", "startDate", "endDate", "failover", "callback", "x"]


@given(
    body=st.binary(max_size=100)
    | st.dictionaries(st.sampled_from(FIELDS), VALUES).map(lambda x: json.dumps(x).encode()),
    token=st.text(st.characters(max_codepoint=255), max_size=20),
    kind=st.sampled_from([JSON, "", "text/plain"]) | st.text(max_size=20),
)
def test_nothing_raises_what_is_no_answer(body, token, kind):
    try:
        asked = DIALECT.read(request(body, authorization=token, content_type=kind))
        assert isinstance(DIALECT.command(asked, TENANT, NOW), Send)
    except (Answered, Refused):
        pass


@given(st.lists(st.from_regex(r"\A[ +]?[0-9]{5,17} ?\Z") | st.just(""), max_size=20))
def test_the_quick_look_at_numbers_finds_what_the_slow_one_finds(numbers):
    try:
        items = sent(phone=",".join(numbers)).items
    except Answered:
        assert not numbers or any(
            not each.strip().lstrip("+").strip()
            or not 7 <= len(each.strip().lstrip("+")) <= 15
            or each.strip().lstrip("+")[0] == "0"
            for each in numbers
        )
    else:
        assert {item.dest.lstrip("+") for item in items} == {each.strip().lstrip("+") for each in numbers}


def test_it_is_registered():
    assert isinstance(DIALECTS["smsadvert"](Options()), SmsAdvert)
