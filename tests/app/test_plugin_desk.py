"""A message through a plugin, past the books."""

from types import SimpleNamespace

import pytest
from twisted.internet.defer import succeed
from twisted.internet.task import Clock

from smsgwd.app.plugin_desk import PluginDesk
from smsgwd.model.message import State
from smsgwd.model.refusals import Refused
from smsgwd.ports.dispatch import ConnectorStatus, ProviderStatus
from smsgwd.providers import Accepted, Park, Permanent, Report
from smsgwd.southbound.provider.calls import AskStates, Done, Exchange, Send
from tests.app.fakes import now

EXCHANGE = Exchange("GET", "https://isms.example/send?password=***", {}, "", 200, {}, "ID:7", 12.34)


class Connector:
    def __init__(self, *answers, can=("states",), plugin="isms"):
        self.settings = SimpleNamespace(plugin=SimpleNamespace(name=plugin, can=lambda ability: ability in can))
        self.answers = list(answers)
        self.calls = []
        self.state = "running"

    def call(self, call, *, record=False):
        assert record
        self.calls.append(call)
        return succeed(self.answers.pop(0))

    def status(self):
        provider = ProviderStatus(self.settings.plugin.name, self.state, balance=3.5, requests=len(self.calls))
        return ConnectorStatus("isms1", "provider", True, 0, 0, 0, 0, 0, provider=provider)


class Stand:
    def __init__(self, **connectors):
        self.connectors = connectors
        self.clock = Clock()
        self.clock.advance(1000.0)
        clock = SimpleNamespace(
            now_ms=lambda: 1_780_000_000_000 + int(1000 * self.clock.seconds()), monotonic=self.clock.seconds
        )
        self.desk = PluginDesk(self, clock, self.clock)

    def provider(self, name):
        return self.connectors.get(name)

    def status(self):
        smpp = ConnectorStatus("sim", "smpp", True, 0, 0, 0, 0, 0)
        made = [
            ConnectorStatus(name, "provider", True, 0, 0, 0, 0, 0, provider=each.status().provider)
            for name, each in self.connectors.items()
        ]
        return [smpp, *made]

    def test(self, text="Hello", wait_s=0):
        return self.desk.test("isms1", "306912345678", "Shop", text, wait_s)


def test_what_was_said_is_shown():
    connector = Connector(Done(verdicts=[Accepted("7/306912345678")], exchanges=(EXCHANGE,)))
    told = now(Stand(isms1=connector).test("Γειά"))
    assert (told["verdict"], told["foreign_id"], told["trouble"]) == ("accepted", "7/306912345678", "")
    assert told["exchanges"][0]["url"] == "https://isms.example/send?password=***"
    assert told["exchanges"][0]["ms"] == 12.3
    [send] = connector.calls
    assert isinstance(send, Send)
    [message] = send.group
    assert (message.to, message.sender, message.text) == ("306912345678", "Shop", "Γειά")
    assert (message.alphabet, message.parts) == ("ucs2", 1)
    assert message.id.isdigit() and len(message.id) < 16  # those of messages are longer


def test_two_tests_of_one_second_have_ids_of_their_own():
    connector = Connector(Done(verdicts=[Accepted()]), Done(verdicts=[Accepted()]))
    stand = Stand(isms1=connector)
    now(stand.test()), now(stand.test("x" * 161))
    first, second = (call.group[0] for call in connector.calls)
    assert first.id != second.id
    assert second.parts == 2


@pytest.mark.parametrize(
    ("done", "verdict", "fields"),
    [
        (Done(verdicts=[Permanent("27", "no such sender", "connector")]), "permanent", {"code": "27"}),
        (Done(halted=Park("Insufficient credits")), "park", {"reason": "Insufficient credits"}),
        (Done(trouble="it does not run"), "none", {"trouble": "it does not run"}),
    ],
)
def test_what_it_said_instead_is_shown_too(done, verdict, fields):
    told = now(Stand(isms1=Connector(done)).test(wait_s=60))
    assert told["verdict"] == verdict
    assert told | fields == told
    assert "states" not in told  # nothing is there to be asked for


@pytest.mark.parametrize(("starts_after_s", "asked_after_s"), [(1, 1), (60, 5)])
def test_a_plugin_that_is_just_starting_is_waited_for(starts_after_s, asked_after_s):
    connector = Connector(Done(verdicts=[Accepted("7")]))
    connector.state = "starting"
    stand = Stand(isms1=connector)
    done = stand.test()
    for tenths in range(1, 100):
        if tenths == 10 * starts_after_s:
            connector.state = "running"
        stand.clock.advance(0.1)
        assert bool(connector.calls) == (tenths >= 10 * asked_after_s), tenths
    assert now(done)["verdict"] == "accepted"


def test_states_are_asked_for_until_one_is_final():
    connector = Connector(
        Done(verdicts=[Accepted("7")]),
        Done(reports=[]),
        Done(trouble="no answer"),
        Done(reports=[Report(None, "7", word="Queued")]),
        Done(reports=[Report(State.DELIVERED, "7", word="Delivered")], exchanges=(EXCHANGE,)),
    )
    stand = Stand(isms1=connector)
    done = stand.test(wait_s=60)
    for _ in range(60):
        stand.clock.advance(1)
    told = now(done)
    assert [(row["after_s"], row["state"], row["word"], row["trouble"]) for row in told["states"]] == [
        (1.0, "", "", ""),
        (3.0, "", "", "no answer"),
        (7.0, "", "Queued", ""),
        (15.0, "delivered", "Delivered", ""),
    ]
    assert told["final"] is True
    assert len(told["asked"]) == 1
    asked = connector.calls[-1]
    assert isinstance(asked, AskStates)
    assert (asked.sent[0].foreign_id, asked.sent[0].to) == ("7", "306912345678")


def test_the_wait_has_an_end():
    connector = Connector(Done(verdicts=[Accepted("7")]), *[Done(reports=[]) for _ in range(9)])
    stand = Stand(isms1=connector)
    done = stand.test(wait_s=5)
    for _ in range(6):
        stand.clock.advance(1)
    told = now(done)
    assert ([row["after_s"] for row in told["states"]], told["final"]) == ([1.0, 3.0, 5.0], False)


def test_a_plugin_that_cannot_ask_says_so():
    told = now(Stand(isms1=Connector(Done(verdicts=[Accepted("7")]), can=())).test(wait_s=5))
    assert told["note"] == "the plugin isms cannot ask for states"


def test_a_connector_is_found_by_its_id_or_by_a_plugin_that_no_other_uses():
    desk = Stand(isms1=Connector(), isms2=Connector(), club=Connector(plugin="smsclub")).desk
    assert (desk.connector("isms2"), desk.connector("smsclub")) == ("isms2", "club")
    with pytest.raises(Refused) as caught:
        desk.connector("isms")
    assert caught.value.detail == "isms1, isms2 use the plugin isms: name one of them"
    with pytest.raises(Refused) as caught:
        desk.connector("sim")
    assert caught.value.detail.endswith("none with that plugin: isms1, isms2, club")


def test_what_is_looked_at_before_and_after():
    assert Stand(isms1=Connector()).desk.look("isms1") == {"balance": 3.5, "requests": 0}


def test_one_that_a_reload_removed_meanwhile():
    with pytest.raises(Refused) as caught:
        now(Stand().test())
    assert caught.value.detail == "there is no connector isms1 of kind provider any more"
