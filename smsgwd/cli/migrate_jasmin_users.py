"""Jasmin's users and groups: a tenant for each user."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from smsgwd.cli.migrate_jasmin_read import Thing, Things
from smsgwd.cli.migrate_output import MigrateError, Output, Place, name_of
from smsgwd.cli.migrate_patterns import UnclearError, numbers, patterns

_CRED = "mt_messaging_cred"
#: Parameters that change nothing as they are.
_NOTHING = {"valuefilter src_addr": ".*", "valuefilter dst_addr": ".*", "valuefilter content": ".*",
            "valuefilter priority": "^[0-3]$", "valuefilter validity_period": r"^\d+$"}  # fmt: skip
_NO_SEND = ("read", "contacts", "templates", "senders", "lookups", "links", "money")


@dataclass(frozen=True, slots=True)
class User:
    """A user's names, and its tenant as it will be written."""

    uid: str
    gid: str
    username: str
    tenant: dict[str, Any]


def convert(things: Things, output: Output) -> list[User]:
    """Tenants of all users, in order."""
    made = []
    for uid, thing in things["user"].items():
        gid = thing.text("gid")
        group = things["group"].get(gid)
        made.append(_user(uid, gid, thing, output, group is not None and group.disabled))
    for gid, thing in things["group"].items():
        if thing.place.line and not any(user.gid == gid for user in made):
            output.tell(thing.place, f"group '{gid[:40]}' has no users")
    return made


def _user(uid: str, gid: str, thing: Thing, output: Output, group_disabled: bool) -> User:
    thing.text("uid")
    username = thing.text("username") or uid
    tenant: dict[str, Any] = {"id": name_of(uid)}
    if thing.disabled or group_disabled:
        tenant["enabled"] = False
    where = thing.where(f"{_CRED} quota balance")
    balance = thing.text(f"{_CRED} quota balance")
    if balance:
        tenant["credit"] = money(balance, where, output)
    _senders(thing, output, tenant)
    _destinations(thing, output, tenant)
    http, smpp = (thing.number(f"{_CRED} quota {way}_throughput") for way in ("http", "smpps"))
    binds = thing.yes("smpps_cred authorization bind", True)
    if http:
        tenant["throughput"] = http + (smpp or 0) if binds else http
        if binds:
            output.tell(
                thing.place, f"user {uid}: http_throughput: the tenant's throughput counts HTTP and SMPP together"
            )
    credentials = _credentials(uid, username, thing, output, binds, smpp)
    if credentials:
        tenant["credentials"] = credentials
    output.add_tenant(tenant)
    _left(uid, thing, output)
    return User(uid, gid, username, tenant)


def _credentials(
    uid: str, username: str, thing: Thing, output: Output, binds: bool, throughput: float | None
) -> list[dict[str, Any]]:
    place = thing.where("password")
    password = thing.text("password")
    sends = thing.yes(f"{_CRED} authorization http_send", True)
    smpp_sends = thing.yes(f"{_CRED} authorization smpps_send", True)
    most = thing.number("smpps_cred quota max_bindings")
    if not password:
        output.tell(place, f"user {uid}: its password is not in this file: set one (smsgwctl credential add)")
        return []
    credentials: list[dict[str, Any]] = []
    if re.fullmatch(r"[^\s:\x00-\x1f\x7f]{1,128}", username):
        credentials.append({"kind": "password", "username": username, "secret": password})
        if not sends:
            credentials[0]["scopes"] = list(_NO_SEND)
    else:
        output.tell(place, f"user {uid}: a username has no blanks and colons: no HTTP credential")
    if not binds:
        return credentials
    if len(password) > 8 or not password.isascii() or not re.fullmatch("[!-~]{1,15}", username):
        output.tell(place, f"user {uid}: no SMPP credential: SMPP has room for 15 characters and a password of 8")
        return credentials
    smpp: dict[str, Any] = {"kind": "smpp", "system_id": username, "secret": password}
    if most:
        smpp["max_binds"] = min(int(most), 1000)
    if throughput:
        smpp["throughput"] = throughput
    if not smpp_sends:
        smpp["scopes"] = ["bind", "read"]
    return [*credentials, smpp]


def _senders(thing: Thing, output: Output, tenant: dict[str, Any]) -> None:
    default = thing.text(f"{_CRED} defaultvalue src_addr")
    if default:
        tenant["default_sender"] = default[:21]
    key = f"{_CRED} valuefilter src_addr"
    place, expression = thing.where(key), thing.text(key)
    if not thing.yes(f"{_CRED} authorization src_addr", True):
        tenant["senders"] = []
    elif expression and expression != ".*":
        try:
            senders = patterns(expression)
            if any(len(sender) > 21 or sender == "" for sender in senders):
                raise UnclearError
            tenant["senders"] = senders
        except UnclearError:
            tenant["senders"] = []
            output.tell(place, f"{key}: is no list of senders: none is allowed until you write them (senders)")


def _destinations(thing: Thing, output: Output, tenant: dict[str, Any]) -> None:
    key = f"{_CRED} valuefilter dst_addr"
    place, expression = thing.where(key), thing.text(key)
    if not expression or expression == ".*":
        return
    try:
        found = [number.removesuffix("*") for number in numbers(expression)]
    except UnclearError:
        tenant["enabled"] = False
        output.tell(place, f"{key}: is no list of prefixes: the tenant is disabled until you write them (destinations)")
        return
    if found != [""]:
        tenant["destinations"] = found


_NOT_LIMITED = {
    "valuefilter": "not converted: any value is taken",
    "authorization": "not converted: who may log in may do this",
}


def _left(uid: str, thing: Thing, output: Output) -> None:
    for key, (value, place) in thing.said.items():
        short = key.removeprefix(f"{_CRED} ")
        if value in ("None", "none", "ND", "", _NOTHING.get(short)):
            continue
        if short.startswith(("authorization ", "smpps_cred authorization ")) and value.lower() in ("true", "yes", "1"):
            continue
        what = {
            "quota sms_count": "a tenant pays by price, and has no count of messages",
            "quota early_percent": "the whole price is reserved when a message is taken (docs/billing.md)",
            "valuefilter content": "any text is taken: see the tenant's `content` (docs/content-rules.md)",
        }.get(short) or _NOT_LIMITED.get(short.partition(" ")[0], "has no counterpart")
        output.tell(place, f"user {uid}: {short}: {what}")


def money(text: str, place: Place, output: Output) -> str:
    """A decimal amount as the configuration has it: six decimals at most."""
    match = re.fullmatch(r"([0-9]{1,12})(?:\.([0-9]{1,30}))?", text)
    if match is None:
        raise MigrateError(f"{place}: '{text[:30]}' is no amount of money")
    decimals = match[2] or ""
    if decimals[6:].strip("0"):
        output.tell(place, "amounts have six decimals: the rest is cut off")
    return f"{match[1]}.{decimals[:6]}" if decimals else match[1]
