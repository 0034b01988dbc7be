"""Which dialect a request is for: by its host, by a prefix of its path, else by the paths each dialect has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from smsgwd.dialects.dialect import Dialect


class Mount(msgspec.Struct, frozen=True):
    """Where one dialect is served. Without `hosts` on every host; with `prefix` ('/sms') only below it."""

    dialect: Dialect
    hosts: tuple[str, ...] = ()  #: lower case, with a port where that is not the scheme's
    prefix: str = ""


class Found(NamedTuple):
    """The dialect of a request, and the path as it sees it."""

    dialect: Dialect
    path: str


class Mounts:
    """Finds the dialect of a request."""

    def __init__(self, mounts: Sequence[Mount]) -> None:
        self._hosts: dict[str, list[Mount]] = {}
        self._shared: dict[str, list[tuple[str, Mount]]] = {}  # by the first segment: most requests are none's
        for mount in mounts:
            for host in mount.hosts:
                self._hosts.setdefault(host, []).append(mount)
            if not mount.hosts:
                begins = (*mount.dialect.owns, "/") if mount.prefix else mount.dialect.owns
                for begin in begins:
                    whole = mount.prefix.lower() + begin
                    self._shared.setdefault(whole.split("/", 2)[1], []).append((whole, mount))
        for rows in self._shared.values():
            rows.sort(key=lambda row: len(row[0]), reverse=True)

    def __bool__(self) -> bool:
        return bool(self._hosts or self._shared)

    def find(self, headers: Mapping[str, str], path: str) -> Found | None:
        """The dialect that answers at a path; None when it is none's.

        A host that is a dialect's answers nothing else where that dialect has no prefix there: an unknown path on it is
        told in the dialect's way.
        """
        if self._hosts:
            host = headers.get("host", "").lower().removesuffix(":443").removesuffix(":80")
            mounts = self._hosts.get(host)
            if mounts is not None:
                return self._on_host(mounts, path)
        low = path.lower()
        end = low.find("/", 1)
        for begin, mount in self._shared.get(low[1:] if end < 0 else low[1:end], ()):
            if low.startswith(begin):
                return Found(mount.dialect, path[len(mount.prefix) :])
        return None

    @staticmethod
    def _on_host(mounts: Sequence[Mount], path: str) -> Found | None:
        low = path.lower()
        best: tuple[int, Mount] | None = None
        for mount in mounts:
            for begin in mount.dialect.owns:
                whole = mount.prefix.lower() + begin
                if low.startswith(whole) and (best is None or len(whole) > best[0]):
                    best = len(whole), mount
        if best is not None:
            return Found(best[1].dialect, path[len(best[1].prefix) :])
        for mount in mounts:
            if low.startswith(mount.prefix.lower() + "/"):
                return Found(mount.dialect, path[len(mount.prefix) :])
        return None
