"""Delivery reports: what iSMS is asked to call, and what it said when it did.

The page has `dlr-url` and no parameters of it. Gateways of this kind fill in Kannel's escapes (Kannel user guide,
'Parameters (Escape Codes)'), others add parameters of their own: we ask for the former, and read both.
"""

from __future__ import annotations

import re
from typing import Final

from smsgwd.model.message import State
from smsgwd.providers import Callback, CallbackRequest, Report
from smsgwd_isms.answers import STATES

#: `%p` is the recipient and `%P` the sender; some have them the other way about.
_ESCAPES: Final = "mid=%I&mobile=%p&other=%P&dlr=%d&said=%A"
#: Kannel's numbers (user guide, 'Delivery Reports'): 4 and 8 are on the way.
_KANNEL: Final[dict[str, tuple[str, State | None]]] = {
    "1": ("Delivered", State.DELIVERED),
    "2": ("Failed", State.UNDELIVERED),
    "4": ("Buffered", None),
    "8": ("Accepted", None),
    "16": ("Rejected", State.REJECTED),
}
_MID = re.compile(r"[0-9A-Za-z]{1,40}\Z", re.ASCII)
_MSISDN = re.compile(r"(?:\+|00)?([1-9][0-9]{6,14})\Z", re.ASCII)
_ERR = re.compile(r"(?:^|\s)err:([0-9A-Za-z]{1,10})(?:\s|\Z)", re.ASCII)
_CODE = re.compile(r"[!-~]{1,40}\Z", re.ASCII)


def report_url(base: str) -> str:
    """The `dlr-url` for an address of ours; '' where there is none."""
    return f"{base}{'&' if '?' in base else '?'}{_ESCAPES}" if base else ""


def foreign_id(mid: str, mobile: str) -> str:
    """How we call one recipient's message: the id is that of the whole request."""
    return f"{mid}/{mobile}"


def read(request: CallbackRequest) -> Callback:
    """The report of a callback. One that does not tell a state, or of what, is answered and left to query.php."""
    fields = {name.lower(): value.strip() for name, value in request.fields().items()}
    word, state = _state(fields)
    mid, mobile = fields.get("mid", ""), _mobile(fields)
    known = _MID.match(mid) is not None and bool(mobile)
    if not word or not (known or request.message_id):
        return Callback()
    report = Report(
        state,
        foreign_id=foreign_id(mid, mobile) if known else "",
        message_id=request.message_id,
        word=word,
        error="" if state is State.DELIVERED else _error(fields),
        to=mobile,
    )
    return Callback((report,))


def _state(fields: dict[str, str]) -> tuple[str, State | None]:
    """The word for a state and the state; '' where none is told."""
    word = fields.get("status", "")
    if word.lower() in STATES:
        return word.capitalize(), STATES[word.lower()]
    return _KANNEL.get(fields.get("dlr", ""), ("", None))


def _mobile(fields: dict[str, str]) -> str:
    """The recipient's digits: a sender is mostly a name, so what is a number is the recipient; '' = none is."""
    for name in ("mobile", "other"):
        found = _MSISDN.match(fields.get(name, ""))
        if found is not None:
            return found[1]
    return ""


def _error(fields: dict[str, str]) -> str:
    """Why it was not delivered: `err`, or that of the SMSC's own text; '' where neither says."""
    error = fields.get("err", "")
    if error and _CODE.match(error):
        return error
    found = _ERR.search(fields.get("said", ""))
    return "" if found is None else found[1]
