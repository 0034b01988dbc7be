"""What is asked of a provider, and what comes of it: values that can travel to another process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from smsgwd.providers.callbacks import Callback, CallbackRequest
from smsgwd.providers.message import Outbound, Sent
from smsgwd.providers.numbers import Contact, NumberFacts
from smsgwd.providers.reports import Balance, Report
from smsgwd.providers.verdicts import Verdict


class Send(msgspec.Struct, frozen=True, gc=False, tag="send"):
    """`Provider.send`: answered by verdicts."""

    group: Sequence[Outbound]


class AskStates(msgspec.Struct, frozen=True, gc=False, tag="states"):
    """`Provider.states`: answered by reports."""

    sent: Sequence[Sent]


class Receive(msgspec.Struct, frozen=True, gc=False, tag="received"):
    """`Provider.received`: answered by a Callback, also where it raised CallbackRefused (then without events)."""

    request: CallbackRequest


class AskBalance(msgspec.Struct, frozen=True, gc=False, tag="balance"):
    """`Provider.balance`."""


class AskFacts(msgspec.Struct, frozen=True, gc=False, tag="facts"):
    """`Provider.facts`."""


class LookUp(msgspec.Struct, frozen=True, gc=False, tag="lookup"):
    """`Provider.lookup`."""

    msisdn: str


class PushContacts(msgspec.Struct, frozen=True, gc=False, tag="push_contacts"):
    """`Provider.push_contacts`."""

    contacts: Sequence[Contact]


Call = Send | AskStates | Receive | AskBalance | AskFacts | LookUp | PushContacts


class Exchange(msgspec.Struct, frozen=True, gc=False):
    """One HTTP request of a call and its answer, for operators: secrets are `***`, bodies cut."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str
    status: int  #: 0 = no answer
    answer_headers: Mapping[str, str]
    answer: str
    ms: float
    trouble: str = ""  #: why there was no answer


class Done(msgspec.Struct, frozen=True, gc=False):
    """What came of a call. One field is set, that of its kind, or `halted`, or `trouble`."""

    verdicts: Sequence[Verdict] | None = None
    reports: Sequence[Report] | None = None
    callback: Callback | None = None
    balance: Balance | None = None
    facts: Mapping[str, str] | None = None
    number: NumberFacts | None = None
    contacts: Sequence[str] | None = None
    halted: Verdict | None = None  #: what a Halt said
    trouble: str = ""  #: why the call failed: NotSent, NoAnswer, a fault of the plugin, its time is over, it died
    fault: bool = False  #: the plugin's own: it raised, hung, died, or answered something else than it may
    written: bool = False  #: a request of it may have left
    refused: bool = False  #: it raised CallbackRefused
    exchanges: Sequence[Exchange] = ()  #: where the call was to be recorded
