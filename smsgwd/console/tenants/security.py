"""What somebody sees to about the own login: the password, and codes from a phone."""

from __future__ import annotations

from typing import Final

from smsgwd.console.page import Page
from smsgwd.console.render import segment
from smsgwd.console.visit import TenantVisit
from smsgwd.net.http_message import HttpResponse

_SCOPE: Final = "credentials"


async def show(visit: TenantVisit) -> HttpResponse:
    """The page."""
    codes = await visit.v1("GET", _totp(visit))
    return visit.show("tenants/security.html", codes=codes, name=visit.account.credential.name, path=_path(visit))


async def begin(visit: TenantVisit) -> HttpResponse:
    """A secret for the phone, shown this once, and the form for the first code."""
    told = await visit.v1("POST", _totp(visit), body={})
    secret = told["secret"]
    parted = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    return visit.show("tenants/security_codes.html", secret=parted, uri=told["uri"])


async def first_code(visit: TenantVisit) -> HttpResponse:
    """The form for the first code once more: the secret is in the phone already."""
    return visit.show("tenants/security_codes.html", secret="", uri="")


async def confirm(visit: TenantVisit) -> HttpResponse:
    """The first code: from now on one is asked for at each log-in."""
    await visit.v1("POST", _totp(visit), body={"code": visit.form.get("code").replace(" ", "")})
    return visit.back("/security", visit._("From now on a code is asked for when you log in."))


async def off(visit: TenantVisit) -> HttpResponse:
    """Codes are asked for no more."""
    await visit.v1("DELETE", _totp(visit))
    return visit.back("/security", visit._("You log in without a code now."))


def _totp(visit: TenantVisit) -> str:
    return f"/credentials/password/{segment(visit.account.credential.name)}/totp"


def _path(visit: TenantVisit) -> str:
    return f"/keys/password/{segment(visit.account.credential.name)}"


PAGES: Final = (
    Page("GET", "/security", show, scope=_SCOPE),
    Page("POST", "/security/codes", begin, scope=_SCOPE, again=show),
    Page("GET", "/security/codes", first_code, scope=_SCOPE),
    Page("POST", "/security/codes/confirm", confirm, scope=_SCOPE, again=first_code),
    Page("POST", "/security/codes/off", off, scope=_SCOPE, again=show),
)
