"""The errors of this package: whose fault, and how far it reaches.

SmppError
├── PduError      the peer's: one malformed PDU in an intact frame; answer an error response, stay up
├── FrameError    the peer's: command_length cannot be true; generic_nack, then close
├── EncodeError   ours: a value that the wire format cannot carry; nothing was sent
└── SessionError  ours: a request that the session cannot take now; nothing was sent
    ├── NotBound      the state does not allow the PDU
    └── WindowFull    as many requests unanswered as the window allows
"""

from smsgwd.smpp.status import ESME_RINVCMDLEN, status_name


class SmppError(Exception):
    """Base of every error that smsgwd.smpp raises on purpose."""


class PduError(SmppError):
    """A malformed PDU inside an intact frame: recoverable, the answer carries the request's sequence.

    Attributes: `command_status` to answer with, `command_id` and `sequence` of the faulty PDU, `reason` for the log.
    """

    def __init__(self, command_status: int, command_id: int, sequence: int, reason: str) -> None:
        super().__init__(f"{status_name(command_status)}: {reason}")
        self.command_status = command_status
        self.command_id = command_id
        self.sequence = sequence
        self.reason = reason


class FrameError(SmppError):
    """A command_length outside the bounds: the stream has lost its frames and must be closed."""

    def __init__(self, length: int, reason: str) -> None:
        super().__init__(reason)
        self.length = length
        self.reason = reason
        self.command_status = ESME_RINVCMDLEN


class EncodeError(SmppError, ValueError):
    """A field's value cannot be composed; `field` names it, `command_status` is what a peer would answer."""

    def __init__(self, field: str, reason: str, command_status: int = 0) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
        self.command_status = command_status


class SessionError(SmppError):
    """The session cannot take this request now; nothing was queued."""


class NotBound(SessionError):  # noqa: N818 - a state, not a defect
    """The session's state does not allow this PDU in this direction."""


class WindowFull(SessionError):  # noqa: N818
    """The window's limit of unanswered requests is reached."""
