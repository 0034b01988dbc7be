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


def test_token_digests_are_keyed_and_stay_what_they_are():
    """Stored tokens are found by their digest: another function would lose them all."""
    assert token_digest("demo-token", b"key") == ("5bb0734e730049fbb49cf3452db5db56877d83a5c4ad859f1c680c8b7a1e8c1d")
    assert token_digest("demo-token", b"other") != token_digest("demo-token", b"key")
    assert token_digest("demo-tokeN", b"key") != token_digest("demo-token", b"key")
