"""Which dialects the configuration has served, and how they tell what the HTTP engine refuses.

Sections of `dialects` become `Mounted` rows, which travel to HTTP workers too; rows become `Mounts`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from smsgwd.dialects.dialect import Options
from smsgwd.dialects.mounts import Mount, Mounts
from smsgwd.dialects.registry import DIALECTS
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.net.edge_frames import Mounted
from smsgwd.net.http_message import HttpRequest, HttpResponse, Refuser

if TYPE_CHECKING:  # HTTP workers do without the configuration's model
    from smsgwd.config import Config
    from smsgwd.config.model.dialects import Mounted as Section

_OPTIONS = tuple(name for name in Options.__struct_fields__ if name != "public_url")


def mounted(config: Config) -> list[Mounted]:
    """A row for each dialect that is served."""
    url = config.public_url.rstrip("/")
    rows = []
    for name in DIALECTS:
        section: Section = getattr(config.dialects, name)
        if section.enabled:
            known = {option: getattr(section, option) for option in _OPTIONS if hasattr(section, option)}
            base = f"{url.partition('://')[0]}://{section.host[0]}" if section.host else url
            rows.append(Mounted(name, section.host, section.prefix, {"public_url": base + section.prefix, **known}))
    return rows


def mounts_from(rows: Sequence[Mounted]) -> Mounts:
    """The dialects of some rows, made."""
    return Mounts(
        [Mount(DIALECTS[row.name](msgspec.convert(row.options, Options)), row.hosts, row.prefix) for row in rows]
    )


def mounts_of(config: Config) -> Mounts:
    """The dialects that are served."""
    return mounts_from(mounted(config))


def refuser(mounts: Mounts) -> Refuser | None:
    """What tells refusals of the engine in the way of the dialect at a path; None where there are no dialects."""
    if not mounts:
        return None

    def refuse(
        method: str, path: str, headers: Mapping[str, str], refusal: Refusal, detail: str
    ) -> HttpResponse | None:
        found = mounts.find(headers, path)
        if found is None:
            return None
        request = HttpRequest(method, found.path, [], headers, b"", "")
        answer = found.dialect.refused(request, None, Refused(refusal, detail))
        kind = (("Content-Type", answer.content_type),) if answer.content_type else ()
        return HttpResponse(answer.status, kind + answer.headers, answer.body)

    return refuse
