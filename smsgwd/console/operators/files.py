"""Tables that operators give: a file, or lines typed into the page; and lists that come out as files."""

from __future__ import annotations

from typing import Final

from smsgwd.console.given import Told
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse

CSV: Final = "text/csv; charset=utf-8"
JSON_LINES: Final = "application/x-ndjson"
YAML: Final = "application/yaml"


def given_table(visit: OperatorVisit) -> str:
    """The text of the form's `file`, else of its `csv`. Raises Told where there is neither, or it is no UTF-8."""
    octets = visit.form.file("file")
    if octets:
        try:
            return octets.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Told(visit._("The file is not in UTF-8."), 400) from None
    typed = visit.form.raw("csv")
    if not typed.strip():
        raise Told(visit._("Choose a file, or type the lines."), 400)
    return typed


def saved(visit: OperatorVisit, name: str, kind: str, text: str) -> HttpResponse:
    """A file to keep, with a newline at its end."""
    plain = "".join(each if each.isascii() and (each.isalnum() or each in "._-") else "_" for each in name)
    return visit.file(plain, kind, f"{text}\n".encode() if text and not text.endswith("\n") else text.encode())
