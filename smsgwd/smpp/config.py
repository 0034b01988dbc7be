"""The limits and times of one session, as values; the gateway's configuration file is another package's business."""

from dataclasses import dataclass

from smsgwd.smpp.framing import MAX_FRAME


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """Times in seconds, 0 = off; sizes in octets.

    session_init      connection to bound (SMPP 3.4 s7.2)
    enquire_link      silence of the peer after which it is asked whether it lives
    link_response     time to answer enquire_link or unbind
    link_misses       unanswered enquire_links after which the session is dead
    inactivity        time without a message, or an enquire_link of the peer's own, after which we unbind
    response          time to answer a request, from the moment its octets were handed out
    pdu_read          time from a PDU's first octet to its last
    drain             time that unbind waits for unanswered requests in both directions
    window            requests of ours that may be unanswered
    inbound_limit     requests of the peer's that may be unanswered; more are answered ESME_RTHROTTLED
    max_frame         longest PDU once bound; max_frame_open before that
    grouped           requests and answers of one read come as Requests and Responses (events.py): cheaper by half
    max_open_faults   refused PDUs before the bind after which an SMSC closes the session
    """

    session_init: float = 10.0
    enquire_link: float = 30.0
    link_response: float = 10.0
    link_misses: int = 2
    inactivity: float = 0.0
    response: float = 60.0
    pdu_read: float = 10.0
    drain: float = 10.0
    window: int = 10
    inbound_limit: int = 0
    max_frame: int = MAX_FRAME
    max_frame_open: int = 1024
    max_open_faults: int = 8
    grouped: bool = False
