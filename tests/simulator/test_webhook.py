import base64
import hashlib
import hmac

import pytest

from smsgwd.simulator.webhook import SignatureError, Verifier

KEY = b"0123456789abcdef0123456789"
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def _signature(key: bytes, body: bytes = b"{}", webhook_id: str = "msg_1", at: int = 1000) -> bytes:
    signed = f"{webhook_id}.{at}.".encode() + body
    return b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())


def test_the_published_example():
    """The example of the Standard Webhooks specification (libraries' own test vector)."""
    verifier = Verifier("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    signature = b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    verifier.verify("msg_p5jXN8AQM9LWM0D4loKWxJek", b"1614265330", signature, body, 1614265330.0)


def test_one_of_several_is_enough():
    both = _signature(b"old") + b" " + _signature(KEY)
    Verifier(SECRET).verify("msg_1", b"1000", both, b"{}", 1000.0)


@pytest.mark.parametrize(
    ("webhook_id", "timestamp", "signature", "body", "now"),
    [
        ("", b"1000", _signature(KEY), b"{}", 1000.0),
        ("msg_1", b"", _signature(KEY), b"{}", 1000.0),
        ("msg_1", b"x", _signature(KEY), b"{}", 1000.0),
        ("msg_1", b"1000", b"", b"{}", 1000.0),
        ("msg_1", b"1000", _signature(b"other"), b"{}", 1000.0),
        ("msg_2", b"1000", _signature(KEY), b"{}", 1000.0),
        ("msg_1", b"1001", _signature(KEY), b"{}", 1000.0),
        ("msg_1", b"1000", _signature(KEY), b"{ }", 1000.0),
        ("msg_1", b"1000", _signature(KEY).replace(b"v1,", b"v2,"), b"{}", 1000.0),
        ("msg_1", b"1000", _signature(KEY), b"{}", 1301.0),
    ],
)
def test_what_does_not_fit(webhook_id, timestamp, signature, body, now):
    with pytest.raises(SignatureError):
        Verifier(SECRET).verify(webhook_id, timestamp, signature, body, now)


def test_a_secret_that_is_none():
    with pytest.raises(ValueError, match="base64"):
        Verifier("whsec_no!")
