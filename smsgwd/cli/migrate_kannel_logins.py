"""opensmppbox's `smpp-logins`: a file of who may bind, a login a line, each of which becomes a tenant."""

from __future__ import annotations

import re
from errno import EFBIG
from os import strerror
from pathlib import Path
from typing import Any

from smsgwd.cli.migrate_kannel_read import MAX_BYTES, Group, Said, networks
from smsgwd.cli.migrate_kannel_routes import Kind
from smsgwd.cli.migrate_output import Output, name_of

_EVERYWHERE = "*.*.*.*"


def convert(boxes: list[Group], output: Output, kinds: list[Kind]) -> None:
    """A tenant for each login of each box, among those that are routed as the box says (`route-to-smsc`)."""
    for box in boxes:
        said, label = box.take("smpp-logins"), box.text("route-to-smsc") or None
        if said is None:
            continue
        kind = next((kind for kind in kinds if (kind.label, kind.sender) == (label, None)), None)
        if kind is None:
            kinds.append(kind := Kind(label, None))
        for place, words in _logins(said, output):
            if tenant := _tenant(place, words, output):
                name = tenant["id"]
                output.add_tenant(tenant)
                if tenant["id"] != name:
                    output.told.append(
                        f"{place}: login '{words[0]}': its tenant is '{tenant['id']}', '{name}' is taken"
                    )
                kind.tenants.append(tenant)


def _logins(said: Said, output: Output) -> list[tuple[str, list[str]]]:
    """The lines with their places: system_id, password, system_type, networks."""
    path = Path(said.value)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise OSError(EFBIG, strerror(EFBIG))
        lines = raw.decode("utf-8", "replace").splitlines()
    except OSError as error:
        output.tell(
            said.place,
            f"smpp-logins: {said.value[:200]} cannot be read here ({error.strerror}): each login in it is to be a"
            " credential of a tenant (smsgwctl credential add kind=smpp)",
        )
        return []
    return [(f"{path}:{number}", line.split()) for number, line in enumerate(lines, 1) if line.strip()]


def _tenant(place: str, words: list[str], output: Output) -> dict[str, Any] | None:
    system_id, password, allowed = words[0], "".join(words[1:2]), "".join(words[3:4])
    if not re.fullmatch("[!-~]{1,15}", system_id) or not re.fullmatch("[!-~]{1,8}", password):
        output.told.append(
            f"{place}: login '{system_id[:40]}': left out: SMPP has room for a name of 15 characters, a password of 8"
        )
        return None
    if any(each.get("system_id") == system_id for tenant in output.tenants for each in tenant.get("credentials", ())):
        output.told.append(f"{place}: login '{system_id}' is there already: a system_id is one account: left out")
        return None
    credential: dict[str, Any] = {"kind": "smpp", "system_id": system_id, "secret": password}
    parts = [part for part in allowed.split(";") if part]
    if parts and _EVERYWHERE not in parts:
        found, wrong = networks(parts)
        if wrong:
            output.told.append(f"{place}: login '{system_id}': no network: {', '.join(wrong)[:80]}: left out")
        if not found:
            output.told.append(f"{place}: login '{system_id}': left out: it may bind from nowhere")
            return None
        credential["allow"] = found
    return {"id": name_of(system_id), "credentials": [credential]}
