"""A console between fakes: the pages of a face, with commands or an API that answer as a test says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from smsgwd.accounts.directory import Account
from smsgwd.console.cookies import session_name
from smsgwd.console.forms import Form
from smsgwd.console.given import Person, Told
from smsgwd.console.live import Live
from smsgwd.console.login import Login
from smsgwd.console.operators import menu as operators
from smsgwd.console.site import Face, Site
from smsgwd.console.statics import Statics
from smsgwd.console.tenants import menu as tenants
from smsgwd.console.visit import OperatorVisit, Shown, TenantVisit
from smsgwd.model.operators import Caller, Role
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.sessions import Session
from smsgwd.model.tenant import Credential, Tenant
from smsgwd.net.http_message import HttpRequest, HttpResponse, json_response, problem
from smsgwd.ports.store import StoreUnavailable

COOKIE = "the-cookie"
TOKEN = "the-token"
NOW = 1_795_000_000_000
#: Verbs of commands that only look, and those of what is an operator's own.
_LOOKS = ("list", "show", "find", "trace", "explain", "statement", "export")
_OWN = ("password", "totp-begin", "totp-confirm", "totp-off", "sessions", "logout", "show")


class FakeSessions:
    """Everybody with the right cookie is logged in."""

    def __init__(self, face: str, role: Role = "admin", account: Account | None = None) -> None:
        self.session: Session | None = Session(face, "", "anna", "f", TOKEN, NOW, NOW, "127.0.0.1", "test")
        if account is not None:
            self.session = msgspec.structs.replace(self.session, tenant=account.tenant.id, who=account.credential.name)
        self.role: Role = role
        self.account = account
        self.begun: list[tuple[str, ...]] = []
        self.ended: list[str] = []
        self.away = ""  #: why the store cannot be asked; '' = it can

    def begin(
        self, face: str, tenant: str, who: str, fingerprint: str, address: str, agent: str
    ) -> Deferred[tuple[str, Session]]:
        self.begun.append((face, tenant, who, fingerprint, address, agent))
        return succeed(("new-cookie", Session(face, tenant, who, fingerprint, TOKEN, NOW, NOW, address, agent)))

    def find(self, cookie: str, *, touch: bool = True) -> Deferred[Session | None]:
        if self.away:
            return fail(StoreUnavailable(self.away))
        return succeed(self.session if cookie == COOKIE else None)

    def end(self, cookie: str) -> Deferred[None]:
        self.ended.append(cookie)
        return succeed(None)

    def caller_of(self, session: Session) -> Caller:
        return Caller(session.who, self.role, "console", session.address)

    def account_of(self, session: Session) -> Account | None:
        return self.account


class FakeLogins:
    """anna with the password right; bert, too, with a code."""

    async def password(self, name: str, secret: str, address: str) -> Person:
        if name == "busy":
            raise Refused(Refusal.TOO_MANY_FAILURES)
        if name not in ("anna", "bert") or secret != "right":
            raise Refused(Refusal.UNAUTHENTICATED)
        return Person("", name, "f", totp=name == "bert")

    async def code(self, person: Person, code: str, address: str) -> None:
        if code != "123456":
            raise Refused(Refusal.UNAUTHENTICATED)


class Stand:
    """What both faces share: requests and what came of them."""

    site: Site

    def __init__(self) -> None:
        self.clock = Clock()
        self.live = Live(self.clock)
        self.cookies = {session_name(face, secure=False): COOKIE for face in ("operators", "tenants")}
        self.headers: dict[str, str] = {}

    def login(self, face: str, sessions: Any) -> Login:
        def unseal(sealed: str) -> str:
            if not sealed.startswith("sealed:"):
                raise ValueError("not ours")
            return sealed[7:]

        return Login(face, FakeLogins(), sessions, lambda text: "sealed:" + text, unseal, lambda: NOW)

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> HttpResponse:
        """The answer to a request. `path` may have a query."""
        plain, _, raw = path.partition("?")
        given = {"host": "gw.test", **self.headers, **{name.replace("_", "-"): text for name, text in headers.items()}}
        if self.cookies:
            given["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        query = parse_qsl(raw, keep_blank_values=True)
        request = HttpRequest(method, "/ui" + plain, query, given, body, "192.0.2.1", raw)
        answer = self.site(request)
        if isinstance(answer, HttpResponse):
            return answer
        found: list[Any] = []
        answer.addBoth(found.append)
        assert found, "the page waits for something"
        assert isinstance(found[0], HttpResponse), found[0]
        return found[0]

    def get(self, path: str, **headers: str) -> str:
        """A page's text, which was answered 200."""
        answer = self.ask("GET", path, **headers)
        assert answer.status == 200, (answer.status, answer.headers, answer.body[:2000])
        return answer.body.decode()

    def post(self, path: str, fields: Mapping[str, Any] | None = None, **headers: str) -> HttpResponse:
        """What comes of a form, with the token in it."""
        body = urlencode({"csrf": TOKEN, **(fields or {})}, doseq=True).encode()
        return self.ask("POST", path, body, **headers)

    def done(self, path: str, fields: Mapping[str, Any] | None = None) -> str:
        """Where a form that was taken leads."""
        answer = self.post(path, fields)
        assert answer.status == 303, (answer.status, text_of(answer.body.decode()))
        return dict(answer.headers)["Location"]


class Operators(Stand):
    """Operators' pages; `answers` has what each command says: data, a Told, or what makes it of the parameters."""

    def __init__(self, answers: Mapping[str, Any] | None = None, role: Role = "admin") -> None:
        super().__init__()
        self.answers = dict(answers or {})
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.sessions = FakeSessions("operators", role)
        face = Face(
            name="operators",
            title=lambda: "smsgwd",
            pages=operators.PAGES,
            menu=operators.MENU,
            sessions=self.sessions,
            login=self.login("operators", self.sessions),
            visit=lambda request, session, shown, slots, form: OperatorVisit(
                request, session, shown, slots, form, commands=self, caller=self.sessions.caller_of(session)
            ),
            allows=operators.allows,
            secure=lambda request: False,
        )
        self.site = Site(face, Statics(), self.live)

    async def run(self, noun: str, verb: str, params: Mapping[str, str], caller: Caller) -> Any:
        """As given.Commands. Every parameter is text, as on the socket."""
        name = f"{noun} {verb}"
        assert all(isinstance(value, str) for value in params.values()), params
        self.asked.append((name, dict(params)))
        assert name in self.answers, f"the page asked {name}, of which the test says nothing"
        answer = self.answers[name]
        if callable(answer):
            answer = answer(params)
        if isinstance(answer, Told):
            raise answer
        return answer

    def needs(self, noun: str, verb: str) -> Role:
        if noun == "operator":
            return "read" if verb in _OWN else "admin"
        return "read" if verb in _LOOKS else "operate"


class Tenants(Stand):
    """A tenant's pages; `answers` has what the API says: 'GET /messages' → data, a Refusal, or what makes it of the
    request."""

    def __init__(self, answers: Mapping[str, Any] | None = None, scopes: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.answers = dict(answers or {})
        self.asked: list[tuple[str, dict[str, list[str]], Any]] = []
        account = Account(Tenant("shop", time_zone="Europe/Athens"), Credential("password", "shop-user", scopes=scopes))
        self.sessions = FakeSessions("tenants", account=account)
        face = Face(
            name="tenants",
            title=lambda: "smsgwd",
            pages=tenants.PAGES,
            menu=tenants.MENU,
            sessions=self.sessions,
            login=self.login("tenants", self.sessions),
            visit=lambda request, session, shown, slots, form: TenantVisit(
                request, session, shown, slots, form, v1=_V1(self), account=account
            ),
            allows=tenants.allows,
            secure=lambda request: False,
        )
        self.site = Site(face, Statics(), self.live)

    def visit(self, account: Account, address: str) -> TenantVisit:
        """Of that account, from there."""
        assert self.sessions.session is not None
        shown = Shown("", "en", "", "/", lambda name: name, self.live)
        request = HttpRequest("GET", "/ui/", [], {}, b"", address)
        return TenantVisit(request, self.sessions.session, shown, {}, Form(), v1=_V1(self), account=account)

    async def ask_v1(self, account: Account, request: HttpRequest) -> HttpResponse:
        """As given.V1."""
        name = f"{request.method} {request.path.removeprefix('/v1')}"
        query: dict[str, list[str]] = {}
        for key, value in request.query:
            query.setdefault(key, []).append(value)
        is_json = request.headers["content-type"] == "application/json"
        body = msgspec.json.decode(request.body) if request.body and is_json else request.body
        self.asked.append((name, query, body))
        assert name in self.answers, f"the page asked {name}, of which the test says nothing"
        answer: Any = self.answers[name]
        if callable(answer) and not isinstance(answer, Refusal):
            answer = answer(request)
        if isinstance(answer, HttpResponse):
            return answer
        if isinstance(answer, Refusal):
            return problem(answer)
        return json_response(200, b"" if answer is None else msgspec.json.encode(answer))


class _V1:
    """A stand's API."""

    def __init__(self, stand: Tenants) -> None:
        self._stand = stand

    async def ask(self, account: Account, request: HttpRequest) -> HttpResponse:
        return await self._stand.ask_v1(account, request)


def text_of(page: str) -> str:
    """A page's words, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page)).strip()
