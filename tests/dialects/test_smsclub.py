"""SMS Club's style as a whole: every refusal has an answer, and no octets raise anything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.dialects.dialect import Options
from smsgwd.dialects.http import JSON, XML, Answer, Answered, Asked, Token, Unproven
from smsgwd.dialects.registry import DIALECTS
from smsgwd.dialects.smsclub import SmsClub
from smsgwd.model.callbacks import Callback
from smsgwd.model.refusals import Refusal, Refused
from tests.dialects.smsclub_requests import CLUB, ENCODED, TENANT, Sent, error, posted


def test_it_is_registered():
    assert isinstance(DIALECTS["smsclub"](Options()), SmsClub)


# Whatever comes


@pytest.mark.parametrize("path", ["/sms/send", "/nothing", "/http/", "/token/x", "/xml/", "/HFW_smpp_addon/x", ""])
@pytest.mark.parametrize("which", Refusal)
def test_every_refusal_has_its_answer(path, which):
    request = Sent("POST", path)
    for known in (None, Asked(Token("t"), CLUB.labels[0])):
        answer = CLUB.refused(request, known, Refused(which, "a <detail> & more"))
        assert isinstance(answer, Answer)
        if answer.content_type == JSON:
            error(answer, answer.status)
            assert answer.status in (400, 401, 404, 405, 408, 413, 429, 431, 500, 501, 503)
        elif answer.content_type == XML:
            assert answer.body.startswith(b"<response><status>ERROR</status><text>")
        else:
            assert b"=IDS START=" not in answer.body and b"<" not in answer.body
        if which.http >= 500:
            assert answer.status == which.http and b"detail" not in answer.body
    unproven = CLUB.refused(request, None, Unproven(True))
    assert unproven.body == CLUB.refused(request, None, Unproven(False)).body


def test_there_are_no_callbacks():
    assert CLUB.receipt(None, Callback("smsclub")) is None
    assert CLUB.event("link.clicked", b"{}", Callback("smsclub"), "http://x/", 0) is None


PATHS = [
    "/sms/send",
    "/v2/sms/send",
    "/sms/status",
    "/sms/originator",
    "/sms/balance",
    "/originators/registration-originators",
    "/originators/stat-originators",
    "/http/",
    "/http/state.php",
    "/token/",
    "/xml/",
    "/xml/individual.php",
    "/xml/state.php",
    "/hfw_smpp_addon/xmlsendsmspost.php",
    "/sms/none",
]
BITS = st.sampled_from(
    [b"phone", b'{"', b'":', b"[", b"username=u&password=p&to=1;2&from=S&text=", b"<to>", b"%98", b"\x00"]
)
OCTETS = st.one_of(st.binary(max_size=80), st.lists(BITS, max_size=8).map(b"".join))
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "authorization": st.one_of(st.just("Bearer x"), st.text(max_size=20)),
        "content-type": st.sampled_from(
            ["", "application/json", "text/xml", "multipart/form-data; boundary=b", "x\xff"]
        ),
    },
)


@given(st.sampled_from(["GET", "POST", "PUT"]), st.sampled_from(PATHS), OCTETS, HEADERS, OCTETS)
def test_nothing_else_is_raised(method, path, query, headers, body):
    request = Sent(method, path, query.decode("latin-1"), headers, body)
    known = None
    try:
        known = CLUB.read(request)
        for tenant in (TENANT, ENCODED):
            CLUB.command(known, tenant, 0)
    except Answered:
        pass
    except Refused as refused:
        assert CLUB.refused(request, known, refused).body


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda each: (
        st.lists(each, max_size=3)
        | st.dictionaries(st.sampled_from(["phone", "message", "src_addr", "id_sms", "sender_id", "lifetime"]), each)
    ),
    max_leaves=10,
)


@given(st.sampled_from(PATHS[:7]), JSON_VALUES)
def test_no_json_raises_anything_else(path, value):
    request = posted(path, value)
    known = CLUB.read(request)
    try:
        CLUB.command(known, TENANT, 0)
    except Refused as refused:
        error(CLUB.refused(request, known, refused), 400)
