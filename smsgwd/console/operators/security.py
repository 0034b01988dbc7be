"""What is one's own: the password, codes from a phone, and where one is logged in."""

from __future__ import annotations

from typing import Final

from smsgwd.console.given import Told
from smsgwd.console.page import Page
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse
from smsgwd.timespec.rfc3339 import format_epoch_ms


async def show(visit: OperatorVisit) -> HttpResponse:
    """The page. Where it cannot be told whether codes are asked for, both ways are shown."""
    own, _ = await visit.tried("operator", "show", name=visit.caller.who)
    sessions, why = await visit.tried("operator", "sessions", name=visit.caller.who)
    return visit.show(
        "operators/security.html",
        totp="" if own is None else own["totp"],
        sessions=sessions or [],
        here=format_epoch_ms(visit.session.begun_at),
        why=why,
    )


async def password(visit: OperatorVisit) -> HttpResponse:
    """Another password. It ends all sessions, this one, too."""
    form = visit.form
    if not form.raw("secret") or form.raw("secret") != form.raw("repeated"):
        raise Told(visit._("The new password is not twice the same."), 400)
    await visit.command("operator", "password", name=visit.caller.who, secret=form.raw("secret"), old=form.raw("old"))
    return visit.back("/security", visit._("The password is changed. Log in with the new one."))


async def begin_codes(visit: OperatorVisit) -> HttpResponse:
    """A secret for the phone, shown now and never again, and the form for the first code."""
    told = await visit.command("operator", "totp-begin", name=visit.caller.who, old=visit.form.raw("old"))
    secret = told["secret"]
    parted = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    return visit.show("operators/security_codes.html", secret=parted, uri=told["uri"])


async def confirm_codes(visit: OperatorVisit) -> HttpResponse:
    """The first code: from now on one is asked for at each log-in."""
    await visit.command("operator", "totp-confirm", name=visit.caller.who, code=visit.form.get("code").replace(" ", ""))
    return visit.back("/security", visit._("From now on a code is asked for when you log in."))


async def no_codes(visit: OperatorVisit) -> HttpResponse:
    """Codes are asked for no more."""
    await visit.command("operator", "totp-off", name=visit.caller.who, old=visit.form.raw("old"))
    return visit.back("/security", visit._("You log in without a code now."))


async def log_out(visit: OperatorVisit) -> HttpResponse:
    """End one of one's own sessions, or all."""
    await visit.command("operator", "logout", name=visit.caller.who, session=visit.form.get("session"))
    return visit.back("/security", visit._("Logged out."))


async def first_code(visit: OperatorVisit) -> HttpResponse:
    """The form for the first code once more: the secret is in the phone already."""
    return visit.show("operators/security_codes.html", secret="", uri="")


PAGES: Final = (
    Page("GET", "/security", show),
    Page("POST", "/security/password", password, again=show),
    Page("POST", "/security/codes", begin_codes, again=show),
    Page("GET", "/security/codes", first_code),
    Page("POST", "/security/codes/confirm", confirm_codes, again=first_code),
    Page("POST", "/security/codes/off", no_codes, again=show),
    Page("POST", "/security/logout", log_out, again=show),
)
