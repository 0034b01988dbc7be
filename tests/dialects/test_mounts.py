"""Which dialect answers where."""

import pytest

from smsgwd.dialects.mounts import Mount, Mounts


class Style:
    def __init__(self, name, *owns):
        self.name = name
        self.owns = owns


A = Style("a", "/api/a", "/shared/")
B = Style("b", "/api/a/deeper", "/b/", "/single")


def found(mounts, path, host="any.example"):
    answer = mounts.find({"host": host}, path)
    return None if answer is None else (answer.dialect.name, answer.path)


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/api/a", ("a", "/api/a")),
        ("/API/A/x", ("a", "/API/A/x")),
        ("/api/a/deeper/x", ("b", "/api/a/deeper/x")),
        ("/shared", None),
        ("/single", ("b", "/single")),
        ("/single/x", ("b", "/single/x")),
        ("/singles", None),
        ("*", None),
        ("", None),
        ("/shared/", ("a", "/shared/")),
        ("/v1/messages", None),
        ("/", None),
    ],
)
def test_side_by_side_by_the_longest_beginning_whatever_the_case(path, answer):
    assert found(Mounts([Mount(A), Mount(B)]), path) == answer


def test_below_a_prefix_everything_is_the_dialects_and_nothing_elsewhere():
    mounts = Mounts([Mount(A, prefix="/one"), Mount(B)])
    assert found(mounts, "/one/api/a") == ("a", "/api/a")
    assert found(mounts, "/ONE/nothing") == ("a", "/nothing")
    assert found(mounts, "/one") is None and found(mounts, "/oneway/") is None
    assert found(mounts, "/api/a") is None
    assert found(mounts, "/b/") == ("b", "/b/")


def test_on_a_host_of_its_own():
    mounts = Mounts([Mount(A, hosts=("a.example", "a2.example:8080")), Mount(B)])
    assert found(mounts, "/api/a", "A.example") == ("a", "/api/a")
    assert found(mounts, "/api/a", "a.example:443") == ("a", "/api/a")
    assert found(mounts, "/nothing", "a.example:80") == ("a", "/nothing")
    assert found(mounts, "/b/", "a.example") == ("a", "/b/")  # that host is a's alone
    assert found(mounts, "/api/a", "a2.example") is None
    assert found(mounts, "/shared/x", "a2.example:8080") == ("a", "/shared/x")
    assert found(mounts, "/shared/x") is None
    assert mounts.find({}, "/b/x").dialect is B


def test_two_on_one_host_and_a_prefix_on_a_host():
    mounts = Mounts([Mount(A, hosts=("both.example",)), Mount(B, hosts=("both.example",), prefix="/bee")])
    assert found(mounts, "/shared/x", "both.example") == ("a", "/shared/x")
    assert found(mounts, "/bee/b/x", "both.example") == ("b", "/b/x")
    assert found(mounts, "/api/a/deeper", "both.example") == ("a", "/api/a/deeper")


def test_without_any_there_is_nothing():
    assert not Mounts([]) and Mounts([Mount(A)]) and Mounts([Mount(A, hosts=("x",))])
    assert found(Mounts([]), "/api/a") is None
