"""The SMS Club style: three gateways (JSON; HTTP with a password or a token; XML), told apart by their paths."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, cast

from smsgwd.dialects.commands import Command
from smsgwd.dialects.dialect import Options
from smsgwd.dialects.http import Answer, Asked, Push, Request
from smsgwd.dialects.smsclub_http import HttpGateway
from smsgwd.dialects.smsclub_json import JsonGateway
from smsgwd.dialects.smsclub_rules import Act
from smsgwd.model.callbacks import Callback
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.refusals import Refused
from smsgwd.model.tenant import Tenant

if TYPE_CHECKING:
    from smsgwd.dialects.smsclub_xml import XmlGateway

_HTTP: Final = ("/http/", "/token/")
_XML: Final = ("/xml/", "/hfw_smpp_addon/")
_JSON: Final = ("/sms/", "/v2/sms/", "/originators/")


class SmsClub:
    """See `dialects.dialect.Dialect`. SMS Club has no callbacks: receipts are the tenant's own native pushes."""

    name = "smsclub"
    owns = (*_JSON, *_HTTP, *_XML)

    def __init__(self, options: Options) -> None:
        self._json = JsonGateway(options.duplicate_s)
        self._http = HttpGateway()

    @cached_property
    def _xml(self) -> XmlGateway:
        """Made when it is first asked for: lxml takes megabytes that a gateway without XML need not have."""
        from smsgwd.dialects.smsclub_xml import XmlGateway

        return XmlGateway()

    @property
    def labels(self) -> tuple[str, ...]:
        """One an endpoint."""
        return (*self._json.labels(), *self._http.labels(), *self._xml.labels())

    def _gateway(self, path: str) -> JsonGateway | HttpGateway | XmlGateway:
        low = path[:20].lower()
        if low.startswith(_HTTP):
            return self._http
        return self._xml if low.startswith(_XML) else self._json

    def read(self, request: Request) -> Asked:
        """Who asks for what. Raises Refused."""
        return self._gateway(request.path).read(request)

    def command(self, asked: Asked, tenant: Tenant, now: int) -> Command:
        """What it comes to for this tenant. Raises Answered, or Refused."""
        return cast("Act", asked.what).command(tenant)

    def answer(self, asked: Asked, command: Command, result: Any, tenant: Tenant) -> Answer:
        """The answer to the command's result. Raises Refused."""
        return cast("Act", asked.what).answer(result, tenant)

    def refused(self, request: Request, asked: Asked | None, refused: Refused) -> Answer:
        """The answer to a request that is refused as a whole."""
        return self._gateway(request.path).refused(refused)

    def receipt(self, item: OutboxItem, callback: Callback) -> Push | None:
        """None: there are no callbacks in this style."""
        return None

    def event(self, kind: str, data: bytes, callback: Callback, url: str, at: int) -> Push | None:
        """None: there are no callbacks in this style."""
        return None
