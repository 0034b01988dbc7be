"""One request of somebody who is logged in: what a page may ask, and how it answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Any, Final, Protocol
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from smsgwd.accounts.directory import Account
from smsgwd.console.cookies import notice_cookie
from smsgwd.console.forms import Form
from smsgwd.console.given import V1, Commands, Told
from smsgwd.console.languages import translations
from smsgwd.console.render import environment, url
from smsgwd.model.operators import Caller
from smsgwd.model.sessions import Session
from smsgwd.net.http_message import JSON_TYPE, HttpRequest, HttpResponse
from smsgwd.net.http_stream import Stream

_HTML: Final = ("Content-Type", "text/html; charset=utf-8")
_EVENTS: Final = ("Content-Type", "text/event-stream")


class Streams(Protocol):
    """What gives streams of what moves (`live.Live`)."""

    def follow(
        self, visit: Visit, key: Hashable, period_s: float, produce: Callable[[], Awaitable[Mapping[str, str]]]
    ) -> HttpResponse:
        """Answer with what `produce` gives every so many seconds; see there."""
        ...


class Shown(msgspec.Struct):
    """What every page shows around itself."""

    title: str  #: of the installation
    language: str
    theme: str  #: '' = as the system has it, light, dark
    path: str  #: of the page, below the base
    static: Callable[[str], str]  #: gives the URL of a file by name
    live: Streams
    route: str = ""  #: what metrics count it under: the page's path with its slots; '' = there is none
    menu: Sequence[Any] = ()
    notice: tuple[str, str] = ("", "")  #: kind and text of what was just done


class Visit:
    """A page's request. What came with it: `query` and `form`, `slots` by name; who: `session`."""

    def __init__(
        self, request: HttpRequest, session: Session, shown: Shown, slots: Mapping[str, str], form: Form
    ) -> None:
        self.request = request
        self.session = session
        self.shown = shown
        self.slots = slots
        self.form = form
        self.query: dict[str, str] = {name: value.strip() for name, value in request.query}
        self.alert = ""  #: what was refused when the form of this page was sent
        #: Asked with this visit while somebody looks on: whether he still may what he might. None = it is not asked.
        self.still: Callable[[Visit], Awaitable[bool]] | None = None
        self.zone: tzinfo = UTC

    @property
    def rights(self) -> Hashable:
        """What the person may do: who have the same may be shown the same."""
        return ""

    @property
    def live(self) -> Streams:
        """What gives streams of what moves."""
        return self.shown.live

    @property
    def fragment(self) -> bool:
        """True where htmx asks for a piece of a page, not for the page."""
        return "hx-request" in self.request.headers

    def _(self, text: str, **values: object) -> str:
        """A text in the person's language, `%(name)s` in it replaced and `%%` a percent sign, as in templates."""
        return translations(self.shown.language).gettext(text) % values

    def several(self, name: str) -> list[str]:
        """All values that the query has for a name."""
        return [value for each, value in self.request.query if each == name and value]

    def render(self, template: str, /, **values: Any) -> str:
        """A template's text. Besides `values` it has `visit` and `shown`."""
        return environment(self.shown.language).get_template(template).render(visit=self, shown=self.shown, **values)

    def show(self, template: str, /, **values: Any) -> HttpResponse:
        """A page, or a piece of one."""
        return HttpResponse(200, (_HTML,), self.render(template, **values).encode())

    def back(self, path: str, said: str = "", *, kind: str = "ok", **query: Any) -> HttpResponse:
        """Something was done: on to another page, which says so."""
        where = url(path, **query)
        headers: tuple[tuple[str, str], ...] = () if not said else (notice_cookie(kind, said),)
        if self.fragment:
            return HttpResponse(204, (("HX-Redirect", where), *headers))
        return HttpResponse(303, (("Location", where), *headers))

    def file(self, name: str, kind: str, data: bytes) -> HttpResponse:
        """A file to keep. `name` is plain ASCII."""
        return HttpResponse(
            200, (("Content-Type", kind), ("Content-Disposition", f'attachment; filename="{name}"')), data
        )

    def events(self, first: bytes = b"") -> tuple[HttpResponse, Stream]:
        """Server-Sent Events: the answer, and what is written to from now on."""
        stream = Stream()
        # A proxy that gathers answers before it hands them on would hold the events back.
        headers = (_EVENTS, ("X-Accel-Buffering", "no"))
        return HttpResponse(200, headers, b"retry: 3000\n\n" + first, stream=stream), stream


class OperatorVisit(Visit):
    """An operator's."""

    def __init__(self, *args: Any, commands: Commands, caller: Caller) -> None:
        super().__init__(*args)
        self.caller = caller
        self._commands = commands

    async def command(self, noun: str, verb: str, /, **params: str | float | None) -> Any:
        """What an admin command answers. Parameters that are None or '' are not given. Raises Told."""
        given = {name.rstrip("_"): str(value) for name, value in params.items() if value is not None and value != ""}
        return await self._commands.run(noun, verb, given, self.caller)

    async def tried(self, noun: str, verb: str, /, **params: str | float | None) -> tuple[Any, str]:
        """The same, for one of several things on a page: (answer, '') or (None, why it was refused)."""
        try:
            return await self.command(noun, verb, **params), ""
        except Told as told:
            return None, str(told)

    @property
    def rights(self) -> Hashable:
        """The role."""
        return self.caller.role

    def may(self, noun: str, verb: str) -> bool:
        """True when the operator's role is enough for a command."""
        return self.caller.may(self._commands.needs(noun, verb))


class TenantVisit(Visit):
    """A tenant's."""

    def __init__(self, *args: Any, v1: V1, account: Account) -> None:
        super().__init__(*args)
        self.account = account
        self.zone = _zone(account.tenant.time_zone)
        self._v1 = v1

    @property
    def rights(self) -> Hashable:
        """The scopes, and where networks are named: from where it comes."""
        credential = self.account.credential
        return credential.scopes, credential.allow and (credential.allow, self.request.address)

    def may(self, scope: str) -> bool:
        """True when the credential is good for something (model.tenant.SCOPES)."""
        scopes = self.account.credential.scopes
        return not scope or not scopes or scope in scopes

    async def v1(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """What `/v1` answers, decoded; None where it answers nothing. `path` is without `/v1`; what is empty or None
        is not put into the query. Raises Told."""
        answer = await self.v1_raw(method, path, query, None if body is None else msgspec.json.encode(body), headers)
        return msgspec.json.decode(answer.body) if answer.body else None

    async def v1_raw(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """The same with octets in and out: files."""
        pairs: list[tuple[str, str]] = []
        for name, value in (query or {}).items():
            values = value if isinstance(value, list | tuple) else [value]
            pairs += [(name, str(each)) for each in values if each is not None and each != ""]
        request = HttpRequest(
            method,
            "/v1" + path,
            pairs,
            {"content-type": JSON_TYPE, **(headers or {})},
            body or b"",
            self.request.address,
            urlencode(pairs),
        )
        answer = await self._v1.ask(self.account, request)
        if answer.status >= 400:
            raise _told(answer)
        return answer

    async def tried(self, method: str, path: str, query: Mapping[str, Any] | None = None) -> tuple[Any, str]:
        """As `v1`, for one of several things on a page: (answer, '') or (None, why it was refused)."""
        try:
            return await self.v1(method, path, query), ""
        except Told as told:
            return None, str(told)


def _zone(name: str) -> tzinfo:
    """An account's zone; UTC for one that the system has no rules of (any more)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


class _Problem(msgspec.Struct):
    detail: str = ""
    title: str = ""
    code: str = ""


def _told(answer: HttpResponse) -> Told:
    try:
        found = msgspec.json.decode(answer.body, type=_Problem)
    except msgspec.MsgspecError:
        return Told(f"the API answered {answer.status}", answer.status)
    return Told(found.detail or found.title, answer.status, found.code)
