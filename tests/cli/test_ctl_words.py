"""Words behind a command, and what they become."""

import pytest

from smsgwd.cli.ctl_socket import CtlError
from smsgwd.cli.ctl_words import own_options, parameters
from tests.cli.fake_daemon import command, ctl, daemon, parameter

COMMAND = command(
    "a", "b", parameter("x"), parameter("one", True), parameter("two", True), parameter("deep", values="yes")
)


@pytest.mark.parametrize(
    ("words", "params"),
    [
        (["--number", "+30 691", "--opt-out"], {"number": "+30 691", "opt_out": "yes"}),
        (["--deep", "--file=/b"], {"deep": "yes", "file": "/b"}),
        (["a=1", "--b", "2"], {"a": "1", "b": "2"}),
        (["--a=x=y"], {"a": "x=y"}),
        (["a="], {"a": ""}),
        (["opt-out=no"], {"opt_out": "no"}),
    ],
)
def test_named(words, params):
    assert parameters(words) == params


@pytest.mark.parametrize(
    ("words", "params"),
    [
        (["1", "2"], {"one": "1", "two": "2"}),  # required ones first, wherever they stand
        (["1", "2", "3"], {"one": "1", "two": "2", "x": "3"}),
        (["1", "2", "3", "yes"], {"one": "1", "two": "2", "x": "3", "deep": "yes"}),
        (["one=1", "2"], {"one": "1", "two": "2"}),
        (["2", "--one", "1"], {"one": "1", "two": "2"}),
        (["--deep", "1", "2"], {"deep": "yes", "one": "1", "two": "2"}),  # what can be yes alone takes no other word
        (["--deep", "no", "1", "2"], {"deep": "no", "one": "1", "two": "2"}),
        (["1", "-12.50"], {"one": "1", "two": "-12.50"}),
        (["1", '{"a": "b=c"}'], {"one": "1", "two": '{"a": "b=c"}'}),
        (["--", "--x", "y=z"], {"one": "--x", "two": "y=z"}),
        (["+30=1"], {"one": "+30=1"}),
    ],
)
def test_by_position(words, params):
    assert parameters(words, COMMAND) == params


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["1", "2", "3", "yes", "five"], "'five' is one word too many: a b takes one, two, x, deep"),
        (["one=1", "--one", "2"], "one is given twice"),
        (["=red"], "'=red' is no parameter"),
        (["--=red"], "'--=red' is no parameter"),
        ([""], "'' is no parameter"),
    ],
)
def test_mistakes(words, why):
    with pytest.raises(CtlError, match="^" + why.replace("(", "\\(")) as caught:
        parameters(words, COMMAND)
    assert caught.value.status == 2


def test_a_word_alone_is_nothing_where_the_command_is_not_known():
    with pytest.raises(CtlError, match="'colour' is no parameter"):
        parameters(["colour"])


def test_own_options_are_taken_out_wherever_they_stand():
    words = ["--json", "a", "--socket", "/s", "json=1", "--json=2", "--", "--json"]
    assert own_options(words) == (["a", "json=1", "--json=2", "--", "--json"], {"json": "yes", "socket": "/s"})
    assert own_options(["-h"]) == ([], {"help": "yes"})
    assert own_options(["1", "--columns=a,b", "--no-headers"], COMMAND) == (
        ["1"],
        {"columns": "a,b", "no-headers": "yes"},
    )
    with pytest.raises(CtlError, match="--socket needs a value"):
        own_options(["--socket"])


def test_a_parameter_of_that_name_is_the_commands():
    there = command("pdu", "tap", parameter("seconds"))
    assert own_options(["--seconds", "5"], there) == (["--seconds", "5"], {})
    assert own_options(["--seconds", "5"], COMMAND) == ([], {"seconds": "5"})


def test_values_may_stand_in_files_and_on_standard_input(tmp_path):
    file = tmp_path / "rates.csv"
    file.write_text("\ufeffprefix,price\n30,0.01\n", "utf-8")
    with daemon(tmp_path) as fake:
        words = ["--socket", fake.path, "price", "import", "@@a", f"@{file}", "--note", "@-"]
        result = ctl(*words, input="from stdin")
    assert result.exit_code == 0, result.output
    params = {"csv": "prefix,price\n30,0.01\n", "note": "from stdin", "name": "@a"}
    assert fake.asked == [("price/import", params)]


def test_files_that_cannot_be_read(tmp_path, monkeypatch):
    (tmp_path / "latin").write_bytes(b"\xff\xfe\xfd")
    monkeypatch.setattr("smsgwd.cli.ctl_words._LARGEST", 2)
    (tmp_path / "large").write_text("abc")
    for name, why in (("none", "No such file"), ("latin", "not UTF-8"), ("large", "is larger than")):
        with pytest.raises(CtlError, match=why) as caught:
            parameters([f"csv=@{tmp_path / name}"])
        assert caught.value.status == 2


def test_a_target_is_typed_as_the_outbox_shows_it(tmp_path):
    spec = {
        "noun": "outbox",
        "verb": "show",
        "parameters": [
            {"name": "target", "required": True, "values": "target"},
            {"name": "note", "required": False, "values": ""},
        ],
    }
    for words in (["@shop"], ["@@shop"], ["target=@shop"], ["--target", "@shop"]):
        assert parameters(words, spec) == {"target": "@shop"}
    with pytest.raises(CtlError, match="@@ for a value"):
        parameters(["@shop", f"note=@{tmp_path}/none"], spec)
