"""Items → messages: admission and routing for a whole submission. Nothing is stored or sent here.

The loop is flat, and what is the same from item to item is looked up once: it runs for every message there is.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final

import msgspec

from smsgwd.admission.admit import Account, Admitted, Policy, admit
from smsgwd.admission.raw import joining_reference
from smsgwd.model.message import Failure, Message, State
from smsgwd.model.refusals import BY_CODE, Refusal, Refused
from smsgwd.model.submission import Entry, Item
from smsgwd.model.wire import Wire, pack_wire
from smsgwd.routing.choice import Chooser
from smsgwd.routing.table import Routes, Rule

_QUEUED: Final = State.QUEUED
_SCHEDULED: Final = State.SCHEDULED
_WIRES_REMEMBERED: Final = 1000


class Made(msgspec.Struct, gc=False):
    """What became of a submission's items: an entry each, and the messages of those admitted, with their places."""

    entries: list[Entry]
    messages: list[Message]
    places: list[int]


class Maker:
    """Makes messages by the gateway's policy and routes. `up` tells whether a connector can send now."""

    def __init__(self, routes: Routes, policy: Policy, up: Callable[[str], bool]) -> None:
        self._routes = routes
        self._policy = policy
        self._chooser = Chooser(up)
        self._wires: dict[int, tuple[Wire, bytes]] = {}

    def make(self, items: list[Item], account: Account, first: int, now: int) -> Made:
        """All items of a submission `first`, whose messages get the ids behind it. `now`: ms since 1970, UTC."""
        tenant = account.tenant
        name, dlr_url = tenant.id, tenant.dlr_url
        policy = self._policy
        find, route = self._routes.find, self._route
        entries: list[Entry] = []
        messages: list[Message] = []
        places: list[int] = []
        last_wire: Wire | None = None
        packed: bytes | None = None
        fallback: str | None = None
        steady: tuple[Rule, str] | None = None  # the last rule, where its choice does not change from item to item
        message_id = first
        for place, item in enumerate(items):
            message_id += 1
            try:
                admitted = admit(item, account, now, policy)
                source, number = admitted.source, admitted.msisdn
                rule = find(name, source, number)
                if rule is None:
                    raise Refused(Refusal.NO_ROUTE)
            except Refused as refused:
                entries.append(Entry(item.dest, error=Failure(refused.refusal.code, refused.detail)))
                continue
            if steady is not None and steady[0] is rule:
                connector = steady[1]
            else:
                connector = route(rule, item, admitted)
                fallback = rule.fallback(connector)
                steady = (rule, connector) if rule.strategy == "failover" else None
            wire = item.wire
            if wire is not last_wire:
                last_wire = wire
                packed = None if wire is None else self._packed(wire)
            system_id = item.account
            due_at = admitted.due_at
            state = _SCHEDULED if due_at else _QUEUED
            parts, coding, price = admitted.parts, admitted.coding, admitted.price
            messages.append(
                Message(
                    message_id,
                    first,
                    name,
                    source,
                    item.dest,
                    number,
                    admitted.body,
                    coding,
                    parts,
                    connector,
                    now,
                    admitted.deadline,
                    state,
                    due_at,
                    item.priority,
                    item.flash,
                    price,
                    0,
                    item.client_ref,
                    (item.dlr_url or dlr_url) if system_id is None else None,  # an ESME's receipts go by SMPP alone
                    system_id,
                    item.asks,
                    packed,
                    None,
                    fallback,
                )
            )
            places.append(place)
            entries.append(Entry(item.dest, message_id, state, parts, coding, price))
        return Made(entries, messages, places)

    def _packed(self, wire: Wire) -> bytes:
        """The octets of a wire. Those of one ESME share few objects, so most are found by identity (saves 1 µs)."""
        known = self._wires.get(id(wire))
        if known is not None:
            return known[1]
        packed = pack_wire(wire)
        if not wire.tlvs:  # else it is of one message alone
            if len(self._wires) >= _WIRES_REMEMBERED:
                self._wires.clear()
            self._wires[id(wire)] = (wire, packed)  # which keeps it alive: its id is nobody else's
        return packed

    def replacement(self, item: Item, account: Account, old: Message, now: int) -> Message:
        """What takes the place of `old`, under its id. Raises Refused."""
        made = self.make([item], account, old.id - 1, now)
        if not made.messages:
            [entry] = made.entries
            assert entry.error is not None
            raise Refused(BY_CODE[entry.error.code], entry.error.detail)
        [new] = made.messages
        new.submission = old.submission
        new.submitted_at = old.submitted_at
        return new

    def _route(self, rule: Rule, item: Item, admitted: Admitted) -> str:
        """The connector of one message; parts that an ESME has cut itself all go the same way."""
        if len(rule.connectors) == 1:
            return rule.connectors[0]
        wire = item.wire
        reference = None
        if wire is not None and wire.raw and item.data is not None:
            reference = joining_reference(item.data, wire.esm_class, wire.tlvs)
        if reference is None:
            return self._chooser.choose(rule)
        whose = f"{item.account}\n{admitted.source}\n{admitted.msisdn}\n{reference}"
        return self._chooser.choose(rule, zlib.crc32(whose.encode()))
