"""Each key of the Redis store is classified: content with a stamp, content that is read each time, or none."""

import inspect

import pytest

from smsgwd.store.copying import redis_names as names
from smsgwd.store.redis.keys import Keys

_WORDS = {str: "a:b", int: 7, bytes: b"\x07"}


def _keys():
    """All that `Keys` has a name for, without the prefix, by what it is called there."""
    keys = Keys("p")
    found = {name: [value] for name, value in vars(keys).items() if not name.startswith("_") and name != "base"}
    for name, method in inspect.getmembers(keys, inspect.ismethod):
        if not name.startswith("_"):
            kinds = [each.annotation for each in inspect.signature(method, eval_str=True).parameters.values()]
            found[name] = [method(*(_WORDS[kind] for kind in kinds))]
    return {name: value.removeprefix(keys.base) for name, (value,) in found.items()}


@pytest.mark.parametrize(("name", "key"), _keys().items())
def test_each_key_is_classified(name, key):
    assert names.classified(key), f"keys.{name}: say in redis_names what {key!r} is to a copy"


def test_a_key_nobody_knows_is_none_of_them():
    assert not names.classified("zz")
    assert not names.classified("zz:7")


@pytest.mark.parametrize("key", ["m", "x", "t", "r:contact", "oo:demo", "oo:", "lk", "rf", "au", "mt:demo", "l:demo"])
def test_an_index_is_no_row(key):
    assert names.kind_of_row(key) == ""


def test_rows_are_named_by_what_they_are_of():
    keys = Keys("p")

    def key(name):
        short = name.removeprefix(keys.base)
        return names.kind_of_row(short), names.key_of(short)

    assert key(keys.message(7)) == ("message", (7,))
    assert key(keys.smsc("g:1", "a%b")) == ("smsc", ("g:1", "a%b"))
    assert key(keys.record("contact", "a:b", "Ω@c")) == ("record", ("contact", "a:b", "Ω@c"))
    assert key(keys.opted_out("", "306")) == ("opt_out", ("", "306"))
    assert key(keys.mo("g", "s:t", "d", 65536 + 3, 2, 8)) == ("mo_part", ("g", "s:t", "d", 3, 2, 8))
    assert key(keys.tenant("a:b")) == ("tenant", ("a:b",))


def test_lists_are_told_by_what_they_are_of():
    keys = Keys("p")
    for name, told in (
        (keys.ledger("a:b"), ("l", "a:b")),
        (keys.tally("a"), ("n", "a")),
        (keys.records("contact"), ("r", "contact")),
        (keys.opt_outs(""), ("oo", "")),
        (keys.record("contact", "a", "b"), None),
        (keys.messages, None),
    ):
        assert names.listed(name.removeprefix(keys.base)) == told
