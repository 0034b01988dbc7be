"""Requests made of their options: values by name, escaped for where they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import msgspec

from smsgwd.providers import Outbound, Request
from smsgwd.providers.http import basic
from smsgwd_generic_http.options import GenericOptions
from smsgwd_generic_http.requests_options import OWN_VALUES, RequestShape
from smsgwd_generic_http.signing import signed_request
from smsgwd_generic_http.templates import Escape, Template, for_header, for_json_text, for_url, for_xml

Values = dict[str, str]
_parsed = lru_cache(maxsize=4096)(Template)
_LEFT_OUT: Final = object()
_VALIDITY: Final = ("validity_s", "validity_min")
_TYPES: Final = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "xml": "text/xml",
    "text": "text/plain",
}


def values_of(message: Outbound, words: Mapping[str, Mapping[str, str]], now_ms: int) -> Values:
    """A message's values; `words` are the provider's own for some."""
    left_s = max(60, (message.deadline_ms - now_ms) // 1000) if message.deadline_ms else 0
    said = {
        "coding": message.alphabet,
        "flash": "true" if message.flash else "false",
        "priority": str(message.priority),
    }
    said |= {name: words[name].get(word, word) for name, word in said.items() if name in words}
    sender = message.sender
    return {
        **said,
        "id": message.id,
        "to": message.to,
        "to_plus": f"+{message.to}" if message.to else "",
        "from": sender,
        "from_plus": f"+{sender}" if sender.isascii() and sender.isdigit() and len(sender) > 6 else sender,
        "text": message.text,
        "callback_url": message.callback_url,
        "parts": str(message.parts),
        "validity_s": str(left_s) if left_s else "",
        "validity_min": str(max(1, left_s // 60)) if left_s else "",
        "client_ref": message.client_ref,
    }


def joined(each: Sequence[Values], separator: str) -> Values:
    """Values of a group: those of one message joined, the shortest validity, the rest of the first."""
    if len(each) == 1:
        return each[0]
    made = dict(each[0])
    for name in made:
        if name in OWN_VALUES:
            made[name] = separator.join(one[name] for one in each)
        elif name in _VALIDITY:
            made[name] = min((one[name] for one in each if one[name]), key=int, default="")
    return made


class RequestMaker:
    """One of the provider's requests."""

    def __init__(self, shape: RequestShape, options: GenericOptions, separator: str = ",") -> None:
        self._shape = shape
        self._auth = options.auth
        self._separator = separator
        self._secrets = {f"secret:{name}": value.get_secret_value() for name, value in options.secrets.items()}
        self._url = Template(options.base_url + shape.url if shape.url.startswith("/") else shape.url)
        self._query = {name: Template(text) for name, text in shape.query.items()}
        self._headers = {name: Template(text) for name, text in shape.headers.items()}
        body = shape.body
        self._kind = ""
        if body is not None:
            self._kind = next(
                kind
                for kind, value in (("form", body.form), ("xml", body.xml), ("text", body.text), ("json", True))
                if value is not None
            )

    def make(self, each: Sequence[Values], common: Values) -> Request:
        """The request for messages of these values; none for a question about nothing in particular.

        Raises UnicodeEncodeError for text that the charset lacks.
        """
        shape, charset = self._shape, self._shape.charset
        own = [{**self._secrets, **common, **values} for values in each] or [{**self._secrets, **common}]
        values = joined(own, self._separator)
        query = [*self._fields(self._query, values)]
        query += [(name, value.get_secret_value()) for name, value in self._auth.query.items()]
        url = self._url.fill(values, for_url(charset))
        if query:
            url += ("&" if "?" in url else "?") + urlencode(query, encoding=charset, errors="strict")
        body, content_type = self._body(own, values)
        headers = {} if shape.body is None else {"Content-Type": content_type}
        for name, template in self._headers.items():
            if not template.is_left_out(values):
                headers[name] = template.fill(values, for_header)
        headers |= self._credentials()
        request = Request(shape.method or ("GET" if shape.body is None else "POST"), url, headers, body)
        return request if self._auth.hmac is None else signed_request(request, self._auth.hmac, values)

    def _credentials(self) -> dict[str, str]:
        auth = self._auth
        headers: dict[str, str] = {}
        if auth.basic is not None:
            headers["Authorization"] = basic(auth.basic.username, auth.basic.password.get_secret_value())
        if auth.bearer is not None:
            headers["Authorization"] = for_header(f"Bearer {auth.bearer.get_secret_value()}")
        if auth.header is not None:
            headers[auth.header.name] = for_header(auth.header.value.get_secret_value())
        return headers

    @staticmethod
    def _fields(templates: Mapping[str, Template], values: Values) -> list[tuple[str, str]]:
        return [(name, text.fill(values)) for name, text in templates.items() if not text.is_left_out(values)]

    def _body(self, own: Sequence[Values], values: Values) -> tuple[bytes, str]:
        body, charset = self._shape.body, self._shape.charset
        if body is None:
            return b"", ""
        content_type = body.content_type or _TYPES[self._kind]
        if body.form is not None:
            fields = self._fields({name: _parsed(text) for name, text in body.form.items()}, values)
            fields += [(name, value.get_secret_value()) for name, value in self._auth.form.items()]
            return urlencode(fields, encoding=charset, errors="strict").encode("ascii"), content_type
        if body.xml is not None:
            if body.content_type is None:
                content_type += f"; charset={charset}"
            return _parsed(body.xml).fill(values, for_xml).encode(charset, "xmlcharrefreplace"), content_type
        if body.text is not None:
            escapes: dict[str, Escape] = {
                "url": lambda value: quote_plus(value, encoding=charset, errors="strict"),
                "json": for_json_text,
                "xml": for_xml,
                "none": str,
            }
            if body.content_type is None:
                content_type += f"; charset={charset}"
            return _parsed(body.text).fill(values, escapes[body.escape]).encode(charset), content_type
        made = _json(body.json_body, own, values)
        return msgspec.json.encode(None if made is _LEFT_OUT else made), content_type


def _json(value: Any, own: Sequence[Values], values: Values) -> Any:
    """A JSON value with its texts filled in; `_LEFT_OUT` for one whose values are all empty."""
    if isinstance(value, str):
        template = _parsed(value)
        return _LEFT_OUT if template.is_left_out(values) else template.fill(values)
    if isinstance(value, Mapping):
        if "$each" in value:
            made = [_json(value["$each"], [one], one) for one in own]
            return [one for one in made if one is not _LEFT_OUT]
        if "$number" in value:
            return _number(_parsed(value["$number"]).fill(values))
        if "$bool" in value:
            text = _parsed(value["$bool"]).fill(values).lower()
            return _LEFT_OUT if not text else text in ("true", "1", "yes", "on")
        pairs = ((key, _json(one, own, values)) for key, one in value.items())
        return {key: one for key, one in pairs if one is not _LEFT_OUT}
    if isinstance(value, list | tuple):
        items = [_json(one, own, values) for one in value]
        return [one for one in items if one is not _LEFT_OUT]
    return value


def _number(text: str) -> Any:
    """An integer, or one with a point; what is neither is left out."""
    text = text.strip()
    sign, plain = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, point, rest = plain.partition(".")
    if not (
        whole.isascii() and whole.isdigit() and len(whole) <= 18 and (not point or (rest.isascii() and rest.isdigit()))
    ):
        return _LEFT_OUT
    return float(text) if point else int(sign + whole)
