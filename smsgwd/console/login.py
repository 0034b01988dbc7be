"""The page to log in: name and password, and then a code where the person has switched that on."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Final

import msgspec

from smsgwd.console.cookies import session_cookie
from smsgwd.console.door import BASE
from smsgwd.console.forms import Form, read_form
from smsgwd.console.given import Logins, Person, Seal, Sessions, Told
from smsgwd.console.page import is_path
from smsgwd.console.render import environment
from smsgwd.console.visit import Shown
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.net.http_message import RETRY_AFTER, HttpRequest, HttpResponse

#: How long somebody may take from the password to the code.
_CODE_MS: Final = 5 * 60_000
_MOST_AGENT: Final = 200


class _Step(msgspec.Struct, frozen=True):
    """The password was right; sealed in the form that asks for the code."""

    face: str
    person: Person
    until: int


class Login:
    """Answers `/login` of one face."""

    def __init__(
        self, face: str, logins: Logins, sessions: Sessions, seal: Seal, unseal: Seal, now_ms: Callable[[], int]
    ) -> None:
        """`seal` and `unseal` (raises ValueError) are of the installation, so that any node takes the second step."""
        self._face = face
        self._logins = logins
        self._sessions = sessions
        self._seal = seal
        self._unseal = unseal
        self._now_ms = now_ms

    async def answer(self, request: HttpRequest, shown: Shown, method: str, *, secure: bool) -> HttpResponse:
        """The page, or what comes of what was filled in. Raises StoreUnavailable."""
        if method == "GET":
            query = dict(request.query)
            return _page(shown, to=query.get("to", ""), ended="ended" in query)
        if method != "POST":
            raise Told("this page cannot be asked for in this way", 405)
        form = read_form(request)
        try:
            return await self._tried(request, shown, form, secure=secure)
        except Refused as refused:
            status = refused.refusal.http
            page = _page(
                shown, status=status, to=form.get("to"), name=form.get("name"), step=self._step_left(form), why=refused
            )
            wait = RETRY_AFTER.get(refused.refusal)
            headers = page.headers if wait is None else (*page.headers, ("Retry-After", str(wait)))
            return msgspec.structs.replace(page, headers=headers)

    async def _tried(self, request: HttpRequest, shown: Shown, form: Form, *, secure: bool) -> HttpResponse:
        if "step" in form:
            person = self._opened(form.raw("step")).person
            await self._logins.code(person, form.get("code").replace(" ", ""), request.address)
        else:
            person = await self._logins.password(form.get("name"), form.raw("password"), request.address)
            if person.totp:
                step = _Step(self._face, person, self._now_ms() + _CODE_MS)
                sealed = self._seal(base64.b64encode(msgspec.msgpack.encode(step)).decode())
                return _page(shown, to=form.get("to"), name=person.who, step=sealed)
        agent = request.headers.get("user-agent", "")[:_MOST_AGENT]
        cookie, _ = await self._sessions.begin(
            self._face, person.tenant, person.who, person.fingerprint, request.address, agent
        )
        to = form.get("to")
        where = BASE + (to if is_path(to) else "/")
        return HttpResponse(303, (("Location", where), session_cookie(self._face, cookie, secure=secure)))

    def _opened(self, sealed: str) -> _Step:
        """The first step. Raises Refused(UNAUTHENTICATED) for one that is none, too old, or of the other face."""
        try:
            step = msgspec.msgpack.decode(base64.b64decode(self._unseal(sealed)), type=_Step)
        except (ValueError, binascii.Error, msgspec.MsgspecError):
            step = None
        if step is None or step.face != self._face or step.until < self._now_ms():
            raise Refused(Refusal.UNAUTHENTICATED, "log in once more: that took too long")
        return step

    def _step_left(self, form: Form) -> str:
        """The first step for another try of the code; '' where it is over."""
        sealed = form.raw("step")
        try:
            return sealed if sealed and self._opened(sealed) else ""
        except Refused:
            return ""


def _page(
    shown: Shown,
    *,
    status: int = 200,
    to: str = "",
    name: str = "",
    step: str = "",
    ended: bool = False,
    why: Refused | None = None,
) -> HttpResponse:
    page = environment(shown.language).get_template("login.html")
    text = page.render(
        shown=shown, to=to, name=name, step=step, ended=ended, why="" if why is None else why.refusal.code
    )
    return HttpResponse(status, (("Content-Type", "text/html; charset=utf-8"),), text.encode())
