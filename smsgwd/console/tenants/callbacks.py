"""Where receipts and events go, whether they get there, and what they are signed with."""

from __future__ import annotations

from typing import Any, Final

from smsgwd.console.given import Told
from smsgwd.console.page import Page
from smsgwd.console.visit import TenantVisit
from smsgwd.net.http_message import HttpResponse

_SCOPE: Final = "callbacks"
_URLS: Final = ("dlr_url", "webhook_url", "callback_url")
_STYLES: Final = ("native", "ardary")


async def show(visit: TenantVisit) -> HttpResponse:
    """The settings, with a test of each address."""
    return await _page(visit)


async def save(visit: TenantVisit) -> HttpResponse:
    """Have the account told elsewhere. An empty field takes an address away."""
    form = visit.form
    batch = form.get("dlr_batch", "1")
    if not (batch.isascii() and batch.isdigit() and len(batch) <= 4):
        raise Told(visit._("Receipts in a request: a whole number from 1 to 1,000 is expected."))
    body: dict[str, Any] = {name: form.get(name) or None for name in _URLS}
    body |= {"dlr_batch": int(batch), "callback_style": form.get("callback_style", "native")}
    await visit.v1("PUT", "/callbacks", body=body)
    return visit.back("/callbacks", visit._("Saved. Messages that are under way are told of where they were to be."))


async def test(visit: TenantVisit) -> HttpResponse:
    """Send a test event, and show what was answered."""
    to = visit.form.get("to")
    return await _page(visit, trial=await visit.v1("POST", "/callbacks/test", body={"to": to}), to=to)


async def secret(visit: TenantVisit) -> HttpResponse:
    """Another signing secret, shown this once."""
    made = await visit.v1("POST", "/callbacks/secret")
    return visit.show("tenants/callbacks_secret.html", secret=made["secret"])


async def _page(visit: TenantVisit, trial: Any = None, to: str = "") -> HttpResponse:
    kept = await visit.v1("GET", "/callbacks")
    names = (*_URLS, "dlr_batch", "callback_style")
    filled = {name: visit.form.get(name) for name in names} if "dlr_url" in visit.form else {}
    settings = {name: filled.get(name, str(kept[name] or "")) for name in names}
    return visit.show("tenants/callbacks.html", kept=kept, settings=settings, styles=_STYLES, trial=trial, tried=to)


PAGES: Final = (
    Page("GET", "/callbacks", show, scope=_SCOPE),
    Page("POST", "/callbacks", save, scope=_SCOPE, again=show),
    Page("POST", "/callbacks/test", test, scope=_SCOPE, again=show),
    Page("POST", "/callbacks/secret", secret, scope=_SCOPE, again=show),
)
