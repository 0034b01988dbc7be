"""Items → messages: admission and routing for a whole submission. Nothing is stored or sent here.

The loop is flat, and what is the same from item to item is looked up once: it runs for every message there is.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec

from smsgwd.admission.admit import Account, Admitted, Policy, admit
from smsgwd.admission.numbers import msisdn
from smsgwd.admission.raw import joining_reference
from smsgwd.app.guards import Guards
from smsgwd.app.test_numbers import TEST_CONNECTOR
from smsgwd.model.callbacks import Callback, pack_callback
from smsgwd.model.links import Link
from smsgwd.model.message import DEVICE_THEN_NETWORK, Failure, Message, State
from smsgwd.model.refusals import BY_CODE, Refusal, Refused
from smsgwd.model.submission import Entry, Item
from smsgwd.model.tenant import Tenant
from smsgwd.model.wire import Wire, pack_wire
from smsgwd.routing.choice import Chooser
from smsgwd.routing.rewrite import rewrite
from smsgwd.routing.table import Routes, Rule

_QUEUED: Final = State.QUEUED
_SCHEDULED: Final = State.SCHEDULED
_WIRES_REMEMBERED: Final = 1000


class Made(msgspec.Struct, gc=False):
    """What became of a submission's items: an entry each, and the messages of those admitted, with their places."""

    entries: list[Entry]
    messages: list[Message]
    places: list[int]
    links: list[Link]
    unique: tuple[int, ...] = ()  #: places in `messages` of those whose reference must be new
    texts: tuple[tuple[bytes, int], ...] = ()  #: as in `Submit`


class Tables(Protocol):
    """What is compiled from the configuration and the records, as it is now."""

    @property
    def routes(self) -> Routes:
        """The routing table."""
        ...

    @property
    def chooser(self) -> Chooser:
        """Chooses among a rule's connectors."""
        ...

    @property
    def up(self) -> Callable[[str], bool]:
        """Whether a connector can send now."""
        ...

    def network_of(self, msisdn: str) -> str:
        """mcc+mnc of a number; '' when it is not known."""
        ...


class LinkMaker(Protocol):
    """Makes tracked links."""

    def make(
        self,
        tenant: Tenant,
        message_id: int,
        msisdn: str,
        url: str,
        now: int,
        client_ref: str | None,
        *,
        counted: bool = True,
    ) -> tuple[Link, str]:
        """A link and its short address; `counted` is False for one that is not kept. Raises Refused(INVALID_LINK)."""
        ...

    def place(self, text: str, short: str) -> str:
        """The text with the short address in its place; the same text when it has no place for one."""
        ...


class Maker:
    """Makes messages by the gateway's policy and tables."""

    def __init__(self, tables: Tables, policy: Policy, links: LinkMaker, guards: Guards) -> None:
        self._tables = tables
        self._policy = policy
        self._links = links
        self._guards = guards
        self._wires: dict[int, tuple[Wire, bytes]] = {}

    def follow(self, policy: Policy) -> None:
        """Make messages by this policy from now on."""
        self._policy = policy

    def make(
        self,
        items: Sequence[Item],
        account: Account,
        first: int,
        now: int,
        *,
        guarded: bool = True,
        duplicate_s: int = 0,
    ) -> Made:
        """All items of a submission `first`, whose messages get the ids behind it. `now`: ms since 1970, UTC.

        `guarded` is False for what takes the place of a message that passed the guards already, and for what is not
        kept; `duplicate_s` as in `Submission`.
        """
        tenant = account.tenant
        name, dlr_url = tenant.id, tenant.dlr_url
        policy = self._policy
        find, route = self._tables.routes.find, self._route
        guards = self._guards if guarded and (duplicate_s or self._guards.watches(tenant)) else None
        entries: list[Entry] = []
        messages: list[Message] = []
        places: list[int] = []
        links: list[Link] = []
        unique: list[int] = []
        last_wire: Wire | None = None
        packed: bytes | None = None
        last_callback: Callback | None = None
        style: bytes | None = None
        fallback: str | None = None
        steady: tuple[Rule, str] | None = None  # the last rule, where its choice does not change from item to item
        message_id = first
        for place, item in enumerate(items):
            message_id += 1
            try:
                link = None
                if item.link is not None:
                    item, link = self._linked(item, tenant, message_id, now, counted=guarded)
                admitted = admit(item, account, now, policy)
                source, number = admitted.source, admitted.msisdn
                parts, coding, due_at = admitted.parts, admitted.coding, admitted.due_at
                source_addr, dest_addr, channel = admitted.source_addr, None, item.channel
                if admitted.test is not None:
                    connector, fallback, steady = TEST_CONNECTOR, None, None
                else:
                    rule = find(name, source, number, parts, coding, channel, item.priority, due_at or now)
                    if channel == "device":
                        rule, channel = self._by_phone(rule, item, name, tenant, admitted, due_at or now)
                    if rule is None:
                        raise Refused(Refusal.NO_ROUTE)
                    if steady is not None and steady[0] is rule:
                        connector = steady[1]
                    else:
                        connector = route(rule, item, admitted)
                        fallback = self._fallback(rule, connector, admitted)
                        steady = (rule, connector) if rule.steady else None
                        if channel == DEVICE_THEN_NETWORK:
                            fallback, steady = self._network_of_phone(item, name, admitted, due_at or now), None
                    if rule.rewrites:
                        source_sent, dest_addr = rewrite(rule, source_addr or source, number)
                        source_addr = source_sent or source_addr
                wire = item.wire
                if wire is not last_wire:
                    last_wire = wire
                    packed = None if wire is None else self._packed(wire)
                system_id = item.account
                url = item.dlr_url
                if url is None:
                    url = dlr_url
                callback = item.callback
                if callback is not last_callback:
                    last_callback = callback
                    style = None if callback is None else pack_callback(callback)
                state = _SCHEDULED if due_at else _QUEUED
                price = admitted.price
                message = Message(
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
                    (url or None) if system_id is None else None,  # an ESME's receipts go by SMPP alone
                    system_id,
                    item.asks,
                    packed,
                    None,
                    fallback,
                    0,
                    admitted.payers,
                    channel,
                    source_addr,
                    dest_addr,
                    style if url else None,
                )
                if guards is not None:
                    guards.check(tenant, message, now, duplicate_s)
                    state = message.state
            except Refused as refused:
                entries.append(Entry(item.dest, error=Failure(refused.refusal.code, refused.detail)))
                continue
            if link is not None:
                links.append(link)
            if item.unique_ref:
                unique.append(len(messages))
            messages.append(message)
            places.append(place)
            entries.append(Entry(item.dest, message_id, state, parts, coding, price))
        texts = () if guards is None else guards.texts(tenant, messages, duplicate_s)
        return Made(entries, messages, places, links, tuple(unique), texts)

    def _linked(
        self, item: Item, tenant: Tenant, message_id: int, now: int, *, counted: bool
    ) -> tuple[Item, Link | None]:
        """An item with its short link in the text. One whose text has no place for it has none (the page of Ardary)."""
        assert item.link is not None
        number = msisdn(item.dest, tenant.region, international=item.international)
        link, short = self._links.make(tenant, message_id, number, item.link, now, item.client_ref, counted=counted)
        text = self._links.place(item.text, short)
        if text == item.text:
            return item, None
        return msgspec.structs.replace(item, text=text), link

    def _by_phone(
        self, rule: Rule | None, item: Item, name: str, tenant: Tenant, admitted: Admitted, at: int
    ) -> tuple[Rule | None, str]:
        """The rule and channel of what asks for a phone: by the network where no phone has a route and the tenant says
        so, or, where the item says so, no phone is up."""
        tables = self._tables
        if rule is not None and (not item.failover or any(map(tables.up, rule.connectors))):
            return rule, DEVICE_THEN_NETWORK if item.failover else "device"
        if not item.failover and not tenant.device_fallback:
            return rule, "device"
        network = self._find(item, name, admitted, at)
        return (rule, "device") if network is None else (network, "network")

    def _network_of_phone(self, item: Item, name: str, admitted: Admitted, at: int) -> str | None:
        """The connectors of the network for a message that a phone may fail to deliver."""
        rule = self._find(item, name, admitted, at)
        return None if rule is None else ",".join(rule.connectors)

    def _find(self, item: Item, name: str, admitted: Admitted, at: int) -> Rule | None:
        """The rule by the network."""
        source, number = admitted.source, admitted.msisdn
        parts, coding = admitted.parts, admitted.coding
        return self._tables.routes.find(name, source, number, parts, coding, "network", item.priority, at)

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
        made = self.make([item], account, old.id - 1, now, guarded=False)
        if not made.messages:
            [entry] = made.entries
            assert entry.error is not None
            raise Refused(BY_CODE[entry.error.code], entry.error.detail)
        [new] = made.messages
        new.submission = old.submission
        new.submitted_at = old.submitted_at
        return new

    def _fallback(self, rule: Rule, connector: str, admitted: Admitted) -> str | None:
        """Where a message goes that this connector does not deliver; the margin holds for that, too."""
        if not rule.prices_matter:
            return rule.fallback(connector)
        number = admitted.msisdn
        network = self._tables.network_of(number)
        return self._tables.chooser.fallback(rule, connector, number, rate=admitted.rate, network=network)

    def _route(self, rule: Rule, item: Item, admitted: Admitted) -> str:
        """The connector of one message; parts that an ESME has cut itself all go the same way. Raises Refused."""
        if rule.simple:
            return rule.connectors[0]
        wire = item.wire
        reference = None
        if wire is not None and wire.raw and item.data is not None:
            reference = joining_reference(item.data, wire.esm_class, wire.tlvs)
        same_way = None
        if reference is not None:
            whose = f"{item.account}\n{admitted.source}\n{admitted.msisdn}\n{reference}"
            same_way = zlib.crc32(whose.encode())
        network = self._tables.network_of(admitted.msisdn) if rule.prices_matter else ""
        chosen = self._tables.chooser.choose(
            rule, admitted.msisdn, rate=admitted.rate, network=network, same_way=same_way
        )
        if chosen is None:
            raise Refused(Refusal.NO_ROUTE, "no connector carries this within the margin")
        return chosen
