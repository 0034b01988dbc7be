"""docs/errors.md, made from the catalogue of refusals."""

from __future__ import annotations

from smsgwd.model.refusals import Refusal
from smsgwd.net.http_message import RETRY_AFTER
from smsgwd.smpp.status import status_name

_HEAD = """# Error codes

Made from `smsgwd/model/refusals.py` by `scripts/gen_api_docs.py`; do not edit.

A refusal has one stable code, whatever protocol it is answered in. Over HTTP it is `code` of a problem document
(RFC 9457) or of the `error` of one recipient; the status is that of a request refused for it alone. Over SMPP it is a
command_status. With *retry after* the answer carries `Retry-After`: nothing was taken, the same request may be sent
again.

| code | HTTP | SMPP | retry after | meaning |
|---|---|---|---|---|
"""


def errors_markdown() -> str:
    """The page."""
    rows = []
    for refusal in Refusal:
        wait = RETRY_AFTER.get(refusal)
        rows.append(
            f"| `{refusal.code}` | {refusal.http} | 0x{refusal.smpp:02X} {status_name(refusal.smpp)} "
            f"| {'' if wait is None else f'{wait} s'} | {refusal.title} |\n"
        )
    return _HEAD + "".join(rows)
