"""Addresses for providers: nobody makes one, and none is good for anything else."""

import re

import pytest

from smsgwd.app.callback_urls import CallbackUrls, Called, parse, roots_of
from smsgwd.app.secrets import Vault, new_key

OLD, NEW = new_key(), new_key()


def urls(*keys, base="https://gw.example.net"):
    made = CallbackUrls(base)
    Vault(*keys or (OLD,)).listen(made.use)
    return made


def called(url, base="https://gw.example.net"):
    assert url.startswith(base)
    return parse(url[len(base) :])


def test_what_is_made_is_known_again():
    made = urls()
    for number in (None, 1, (1 << 63) - 1):
        found = called(made.url_for("isms1", number))
        assert (found.connector, found.message_id) == ("isms1", "" if number is None else str(number))
        assert made.is_good(found)


def test_how_it_looks():
    assert re.fullmatch(r"https://gw\.example\.net/callback/isms1/[A-Za-z0-9_-]{24}/17", urls().url_for("isms1", 17)), (
        "144 bits, nothing to escape"
    )


def test_another_base():
    assert urls().url_for("a", base="https://cb.example.net/sms/").startswith("https://cb.example.net/sms/callback/a/")


def test_a_token_is_good_for_its_connector_and_message_alone():
    made = urls()
    plain, about = called(made.url_for("isms1")), called(made.url_for("isms1", 17))
    assert made.is_good(plain) and made.is_good(about) and plain.token != about.token
    for connector in ("isms2", "isms", "isms11", "ISMS1"):
        assert not made.is_good(plain._replace(connector=connector))
        assert not made.is_good(about._replace(connector=connector))
    for message in ("", "1", "7", "18", "017", "170"):
        assert not made.is_good(about._replace(message_id=message))
    assert not made.is_good(plain._replace(message_id="17"))


def test_a_name_that_ends_like_a_message_is_another_thing():
    made = urls()
    tokens = {called(made.url_for(name, number)).token for name, number in [("a1", 7), ("a", 17), ("a17", None)]}
    assert len(tokens) == 3


def test_every_bit_counts():
    made = urls()
    good = called(made.url_for("isms1"))
    for at, letter in enumerate(good.token):
        wrong = "A" if letter != "A" else "B"
        assert not made.is_good(good._replace(token=good.token[:at] + wrong + good.token[at + 1 :]))


def test_while_keys_are_rotated_old_ones_are_good_and_new_ones_made():
    vault, made = Vault(OLD), CallbackUrls("https://gw.example.net")
    vault.listen(made.use)
    before = called(made.url_for("isms1"))
    vault.use((NEW, OLD))
    after = called(made.url_for("isms1"))
    assert after != before and made.is_good(before) and made.is_good(after)
    vault.use((NEW,))
    assert made.is_good(after) and not made.is_good(before)


def test_the_token_is_no_digest_of_any_other_use():
    """The vault's key for tenants' tokens is not the one these are made with."""
    import hmac
    from base64 import urlsafe_b64encode
    from hashlib import sha256

    key = Vault(OLD).token_key
    direct = urlsafe_b64encode(hmac.digest(key, b"isms1", sha256)[:18]).decode()
    assert called(urls().url_for("isms1")).token != direct


@pytest.mark.parametrize(
    "path",
    [
        "/callback/",
        "/callback/isms1",
        "/callback/isms1/",
        "/callback/isms1/TOKEN/",
        "/callback/isms1/TOKEN/0",
        "/callback/isms1/TOKEN/017",
        "/callback/isms1/TOKEN/-1",
        "/callback/isms1/TOKEN/1.0",
        "/callback/isms1/TOKEN/17/",
        "/callback/isms1/TOKEN/17/18",
        "/callback/isms1/TOKEN/17%2f18",
        "/callback/isms1/TOKEN/99999999999999999999",
        "/callback/isms1/TOKENx",
        "/callback/isms1/TOKEN\n",
        "/callback/isms1%2fTOKEN",
        "/callback/isms1/%54OKEN",
        "/callback/../isms1/TOKEN",
        "/callback/./isms1/TOKEN",
        "/callback//isms1/TOKEN",
        "/callback/.isms1/TOKEN",
        "/callback/isms%31/TOKEN",
        "/Callback/isms1/TOKEN",
        "/v1/callback/isms1/TOKEN",
        "//callback/isms1/TOKEN",
    ],
)
def test_paths_that_we_do_not_write(path):
    token = called(urls().url_for("isms1")).token
    assert parse("/callback/isms1/" + token) == Called("isms1", token, "")
    assert parse(path.replace("TOKEN", token)) is None


def test_below_what_the_addresses_begin_with():
    roots = roots_of("https://gw.example.net/api/", [None, "https://cb.example.net/sms", "https://cb.example.net"])
    assert sorted(roots) == ["/api/callback/", "/callback/", "/sms/callback/"]
    token = "x" * 24
    for root in roots:
        assert parse(f"{root}isms1/{token}", roots) == Called("isms1", token, "")
    assert parse(f"/other/callback/isms1/{token}", roots) is None
