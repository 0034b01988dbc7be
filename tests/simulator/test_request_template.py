import json

import pytest

from smsgwd.simulator.request_template import RequestTemplate


def _parts(octets: bytes) -> tuple[str, bytes]:
    head, _, body = octets.partition(b"\r\n\r\n")
    length = [line for line in head.split(b"\r\n") if line.startswith(b"Content-Length: ")]
    assert (int(length[0][16:]) if length else 0) == len(body)
    return head.decode(), body


def test_one_message_of_ours():
    head, body = _parts(RequestTemplate.native(8080, "t0", 'a "{n}" 100 % {n} ώ').request(42))
    assert head.startswith("POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAuthorization: Bearer t0\r\n")
    assert json.loads(body) == {"from": "bench", "to": "+3069000000042", "text": 'a "00000042" 100 % 00000042 ώ'}


def test_a_batch_of_ours():
    template = RequestTemplate.native(8080, "t0", "m {n}", 3)
    head, body = _parts(template.request(10))
    assert head.startswith("POST /v1/messages/batch ") and template.size == 3
    messages = json.loads(body)["messages"]
    assert [message["to"][-8:] for message in messages] == ["00000010", "00000011", "00000012"]
    assert [message["text"] for message in messages] == ["m 00000010", "m 00000011", "m 00000012"]


def test_numbers_all_over_the_world():
    template = RequestTemplate.native(8080, "t0", "{n} %", 3, prefixes=("44700", "30690"))
    messages = json.loads(_parts(template.request(1))[1])["messages"]
    assert [message["to"] for message in messages] == ["+3069000000001", "+4470000000002", "+3069000000003"]
    assert [message["text"] for message in messages] == ["00000001 %", "00000002 %", "00000003 %"]
    one = RequestTemplate.native(8080, "t0", "no number", prefixes=("44700", "30690")).request(7)
    assert json.loads(_parts(one)[1])["to"] == "+3069000000007"


def test_a_get_of_another_gateway():
    template = RequestTemplate.other(
        "http://127.0.0.1:13013/cgi-bin/sendsms?to={dest}&text={text}&dlr=http%3A%2F%2Fx%2F{dest}",
        "GET",
        (),
        "",
        "ä {n}",
    )
    assert template.address == ("127.0.0.1", 13013)
    head, body = _parts(template.request(7))
    line = "GET /cgi-bin/sendsms?to=3069000000007&text=%C3%A4+00000007&dlr=http%3A%2F%2Fx%2F3069000000007 HTTP/1.1"
    assert head.splitlines() == [line, "Host: 127.0.0.1:13013"] and body == b""


def test_a_post_of_another_gateway():
    url, body = "http://gw.example/send", '{"to": "{dest}", "text": "{text}", "n": {n}}'
    head, sent = _parts(RequestTemplate.other(url, "post", ("X-Key: a%b",), body, 'q"{n}').request(10_000_001))
    assert head.startswith(
        "POST /send HTTP/1.1\r\nHost: gw.example\r\nX-Key: a%b\r\nContent-Type: application/json\r\n"
    )
    assert json.loads(sent) == {"to": "3069010000001", "text": 'q"10000001', "n": 10_000_001}
    form = RequestTemplate.other(url, "POST", (), "to={dest}&text={text}", "a b").request(1)
    assert b"Content-Type: application/x-www-form-urlencoded" in form and form.endswith(b"to=3069000000001&text=a+b")


@pytest.mark.parametrize(
    ("url", "header", "says"),
    [
        ("https://x/", "a: b", "http://"),
        ("x", "a: b", "http://"),
        ("http://x:99999/", "a: b", "port"),
        ("http://x/", "a", "':'"),
    ],
)
def test_what_cannot_be_sent(url, header, says):
    with pytest.raises(ValueError, match=says):
        RequestTemplate.other(url, "GET", (header,), "", "x")
