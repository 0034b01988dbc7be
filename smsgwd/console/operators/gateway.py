"""The gateway as a whole: drain, certificates, care of the store."""

from __future__ import annotations

from typing import Any, Final

from smsgwd.console.page import Page
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse

_HERE: Final = "/gateway"


async def show(visit: OperatorVisit) -> HttpResponse:
    """The page."""
    return await _shown(visit)


async def _shown(visit: OperatorVisit, damage: Any = None) -> HttpResponse:
    status, status_why = await visit.tried("status", "show")
    drain, drain_why = await visit.tried("drain", "show")
    store, store_why = await visit.tried("store", "show")
    return visit.show(
        "operators/gateway.html",
        status=status,
        drain=drain,
        store=store,
        damage=damage,
        why={"status": status_why, "drain": drain_why, "store": store_why},
    )


async def drain(visit: OperatorVisit) -> HttpResponse:
    """Take no more messages."""
    await visit.command("drain", "begin")
    return visit.back(_HERE, visit._("New messages are refused until the drain ends."))


async def undrain(visit: OperatorVisit) -> HttpResponse:
    """Take messages again."""
    await visit.command("drain", "end")
    return visit.back(_HERE, visit._("Messages are taken again."))


async def certificates(visit: OperatorVisit) -> HttpResponse:
    """Read the listeners' certificates again."""
    done = await visit.command("tls", "reload")
    told = "\n".join(f"{listener}: {what}" for listener, what in done.items())
    return visit.back(_HERE, told or visit._("No listener has a certificate."))


async def check_store(visit: OperatorVisit) -> HttpResponse:
    """Look for damage."""
    return await _shown(visit, damage=await visit.command("store", "check", deep=visit.form.get("deep")))


async def backup(visit: OperatorVisit) -> HttpResponse:
    """Write a copy."""
    done = await visit.command("store", "backup", file=visit.form.get("file"))
    return visit.back(_HERE, visit._("A copy of the store is in %(file)s.", file=done["file"]))


async def vacuum(visit: OperatorVisit) -> HttpResponse:
    """Give free space back."""
    done = await visit.command("store", "vacuum")
    return visit.back(_HERE, visit._("Octets given back to the file system: %(num)s", num=done["given_back"]))


PAGES: Final = (
    Page("GET", "/gateway", show),
    Page("POST", "/gateway/drain", drain, role="operate", again=show),
    Page("POST", "/gateway/undrain", undrain, role="operate", again=show),
    Page("POST", "/gateway/certificates", certificates, role="operate", again=show),
    Page("POST", "/gateway/store-check", check_store, role="operate", again=show),
    Page("POST", "/gateway/backup", backup, role="operate", again=show),
    Page("POST", "/gateway/vacuum", vacuum, role="operate", again=show),
)
