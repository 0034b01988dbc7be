"""To write a message and send it; while it is written the page tells what would become of it."""

from __future__ import annotations

import secrets
from typing import Any, Final

from smsgwd.console.given import Told
from smsgwd.console.page import Page
from smsgwd.console.render import segment
from smsgwd.console.tenants.draft import VALUE, body, has_text
from smsgwd.console.visit import TenantVisit
from smsgwd.net.http_message import HttpResponse

_SCOPE: Final = "send"
_MOST: Final = 1000  # groups, templates and senders that a choice offers
_CONTACTS: Final = 30
_SHOWN: Final = 20  #: recipients that the preview tells one by one
_REFUSED_SHOWN: Final = 100
#: A request with one of these codes, or that the gateway could not answer, may have been taken: its key stays.
_UNSURE: Final = ("idempotency_running",)


async def show(visit: TenantVisit) -> HttpResponse:
    """The form: empty, or with what was filled in and what would become of it."""
    return await _page(visit)


async def preview(visit: TenantVisit) -> HttpResponse:
    """What would become of it: a piece of the page while somebody types, else the page."""
    if visit.fragment:
        return visit.show("tenants/send_preview.html", **await _told(visit))
    return await _page(visit)


async def send(visit: TenantVisit) -> HttpResponse:
    """Send it, and say of each recipient what became of it. The form's key makes that happen once, however often the
    form comes."""
    key = visit.form.get("key")
    try:
        asked = body(visit)
        if "to" not in asked and "to_group" not in asked:
            raise Told(visit._("Say who gets it: numbers, a group or contacts."))
        if not has_text(asked):
            raise Told(visit._("Write a text, or choose a template."))
        sent = await visit.v1("POST", "/messages", body=asked, headers={"idempotency-key": key} if key else None)
    except Told as told:
        visit.alert = str(told)
        answer = await _page(visit, keep=told.code in _UNSURE or told.status >= 500)
        answer.status = told.status
        return answer
    taken = [each for each in sent["messages"] if each["error"] is None]
    refused = [each for each in sent["messages"] if each["error"] is not None]
    return visit.show("tenants/sent.html", sent=sent, taken=taken, refused=refused)


async def values(visit: TenantVisit) -> HttpResponse:
    """The fields of the chosen template's placeholders, as a piece of the page."""
    return visit.show("tenants/send_values.html", **await _template(visit))


async def contacts(visit: TenantVisit) -> HttpResponse:
    """Contacts to choose from, as a piece of the page."""
    return visit.show("tenants/send_contacts.html", **await _contacts(visit, visit.several("contact")))


async def _page(visit: TenantVisit, *, keep: bool = False) -> HttpResponse:
    """`keep`: the request may have been taken, so that another try is the same one."""
    account, _ = await visit.tried("GET", "/account")
    names = await _senders(visit, account)
    anything = account is None or account["any_sender"] or any(each.endswith("*") for each in account["senders"])
    made = {
        "account": account,
        "names": names,
        "anything": anything,
        "groups": await _names(visit, "/groups", "groups", "contacts"),
        "templates": await _names(visit, "/templates", "templates", "templates"),
        "fields": _Fields(visit),
        "pairs": lambda names: [(name, name) for name in names],
        "key": (visit.form.get("key") if keep else "") or secrets.token_hex(16),
        **await _template(visit),
        **await _contacts(visit, visit.form.all("contact") or visit.several("contact")),
        **await _told(visit),
    }
    return visit.show("tenants/send.html", **made)


async def _told(visit: TenantVisit) -> dict[str, Any]:
    """What the API says would become of it: `preview`, or `why` there is none."""
    found, why = None, ""
    try:
        asked = body(visit)
        if has_text(asked):
            found = await visit.v1("POST", "/preview", body=asked)
    except Told as told:
        why = str(told)
    messages = found["messages"] if found else []
    return {
        "preview": found,
        "why": why,
        "good": [each for each in messages if each["error"] is None][:_SHOWN],
        "bad": [each for each in messages if each["error"] is not None][:_REFUSED_SHOWN],
    }


async def _senders(visit: TenantVisit, account: dict[str, Any] | None) -> list[str]:
    """What one may send under, where that are whole names."""
    names = [name for name in (account["senders"] if account else []) if not name.endswith("*")]
    if visit.may("senders"):
        found, _ = await visit.tried("GET", "/senders", {"limit": _MOST})
        names += [each["name"] for each in (found["senders"] if found else []) if each["status"] == "approved"]
    return list(dict.fromkeys(names))


async def _names(visit: TenantVisit, path: str, member: str, scope: str) -> list[str]:
    """The names of the account's groups or templates; none where the credential is not good for them."""
    if not visit.may(scope):
        return []
    found, _ = await visit.tried("GET", path, {"limit": _MOST})
    return [each["name"] for each in found[member]] if found else []


async def _template(visit: TenantVisit) -> dict[str, Any]:
    """The chosen template, and what was filled in for its placeholders."""
    name = visit.form.get("template") or visit.query.get("template", "")
    template = None
    if name and visit.may("templates"):
        template, _ = await visit.tried("GET", f"/templates/{segment(name)}")
    given = {each: visit.form.raw(VALUE + each) for each in (template["placeholders"] if template else [])}
    return {"template": template, "given": given, "value": VALUE}


async def _contacts(visit: TenantVisit, chosen: list[str]) -> dict[str, Any]:
    """Contacts to choose from: those that are chosen, then those that begin as the search says."""
    found = None
    if visit.may("contacts"):
        found, _ = await visit.tried("GET", "/contacts", {"q": visit.query.get("q"), "limit": _CONTACTS})
    return {"contacts": found["contacts"] if found else None, "chosen": chosen}


class _Fields:
    """What the form has in its fields: what was filled in, else what the page's address says."""

    def __init__(self, visit: TenantVisit) -> None:
        self._visit = visit

    def __call__(self, name: str, default: str = "") -> str:
        if name in self._visit.form:
            return self._visit.form.raw(name)
        return self._visit.query.get(name, default)


PAGES: Final = (
    Page("GET", "/send", show, scope=_SCOPE),
    Page("POST", "/send", send, scope=_SCOPE),
    Page("POST", "/send/preview", preview, scope=_SCOPE),
    Page("POST", "/send/values", values, scope=_SCOPE),
    Page("GET", "/send/contacts", contacts, scope=_SCOPE),
)
