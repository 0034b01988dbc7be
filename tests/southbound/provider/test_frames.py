"""Frames between the gateway and a plugin's process."""

from pathlib import Path
from types import MappingProxyType

import msgspec
import pytest
from pydantic import SecretStr

from smsgwd.model.lookups import LookupFacts, LookupState
from smsgwd.model.message import State
from smsgwd.net.edge_frames import FrameError, Splitter
from smsgwd.providers import (
    Accepted,
    Balance,
    Callback,
    CallbackRequest,
    Clicked,
    Contact,
    Incoming,
    Park,
    Permanent,
    PhoneCall,
    Qualified,
    Report,
    Sent,
    SlowDown,
    Stop,
    Temporary,
    Unknown,
)
from smsgwd.providers.testing import group
from smsgwd.southbound.provider import frames
from smsgwd.southbound.provider.calls import (
    AskBalance,
    AskFacts,
    AskStates,
    Done,
    Exchange,
    LookUp,
    PushContacts,
    Receive,
    Send,
)

CALLS = [
    Send(group(3, data=b"\x00\xff", alphabet="binary")),
    AskStates([Sent("1", "f", "30690", "s", "t", 1, 2)]),
    Receive(CallbackRequest("POST", (("a", "b"),), {"x": "y"}, b"\xff", "5")),
    AskBalance(),
    AskFacts(),
    LookUp("30690"),
    PushContacts([Contact("30690", "A")]),
]
DONES = [
    Done(
        verdicts=[
            Accepted("x"),
            Temporary("r", 1.5),
            Permanent("c", "r", "connector"),
            Unknown("u"),
            SlowDown("s"),
            Park("p", 3.0),
            Stop("s"),
        ],
        written=True,
    ),
    Done(reports=[Report(State.DELIVERED, "f"), Report(None, message_id="1")]),
    Done(
        callback=Callback(
            [
                Report(State.EXPIRED, "f", at_ms=5),
                Incoming("30690", "text"),
                Clicked("http://x"),
                PhoneCall("missed", "30690"),
                Qualified("30690", "sold"),
            ],
            body=b"\xfe",
        ),
        refused=True,
    ),
    Done(balance=Balance(1.0, "EUR")),
    Done(facts={"a": "b"}),
    Done(number=LookupFacts(LookupState.DELIVERED, "GR", ported=True)),
    Done(contacts=["", "no"]),
    Done(halted=Park("no credit")),
    Done(trouble="t", fault=True, exchanges=[Exchange("GET", "u", {}, "b", 200, {"a": "b"}, "x", 1.0)]),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__struct_config__.tag)
def test_calls_travel(call):
    sent = frames.Begin(7, call, 1.5, True)
    assert Splitter(frames.ToPlugin, frames.MOST).feed(frames.encode(sent)) == [sent]


@pytest.mark.parametrize("done", DONES, ids=range(len(DONES)))
def test_answers_travel(done):
    sent = frames.Finished(7, done)
    (found,) = Splitter(frames.ToHost, frames.MOST).feed(frames.encode(sent))
    assert found.done == msgspec.structs.replace(done, exchanges=list(done.exchanges))


def test_options_travel_as_plain_values():
    options = MappingProxyType({"a": MappingProxyType({"b": (1, 2.5, None)}), "c": SecretStr("s"), "d": Path("x/y")})
    (setup,) = Splitter(frames.ToPlugin).feed(frames.encode(frames.Setup("p", dict(options), "c1", "", 1.0, 2.0)))
    assert setup.options == {"a": {"b": [1, 2.5, None]}, "c": "s", "d": "x/y"}


def test_what_cannot_travel():
    with pytest.raises(NotImplementedError, match="type object"):
        frames.encode(frames.Setup("p", {"a": object()}, "c1", "", 1.0, 2.0))
    with pytest.raises(frames.TooLarge):
        frames.encode(frames.Failed("x" * (frames.MOST + 1)))


@pytest.mark.parametrize(
    "said",
    [
        b"\x92\xa8finished\x01",
        b"\x93\xa8finished\x01\x81\xa8verdicts\x91\x81\xa4type\xa4what",
        b"\x91\xa4ping",
        b"\xc1",
    ],
)
def test_nonsense_is_refused(said):
    with pytest.raises(FrameError):
        Splitter(frames.ToHost, frames.MOST).feed(len(said).to_bytes(4, "big") + said)
