"""Somebody at the console without a browser: what a hostile program sends, too, and every header of the answers."""

from __future__ import annotations

import http.client
import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from typing import Any, NamedTuple
from urllib.parse import urlencode

from tests.scenario.client import PATIENCE_S

SESSION = "smsgwd-operators"  #: operators' cookie without TLS
SESSIONS = (SESSION, "smsgwd-tenants")
_MOST = 4_000_000
_STREAM = "text/event-stream"


class Got(NamedTuple):
    """An answer. Of a stream, what had come when it was looked at."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """A header, '' for none."""
        return next((value for each, value in self.headers if each.lower() == name.lower()), "")

    def cookie(self, *names: str) -> str | None:
        """The whole Set-Cookie header of a name (of a session if not given), None for none."""
        set_ = [value for each, value in self.headers if each.lower() == "set-cookie"]
        return next((value for value in set_ if value.partition("=")[0] in (names or SESSIONS)), None)

    @property
    def text(self) -> str:
        """The body."""
        return self.body.decode(errors="replace")


class Filled(NamedTuple):
    """A form of a page as it stands there: where it goes, and its fields."""

    method: str
    action: str
    fields: tuple[tuple[str, str], ...]


class Visitor:
    """Keeps the session's cookie and token as a browser does."""

    def __init__(self, port: int, agent: str = "visitor") -> None:
        self.port = port
        self.agent = agent
        self.session = ""  #: the cookie's value
        self.csrf = ""

    def ask(
        self,
        method: str,
        path: str,
        fields: Mapping[str, str] | Sequence[tuple[str, str]] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Got:
        """One request on a connection of its own; redirects are not followed. `path` is sent as it is."""
        sent = {"User-Agent": self.agent, "Accept": "text/html"}
        if self.session:
            sent["Cookie"] = "; ".join(f"{name}={self.session}" for name in SESSIONS)
        body = fields if fields is None or isinstance(fields, bytes) else urlencode(fields).encode()
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        sent.update(headers or {})
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.putrequest(method, path, skip_host="Host" in sent, skip_accept_encoding=True)
            for name, value in sent.items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            stream = answer.headers.get("Content-Type", "").startswith(_STREAM) and method != "HEAD"
            # Of a stream only what the first reading gave: it does not end.
            data = answer.read1(65536) if stream else answer.read(_MOST)
            return Got(answer.status, answer.getheaders(), data)
        finally:
            connection.close()

    def log_in(self, name: str, secret: str, **more: str) -> Got:
        """The answer to the log-in form; the session is kept where it gave one."""
        answer = self.ask("POST", "/ui/login", {"name": name, "password": secret, **more})
        return self.take(answer)

    def take(self, answer: Got) -> Got:
        """Keep the session that an answer gives, and read its token from a page."""
        given = answer.cookie()
        if given is not None:
            self.session = given.partition(";")[0].partition("=")[2]
        if self.session:
            found = re.search(r'name="csrf" value="([^"]+)"', self.ask("GET", "/ui/").text)
            self.csrf = found[1] if found else ""
        return answer

    def post(self, path: str, fields: Mapping[str, str] | Sequence[tuple[str, str]] = (), **headers: str) -> Got:
        """Send a form with this session's token."""
        pairs = list(fields.items()) if isinstance(fields, Mapping) else list(fields)
        return self.ask("POST", path, [*((n, v) for n, v in pairs if n != "csrf"), ("csrf", self.csrf)], headers)


def forms_of(page: str) -> list[Filled]:
    """The forms of a page that POST something, with what stands in their fields."""
    reader = _Forms()
    reader.feed(page)
    return [form for form in reader.forms if form.method == "post"]


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Filled] = []
        self._area = ""
        self._text = ""
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given: dict[str, Any] = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Filled(given.get("method", "get").lower(), given.get("action", ""), ()))
        elif tag in ("input", "button") and given.get("name"):
            self._add(given["name"], given.get("value", ""))
        elif tag == "textarea":
            self._area, self._text = given.get("name", ""), ""
        elif tag == "select":
            self._select = given.get("name", "")
        elif tag == "option" and self._select and "selected" in given:
            self._add(self._select, given.get("value", ""))

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area:
            self._add(self._area, self._text)
            self._area = ""
        elif tag == "select":
            self._select = ""

    def _add(self, name: str, value: str) -> None:
        if self.forms:
            form = self.forms[-1]
            self.forms[-1] = form._replace(fields=(*form.fields, (name, value)))
