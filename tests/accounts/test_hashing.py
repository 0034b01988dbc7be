import pytest

from smsgwd.accounts.hashing import DUMMY_HASH, hash_secret, token_digest, verify

SALT = b"0123456789abcdef"


def test_a_hash_verifies_its_secret_only():
    phc = hash_secret("démo", SALT)
    assert phc.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert verify("démo", phc)
    assert not verify("demo", phc)
    assert not verify("", phc)
    assert "démo" not in phc


def test_salts_differ_so_hashes_differ():
    assert hash_secret("x", SALT) != hash_secret("x", SALT[::-1])


@pytest.mark.parametrize("salt", [b"", b"short", b"x" * 17])
def test_a_salt_of_another_length(salt):
    with pytest.raises(ValueError, match="16 bytes"):
        hash_secret("x", salt)


@pytest.mark.parametrize("phc", ["", "plain", "$argon2id$", "$2b$12$abc", DUMMY_HASH[:-1], DUMMY_HASH + "x", "é"])
def test_what_is_no_hash_never_verifies(phc):
    assert not verify("x", phc)


def test_the_dummy_hash_costs_what_a_real_one_costs():
    assert DUMMY_HASH.split("$")[1:4] == hash_secret("x", SALT).split("$")[1:4]


def test_token_digests_are_hmac_sha256():
    assert token_digest("demo-token", b"key") == _rfc_2104()
    assert token_digest("demo-token", b"other") != token_digest("demo-token", b"key")


def _rfc_2104():
    import hashlib

    block = b"key".ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + b"demo-token").digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in block) + inner).hexdigest()
