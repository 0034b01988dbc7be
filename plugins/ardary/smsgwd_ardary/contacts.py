"""Telling Ardary of contacts: `POST /contact`, an answer for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from smsgwd.providers import Contact, Halt, Host, Reply, Request, Unknown, by_status
from smsgwd_ardary.errors import codes_in, described, refused
from smsgwd_ardary.options import ArdaryOptions

_NO_PASSWORD: Final = "contacts are taken only with the account's `password`, which the options do not have"  # noqa: S105 -- a text


async def push(host: Host, options: ArdaryOptions, contacts: Sequence[Contact]) -> Sequence[str]:
    """See Provider.push_contacts. Raises Halt where the whole request is refused, NoAnswer where nothing is known."""
    if options.password is None:
        return [_NO_PASSWORD] * len(contacts)
    header = {"login": options.login, "password": options.password.get_secret_value(), "api": True}
    body = {"header": [header], "contacts": [_written(contact) for contact in contacts]}
    reply = await host.request(Request.json(f"{options.base_url.rstrip('/')}/contact", body))
    return _results(reply, contacts)


def _written(contact: Contact) -> dict[str, str]:
    said = {"phone_number": f"+{contact.msisdn}", "first_name": contact.first_name, "last_name": contact.last_name}
    if contact.address:
        said["adress"] = contact.address
    if contact.email:
        said["email"] = contact.email
    if contact.country_code:
        said["country_code"] = f"+{contact.country_code}"
    return said


def _results(reply: Reply, contacts: Sequence[Contact]) -> list[str]:
    bad = by_status(reply)
    if bad is not None and (reply.status >= 500 or not reply.body):
        raise Halt(bad)
    said: Any = reply.json()
    data = said.get("data", said) if isinstance(said, dict) else said
    rows = data.get("contact") if isinstance(data, dict) else None
    if not isinstance(rows, list):
        codes = codes_in(data.get("errors")) if isinstance(data, dict) else []
        raise Halt(refused(codes, whole=True) if codes else bad or Unknown("answered with what cannot be understood"))
    entries = [row if isinstance(row, dict) else {} for row in rows]
    if len(entries) == len(contacts):
        return [_result(entry) for entry in entries]
    by_number = {"".join(filter(str.isdigit, str(entry.get("phone_number", "")))): entry for entry in entries}
    return [_result(by_number.get(contact.msisdn, {})) for contact in contacts]


def _result(entry: dict[str, Any]) -> str:
    if str(entry.get("result", "")).lower() == "success":
        return ""
    return described(codes_in(entry.get("errors"))) or "not confirmed by the answer"
