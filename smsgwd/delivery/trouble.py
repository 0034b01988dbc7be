"""What the answer of an SMSC to submit_sm means: command_status → action, one table, overridable per connector.

Source of the defaults: SMPP 3.4 s5.1.3 and the practice of Kannel (temporary: 0x08, 0x14, 0x58, 0x64), Jasmin and
several carriers' own documents.
"""

from collections.abc import Mapping
from enum import Enum


class Action(Enum):
    """What to do about one refused submit_sm."""

    THROTTLE = "throttle"  #: the link is too fast: pause it, keep the order, count no attempt
    RETRY = "retry"  #: try the message again later
    FAIL = "fail"  #: the message is refused for good
    REBIND = "rebind"  #: the session is not what we think it is: send again after a new bind


_DEFAULTS: dict[int, Action] = {
    0x03: Action.REBIND,  # ESME_RINVCMDID to a core operation: this session cannot be used for sending
    0x04: Action.REBIND,  # ESME_RINVBNDSTS
    0x08: Action.RETRY,  # ESME_RSYSERR
    0x14: Action.THROTTLE,  # ESME_RMSGQFUL
    0x45: Action.RETRY,  # ESME_RSUBMITFAIL
    0x58: Action.THROTTLE,  # ESME_RTHROTTLED
    0x64: Action.RETRY,  # ESME_RX_T_APPN
    0x67: Action.RETRY,  # ESME_RQUERYFAIL, used for 'try again' by some
    0xFE: Action.RETRY,  # ESME_RDELIVERYFAILURE
    0xFF: Action.RETRY,  # ESME_RUNKNOWNERR
}

THROTTLE_PAUSE_S = {0x14: 5.0, 0x58: 1.0}


def action_for(status: int, overrides: Mapping[int, Action] | None = None) -> Action:
    """The action for a command_status other than 0; unknown and vendor codes fail the message."""
    if overrides:
        found = overrides.get(status)
        if found is not None:
            return found
    return _DEFAULTS.get(status, Action.FAIL)


def defaults() -> Mapping[int, Action]:
    """The table, for documentation."""
    return dict(_DEFAULTS)
