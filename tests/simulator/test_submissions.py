import json

import pytest

from smsgwd.simulator.submissions import Submissions, decode_answer, number_of


@pytest.mark.parametrize("text", ["plain", "number {n}, again {n}", 'quotes " and γειά 📦'])
def test_requests_are_whole_and_their_length_is_true(text):
    for key in ("", "k-"):
        request = Submissions("h:1", "tok", text, key_prefix=key).request(42)
        head, _, body = request.partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}".encode() in head.split(b"\r\n")
        assert b"Authorization: Bearer tok" in head and (b"Idempotency-Key: k-00000042" in head) is bool(key)
        fields = json.loads(body)
        assert fields == {"from": "bench", "to": "+3069000000042", "text": text.replace("{n}", "00000042")}
        assert number_of(fields["to"]) == 42


def test_answers_are_read_whatever_else_they_hold():
    answer = decode_answer(
        b'{"id":"1","messages":[{"id":"2","to":"+30","state":"queued","parts":3,"price":"0.1","encoding":"gsm"}]}'
    )
    assert (answer.messages[0].id, answer.messages[0].parts) == ("2", 3)
