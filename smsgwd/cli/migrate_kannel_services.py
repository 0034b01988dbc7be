"""Kannel's `sms-service` groups: subscribers' messages, pushed to the webhook of a tenant."""

from __future__ import annotations

import re
from typing import Any

from smsgwd.cli.migrate_kannel_read import Group, Said
from smsgwd.cli.migrate_kannel_smsc import Smsc, names, prefixes
from smsgwd.cli.migrate_output import Output, name_of
from smsgwd.model.urls import url_fault

_URLS = ("get-url", "post-url", "url", "post-xml")
_OTHERS = {
    "text": "fixed answers are not given: let a program answer by the API",
    "file": "fixed answers are not given: let a program answer by the API",
    "exec": "programs are not run: they get messages by a webhook (docs/mo.md)",
}


def convert(groups: list[Group], output: Output, smscs: list[Smsc]) -> None:
    """MO routes, those with keywords first, and a tenant for each URL."""
    keyed: list[dict[str, Any]] = []
    rest: list[dict[str, Any]] = []
    tenants: dict[str, str] = {}
    for group in groups:
        for entry in _routes(group, output, smscs, tenants):
            (keyed if "keyword" in entry.get("match", {}) else rest).append(entry)
    output.mo_routes = keyed + rest


def _routes(group: Group, output: Output, smscs: list[Smsc], tenants: dict[str, str]) -> list[dict[str, Any]]:
    said = next((group.said[key] for key in _URLS if key in group.said), None)
    for key in _URLS:
        group.take(key)
    if said is None:
        how = next((key for key in _OTHERS if key in group.said), None)
        output.tell(group.place, f"sms-service: not converted: {_OTHERS[how] if how else 'it has no URL'}")
        group.said.clear()
        return []
    url = said.value.partition("?")[0]
    if "@" in url.partition("://")[2].partition("/")[0]:
        output.tell(said.place, "sms-service: not converted: its URL holds credentials, which a webhook's cannot")
        group.said.clear()
        return []
    if not re.fullmatch(r"https?://[^\s%\x00-\x1f\x7f]{1,2000}", url) or url_fault(url) is not None:
        output.tell(said.place, "sms-service: not converted: no http:// or https:// URL without escapes in its path")
        group.said.clear()
        return []
    if "keyword-regex" in group.said:
        output.tell(group.place, "sms-service: not converted: keywords are words here, no expressions (keyword-regex)")
        group.said.clear()
        return []
    match: dict[str, Any] = {}
    if words := _keywords(group, output):
        match["keyword"] = words
    for key, ours in (("allowed-receiver-prefix", "to"), ("allowed-prefix", "from")):
        numbers = prefixes(group.take(key), key, output)
        if numbers:
            match[ours] = [f"{number}*" for number in numbers]
    connectors = _accepted(group, output, smscs)
    if connectors == []:
        group.said.clear()
        return []
    tenant = _tenant(group, url, said, output, tenants)
    entries = []
    by: list[str | None] = [*connectors] if connectors else [None]
    for connector in by:
        its = match if connector is None else {**match, "connector": connector}
        entries.append(({"match": its} if its else {}) | {"webhook": tenant})
    return entries


def _keywords(group: Group, output: Output) -> list[str]:
    keyword = group.take("keyword")
    aliases = group.text("aliases")
    group.take("catch-all")  # the URL's parameters, whose number limits texts in Kannel, are nothing here
    if keyword is None or keyword.value.lower() == "default":
        return []
    words = [keyword.value, *names(aliases)]
    good = [word for word in words if len(word.split()) == 1 and any(char.isalnum() for char in word)]
    for word in words:
        if word not in good:
            output.tell(keyword.place, f"keyword '{word[:30]}': the first word of a text is compared: left out")
    return good[:100]


def _accepted(group: Group, output: Output, smscs: list[Smsc]) -> list[str] | None:
    """Connectors by the labels of accepted-smsc; None = all, [] = none that was converted."""
    said = group.take("accepted-smsc")
    if said is None:
        return None
    wanted = names(said.value)
    found = [connector for smsc in smscs if smsc.label in wanted for connector in smsc.connectors]
    if not found:
        output.tell(said.place, "sms-service: not converted: none of accepted-smsc was converted")
    return found


def _tenant(group: Group, url: str, said: Said, output: Output, tenants: dict[str, str]) -> str:
    """One tenant a URL: it has a webhook, and no way to send."""
    name = name_of(group.text("name") or "service")
    output.tell(
        said.place,
        f"sms-service: the program at {url} gets a signed JSON POST, without the URL's query (docs/mo.md); what it"
        " answers is not sent to the subscriber",
    )
    if url not in tenants:
        tenant = {"id": f"mo-{name}"[:58], "webhook": {"url": url}}
        output.add_tenant(tenant)
        tenants[url] = str(tenant["id"])
    return tenants[url]
