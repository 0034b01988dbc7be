"""Style, scripts and pictures: in memory with their digest in the URL, so that browsers keep them for good."""

from __future__ import annotations

import gzip
import hashlib
from importlib.resources import files
from typing import Final

import msgspec

from smsgwd.console.door import BASE
from smsgwd.net.http_message import HttpRequest, HttpResponse

_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}
_FOREVER: Final = ("Cache-Control", "public, max-age=31536000, immutable")


class _File(msgspec.Struct, frozen=True):
    kind: str
    digest: str
    data: bytes
    zipped: bytes


class Statics:
    """The files of `static/`. `url` names one, `answer` gives it."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        for entry in files("smsgwd.console").joinpath("static").iterdir():
            kind = _TYPES.get(entry.name.rpartition(".")[2])
            if kind is not None:
                data = entry.read_bytes()
                zipped = gzip.compress(data, 9, mtime=0)
                self._files[entry.name] = _File(kind, hashlib.sha256(data).hexdigest()[:16], data, zipped)

    def url(self, name: str) -> str:
        """Where a file is. Raises KeyError for one that is not there."""
        return f"{BASE}/static/{self._files[name].digest}/{name}"

    def answer(self, request: HttpRequest, path: str) -> HttpResponse | None:
        """The file at `DIGEST/NAME`, whichever digest is named: pages of another release may still be open."""
        found = self._files.get(path.rpartition("/")[2])
        if found is None:
            return None
        tag = f'"{found.digest}"'
        headers: tuple[tuple[str, str], ...] = (
            ("Content-Type", found.kind),
            _FOREVER if path.startswith(found.digest) else ("Cache-Control", "no-cache"),
            ("ETag", tag),
            ("Vary", "Accept-Encoding"),
            ("X-Content-Type-Options", "nosniff"),
        )
        label = f"{BASE}/static"
        if request.headers.get("if-none-match") == tag:
            return HttpResponse(304, headers, route=label)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return HttpResponse(200, (*headers, ("Content-Encoding", "gzip")), found.zipped, label)
        return HttpResponse(200, headers, found.data, label)
