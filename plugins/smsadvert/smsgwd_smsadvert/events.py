"""SMSAdvert's callback: `{"status": "delivered" | "failed", "msgId": ...}`, posted to the address of the message.

For a request with several numbers the address is the connector's; then `phone` says which one. The page does not
promise it: without it nothing can be told from such a callback.
"""

from __future__ import annotations

from typing import Any, Final

from smsgwd.model.message import State
from smsgwd.providers import Callback, CallbackRefused, CallbackRequest, Host, Report
from smsgwd_smsadvert.sending import LONGEST_ID, together

_STATES: Final = {"delivered": State.DELIVERED, "failed": State.UNDELIVERED}
_OK: Final = b"OK"


def callback(request: CallbackRequest, host: Host) -> Callback:
    """What a callback says. Raises CallbackRefused."""
    fields = _fields(request)
    word, name = fields.get("status", "").strip(), fields.get("msgId", "").strip()
    if not word:
        raise CallbackRefused("status is missing")
    if not name and not request.message_id:
        raise CallbackRefused("msgId is missing")
    if len(name) > LONGEST_ID:
        raise CallbackRefused(f"msgId has more than {LONGEST_ID} characters")
    state, to = _STATES.get(word.lower()), "".join(each for each in fields.get("phone", "") if each in "0123456789")
    if request.message_id:
        return Callback([Report(state, name, request.message_id, word[:64], to=to)], body=_OK)
    if not to:
        host.log("callback_without_phone", msg_id=name)
        return Callback(body=_OK)
    return Callback([Report(state, together(name, to), word=word[:64], to=to)], body=_OK)


def _fields(request: CallbackRequest) -> dict[str, str]:
    """JSON, as the page says; a form and a query are read too."""
    if request.body.lstrip()[:1] == b"{":
        said: Any = request.json()
        return {name: str(value) for name, value in said.items() if isinstance(value, str | int)}
    return request.fields()
