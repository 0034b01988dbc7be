"""Which rows were read, and which of them are told again."""

import pytest

from smsgwd.store.copying import stamps
from smsgwd.store.copying.stamps import Read, Stamps

_A, _B = b"a" * 8, b"b" * 8


@pytest.fixture
def found(tmp_path, monkeypatch):
    monkeypatch.setattr(stamps, "_PAGE", 2)
    made = Stamps(tmp_path / "stamps.db")
    made.begin()
    made.remember([(f"m:{number}", Read(_A, 1, number)) for number in range(5)])
    yield made
    made.close()


def _unseen(found):
    return [name for names in found.unseen() for name in names]


def test_what_is_not_told_in_a_round_is_gone(found):
    assert _unseen(found) == []  # they came in this round
    found.begin()
    assert found.see(["m:1", "m:3", "m:9"]) == {"m:1": _A, "m:3": _A}
    assert sorted(_unseen(found)) == ["m:0", "m:2", "m:4"]
    for names in found.unseen():
        found.forget(names)
    found.begin()
    assert sorted(_unseen(found)) == ["m:1", "m:3"]


def test_what_is_read_in_a_round_is_not_gone_in_it(found):
    found.begin()
    found.see(["m:0", "m:1", "m:2", "m:3"])
    found.forget(["m:3"])  # the newest of them: what comes next is another one
    found.remember([("m:3", Read(_B, 1, 9)), ("m:7", Read(_B, 2, 1 << 127))])
    assert found.see(["m:7"]) == {"m:7": _B}
    assert _unseen(found) == ["m:4"]
    assert dict(found.of_this_round()) == {"m:3": Read(_B, 1, 9), "m:7": Read(_B, 2, 1 << 127)}


def test_what_is_read_once_more_has_its_latest_stamp(found):
    found.begin()
    found.remember([("m:1", Read(_B, 3, 4))])
    assert found.known(["m:1", "m:2", "m:9"]) == {"m:1": Read(_B, 3, 4), "m:2": Read(_A, 1, 2)}
    assert found.known([]) == {}
    assert sorted(_unseen(found)) == ["m:0", "m:1", "m:2", "m:3", "m:4"]  # to be read is not to be told


def test_what_is_other_comes_in_order_and_once(found):
    found.note(["m:12", "m:10", "x:1"])
    found.note(["m:10", "m:11"])
    assert list(found.noted()) == [["m:10", "m:11"], ["m:12", "x:1"]]
    found.begin()
    assert list(found.noted()) == []
