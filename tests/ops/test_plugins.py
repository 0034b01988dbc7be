"""`plugin list`, `show`, `test` over plugins of the tests."""

from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest
from twisted.internet.defer import fail, succeed

from smsgwd.model.refusals import Refusal, Refused
from smsgwd.ops.plugins import Plugins
from smsgwd.ops.registry import CommandError, Registry
from tests.ops.asking import run

POINTS = [
    EntryPoint("post", "tests.app.fake_plugins:POST", "smsgwd.providers"),
    EntryPoint("mute", "tests.app.fake_plugins:MUTE", "smsgwd.providers"),
    EntryPoint("bad", "nowhere.at.all:Thing", "smsgwd.providers"),
]


class Tried:
    def __init__(self, trouble=None):
        self.asked = []
        self.trouble = trouble

    def connector(self, name):
        if name != "two":
            raise Refused(Refusal.INVALID, f"no connector {name}")
        return name

    def look(self, connector):
        return {"balance": 3.5, "requests": len(self.asked)}

    def test(self, *asked):
        self.asked.append(asked)
        return succeed({"verdict": "accepted"}) if self.trouble is None else fail(self.trouble)


def family(tester=None):
    connectors = (
        SimpleNamespace(kind="provider", id="one", provider="missing"),
        SimpleNamespace(kind="provider", id="two", provider="post"),
        SimpleNamespace(kind="smpp", id="three"),
    )
    sources = (
        SimpleNamespace(kind="http", name="hlr"),
        SimpleNamespace(kind="provider", connector="two"),
        SimpleNamespace(kind="plan"),
    )
    config = SimpleNamespace(connectors=connectors, lookups=SimpleNamespace(sources=sources))
    return Plugins(lambda: config, tester or Tried(), lambda: POINTS)


def test_plugins_that_are_there_and_that_are_missed_with_what_they_can():
    rows = family()._rows()
    by_name = {row["name"]: row for row in rows if row["kind"] == "provider"}
    assert (by_name["post"]["ok"], by_name["post"]["used_by"], by_name["post"]["api"]) == (True, ["two"], 1)
    assert by_name["post"]["can"] == ["balance", "lookup"]
    assert by_name["bad"]["ok"] is False and "ModuleNotFoundError" in by_name["bad"]["trouble"]
    assert by_name["mute"]["ok"] is False and "sends nothing" in by_name["mute"]["trouble"]
    assert (by_name["missing"]["trouble"], by_name["missing"]["used_by"]) == ("it is not installed", ["one"])
    assert [row["name"] for row in rows if row["kind"] == "lookup"] == ["hlr", "two", "plan"]


def test_one_with_its_options_and_how_they_are_written():
    shown = family()._show("post")
    assert (shown["summary"], shown["requests_per_s"], shown["polling"]) == ("Posts messages.", 9, None)
    assert shown["depends_on_options"] is True
    options = {row["option"]: row for row in shown["options"]}
    assert options["password"] == {
        "option": "password", "type": "secret text", "required": True, "default": None, "unit": "",
        "text": "Its password.",
    }  # fmt: skip
    assert (options["retries"]["type"], options["retries"]["default"]) == ("whole number 0 to 9", "1")
    assert options["retries"]["unit"] == "times"


def test_all_options_as_they_are_written():
    written = family()._show("post", yaml=True)
    assert 'username: "shop"' in written and "# Its password." in written


def test_a_package_tells_of_itself():
    point = EntryPoint("post", "tests.app.fake_plugins:POST", "smsgwd.providers")
    metadata = SimpleNamespace(get_payload=lambda: "# Post\n\nPosts.\n")
    vars(point)["dist"] = SimpleNamespace(metadata=metadata)
    shown = Plugins(lambda: None, Tried(), lambda: [point])._show("post", readme=True)
    assert shown == "# Post\n\nPosts."


def test_one_that_cannot_be_used_still_says_why():
    shown = family()._show("mute")
    assert shown["ok"] is False
    assert "options" not in shown
    assert family()._show("mute", readme=True) == "the package of the plugin mute has none"
    with pytest.raises(CommandError, match="sends nothing"):
        family()._show("mute", yaml=True)


def test_one_that_there_is_not():
    with pytest.raises(CommandError, match="there is no plugin nobody; there are: bad, mute, post"):
        family()._show("nobody")


def test_one_message_goes_to_the_connector():
    tester = Tried()
    words = {"name": "two", "to": "+30 691 2345678", "from": "Shop", "wait": "60"}
    assert run(family(tester), "plugin", "test", **words) == {"verdict": "accepted"}
    assert tester.asked == [("two", "306912345678", "Shop", "Test of smsgwd", 60)]


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"to": "nobody"}, "^to: "),
        ({"to": "306912345678", "text": ""}, "text has 1 to 1600"),
        ({"to": "306912345678", "text": "x" * 1601}, "text has 1 to 1600"),
        ({"to": "306912345678", "from": "S\n"}, None),
        ({"to": "306912345678", "from": "a\nb"}, "from has at most 32"),
        ({"to": "306912345678", "wait": "601"}, "wait must be a number from 0 to 600"),
    ],
)
def test_a_message_that_makes_no_sense_is_not_sent(params, why):
    tester = Tried()
    if why is None:
        run(family(tester), "plugin", "test", name="two", **params)
        assert tester.asked[0][2] == "S"
        return
    with pytest.raises(CommandError, match=why):
        run(family(tester), "plugin", "test", name="two", **params)
    assert tester.asked == []


def test_a_connector_that_there_is_not_is_told():
    with pytest.raises(CommandError, match="no connector four"):
        run(family(), "plugin", "test", name="four", to="306912345678")


def test_a_test_costs_money_so_it_is_for_admins_and_the_audit_hides_whom():
    command = Registry(family().commands()).find("plugin", "test")
    assert (command.changes, command.long, command.needs) == (True, True, "admin")
    assert set(command.hides) == {"to", "text"}
    assert command.look({"name": "two"}).result == {"balance": 3.5, "requests": 0}
