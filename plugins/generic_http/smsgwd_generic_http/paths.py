"""Where something stands in an answer or a callback: JSONPath, XPath, regex, header, query, form, all as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import jsonpath
import msgspec
import re2

_UNREAD: Final = object()
_MOST_ENTRIES: Final = 2000


def checked_regex(pattern: str) -> Any:
    """The compiled pattern (RE2: time linear in the text). Raises ValueError for one that is none."""
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        raise ValueError(f"is no regex: {said.decode() if isinstance(said, bytes) else said}") from None


def checked_jsonpath(path: str) -> Any:
    """The compiled path (RFC 9535). Raises ValueError for one that is none."""
    try:
        return jsonpath.compile(path)
    except (jsonpath.JSONPathError, RecursionError) as error:
        raise ValueError(f"is no JSONPath: {str(error).splitlines()[0] if str(error) else 'empty'}") from None


def text_of(value: Any) -> str:
    """A JSON value as text: `true`, `12`, nothing for null, compact JSON for lists and objects."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    try:
        return msgspec.json.encode(value).decode()
    except (RecursionError, ValueError, TypeError, msgspec.MsgspecError):
        return ""


class Document:
    """One answer or callback, or one entry of it: what `Where` looks into. Each form is read when first asked for."""

    __slots__ = ("_json", "_xml", "body", "charset", "fields", "headers", "status")

    def __init__(
        self,
        body: bytes = b"",
        *,
        status: int = 0,
        headers: Mapping[str, str] = {},
        fields: Mapping[str, str] = {},
        charset: str = "utf-8",
    ) -> None:
        """`headers` have names in lower case; `fields` are those of a callback's query and form."""
        self.body = body
        self.status = status
        self.headers = headers
        self.fields = fields
        self.charset = charset
        self._json: Any = _UNREAD
        self._xml: Any = _UNREAD

    @property
    def text(self) -> str:
        """The body; octets that do not fit the charset are replaced."""
        try:
            return self.body.decode(self.charset, "replace")
        except (UnicodeError, LookupError, ValueError):  # a codec that cannot replace
            return self.body.decode("utf-8", "replace")

    @property
    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        if self._json is _UNREAD:
            try:
                self._json = msgspec.json.decode(self.body)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                self._json = None
        return self._json

    @property
    def xml(self) -> Any:
        """The body's root element; None where it is no XML."""
        if self._xml is _UNREAD:
            from smsgwd_generic_http.xml import parsed_xml

            self._xml = parsed_xml(self.body)
        return self._xml

    def entry(self, *, json: Any = _UNREAD, xml: Any = _UNREAD) -> Document:
        """The same but for its JSON or XML, which is an entry's; of a JSON entry, `text` is that entry."""
        body = self.body if json is _UNREAD else text_of(json).encode()
        made = Document(body, status=self.status, headers=self.headers, fields=self.fields, charset=self.charset)
        if json is not _UNREAD:
            made.charset = "utf-8"
            made._json = json
        made._xml = self._xml if xml is _UNREAD else xml
        return made


class Path:
    """A compiled JSONPath or XPath."""

    __slots__ = ("_json", "_xml")

    def __init__(self, *, json: str = "", xpath: str = "") -> None:
        """Raises ValueError for a path that is none."""
        self._json: Any = checked_jsonpath(json) if json else None
        self._xml: Any = None
        if xpath:
            from smsgwd_generic_http.xml import checked_xpath

            self._xml = checked_xpath(xpath)

    def entries(self, document: Document) -> list[Document]:
        """A document for each place found."""
        if self._json is not None:
            return [document.entry(json=value) for value in self._values(document)]
        from smsgwd_generic_http.xml import found_by

        root = document.xml
        found = [] if root is None else found_by(self._xml, root)[:_MOST_ENTRIES]
        return [document.entry(xml=node) for node in found if hasattr(node, "itertext")]

    def texts(self, document: Document) -> Iterator[str]:
        """What is found, each as text."""
        if self._json is not None:
            yield from map(text_of, self._values(document))
            return
        from smsgwd_generic_http.xml import found_by
        from smsgwd_generic_http.xml import text_of as xml_text

        root = document.xml
        if root is not None:
            yield from map(xml_text, found_by(self._xml, root))

    def is_there(self, document: Document) -> bool:
        """Whether it finds anything: an element, also an empty one; a JSON value that is not null or empty text."""
        if self._json is not None:
            return any(text_of(value) for value in self._values(document))
        from smsgwd_generic_http.xml import found_by

        root = document.xml
        return root is not None and any(found is not False and found != "" for found in found_by(self._xml, root))

    def _values(self, document: Document) -> list[Any]:
        value = document.json
        if not isinstance(value, dict | list):
            return []
        try:
            return list(self._json.findall(value))[:_MOST_ENTRIES]
        except (jsonpath.JSONPathError, RecursionError, TypeError, ValueError):
            return []
