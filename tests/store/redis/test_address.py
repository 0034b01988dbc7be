"""Addresses of servers as settings say them."""

from pathlib import Path

import pytest

from smsgwd.store.redis.address import Address, Kind, Login, Tls, parse

LOGIN = Login("node", "s3cr3t")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("redis://a", Address(Kind.ONE, (("a", 6379),))),
        ("redis://a:1/2", Address(Kind.ONE, (("a", 1),), db=2)),
        ("redis://a?db=3", Address(Kind.ONE, (("a", 6379),), db=3)),
        ("redis://[::1]:7", Address(Kind.ONE, (("::1", 7),))),
        ("redis://[::1]", Address(Kind.ONE, (("::1", 6379),))),
        ("redis://node:s3cr3t@a", Address(Kind.ONE, (("a", 6379),), login=LOGIN)),
        ("redis://:p%40%2F%3A%25@a", Address(Kind.ONE, (("a", 6379),), login=Login("", "p@/:%"))),
        ("rediss://a", Address(Kind.ONE, (("a", 6379),), tls=Tls())),
        (
            "rediss://a?ca=/c.pem&cert=/d.pem&key=/k.pem",
            Address(Kind.ONE, (("a", 6379),), tls=Tls(Path("/c.pem"), Path("/d.pem"), Path("/k.pem"))),
        ),
        ("unix:///run/r.sock", Address(Kind.UNIX, path="/run/r.sock")),
        (
            "unix:///run/r.sock?db=1&user=node&password=s3cr3t",
            Address(Kind.UNIX, path="/run/r.sock", db=1, login=LOGIN),
        ),
        (
            "redis+sentinel://node:s3cr3t@a,b:2/main?db=1&sentinel_password=x",
            Address(
                Kind.SENTINEL, (("a", 26379), ("b", 2)), master="main", db=1, login=LOGIN, sentinel_login=Login("", "x")
            ),
        ),
        ("rediss+sentinel://a/main", Address(Kind.SENTINEL, (("a", 26379),), master="main", tls=Tls())),
        ("redis+cluster://a:1,b:2", Address(Kind.CLUSTER, (("a", 1), ("b", 2)))),
        ("rediss+cluster://a", Address(Kind.CLUSTER, (("a", 6379),), tls=Tls())),
    ],
)
def test_what_is_understood(text, address):
    assert parse(text) == address


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "begins with redis://"),
        ("http://s3cr3t@a", "begins with redis://"),
        ("redis:/s3cr3t", "begins with redis://"),
        ("redissunix:///a", "begins with redis://"),
        ("redis://", "a host is missing"),
        ("redis://:s3cr3t@:1", "a host is missing"),
        ("redis://a,b", "one host only"),
        ("redis+cluster://a,,b", "a host is missing"),
        ("redis://a:x", "a port is"),
        ("redis://a:", "a port is"),
        ("redis://a:0", "a port is"),
        ("redis://a:65536", "a port is"),
        ("redis://a:٣", "a port is"),
        ("redis://[::1", "in brackets"),
        ("redis://::1", "a host is missing"),
        ("redis://a/x", "the database"),
        ("redis://a/-1", "the database"),
        ("redis+cluster://a/1", "no databases"),
        ("redis+cluster://a?db=1", "db is not for this kind"),
        ("redis+sentinel://a", "call the master"),
        ("redis+sentinel://a/", "call the master"),
        ("redis+sentinel://a/b/c", "call the master"),
        ("redis://a?s3cr3t=s3cr3t", "a name after the ? is not for"),
        ("redis://a?ca=/c", "ca is not for this kind"),
        ("redis://a?db=1&db=2", "twice"),
        ("rediss://a?cert=/c", "cert and key"),
        ("redis://node:s3cr3t@x@a", "write @ as %40"),
        ("redis://node:s3/cr3t@a", "write @ as %40"),
        ("redis://node:s3cr3t#@a", "write # as %23"),
        ("redis://node:s3:cr3t@a", "write : as %3A"),
        ("redis://node@a", "a user needs a password"),
        ("unix://run/r.sock", "the absolute path"),
    ],
)
def test_what_is_not(text, why):
    with pytest.raises(ValueError, match=r"^address: ") as caught:
        parse(text)
    assert why in str(caught.value)
    assert "s3" not in str(caught.value)


def test_no_password_is_shown():
    address = parse("redis+sentinel://node:s3cr3t@a,b:2/main?db=1&sentinel_user=w&sentinel_password=s3cr3t")
    assert "s3cr3t" not in repr(address) + str(address)
    assert str(address) == "redis+sentinel://a:26379,b:2/main"
    assert str(parse("rediss://:s3cr3t@[::1]/4")) == "rediss://[::1]:6379/4"
    assert str(parse("unix:///r?password=s3cr3t")) == "unix:///r?db=0"
    assert str(parse("rediss+cluster://:s3cr3t@a")) == "rediss+cluster://a:6379"


def test_paths_from_other_settings():
    other = Tls(Path("/ca.pem"))
    assert parse("rediss://a", other).tls is other
    assert parse("rediss://a?ca=/b.pem", other).tls == Tls(Path("/b.pem"))
    assert parse("redis://a", other).tls is None
