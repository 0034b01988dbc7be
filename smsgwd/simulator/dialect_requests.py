"""What a customer's program sends to each provider API: a short message a request, or many where an API takes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from smsgwd.simulator.request_template import RequestTemplate

USER: Final = "bench"
PASSWORD: Final = "bench-password"  # noqa: S105 - the credential of a gateway that lives for one measurement
TOKEN: Final = "bench-token"  # noqa: S105 - as above
_SENDER: Final = "Bench"


@dataclass(frozen=True, slots=True)
class DialectRequest:
    """A request as RequestTemplate.other takes it; `expect` is in the answer when the message was accepted. Where the
    API is measured with several numbers, `{dest}` stands in `each`, and they all in the body's `{each}`."""

    path: str
    expect: str
    body: str = ""
    headers: tuple[str, ...] = ()
    each: str = ""

    def template(self, port: int, text: str, size: int = 1) -> RequestTemplate:
        """The requests, of `size` numbers each. Raises ValueError where the API's request has one message."""
        if size > 1 and not self.each:
            raise ValueError("this API is measured with one message a request")
        method = "POST" if self.body else "GET"
        url = f"http://127.0.0.1:{port}{self.path}"
        return RequestTemplate.other(url, method, self.headers, self.body, text, self.each, size)


_QUERY: Final = f"username={USER}&password={PASSWORD}&from={_SENDER}&to={{dest}}"
_JSON: Final = "Content-Type: application/json"

#: By dialect; the texts of numbers differ (`{text}` has `{n}` in it), so that no two messages are the same.
REQUESTS: Final[Mapping[str, DialectRequest]] = {
    "isms": DialectRequest(f"/api/http/send.php?{_QUERY}&message={{text}}", "ID:"),
    "smsclub": DialectRequest(
        "/sms/send",
        "success_request",
        json.dumps({"src_addr": _SENDER, "phone": ["{dest}"], "message": "{text}"}),
        (_JSON, f"Authorization: Bearer {TOKEN}"),
    ),
    "smspresto": DialectRequest(
        f"/console/api/?action=sendsms&user={USER}&pass={PASSWORD}&from={_SENDER}&to={{dest}}&message={{text}}", '"ids"'
    ),
    "smsadvert": DialectRequest(
        "/api/sms/",
        '"msgId"',
        '{"phone":"{each}","shortTextMessage":"{text}","sendAsShort":true}',
        (_JSON, f"Authorization: {TOKEN}"),
        "+{dest}",
    ),
    "ardary": DialectRequest(
        "/api/sendSms",
        '"success"',
        json.dumps(
            {
                "header": {"login": USER, "password": PASSWORD, "sender_name": _SENDER},
                "messages": [{"phone_number": "{dest}", "message": "{text}", "id_sms_api": "{n}"}],
            }
        ),
        (_JSON,),
    ),
    "kannel": DialectRequest(f"/cgi-bin/sendsms?{_QUERY}&text={{text}}", "0: Accepted for delivery"),
    "jasmin": DialectRequest(f"/send?{_QUERY}&content={{text}}", 'Success "'),
}
