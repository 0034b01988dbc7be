"""Which PDU may be sent by whom in which session state, and what becomes of it (SMPP 3.4 s2.2, s2.3 table 2-1).

Rule 1: whatever affects the states of a session stands in this file; session.py only obeys. The table is complete:
each known command has a Rule for each (state, sender). Both directions use it: what comes in is looked up under the
peer's role, what goes out under our own.

    OPEN ──bind accepted──> BOUND_TX | BOUND_RX | BOUND_TRX ──unbind──> UNBINDING_* ──unbind_resp──> CLOSED
      └──outbind──> OUTBOUND ──bind accepted──┘
"""

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final

from smsgwd.smpp import constants as c
from smsgwd.smpp import status as s
from smsgwd.smpp.tables import PDUS


class Role(Enum):
    """Which end of the session: the ESME binds, the SMSC is bound to."""

    ESME = "esme"
    SMSC = "smsc"

    @property
    def peer(self) -> "Role":
        """The other end."""
        return Role.SMSC if self is Role.ESME else Role.ESME


class State(IntEnum):
    """Session states (SMPP 3.4 s2.2), with UNBINDING told apart by who asked for it."""

    OPEN = 0
    OUTBOUND = 1
    BOUND_TX = 2
    BOUND_RX = 3
    BOUND_TRX = 4
    UNBINDING_SENT = 5
    UNBINDING_RECEIVED = 6
    CLOSED = 7


BOUND: Final = frozenset((State.BOUND_TX, State.BOUND_RX, State.BOUND_TRX))
UNBINDING: Final = frozenset((State.UNBINDING_SENT, State.UNBINDING_RECEIVED))

# Where an accepted bind leads.
BOUND_BY: Final[dict[int, State]] = {
    c.BIND_TRANSMITTER: State.BOUND_TX,
    c.BIND_RECEIVER: State.BOUND_RX,
    c.BIND_TRANSCEIVER: State.BOUND_TRX,
}


class Action(Enum):
    """What the session does with a PDU that the peer sent."""

    REQUEST = "surface it as a Request"
    RESPONSE = "match it with the window"
    BIND = "surface it as a BindRequest"
    BIND_RESP = "the answer to our bind"
    OUTBIND = "surface it as an OutbindRequest"
    UNBIND = "begin the peer's unbind"
    UNBIND_RESP = "the answer to our unbind"
    ENQUIRE_LINK = "answer it at once"
    ENQUIRE_LINK_RESP = "the answer to our enquire_link"
    NACK = "fail what it refers to"
    REFUSE = "answer with the rule's status"
    IGNORE = "count it; a response is never answered"


@dataclass(frozen=True, slots=True)
class Rule:
    """One cell of the table: the action, and for REFUSE the status to answer with. `legal` serves the sending side."""

    action: Action
    status: int = s.ESME_ROK

    @property
    def legal(self) -> bool:
        """May the PDU be sent?"""
        return self.action not in (Action.REFUSE, Action.IGNORE)


_TX: Final = frozenset((State.BOUND_TX, State.BOUND_TRX))
_RX: Final = frozenset((State.BOUND_RX, State.BOUND_TRX))
_BINDABLE: Final = frozenset((State.OPEN, State.OUTBOUND))
_ANY: Final = frozenset(State) - {State.CLOSED}

# request -> sender -> states in which that sender may send it
REQUESTS: Final[dict[int, dict[Role, frozenset[State]]]] = {
    c.BIND_TRANSMITTER: {Role.ESME: _BINDABLE},
    c.BIND_RECEIVER: {Role.ESME: _BINDABLE},
    c.BIND_TRANSCEIVER: {Role.ESME: _BINDABLE},
    c.OUTBIND: {Role.SMSC: frozenset((State.OPEN,))},
    c.UNBIND: {Role.ESME: BOUND | {State.UNBINDING_SENT}, Role.SMSC: BOUND | {State.UNBINDING_SENT}},
    c.ENQUIRE_LINK: {Role.ESME: _ANY, Role.SMSC: _ANY},
    c.SUBMIT_SM: {Role.ESME: _TX},
    c.SUBMIT_MULTI: {Role.ESME: _TX},
    c.QUERY_SM: {Role.ESME: _TX},
    c.CANCEL_SM: {Role.ESME: _TX},
    c.REPLACE_SM: {Role.ESME: _TX},
    c.DATA_SM: {Role.ESME: _TX, Role.SMSC: _RX},
    c.DELIVER_SM: {Role.SMSC: _RX},
    c.ALERT_NOTIFICATION: {Role.SMSC: _RX},
}

_ACTIONS: Final[dict[int, Action]] = {
    c.BIND_TRANSMITTER: Action.BIND,
    c.BIND_RECEIVER: Action.BIND,
    c.BIND_TRANSCEIVER: Action.BIND,
    c.BIND_TRANSMITTER_RESP: Action.BIND_RESP,
    c.BIND_RECEIVER_RESP: Action.BIND_RESP,
    c.BIND_TRANSCEIVER_RESP: Action.BIND_RESP,
    c.OUTBIND: Action.OUTBIND,
    c.UNBIND: Action.UNBIND,
    c.UNBIND_RESP: Action.UNBIND_RESP,
    c.ENQUIRE_LINK: Action.ENQUIRE_LINK,
    c.ENQUIRE_LINK_RESP: Action.ENQUIRE_LINK_RESP,
    c.GENERIC_NACK: Action.NACK,
}

_MESSAGES: Final = frozenset(REQUESTS) - frozenset(_ACTIONS)
_IGNORE: Final = Rule(Action.IGNORE)


def _refusal(state: State, sender: Role, command_id: int) -> Rule:
    """What an illegal request is told: a second bind that it is bound, a late message that we are leaving."""
    if state is State.CLOSED:
        return _IGNORE
    if state in BOUND and command_id in c.BINDS:
        return Rule(Action.REFUSE, s.ESME_RALYBND)
    if state in UNBINDING and command_id in _MESSAGES:
        # 0x08 is temporary for every stack we know of, so the message is kept and comes again on another bind.
        return Rule(Action.REFUSE, s.ESME_RSYSERR)
    if state in _BINDABLE and sender is Role.SMSC and command_id in _MESSAGES and sender in REQUESTS[command_id]:
        # An SMSC with a backlog sends it before it answers the bind: it must come again.
        return Rule(Action.REFUSE, s.ESME_RSYSERR)
    return Rule(Action.REFUSE, s.ESME_RINVBNDSTS)


def _response_states(request: int, sender: Role) -> frozenset[State]:
    """States in which `sender` may send the response to `request`: those of the request, and while unbinding."""
    if request == c.UNBIND:
        return frozenset((State.UNBINDING_SENT,))
    states = REQUESTS[request].get(sender.peer, frozenset())
    return states | UNBINDING if states & BOUND else states


def _rule(state: State, sender: Role, command_id: int) -> Rule:
    action = _ACTIONS.get(command_id)
    if command_id == c.GENERIC_NACK:
        return Rule(Action.NACK) if state is not State.CLOSED else _IGNORE
    if command_id & c.RESPONSE_BIT:
        if state in _response_states(command_id ^ c.RESPONSE_BIT, sender):
            return Rule(action or Action.RESPONSE)
        return _IGNORE
    if state in REQUESTS[command_id].get(sender, frozenset()):
        return Rule(action or Action.REQUEST)
    return _refusal(state, sender, command_id)


TABLE: Final[dict[tuple[State, Role], dict[int, Rule]]] = {
    (state, sender): {command_id: _rule(state, sender, command_id) for command_id in PDUS}
    for state in State
    for sender in Role
}

# What comes in is looked up here: as TABLE, but receipts and MO that cross with an unbind are taken. To refuse them,
# even for now, would lose those of SMSCs that never repeat.
INBOUND: Final[dict[tuple[State, Role], dict[int, Rule]]] = {
    **TABLE,
    **{
        (state, Role.SMSC): {
            **TABLE[state, Role.SMSC],
            c.DELIVER_SM: Rule(Action.REQUEST),
            c.DATA_SM: Rule(Action.REQUEST),
        }
        for state in UNBINDING
    },
}

_UNKNOWN_REQUEST: Final = Rule(Action.REFUSE, s.ESME_RINVCMDID)


def rule_for(state: State, sender: Role, command_id: int) -> Rule:
    """Return the rule for any command id: an unknown request is refused with ESME_RINVCMDID, a response ignored."""
    rule = INBOUND[state, sender].get(command_id)
    if rule is not None:
        return rule
    if command_id & c.RESPONSE_BIT or state is State.CLOSED:
        return _IGNORE
    return _UNKNOWN_REQUEST
