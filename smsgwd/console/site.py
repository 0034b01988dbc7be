"""A face of the console: finds the page of a request, who asks and in which language, and answers faults as pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from smsgwd.console.cookies import (
    LANGUAGE,
    NOTICE,
    THEME,
    choice_cookie,
    notice_cookie,
    read_cookies,
    read_notice,
    session_cookie,
    session_name,
)
from smsgwd.console.door import BASE
from smsgwd.console.forms import Form, has_token, is_ours, read_form
from smsgwd.console.given import Sessions, Told
from smsgwd.console.languages import LANGUAGES, wanted
from smsgwd.console.live import Live
from smsgwd.console.login import Login
from smsgwd.console.page import Group, Page, Pages, is_path
from smsgwd.console.render import environment, url
from smsgwd.console.statics import Statics
from smsgwd.console.visit import Shown, Visit
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.sessions import Session
from smsgwd.net.http_message import HttpRequest, HttpResponse
from smsgwd.ports.store import StoreUnavailable

_log = Logger()
_STATIC: Final = "/static/"
_THEMES: Final = ("", "light", "dark")
_SECURITY: Final = (
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),  # with no-referrer browsers say `Origin: null` in our own forms
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"),
    ("Cache-Control", "no-store"),
)


class Face(msgspec.Struct, frozen=True):
    """What makes one of the two consoles. `visit` makes a visit of the right kind, or None where whoever it was may
    not come any more; `allows` says whether a page or an entry of the menu is for somebody."""

    name: str  #: operators, tenants
    title: Callable[[], str]
    pages: Sequence[Page]
    menu: Sequence[Group]
    sessions: Sessions
    login: Login
    visit: Callable[[HttpRequest, Session, Shown, dict[str, str], Form], Any]
    allows: Callable[[Any, Any], bool]
    secure: Callable[[HttpRequest], bool]  #: True where the browser came over TLS
    start: str = "/"  #: the page after logging in


class Site:
    """A `net.http_message.Handler` for what is below the base."""

    def __init__(self, face: Face, statics: Statics, live: Live) -> None:
        self._face = face
        self._live = live
        self._pages = Pages(face.pages)
        self._statics = statics

    def __call__(self, request: HttpRequest) -> HttpResponse | Deferred[HttpResponse]:
        """The answer to a request; never fails."""
        path = request.path[len(BASE) :] or "/"
        if path.startswith(_STATIC) and request.method in ("GET", "HEAD"):
            found = self._statics.answer(request, path[len(_STATIC) :])
            if found is not None:
                return found
        return Deferred.fromCoroutine(self._answer(request, path))

    async def _answer(self, request: HttpRequest, path: str) -> HttpResponse:
        cookies = read_cookies(request.headers)
        shown = self._shown(request, cookies, path)
        try:
            answer = await self._found(request, cookies, shown, path)
        except Told as told:
            answer = self._fault(request, shown, told.status, str(told))
        except Refused as refused:
            answer = self._fault(request, shown, refused.refusal.http, refused.detail or refused.refusal.title)
        except StoreUnavailable as away:
            # What it says names hosts and files: for operators who are logged in.
            why = f": {away}" if shown.menu and self._face.name == "operators" else ""
            answer = self._fault(request, shown, 503, f"the store cannot be reached{why}")
        except Exception:
            _log.failure("a page of the console failed")
            answer = self._fault(request, shown, 500, "This page failed; the gateway's log says why.")
        headers = answer.headers
        if shown.notice[1] and answer.status == 200 and not _is_fragment(request):
            headers = (*headers, notice_cookie("", ""))
        return msgspec.structs.replace(answer, headers=(*headers, *_SECURITY), route=BASE + shown.route)

    async def _found(self, request: HttpRequest, cookies: dict[str, str], shown: Shown, path: str) -> HttpResponse:
        """The answer; `shown.route` is set where there is such a page."""
        face, method = self._face, "GET" if request.method == "HEAD" else request.method
        if method == "POST" and not is_ours(request):
            raise Told("this form was sent by another site's page", 403)
        secure = face.secure(request)
        cookie = cookies.get(session_name(face.name, secure=secure), "")
        if path == "/login":
            shown.route = path
            return await face.login.answer(request, shown, method, secure=secure)
        if path == "/choices" and method == "POST":  # by whoever looks, logged in or not
            shown.route = path
            return self._chosen(read_form(request))
        session = await face.sessions.find(cookie) if cookie else None
        if session is None or session.face != face.name:
            return self._to_login(request, path, secure=secure, ended=bool(cookie))
        form = Form()
        if method == "POST":
            form = read_form(request)
            if not has_token(request, form, session.csrf):
                raise Told("this form is of an older session: go back, load the page anew and try again", 403)
            if path == "/logout":
                shown.route = path
                await face.sessions.end(cookie)
                self._live.leave(session)
                return HttpResponse(303, (("Location", url("/login")), session_cookie(face.name, "", secure=secure)))
        found = self._pages.find(path)
        if found is None:
            raise Told("there is no such page", 404)
        page = found[0].get(method)
        if page is None:
            raise Told("this page cannot be asked for in this way", 405)
        shown.route = page.path
        visit = face.visit(request, session, shown, dict(zip(page.slots, found[1], strict=True)), form)
        if visit is None:
            return self._to_login(request, path, secure=secure, ended=True)
        visit.still = partial(self._still, cookie)
        shown.menu = [
            Group(group.text, items)
            for group in face.menu
            if (items := tuple(item for item in group.items if face.allows(visit, item)))
        ]
        if not face.allows(visit, page):
            raise Told("this page is not for your role", 403)
        return await self._visited(visit, page)

    async def _still(self, cookie: str, visit: Visit) -> bool:
        """Whether somebody who looks on is logged in and may what he might when he began. Raises StoreUnavailable."""
        session = await self._face.sessions.find(cookie, touch=False)
        if session is None:
            return False
        try:
            now = self._face.visit(visit.request, session, visit.shown, dict(visit.slots), visit.form)
        except Refused:  # from where it comes is no more among the credential's networks
            return False
        return now is not None and bool(now.rights == visit.rights)

    async def _visited(self, visit: Visit, page: Page) -> HttpResponse:
        """The page, or the one that it is sent from with what was refused."""
        try:
            return await page.view(visit)
        except (Told, Refused) as refused:
            if page.again is None or visit.fragment:
                raise
            visit.alert = str(refused) if isinstance(refused, Told) else refused.detail or refused.refusal.title
            answer = await page.again(visit)
            status = refused.status if isinstance(refused, Told) else refused.refusal.http
            return msgspec.structs.replace(answer, status=status)

    def _to_login(self, request: HttpRequest, path: str, *, secure: bool, ended: bool) -> HttpResponse:
        """To the page to log in, and from there to where somebody wanted to go."""
        wish = "" if path in ("/", "/logout") or request.method not in ("GET", "HEAD") else path
        if wish and request.raw_query:
            wish += "?" + request.raw_query
        where = url("/login", to=wish, ended="1" if ended else "")
        forget = (session_cookie(self._face.name, "", secure=secure),) if ended else ()
        if _is_fragment(request):
            return HttpResponse(401, (("HX-Redirect", where), *forget))
        return HttpResponse(303, (("Location", where), *forget))

    def _chosen(self, form: Form) -> HttpResponse:
        """Somebody chose a language or a theme; perhaps on the page that answered a form."""
        headers: list[tuple[str, str]] = []
        if form.get("language") in LANGUAGES:
            headers.append(choice_cookie(LANGUAGE, form.get("language")))
        if "theme" in form and form.get("theme") in _THEMES:
            headers.append(choice_cookie(THEME, form.get("theme")))
        to = form.get("to")
        if not is_path(to):
            raise Refused(Refusal.INVALID, "to is no page of the console")
        return HttpResponse(303, (("Location", BASE + self._pages.above(to)), *headers))

    def _shown(self, request: HttpRequest, cookies: dict[str, str], path: str) -> Shown:
        theme = cookies.get(THEME, "")
        return Shown(
            title=self._face.title(),
            language=wanted(cookies.get(LANGUAGE, ""), request.headers.get("accept-language", "")),
            theme=theme if theme in _THEMES else "",
            path=path,
            notice=read_notice(cookies.get(NOTICE, "")),
            static=self._statics.url,
            live=self._live,
        )

    def _fault(self, request: HttpRequest, shown: Shown, status: int, text: str) -> HttpResponse:
        """Something is wrong, as a page, or as a piece of one where htmx asked."""
        template = "fault_piece.html" if _is_fragment(request) else "fault.html"
        page = environment(shown.language).get_template(template).render(shown=shown, status=status, text=text)
        return HttpResponse(status, (("Content-Type", "text/html; charset=utf-8"),), page.encode())


def _is_fragment(request: HttpRequest) -> bool:
    return "hx-request" in request.headers
