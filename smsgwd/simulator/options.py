"""What an SMSC simulator is asked to do: one frozen value, and the parsers of its list-like options."""

from dataclasses import dataclass
from typing import Literal, get_args

IdForm = Literal["dec", "hex", "uuid"]
Via = Literal["submitter", "any", "other"]
MoParts = Literal["udh8", "udh16", "sar"]

ID_FORMS: tuple[str, ...] = get_args(IdForm)
VIAS: tuple[str, ...] = get_args(Via)
MO_PARTS: tuple[str, ...] = get_args(MoParts)

#: Receipt `stat` words and their message_state (SMPP 3.4 s5.2.28, appendix B).
STATES: dict[str, int] = {
    "ENROUTE": 1,
    "DELIVRD": 2,
    "EXPIRED": 3,
    "DELETED": 4,
    "UNDELIV": 5,
    "ACCEPTD": 6,
    "UNKNOWN": 7,
    "REJECTD": 8,
}


#: The fate of a number whose receipts never come.
NO_RECEIPT = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmscOptions:
    """Options of one simulated SMSC. Shares are percent (0 to 100), times milliseconds unless named `_s`."""

    host: str = "127.0.0.1"
    port: int = 0
    seed: int = 42
    smsc_id: str = "simulator"  #: our system_id in bind responses
    system_id: str | None = None  #: the only one let in; None = any
    password: str | None = None  #: None = any

    # answers to submits
    resp_delay_ms: float = 0.0
    reject_pct: float = 0.0
    reject_status: int = 0x45
    throttle_pct: float = 0.0
    max_rate: float = 0.0  #: submits a second over all binds, 0 = unlimited; above it 0x58
    burst: float = 0.0  #: size of the bucket, 0 = a tenth of a second's worth (at least 1)
    status_mix: tuple[tuple[int, float], ...] = ()  #: command_status and its share
    mute: bool = False
    resp_jitter_ms: float = 0.0  #: added to the delay of each response, uniformly drawn
    id_form: IdForm = "dec"
    id_base: int | None = None  #: first message number; None = from the clock

    # receipts
    receipts: bool = True
    receipt_delay_ms: float = 0.0
    receipt_spread_ms: float = 0.0  #: added to the delay, uniformly drawn
    receipt_id_form: IdForm | None = None  #: None = as id_form
    receipt_tlvs: bool = True
    receipt_text: bool = True  #: False: TLVs only
    receipts_via: Via = "submitter"
    receipt_window: int = 100
    receipt_retry_ms: float = 0.0  #: a nacked receipt goes again after this, up to 20 times; 0 = never
    before_resp_pct: float = 0.0
    intermediate: bool = False  #: an ENROUTE receipt first, also when not asked for
    undeliv_pct: float = 0.0
    state_mix: tuple[tuple[str, float], ...] = ()  #: stat word and its share; the rest is DELIVRD
    numbers: tuple[tuple[str, str | int], ...] = ()  #: see parse_numbers; goes before shares

    # mobile originated
    mo_rate: float = 0.0  #: messages a second, 0 = none
    mo_to: str = "12345"
    mo_from: str = "3069000"  #: prefix of the sources, which count up
    mo_text: str = "MO {n}"
    mo_count: int = 0  #: 0 = without end
    mo_parts: MoParts = "udh8"  #: how the parts of a long one are told to belong together
    mo_shuffle: bool = False  #: parts in drawn order
    mo_twice_pct: float = 0.0  #: share of the parts that come a second time

    # faults
    drop_after: int = 0  #: drop a connection after so many submits on it; 0 = never
    drop_unanswered: int = 0  #: the last K of them without an answer
    drop_accepted: bool = False  #: those K are accepted all the same (their receipts will come)
    drop_times: int = 0  #: 0 = every connection
    garbage_every: int = 0  #: after so many submits of a bind; 0 = never
    garbage_kinds: str = "0123"
    refuse_bind: int = 0  #: command_status for binds; 0 = let in
    refuse_times: int = 0  #: 0 = all
    unbind_after_s: float = 0.0  #: we unbind so long after the bind; 0 = never
    outbind: str | None = None  #: HOST:PORT of an ESME to connect to
    enquire_s: float = 0.0  #: we probe idle links; 0 = never

    # tempers (see tempers.py): shares of the submits, at most one each
    mute_pct: float = 0.0
    twice_pct: float = 0.0
    shuffle_pct: float = 0.0
    shuffle_ms: float = 50.0
    stray_pct: float = 0.0
    drop_pct: float = 0.0
    stall_pct: float = 0.0
    stall_ms: float = 500.0
    # shares of the accepted messages, at most one each
    receipt_lost_pct: float = 0.0
    receipt_twice_pct: float = 0.0
    contradict_pct: float = 0.0
    wrong_id_pct: float = 0.0
    # of the binds
    close_after_bind: int = 0  #: so many binds, the first ones
    close_after_bind_pct: float = 0.0

    # what is kept
    record: str | None = None
    show: bool = False
    long: bool = False  #: show long messages whole
    remember: int = 100_000  #: messages that query_sm still knows


def parse_states(text: str) -> tuple[tuple[str, float], ...]:
    """Read 'UNDELIV:5,EXPIRED:2' (stat word and percent). Raises ValueError naming the bad entry."""
    mix = []
    for word, share in _entries(text):
        if word.upper() not in STATES:
            raise ValueError(f"{word!r} is no receipt state; known are {', '.join(STATES)}")
        mix.append((word.upper(), share))
    return tuple(mix)


def parse_numbers(text: str) -> tuple[tuple[str, str | int], ...]:
    """Read '0091:UNDELIV,0092:0x0B,0093:none': what becomes of messages to numbers with these last digits.

    A stat word is their final state, a number the command_status they are refused with, 'none' means that they are
    accepted and no receipt ever comes. Raises ValueError naming the bad entry.
    """
    found: list[tuple[str, str | int]] = []
    for entry in text.split(","):
        digits, _, word = entry.strip().partition(":")
        if not (digits.isascii() and digits.isdigit()):
            raise ValueError(f"{entry.strip()!r} is not DIGITS:FATE")
        if word.lower() == NO_RECEIPT:
            found.append((digits, NO_RECEIPT))
        elif word.upper() in STATES:
            found.append((digits, word.upper()))
        else:
            found.append((digits, parse_status(word)))
    return tuple(found)


def parse_statuses(text: str) -> tuple[tuple[int, float], ...]:
    """Read '0x14:5,0x08:1' (command_status and percent). Raises ValueError naming the bad entry."""
    return tuple((parse_status(word), share) for word, share in _entries(text))


def parse_status(text: str) -> int:
    """Read a command_status, '0x45' or '69'. Raises ValueError."""
    try:
        status = int(text, 0)
    except ValueError:
        raise ValueError(f"{text!r} is no command_status (a number such as 0x45)") from None
    if not 0 < status <= 0xFFFFFFFF:
        raise ValueError(f"command_status {text} is outside 0x1..0xFFFFFFFF")
    return status


def _entries(text: str) -> list[tuple[str, float]]:
    found = []
    total = 0.0
    for entry in text.split(","):
        word, colon, share = entry.strip().rpartition(":")
        try:
            percent = float(share)
        except ValueError:
            percent = -1.0
        if not colon or not 0.0 <= percent <= 100.0:
            raise ValueError(f"{entry.strip()!r} is not NAME:PERCENT")
        total += percent
        found.append((word, percent))
    if total > 100.0:
        raise ValueError(f"the shares of {text!r} add up to {total:g} %")
    return found
