"""What an answer of an SMSC to submit_sm means: command_status → scope and action, one table, overridable by connector.

Source of the defaults: SMPP 3.4 s5.1.3 and 5.0 s4.7.6, the practice of Kannel (temporary: 0x08, 0x14, 0x58, 0x64),
Jasmin, and several carriers' own documents. docs/failures.md is made from it.
"""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple


class Scope(Enum):
    """Whose trouble it is."""

    MESSAGE = "message"  #: any carrier would say so: it goes to no other
    DESTINATION = "destination"  #: this recipient, now: the message waits, others go on
    CONNECTOR = "connector"  #: this carrier: another may take it


class Action(Enum):
    """What to do about one refused submit_sm."""

    RETRY = "retry"  #: try the message again later, and after some attempts on another connector
    FAILOVER = "failover"  #: send it on another connector of its route at once; refused where there is none
    THROTTLE = "throttle"  #: the link is too fast: slow it down, keep the order, count no attempt
    REBIND = "rebind"  #: the session is not what we think it is: send again after a new bind
    SUSPEND = "suspend"  #: send nothing here for a while; the message goes over, or waits
    FAIL = "fail"  #: the message is refused for good


class Rule(NamedTuple):
    """The meaning of one command_status."""

    scope: Scope
    action: Action


#: The scope of an action where nobody says another.
USUAL_SCOPE: Mapping[Action, Scope] = {
    Action.RETRY: Scope.CONNECTOR,
    Action.FAILOVER: Scope.CONNECTOR,
    Action.THROTTLE: Scope.CONNECTOR,
    Action.REBIND: Scope.CONNECTOR,
    Action.SUSPEND: Scope.CONNECTOR,
    Action.FAIL: Scope.MESSAGE,
}

_MESSAGE = (
    *(0x01, 0x06, 0x07, 0x0A, 0x0B, 0x33, 0x34, 0x40, 0x42, 0x43, 0x44),  # length, flags, addresses, esm_class, lists
    *(0x48, 0x49, 0x50, 0x51),  # TON and NPI
    *(0x54, 0x55, 0x61, 0x62, 0x63),  # replace flag, counts, schedule, validity, canned message
    *(0xC0, 0xC1, 0xC2, 0xC3, 0xC4),  # TLVs
    *(0x104, 0x105, 0x106),  # SMPP 5.0: data_coding, address subunits
)
_CONNECTOR = (
    *(0x0D, 0x0E, 0x0F, 0x53),  # our account is not what the SMSC wants, though it let us in
    *(0x15, 0x65, 0x66),  # service_type; 'permanent' and 'reject' of an application
    *(0x100, 0x101, 0x102, 0x103),  # SMPP 5.0: service type unauthorised, prohibited, unavailable, denied
    *range(0x107, 0x113),  # SMPP 5.0: broadcast, which nobody asked for
)

_DEFAULTS: dict[int, Rule] = {
    **dict.fromkeys(_MESSAGE, Rule(Scope.MESSAGE, Action.FAIL)),
    **dict.fromkeys(_CONNECTOR, Rule(Scope.CONNECTOR, Action.FAILOVER)),
    0x02: Rule(Scope.CONNECTOR, Action.REBIND),  # ESME_RINVCMDLEN: the two sides no longer agree where a PDU begins
    0x03: Rule(Scope.CONNECTOR, Action.REBIND),  # ESME_RINVCMDID to a core operation: no session for sending
    0x04: Rule(Scope.CONNECTOR, Action.REBIND),  # ESME_RINVBNDSTS
    0x08: Rule(Scope.CONNECTOR, Action.RETRY),  # ESME_RSYSERR
    0x14: Rule(Scope.CONNECTOR, Action.THROTTLE),  # ESME_RMSGQFUL
    0x45: Rule(Scope.CONNECTOR, Action.RETRY),  # ESME_RSUBMITFAIL
    0x58: Rule(Scope.CONNECTOR, Action.THROTTLE),  # ESME_RTHROTTLED
    0x64: Rule(Scope.CONNECTOR, Action.RETRY),  # ESME_RX_T_APPN
    0x67: Rule(Scope.CONNECTOR, Action.RETRY),  # ESME_RQUERYFAIL, used for 'try again' by some
    0xFE: Rule(Scope.DESTINATION, Action.RETRY),  # ESME_RDELIVERYFAILURE
    0xFF: Rule(Scope.CONNECTOR, Action.RETRY),  # ESME_RUNKNOWNERR
}

#: For all others: reserved codes, and the vendors' own (0x400 and up).
OTHERS = Rule(Scope.CONNECTOR, Action.FAILOVER)

#: Seconds of the first pause, where the rate of the link is not adapted.
THROTTLE_PAUSE_S = {0x14: 5.0, 0x58: 1.0}


def rule_for(status: int, overrides: Mapping[int, Rule] | None = None) -> Rule:
    """The rule for a command_status other than 0; unknown and vendor codes go to another connector, or fail."""
    if overrides:
        found = overrides.get(status)
        if found is not None:
            return found
    return _DEFAULTS.get(status, OTHERS)


def rule(action: str, scope: str | None = None) -> Rule:
    """The rule that the configuration names. Raises ValueError for words that are none."""
    what = Action(action)
    return Rule(USUAL_SCOPE[what] if scope is None else Scope(scope), what)


def defaults() -> Mapping[int, Rule]:
    """The table, for documentation."""
    return dict(_DEFAULTS)
