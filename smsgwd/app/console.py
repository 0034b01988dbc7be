"""The console, joined: what its pages are given, and where it stands before the listeners' handlers.

Nothing of `smsgwd.console` but its door is imported before a browser asks for a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec
from twisted.internet.defer import maybeDeferred

from smsgwd.app.console_logins import TenantLogins
from smsgwd.app.core import Core
from smsgwd.app.operations import Operations
from smsgwd.config import Config
from smsgwd.console.door import Door, to_console
from smsgwd.model.operators import Caller, Role
from smsgwd.net.http_message import Handler, HttpRequest
from smsgwd.northbound.api import NativeApi
from smsgwd.northbound.auth import PasswordAuthenticator, permit
from smsgwd.ops.registry import CommandError, NotPermittedError, Registry

if TYPE_CHECKING:
    from smsgwd.console.site import Face

_SEALED_FOR: Final = "console\n"  # so that nothing else that is sealed passes for the first step of a login


class Commands:
    """Implements console.given.Commands over the registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def run(self, noun: str, verb: str, params: Mapping[str, str], caller: Caller) -> Any:
        """See there."""
        from smsgwd.console.given import Told

        try:
            return await maybeDeferred(self._registry.run, noun, verb, params, caller)
        except NotPermittedError as refused:
            raise Told(str(refused), 403) from None
        except CommandError as refused:
            raise Told(str(refused)) from None

    def needs(self, noun: str, verb: str) -> Role:
        """See there."""
        try:
            return self._registry.find(noun, verb).needs
        except CommandError:
            return "admin"


class Consoles:
    """Both faces. `registry` is set before the first request can come."""

    registry: Registry

    def __init__(
        self,
        config: Config,
        core: Core,
        reactor: Any,
        api: NativeApi,
        authenticator: PasswordAuthenticator,
        operations: Operations,
    ) -> None:
        self._config = config
        self._core = core
        self._reactor = reactor
        self._api = api
        self._authenticator = authenticator
        self._people = operations.people

    def operators(self, handler: Handler) -> Handler:
        """The ops listener's handler with operators' pages before it, where they are served. A browser that asks for
        `/` is led to them."""
        if not self._config.console.enabled:
            return handler

        def handle(request: HttpRequest) -> Any:
            return to_console(request) or handler(request)

        return Door(self._operators).over(handle)

    def tenants(self, handler: Handler) -> Handler:
        """The tenants' handler with tenants' pages before it, where they are served."""
        return Door(self._tenants).over(handler) if self._config.console.tenants else handler

    def _operators(self) -> Handler:
        from smsgwd.console.operators import menu
        from smsgwd.console.site import Site
        from smsgwd.console.visit import OperatorVisit

        commands = Commands(self.registry)
        sessions = self._people.sessions

        def visit(request: HttpRequest, session: Any, *rest: Any) -> OperatorVisit | None:
            caller = msgspec.structs.replace(sessions.caller_of(session), address=request.address)
            found = OperatorVisit(request, session, *rest, commands=commands, caller=caller)
            return found if caller.may("read") else None

        return Site(self._face("operators", menu, visit, self._people.logins), *self._parts())

    def _tenants(self) -> Handler:
        from smsgwd.console.site import Site
        from smsgwd.console.tenants import menu
        from smsgwd.console.visit import TenantVisit

        sessions = self._people.sessions

        def visit(request: HttpRequest, session: Any, *rest: Any) -> TenantVisit | None:
            account = sessions.account_of(session)
            if account is None:
                return None
            permit(account.credential, request.address, "")  # what moves is shared: it asks the API for one of all
            return TenantVisit(request, session, *rest, v1=self._api, account=account)

        logins = TenantLogins(self._authenticator, self._core.totp)
        return Site(self._face("tenants", menu, visit, logins), *self._parts())

    def _face(self, name: str, menu: Any, visit: Any, logins: Any) -> Face:
        from smsgwd.console.login import Login
        from smsgwd.console.site import Face

        listener = self._config.listeners.ops if name == "operators" else self._config.listeners.http
        encrypted = listener is not None and listener.tls is not None
        sessions, vault = self._people.sessions, self._core.vault

        def seal(text: str) -> str:
            return vault.seal(_SEALED_FOR + text)

        def unseal(text: str) -> str:
            opened = vault.open(text)
            if not opened.startswith(_SEALED_FOR):
                raise ValueError("this was sealed for something else")
            return opened.removeprefix(_SEALED_FOR)

        return Face(
            name=name,
            title=lambda: self._people.section.title,
            pages=menu.PAGES,
            menu=menu.MENU,
            sessions=sessions,
            login=Login(name, logins, sessions, seal, unseal, self._core.clock.now_ms),
            visit=visit,
            allows=menu.allows,
            # A proxy that ends TLS says so; whoever says it without one only keeps his own cookie from being taken.
            secure=lambda request: encrypted or request.headers.get("x-forwarded-proto") == "https",
        )

    def _parts(self) -> tuple[Any, Any]:
        from smsgwd.console.live import Live
        from smsgwd.console.statics import Statics

        return Statics(), Live(self._reactor)
