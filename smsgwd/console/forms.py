"""What forms send: fields and files, and whether this site's own page sent them (CSRF)."""

from __future__ import annotations

import hmac
from typing import Final
from urllib.parse import urlsplit

from smsgwd.console.given import Told
from smsgwd.dialects import form as plain
from smsgwd.dialects import multipart
from smsgwd.dialects.form import FORM_TYPE, Fields, FormError
from smsgwd.net.http_message import HttpRequest

CSRF: Final = "csrf"  #: the hidden field
CSRF_HEADER: Final = "x-csrf"  #: the same from htmx


class Form:
    """The fields of a form: each has its values in order; a file is a field, too."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Fields | None = None) -> None:
        self._fields = Fields({}) if fields is None else fields

    def get(self, name: str, default: str = "") -> str:
        """A field's value, blanks around it taken away; `default` where it is empty or not there. Raises Told."""
        return self.raw(name).strip() or default

    def raw(self, name: str) -> str:
        """A field's value as typed: texts and passwords. Raises Told where it is no UTF-8."""
        values = self._texts(name)
        return values[-1] if values else ""

    def all(self, name: str) -> list[str]:
        """All values of a field that are not empty. Raises Told."""
        return [value.strip() for value in self._texts(name) if value.strip()]

    def file(self, name: str) -> bytes:
        """The octets of a file; b'' where none was chosen."""
        return self._fields.first(name) or b""

    def names(self) -> list[str]:
        """The names of all fields, in no order that means anything."""
        return list(self._fields.values)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._fields

    def _texts(self, name: str) -> list[str]:
        # Browsers end the lines of a text with CR LF; people do not mean the CR, and it would be one character more.
        try:
            return [value.decode().replace("\r\n", "\n") for value in self._fields.values.get(name, ())]
        except UnicodeDecodeError:
            raise Told(f"{name} is not in UTF-8", 400) from None


def read_form(request: HttpRequest) -> Form:
    """The form of a request. Raises Told for a body that is none."""
    kind = request.headers.get("content-type", FORM_TYPE)
    try:
        if multipart.is_multipart(kind):
            return Form(multipart.parse(kind, request.body))
        if kind.partition(";")[0].strip().lower() == FORM_TYPE:
            return Form(plain.parse(request.body))
    except FormError as error:
        raise Told(str(error), 400) from None
    raise Told("a form was expected", 415)


def is_ours(request: HttpRequest) -> bool:
    """True unless the browser says that another site's page sent this request."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:  # the browser compares for itself; behind a proxy our name may not be the one that it knows
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    try:
        return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
    except ValueError:  # no browser says that
        return False


def has_token(request: HttpRequest, form: Form, token: str) -> bool:
    """True when a request has the session's token, in the form or in the header."""
    given = request.headers.get(CSRF_HEADER) or form.raw(CSRF)
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())
