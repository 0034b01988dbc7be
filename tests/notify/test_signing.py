"""Signatures, checked by another way of computing them and by a known answer."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.notify.signing import BadSecretError, keys_of
from tests.notify.fakes import headers_of


def hmac_sha256(key, message):
    """RFC 2104, written out."""
    key = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + message).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in key) + inner).digest()


def test_known_answer():
    """RFC 4231 test case 2 checks the checker."""
    assert hmac_sha256(b"Jefe", b"what do ya want for nothing?").hex() == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


@given(st.binary(min_size=1, max_size=100), st.integers(1, 1 << 62), st.integers(0, 1 << 33), st.binary(max_size=300))
def test_signature(key, number, now_s, body):
    secret = "whsec_" + base64.b64encode(key).decode()
    headers = headers_of(number, now_s, body, keys_of((secret,)))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    version, _, signature = headers["webhook-signature"].partition(",")
    assert version == "v1"
    assert base64.b64decode(signature) == hmac_sha256(key, signed)
    assert headers["webhook-id"] == f"msg_{number}"
    assert headers["webhook-timestamp"] == str(now_s)
    assert headers["content-type"] == "application/json"


def test_two_secrets_give_two_signatures_in_their_order():
    secrets = ("whsec_" + base64.b64encode(b"new").decode(), "whsec_" + base64.b64encode(b"old").decode())
    both = headers_of(1, 2, b"x", keys_of(secrets))["webhook-signature"].split(" ")
    each = [headers_of(1, 2, b"x", keys_of((secret,)))["webhook-signature"] for secret in secrets]
    assert both == each
    assert both[0] != both[1]


def test_padding_may_be_left_out():
    signatures = {headers_of(1, 2, b"x", keys_of((text,)))["webhook-signature"] for text in ("whsec_YQ", "whsec_YQ==")}
    assert signatures == {"v1," + base64.b64encode(hmac.digest(b"a", b"msg_1.2.x", "sha256")).decode()}


@pytest.mark.parametrize("size", [1, 24, 63, 64, 65, 200])
def test_signatures_are_hmac_sha256_whatever_the_length_of_the_key(size):
    secret, body = bytes(range(size)), bytes(range(256)) * 3
    headers = headers_of(7, 1_800_000_000, body, keys_of(("whsec_" + base64.b64encode(secret).decode(),)))
    expected = hmac.digest(secret, b"msg_7.1800000000." + body, "sha256")
    assert base64.b64decode(headers["webhook-signature"][3:]) == expected


@pytest.mark.parametrize(
    "secrets",
    [(), ("whsec_",), ("whsec_%%%%",), ("whsec_nötbase64",), ("YQ==",), ("whsec_YQ==", "plain"), ("whsec_A",)],
)
def test_bad_secrets_are_named_without_being_quoted(secrets):
    with pytest.raises(BadSecretError) as caught:
        keys_of(secrets)
    assert not [secret for secret in secrets if len(secret) > 8 and secret[6:] in str(caught.value)]
